"""Records of synthetic patients as an EHR sends them: FHIR R4 resources with dates, times and codes in place of days.

A document is one of `tests.serving.requests.request_of`. What FHIR has no code for stands in the project's own code
system; everything else uses LOINC, SNOMED CT, RxNorm and ATC.
"""

import datetime as dt
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from serving.terminology.codes import RECORD_SYSTEM, load_terminology
from tests.serving.requests import Document

Resource = dict[str, Any]
LOINC = "http://loinc.org"
SNOMED_CT = "http://snomed.info/sct"
RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
ATC = "http://www.whocc.no/atc"
UCUM = "http://unitsofmeasure.org"
OWN = "https://kap-outcomes.example/fhir/StructureDefinition"

DIAGNOSES = {
    "gad": "21897009",
    "social_anxiety": "25501002",
    "panic": "371631005",
    "agoraphobia": "70691001",
    "ptsd": "47505003",
    "ocd": "191736004",
}
"""SNOMED CT codes of the diagnoses of synthetic patients."""
COMORBIDITIES = {
    "comorbid_depression": "370143000",
    "comorbid_ptsd": "47505003",
    "comorbid_substance_use": "66214007",
    "comorbid_personality_disorder": "33449004",
}
MEDICATIONS = {
    "ssri": (RXNORM, "36437"),
    "snri": (ATC, "N06AX16"),
    "benzodiazepine": (ATC, "N05BA12"),
    "buspirone": (RXNORM, "1827"),
    "pregabalin": (RXNORM, "187832"),
    "antipsychotic": (RXNORM, "51272"),
}
PROCEDURES = {
    "cbt": (SNOMED_CT, "228557008"),
    "other_psychotherapy": (SNOMED_CT, "75516001"),
    "tms": ("http://www.ama-assn.org/go/cpt", "90868"),
}
ROUTES = {
    "sublingual": "37839007",
    "intramuscular": "78421000",
    "intravenous": "47625008",
    "subcutaneous": "34206005",
    "intranasal": "46713006",
    "oral": "26643006",
}
OWN_NUMBERS = {"illness_duration_years": "a", "benzodiazepine_mg": "mg/d", "expectancy": "1", "working_alliance": "1"}
FINDINGS = ("peak_dissociation", "peak_systolic_mmhg", "peak_distress", "adverse_event")


def coded(system: str, code: str) -> Resource:
    """A CodeableConcept with one coding."""
    return {"coding": [{"system": system, "code": code}]}


def quantity(value: float, unit: str) -> Resource:
    """A Quantity in UCUM."""
    return {"value": value, "unit": unit, "system": UCUM, "code": unit}


@dataclass
class SyntheticChart:
    """The chart of one patient in an EHR; ``rng`` draws times, weights and the shape of things."""

    document: Document
    first_dose: dt.date
    zone: ZoneInfo
    rng: np.random.Generator
    resources: list[Resource] = field(default_factory=list)

    @property
    def patient(self) -> Document:
        patient: Document = self.document["patient"]
        return patient

    def date(self, day: int) -> str:
        return (self.first_dose + dt.timedelta(days=day)).isoformat()

    def time(self, day: int, hour: int) -> str:
        """A moment of a day at the clinic, with its offset or in UTC."""
        moment = dt.datetime.combine(
            self.first_dose + dt.timedelta(days=day), dt.time(hour, int(self.rng.integers(60))), self.zone
        )
        if self.rng.random() < 0.5:
            moment = moment.astimezone(dt.UTC)
        return moment.isoformat(timespec="seconds").replace("+00:00", "Z")

    def add(self, kind: str, **elements: Any) -> Resource:
        """A resource about the patient."""
        resource = {"resourceType": kind, "id": f"r{len(self.resources)}", **elements}
        if kind != "Patient":
            resource["subject"] = {"reference": "Patient/r0"}
        self.resources.append(resource)
        return resource

    def observe(self, system: str, code: str, date: str, **value: Any) -> Resource:
        return self.add(
            "Observation", status="final", code=coded(system, code), effectiveDateTime=date, **value
        )  # fmt: skip


def chart_of(document: Document, first_dose: dt.date, zone: ZoneInfo, rng: np.random.Generator) -> SyntheticChart:
    """The chart of a document's patient, whose day 0 is ``first_dose``."""
    chart = SyntheticChart(document, first_dose, zone, rng)
    _add_patient(chart)
    _add_conditions(chart)
    _add_own_values(chart)
    for row in document.get("prior_treatments") or ():
        _add_treatment(chart, row)
    for row in document["sessions"]:
        _add_session(chart, row)
    for row in document["assessments"]:
        _add_rating(chart, row)
    for row in document["events"]:
        if row["event"] != "death":
            chart.observe(RECORD_SYSTEM, row["event"], chart.date(row["day"]), valueBoolean=True)
    return chart


