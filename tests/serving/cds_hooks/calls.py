"""Calls of CDS services as an EHR sends them: for a patient in a course, and for one before the first dose."""

import copy
import datetime as dt
from typing import Any
from uuid import uuid4

from tests.serving.requests import changed

Document = dict[str, Any]
TODAY = dt.date(2026, 11, 20)
PATIENT_ID, USER = "1288992", "Practitioner/example"
RXNORM, LOINC, SNOMED = "http://www.nlm.nih.gov/research/umls/rxnorm", "http://loinc.org", "http://snomed.info/sct"
KETAMINE, AMOXICILLIN = "6130", "723"
GAD7_TOTAL, PHQ9_TOTAL = "70274-6", "44261-6"
SUBJECT = {"reference": f"Patient/{PATIENT_ID}"}


def concept(system: str, code: str) -> Document:
    return {"coding": [{"system": system, "code": code}]}


def searchset(*resources: Document) -> Document:
    return {"resourceType": "Bundle", "type": "searchset", "entry": [{"resource": one} for one in resources]}


def rating(code: str, score: int, day: dt.date) -> Document:
    return {
        "resourceType": "Observation",
        "id": f"rating-{code}-{day.isoformat()}",
        "status": "final",
        "code": concept(LOINC, code),
        "subject": SUBJECT,
        "effectiveDateTime": day.isoformat(),
        "valueInteger": score,
    }


def dose(day: dt.date, code: str = KETAMINE) -> Document:
    return {
        "resourceType": "MedicationAdministration",
        "id": f"dose-{day.isoformat()}",
        "status": "completed",
        "medicationCodeableConcept": concept(RXNORM, code),
        "subject": SUBJECT,
        "effectiveDateTime": day.isoformat(),
    }


def order(code: str = KETAMINE, **changes: Any) -> Document:
    made: Document = {
        "resourceType": "MedicationRequest",
        "id": "order-1",
        "status": "draft",
        "intent": "order",
        "medicationCodeableConcept": concept(RXNORM, code),
        "subject": SUBJECT,
    }
    return {name: value for name, value in (made | changes).items() if value is not None}


def patient() -> Document:
    return {"resourceType": "Patient", "id": PATIENT_ID, "gender": "female", "birthDate": "1984-03-02"}


def pregnancy() -> Document:
    """A condition that has a caution."""
    return {
        "resourceType": "Condition",
        "id": "pregnancy",
        "clinicalStatus": concept("http://terminology.hl7.org/CodeSystem/condition-clinical", "active"),
        "code": concept(SNOMED, "77386006"),
        "subject": SUBJECT,
    }


def prefetch(today: dt.date = TODAY, *, doses: int = 2) -> Document:
    """What an EHR fetched: a rating on the day of the first dose and one yesterday, and weekly doses until today."""
    first = today - dt.timedelta(days=7 * max(doses - 1, 0))
    later = [rating(GAD7_TOTAL, 9, today - dt.timedelta(days=1))] if doses > 1 else []
    return {
        "patient": patient(),
        "observations": searchset(rating(GAD7_TOTAL, 16, first), rating(PHQ9_TOTAL, 12, first), *later),
        "questionnaireResponses": searchset(),
        "conditions": searchset(),
        "allergies": searchset(),
        "medicationStatements": searchset(),
        "medicationRequests": searchset(),
        "administrations": searchset(*(dose(first + dt.timedelta(days=7 * number)) for number in range(doses))),
        "procedures": searchset(),
    }


def patient_view(today: dt.date = TODAY, **changes: Any) -> Document:
    """The call when the record of a patient in a course is opened."""
    call: Document = {
        "hook": "patient-view",
        "hookInstance": str(uuid4()),
        "context": {"userId": USER, "patientId": PATIENT_ID, "encounterId": "89284"},
        "prefetch": prefetch(today),
    }
    return copy.deepcopy({name: value for name, value in (call | changes).items() if value is not None})


def order_sign(today: dt.date = TODAY, *orders: Document, **changes: Any) -> Document:
    """The call when the first dose is ordered."""
    drafts = {"resourceType": "Bundle", "entry": [{"resource": one} for one in orders or (order(),)]}
    context = {"userId": USER, "patientId": PATIENT_ID, "draftOrders": drafts}
    call = {"hook": "order-sign", "context": context, "prefetch": prefetch(today, doses=0)}
    return patient_view(today, **(call | changes))


def with_part(call: Document, value: Any, *path: str | int) -> Document:
    """The call with one of its parts set."""
    return changed(path, value, call)
