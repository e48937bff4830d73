"""FHIR resources for tests: a patient, doses of ketamine and what else an EHR sends, and bundles of them."""

import datetime as dt
import json
from typing import Any
from zoneinfo import ZoneInfo

from features.protocol.document import Protocol
from serving.fhir.parts import FhirIssue, FhirRecord, FhirRefusedError
from serving.fhir.reading.bundle import read_fhir
from serving.fhir.reading.options import ReadingDefaults

Resource = dict[str, Any]
PATIENT = {"reference": "Patient/p"}
LOINC = "http://loinc.org"
SNOMED_CT = "http://snomed.info/sct"
RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
ATC = "http://www.whocc.no/atc"
UCUM = "http://unitsofmeasure.org"
OWN = "https://kap-outcomes.example/fhir/CodeSystem/record"
EXTENSIONS = "https://kap-outcomes.example/fhir/StructureDefinition"
BERLIN = ZoneInfo("Europe/Berlin")
TODAY = dt.date(2026, 3, 1)
INTRAMUSCULAR, INTRAVENOUS = "78421000", "47625008"


def coded(system: str, code: str) -> Resource:
    return {"coding": [{"system": system, "code": code}]}


def quantity(value: float, unit: str) -> Resource:
    return {"value": value, "unit": unit, "system": UCUM, "code": unit}


def patient(**more: Any) -> Resource:
    return {"resourceType": "Patient", "id": "p", "identifier": [{"value": "MRN-77"}]} | more


def ketamine(
    date: str, own: str = "", dose: Resource | None = None, route: str = INTRAMUSCULAR, **more: Any
) -> Resource:
    """A dose of ketamine; without another one, 0.9 mg/kg."""
    dosage = {"route": coded(SNOMED_CT, route), "dose": quantity(0.9, "mg/kg") if dose is None else dose}
    return {
        "resourceType": "MedicationAdministration",
        "id": own or "k" + "".join(sign for sign in date if sign.isalnum()),
        "status": "completed",
        "medicationCodeableConcept": coded(RXNORM, "6130"),
        "subject": PATIENT,
        "effectiveDateTime": date,
        "dosage": dosage,
    } | more


def statement(own: str, code: str = "36437", **more: Any) -> Resource:
    """A medication that was taken; without another code sertraline."""
    found = {"resourceType": "MedicationStatement", "id": own, "status": "completed", "subject": PATIENT}
    return found | {"medicationCodeableConcept": coded(RXNORM, code)} | more


def request(own: str, code: str = "36437", **more: Any) -> Resource:
    """A prescription."""
    found = {"resourceType": "MedicationRequest", "id": own, "status": "active", "intent": "order", "subject": PATIENT}
    return found | {"medicationCodeableConcept": coded(RXNORM, code)} | more


def procedure(own: str, code: str = "75516001", **more: Any) -> Resource:
    """A procedure; without another code psychotherapy."""
    found = {"resourceType": "Procedure", "id": own, "status": "completed", "subject": PATIENT}
    return found | {"code": coded(SNOMED_CT, code)} | more


def observation(own: str, system: str, code: str, date: str, **more: Any) -> Resource:
    found = {"resourceType": "Observation", "id": own, "status": "final", "subject": PATIENT}
    return found | {"code": coded(system, code), "effectiveDateTime": date} | more


def weight(kg: float, date: str, own: str = "w") -> Resource:
    return observation(own, LOINC, "29463-7", date, valueQuantity=quantity(kg, "kg"))


def bundle(*resources: Resource, **more: Any) -> bytes:
    """A collection of resources."""
    entries = [{"resource": one} for one in resources]
    return json.dumps({"resourceType": "Bundle", "type": "collection", "entry": entries} | more).encode()


def parameters(*resources: Resource, **values: Resource) -> bytes:
    """Parameters with resources, and values such as ``firstDoseDate={"valueDate": "2026-01-05"}``."""
    listed: list[Resource] = [{"name": "resource", "resource": one} for one in resources]
    listed += [{"name": name} | value for name, value in values.items()]
    return json.dumps({"resourceType": "Parameters", "parameter": listed}).encode()


def read(body: bytes, today: dt.date = TODAY, zone: ZoneInfo | None = BERLIN) -> FhirRecord:
    return read_fhir(body, ReadingDefaults(lambda _: today, zone, Protocol()))


def issues(body: bytes, today: dt.date = TODAY, zone: ZoneInfo | None = BERLIN) -> tuple[FhirIssue, ...]:
    """Why a body is refused; empty if it is not."""
    try:
        read(body, today, zone)
    except FhirRefusedError as refused:
        return refused.issues
    return ()


def places(body: bytes) -> list[str]:
    """Where a body is refused."""
    return [issue.expression for issue in issues(body)]


def rows(record: FhirRecord, table: str) -> list[Resource]:
    """The rows of a table without what is not recorded."""
    return [row.model_dump(exclude_none=True) for row in getattr(record.request, table) or ()]


def unused(record: FhirRecord) -> dict[str, str]:
    """What was not used, and why."""
    return {part.expression: part.why for part in record.unused}