def bundle_of(chart: SyntheticChart) -> bytes:
    """The chart as a collection, its resources in any order."""
    entries = [
        {"fullUrl": f"https://ehr.example/fhir/{one['resourceType']}/{one['id']}", "resource": one}
        for one in chart.resources
    ]
    shuffled = [entries[place] for place in chart.rng.permutation(len(entries))]
    return json.dumps({"resourceType": "Bundle", "type": "collection", "entry": shuffled}).encode()


def parameters_of(chart: SyntheticChart) -> bytes:
    """The chart as Parameters with the first dose, today and the clinic's time zone."""
    parameters: list[Resource] = [{"name": "resource", "resource": one} for one in chart.resources]
    parameters += [
        {"name": "firstDoseDate", "valueDate": chart.first_dose.isoformat()},
        {"name": "asOf", "valueDate": chart.date(chart.document["as_of_day"])},
        {"name": "timeZone", "valueCode": str(chart.zone)},
    ]
    return json.dumps({"resourceType": "Parameters", "parameter": parameters}).encode()


def _add_patient(chart: SyntheticChart) -> None:
    given = chart.patient
    patient = chart.add("Patient", identifier=[{"system": "urn:oid:2.16.840.1.1", "value": given["patient_ref"]}])
    if "sex" in given:
        patient["gender"] = given["sex"] if given["sex"] != "intersex" else "other"
    if "age_years" in given:
        day = min(chart.first_dose.day, 28)
        birthday = chart.first_dose.replace(year=chart.first_dose.year - int(given["age_years"]), day=day)
        patient["birthDate"] = (birthday - dt.timedelta(days=int(chart.rng.integers(0, 360)))).isoformat()
    for row in chart.document["events"]:
        if row["event"] == "death":
            patient["deceasedDateTime"] = chart.date(row["day"])


def _add_conditions(chart: SyntheticChart) -> None:
    given = chart.patient
    clinical = coded("http://terminology.hl7.org/CodeSystem/condition-clinical", "active")
    system = "http://terminology.hl7.org/CodeSystem/condition-ver-status"
    if "diagnosis" in given:
        chart.observe(
            RECORD_SYSTEM, "diagnosis", chart.date(0), valueCodeableConcept=coded(RECORD_SYSTEM, given["diagnosis"])
        )
    for column, code in COMORBIDITIES.items():
        if given.get(column) and column.removeprefix("comorbid_") == given.get("diagnosis"):
            # The simulation draws both; for a chart the condition is the main diagnosis only.
            chart.observe(RECORD_SYSTEM, column, chart.date(0), valueBoolean=True)
        elif column in given:
            stands = given[column]
            status = coded(system, "confirmed" if stands else "refuted")
            condition = chart.add("Condition", code=coded(SNOMED_CT, code), verificationStatus=status)
            if stands:
                condition["clinicalStatus"] = clinical


def _add_own_values(chart: SyntheticChart) -> None:
    given = chart.patient
    day = chart.date(0)
    for column, unit in OWN_NUMBERS.items():
        if column in given:
            chart.observe(RECORD_SYSTEM, column, day, valueQuantity=quantity(given[column], unit))
    for column in ("family_history_alcohol", "prior_treatments_recorded"):
        if column in given:
            chart.observe(RECORD_SYSTEM, column, day, valueBoolean=given[column])
    if given.get("sex") == "intersex":
        chart.observe(RECORD_SYSTEM, "sex", day, valueString="intersex")
    if "site_id" in given:
        chart.observe(RECORD_SYSTEM, "site_id", day, valueString=given["site_id"])
    if "body_mass_index" in given:
        chart.observe(LOINC, "39156-5", day, valueQuantity=quantity(given["body_mass_index"], "kg/m2"))


def _add_treatment(chart: SyntheticChart, row: Document) -> None:
    """An earlier treatment as a statement or a procedure, with what it achieved in extensions."""
    period = {
        name: chart.date(row[column]) for name, column in (("start", "start_day"), ("end", "end_day")) if column in row
    }
    extensions = [{"url": f"{OWN}/adequate", "valueBoolean": row["adequate"]}] if "adequate" in row else []
    if "outcome" in row:
        extensions.append({"url": f"{OWN}/treatment-outcome", "valueCode": row["outcome"]})
    running = "end_day" not in row
    if row["treatment"] in PROCEDURES:
        made = chart.add("Procedure", status="in-progress" if running else "completed",
                         code=coded(*PROCEDURES[row["treatment"]]), performedPeriod=period)  # fmt: skip
    else:
        made = chart.add("MedicationStatement", status="active" if running else "completed", effectivePeriod=period)
        _add_medication(chart, made, *MEDICATIONS[row["treatment"]])
    made |= {"extension": extensions} if extensions else {}


