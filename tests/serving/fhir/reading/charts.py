"""Small charts for the tests of readers: resources with their places, and what a reading is given besides."""

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from features.protocol.document import Protocol
from serving.fhir.elements.reading_context import ReadingContext
from serving.fhir.parts import LocatedResource, ReadingNotes, SourcedRow
from serving.terminology.codes import RECORD_SYSTEM, load_terminology

Resource = dict[str, Any]
LOINC, SNOMED_CT, ICD = "http://loinc.org", "http://snomed.info/sct", "http://hl7.org/fhir/sid/icd-10-cm"
UCUM = "http://unitsofmeasure.org"
OWN = RECORD_SYSTEM
TODAY = dt.date(2026, 11, 20)
FIRST_DOSE = dt.date(2026, 10, 1)
ANSWERS = ("LA6568-5", "LA6569-3", "LA6570-1", "LA6571-9")
Reader = Callable[[Sequence[LocatedResource], ReadingContext, ReadingNotes], list[SourcedRow]]


@dataclass(frozen=True)
class ReadChart:
    """What a reader made of a chart."""

    rows: list[SourcedRow]
    notes: ReadingNotes

    @property
    def cells(self) -> dict[str, Any]:
        """The cells of all rows of the patient together."""
        return {name: value for row in self.rows for name, value in row.cells.items()}

    @property
    def scores(self) -> list[tuple[str, float]]:
        return [(row.cells["instrument"], row.cells["score"]) for row in self.rows]

    @property
    def unused(self) -> dict[str, str]:
        return {part.expression: part.why for part in self.notes.unused}

    @property
    def refused(self) -> dict[str, str]:
        return {issue.expression: issue.code for issue in self.notes.issues}


def read(
    reader: Reader,
    *resources: Resource,
    zone: str | None = "Europe/Berlin",
    protocol: Protocol | None = None,
    main_condition: str | None = None,
    first_dose: dt.date | None = FIRST_DOSE,
) -> ReadChart:
    """A reader's rows and notes about resources in a bundle; each has the place ``rN`` in it."""
    located = [
        LocatedResource(f"r{number}", one, f"{one['resourceType']}/{one['id']}" if "id" in one else "")
        for number, one in enumerate(resources)
    ]
    context = ReadingContext(
        load_terminology(), protocol or Protocol(), ZoneInfo(zone) if zone else None, TODAY, first_dose, main_condition
    )
    notes = ReadingNotes()
    return ReadChart(reader(located, context, notes), notes)


def coded(*codings: tuple[str, str]) -> Resource:
    return {"coding": [{"system": system, "code": code} for system, code in codings]}


def quantity(value: float, unit: str) -> Resource:
    return {"value": value, "unit": unit, "system": UCUM, "code": unit}


def observation(system: str, code: str, date: str = "2026-10-01", **elements: Any) -> Resource:
    """A final Observation at a date."""
    return {
        "resourceType": "Observation",
        "status": "final",
        "code": coded((system, code)),
        "effectiveDateTime": date,
        **elements,
    }
