"""Three synthetic patients as an EHR has them, with dates that count back from the day on which the EHR starts.

A is early in the course, B has facts that give cautions, and C lacks the rating that a prediction needs.
"""

import datetime as dt
from collections.abc import Mapping
from typing import Any

from training.cli.clinic_demo.fhir_search import Resource
from training.cli.clinic_demo.resources import ConceptCode, PatientResources

CLINICIAN: Resource = {
    "resourceType": "Practitioner",
    "id": "synthetic-clinician",
    "name": [{"text": "Synthetic Clinician (made up)"}],
}
ABOUT: Mapping[str, str] = {
    "synthetic-a": "Early in the course: one session so far, GAD-7 falling.",
    "synthetic-b": "Two sessions so far, with facts that call for caution.",
    "synthetic-c": "One session so far, but no GAD-7 before it: no prediction.",
}
"""What each patient is for, by id."""

ICD, SNOMED, ATC = "http://hl7.org/fhir/sid/icd-10-cm", "http://snomed.info/sct", "http://www.whocc.no/atc"
ANXIETY = ConceptCode(ICD, "F41.1", "Generalized anxiety disorder")
DEPRESSION = ConceptCode(ICD, "F33.1", "Major depressive disorder, recurrent, moderate")
SERTRALINE, LORAZEPAM = ConceptCode(ATC, "N06AB06", "sertraline"), ConceptCode(ATC, "N05BA06", "lorazepam")
PSYCHOTHERAPY = ConceptCode(SNOMED, "228557008", "Cognitive and behavioural therapy")  # [recalled]


def synthetic_resources(today: dt.date) -> list[Resource]:
    """Everything that the FHIR server has."""
    return [CLINICIAN, *_early(today), *_with_cautions(today), *_without_baseline(today)]


def draft_order(patient: str, now: dt.datetime) -> dict[str, Any]:
    """An unsigned order of ketamine for a patient, as ``order-sign`` has it in its context."""
    order = {
        "resourceType": "MedicationRequest",
        "id": "draft-ketamine",
        "status": "draft",
        "intent": "order",
        "medicationCodeableConcept": {"coding": [KETAMINE.as_fhir()], "text": "ketamine"},
        "subject": {"reference": f"Patient/{patient}"},
        "authoredOn": now.isoformat(timespec="seconds"),
        "requester": {"reference": f"Practitioner/{CLINICIAN['id']}"},
        "dosageInstruction": [{"text": "0.9 mg/kg intramuscularly, once, at the next session"}],
    }
    return {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": order}]}


KETAMINE = ConceptCode(ATC, "N01AX03", "ketamine")


def _early(today: dt.date) -> list[Resource]:
    a = PatientResources("synthetic-a", "A", first_dose=today - dt.timedelta(days=7))
    return [
        a.patient(age=41, gender="female"),
        a.condition(ANXIETY, began=-8 * 365),
        a.medication(SERTRALINE, first=-900, last=-400),
        a.procedure(PSYCHOTHERAPY, first=-700, last=-500),
        a.weight(-6, 70),
        a.session(KETAMINE, 0, milligrams=63),
        *(a.total("gad7", day, score) for day, score in ((-6, 17), (0, 16), (6, 11))),
        *(a.total("phq9", day, score) for day, score in ((-6, 9), (6, 7))),
    ]


def _with_cautions(today: dt.date) -> list[Resource]:
    b = PatientResources("synthetic-b", "B", first_dose=today - dt.timedelta(days=14))
    return [
        b.patient(age=36, gender="male"),
        b.condition(ANXIETY, began=-5 * 365),
        b.condition(DEPRESSION, began=-3 * 365),
        b.medication(SERTRALINE, first=-500, last=-200),
        b.medication(LORAZEPAM, first=-120, last=None),
        b.weight(-3, 82),
        b.blood_pressure(-3, systolic=152, diastolic=94),
        *(b.session(KETAMINE, day, milligrams=74) for day in (0, 7)),
        *(b.total("gad7", day, score) for day, score in ((0, 18), (7, 15))),
        b.questionnaire("gad7", 13, (2, 1, 2, 1, 2, 2, 2)),
        b.total("phq9", 0, 17),
        b.questionnaire("phq9", 13, (2, 2, 2, 2, 1, 2, 1, 0, 1)),
    ]


def _without_baseline(today: dt.date) -> list[Resource]:
    c = PatientResources("synthetic-c", "C", first_dose=today - dt.timedelta(days=8))
    return [
        c.patient(age=52, gender="female"),
        c.condition(ANXIETY, began=-2 * 365),
        c.weight(-1, 64),
        c.session(KETAMINE, 0, milligrams=58),
        c.total("phq9", -2, 11),
        c.total("gad7", 5, 8),
    ]