def _add_medication(chart: SyntheticChart, holder: Resource, system: str, code: str) -> None:
    """The medication as a concept, a contained resource, or one with its ingredient in the bundle."""
    shape = chart.rng.integers(3)
    if shape == 0:
        holder["medicationCodeableConcept"] = coded(system, code)
    elif shape == 1:
        holder["contained"] = [{"resourceType": "Medication", "id": "m", "code": coded(system, code)}]
        holder["medicationReference"] = {"reference": "#m"}
    else:
        ingredient = [{"itemCodeableConcept": coded(system, code)}]
        medication = {"resourceType": "Medication", "id": f"r{len(chart.resources)}", "ingredient": ingredient}
        chart.resources.append(medication)
        holder["medicationReference"] = {"reference": f"Medication/{medication['id']}"}


def _add_session(chart: SyntheticChart, row: Document) -> None:
    moment = chart.time(row["day"], 15)
    if row["kind"] == "dosing":
        made = chart.add("MedicationAdministration", status="completed", effectiveDateTime=moment)
        _add_medication(chart, made, RXNORM, "6130")
        dosage = _dosage(chart, row)
        if dosage:
            made["dosage"] = dosage
    else:
        made = chart.add(
            "Procedure", status="completed", code=coded(*PROCEDURES["other_psychotherapy"]), performedDateTime=moment
        )
    for column in FINDINGS:
        if column in row:
            value = (
                {"valueBoolean": row[column]}
                if column == "adverse_event"
                else {"valueQuantity": quantity(row[column], "1")}
            )
            found = chart.observe(RECORD_SYSTEM, column, moment, **value)
            found |= {"partOf": [{"reference": f"{made['resourceType']}/{made['id']}"}]}


def _dosage(chart: SyntheticChart, row: Document) -> Resource:
    """Route and dose: in mg/kg, or in mg beside a body weight that gives the same mg/kg to the last bit."""
    dosage: Resource = {}
    if "route" in row:
        dosage["route"] = coded(SNOMED_CT, ROUTES[row["route"]])
    if "dose_mg_per_kg" in row:
        per_kg = row["dose_mg_per_kg"]
        weight = round(float(chart.rng.uniform(45, 120)), 1)
        mg = per_kg * weight
        if mg / weight == per_kg and chart.rng.random() < 0.8:
            chart.observe(LOINC, "29463-7", chart.time(row["day"], 7), valueQuantity=quantity(weight, "kg"))
            dosage["dose"] = quantity(mg, "mg")
        else:
            dosage["dose"] = quantity(per_kg, "mg/kg")
    return dosage


def _add_rating(chart: SyntheticChart, row: Document) -> None:
    """A rating as a total, or the GAD-7 as an answered form; on the day of a dose in the morning before it."""
    moment, scale = chart.time(row["day"], 8), row["instrument"]
    codes = load_terminology().loinc_of(scale)
    if scale == "gad7" and float(row["score"]).is_integer() and chart.rng.random() < 0.5:
        chart.add("QuestionnaireResponse", status="completed", authored=moment, questionnaire="http://loinc.org/q/69737-5",
                  item=list(_answers(int(row["score"]), codes.items, chart.rng)))  # fmt: skip
    elif codes.totals:
        chart.observe(LOINC, codes.totals[0], moment, valueQuantity=quantity(row["score"], "{score}"))
    else:
        chart.observe(RECORD_SYSTEM, scale, moment, valueQuantity=quantity(row["score"], "{score}"))


def _answers(score: int, codes: tuple[str, ...], rng: np.random.Generator) -> Iterator[Resource]:
    """Answers from 0 to 3 with this sum, the items in any order."""
    points = [0] * len(codes)
    for _ in range(score):
        points[int(rng.choice([place for place, given in enumerate(points) if given < 3]))] += 1
    answers = ("LA6568-5", "LA6569-3", "LA6570-1", "LA6571-9")
    for code, given in zip(codes, points, strict=True):
        yield {"linkId": f"/{code}", "answer": [{"valueCoding": {"system": LOINC, "code": answers[given]}}]}
