"""The FHIR R4 resources of one synthetic patient, made from days of the course.

LOINC codes of the panels, totals and items: the GAD-7 panel 69737-5 and the PHQ-9 panel 44249-1 [recalled].
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any

LOINC, UNITS = "http://loinc.org", "http://unitsofmeasure.org"
CLINICAL = "http://terminology.hl7.org/CodeSystem/condition-clinical"
VERIFICATION = "http://terminology.hl7.org/CodeSystem/condition-ver-status"
INTRAMUSCULAR = ("http://snomed.info/sct", "78421000", "Intramuscular route")  # [recalled]
TIME_OF_RATINGS, TIME_OF_DOSES = dt.time(9, 0, tzinfo=dt.UTC), dt.time(14, 0, tzinfo=dt.UTC)


@dataclass(frozen=True)
class ConceptCode:
    """A code of a code system, and its name."""

    system: str
    code: str
    display: str

    def as_fhir(self) -> dict[str, str]:
        """As FHIR writes it."""
        return {"system": self.system, "code": self.code, "display": self.display}


@dataclass(frozen=True)
class LoincForm:
    """A questionnaire in LOINC: its panel, its total score, and its items in the order of the form."""

    name: str
    panel: str
    total: str
    items: tuple[str, ...]


SCALES = {
    "gad7": LoincForm(
        "GAD-7", "69737-5", "70274-6", ("69725-0", "68509-9", "69733-4", "69734-2", "69735-9", "69689-8", "69736-7")
    ),
    "phq9": LoincForm(
        "PHQ-9",
        "44249-1",
        "44261-6",
        ("44250-9", "44255-8", "44259-0", "44254-1", "44251-7", "44258-2", "44252-5", "44253-3", "44260-8"),
    ),
}
ANSWERS = (
    ConceptCode(LOINC, "LA6568-5", "Not at all"),
    ConceptCode(LOINC, "LA6569-3", "Several days"),
    ConceptCode(LOINC, "LA6570-1", "More than half the days"),
    ConceptCode(LOINC, "LA6571-9", "Nearly every day"),
)
"""The four answers of both scales, worth 0 to 3 points."""


@dataclass(frozen=True)
class PatientResources:
    """Makes a patient's resources; days count from ``first_dose``, and every id begins with the patient's."""

    identifier: str
    letter: str
    first_dose: dt.date
    _numbers: "count[int]" = field(default_factory=lambda: count(1))

    def patient(self, age: int, gender: str) -> dict[str, Any]:
        """The patient, whose name says that nobody is meant."""
        born = self.first_dose.replace(year=self.first_dose.year - age, month=1, day=15)
        return {
            "resourceType": "Patient",
            "id": self.identifier,
            "name": [{"text": f"Synthetic Patient {self.letter}", "family": f"Patient {self.letter}"}],
            "gender": gender,
            "birthDate": born.isoformat(),
        }

    def condition(self, code: ConceptCode, began: int) -> dict[str, Any]:
        """A confirmed diagnosis that is still active."""
        return self._resource("Condition", "subject") | {
            "clinicalStatus": {"coding": [{"system": CLINICAL, "code": "active"}]},
            "verificationStatus": {"coding": [{"system": VERIFICATION, "code": "confirmed"}]},
            "code": {"coding": [code.as_fhir()]},
            "onsetDateTime": self._date(began),
        }

    def medication(self, code: ConceptCode, first: int, last: int | None) -> dict[str, Any]:
        """A medicine that was taken, or still is."""
        ended = {} if last is None else {"end": self._date(last)}
        return self._resource("MedicationStatement", "subject") | {
            "status": "active" if last is None else "completed",
            "medicationCodeableConcept": {"coding": [code.as_fhir()]},
            "effectivePeriod": {"start": self._date(first)} | ended,
        }

    def procedure(self, code: ConceptCode, first: int, last: int) -> dict[str, Any]:
        """A treatment other than a medicine, which is over."""
        return self._resource("Procedure", "subject") | {
            "status": "completed",
            "code": {"coding": [code.as_fhir()]},
            "performedPeriod": {"start": self._date(first), "end": self._date(last)},
        }

    def session(self, ketamine: ConceptCode, day: int, milligrams: float) -> dict[str, Any]:
        """A dosing session: ketamine into a muscle."""
        system, code, display = INTRAMUSCULAR
        return self._resource("MedicationAdministration", "subject") | {
            "status": "completed",
            "medicationCodeableConcept": {"coding": [ketamine.as_fhir()]},
            "effectiveDateTime": self._moment(day, TIME_OF_DOSES),
            "dosage": {
                "route": {"coding": [{"system": system, "code": code, "display": display}]},
                "dose": _quantity(milligrams, "mg"),
            },
        }

    def total(self, scale: str, day: int, score: int) -> dict[str, Any]:
        """The total score of a questionnaire."""
        return self._observation(ConceptCode(LOINC, SCALES[scale].total, f"{SCALES[scale].name} total score"), day) | {
            "valueQuantity": _quantity(score, "{score}")
        }

    def questionnaire(self, scale: str, day: int, points: Sequence[int]) -> dict[str, Any]:
        """An answered questionnaire, item by item."""
        items = [
            {"linkId": f"/{item}", "answer": [{"valueCoding": ANSWERS[point].as_fhir()}]}
            for item, point in zip(SCALES[scale].items, points, strict=True)
        ]
        return self._resource("QuestionnaireResponse", "subject") | {
            "status": "completed",
            "questionnaire": f"http://loinc.org/q/{SCALES[scale].panel}",
            "authored": self._moment(day, TIME_OF_RATINGS),
            "item": items,
        }

    def weight(self, day: int, kilograms: float) -> dict[str, Any]:
        """Body weight."""
        return self._observation(ConceptCode(LOINC, "29463-7", "Body weight"), day) | {
            "valueQuantity": _quantity(kilograms, "kg")
        }

    def blood_pressure(self, day: int, systolic: int, diastolic: int) -> dict[str, Any]:
        """Blood pressure at rest, before a session."""
        parts = (("8480-6", "Systolic blood pressure", systolic), ("8462-4", "Diastolic blood pressure", diastolic))
        components = [
            {
                "code": {"coding": [ConceptCode(LOINC, code, name).as_fhir()]},
                "valueQuantity": _quantity(value, "mm[Hg]"),
            }
            for code, name, value in parts
        ]
        return self._observation(ConceptCode(LOINC, "85354-9", "Blood pressure panel"), day) | {"component": components}

    def _observation(self, code: ConceptCode, day: int) -> dict[str, Any]:
        return self._resource("Observation", "subject") | {
            "status": "final",
            "code": {"coding": [code.as_fhir()]},
            "effectiveDateTime": self._moment(day, TIME_OF_RATINGS),
        }

    def _resource(self, kind: str, patient: str) -> dict[str, Any]:
        identifier = f"{self.identifier}-{next(self._numbers)}"
        return {"resourceType": kind, "id": identifier, patient: {"reference": f"Patient/{self.identifier}"}}

    def _date(self, day: int) -> str:
        return (self.first_dose + dt.timedelta(days=day)).isoformat()

    def _moment(self, day: int, time: dt.time) -> str:
        return dt.datetime.combine(self.first_dose + dt.timedelta(days=day), time).isoformat()


def _quantity(value: float, unit: str) -> dict[str, Any]:
    return {"value": value, "unit": unit, "system": UNITS, "code": unit}
