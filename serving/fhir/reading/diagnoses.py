"""Which of a patient's diagnoses on day 0 is the main one, and which are comorbidities beside it.

The main diagnosis is the one that was named, else the one in an Observation of the project's own code, else the only
anxiety disorder, else the only diagnosis. Where several may be it, none is recorded: a guess would choose the answer.
"""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from features.protocol.columns import DIAGNOSES
from serving.fhir.elements.codings import element, text
from serving.fhir.elements.reading_context import ReadingContext
from serving.fhir.parts import LocatedResource, ReadingNotes, SourcedRow
from serving.fhir.reading.condition_states import onset_date
from serving.fhir.reading.record_observations import recorded_value
from serving.fhir.structure.references import ResourceIndex

COMORBIDITIES: Final[Mapping[str, str]] = MappingProxyType(
    {"depression": "comorbid_depression", "ptsd": "comorbid_ptsd", "substance_use": "comorbid_substance_use"}
)
"""Diagnoses that have a column of their own beside another main diagnosis."""
_ANXIETY: Final = frozenset(DIAGNOSES) - {"depression", "substance_use", "other"}
HOW_TO_TELL = "several diagnoses may be the main one, so none is recorded: name the Condition that is treated"


@dataclass(frozen=True)
class CurrentDiagnosis:
    """A diagnosis that a patient had on day 0, and its Condition."""

    located: LocatedResource
    diagnosis: str


def diagnosis_rows(
    current: Sequence[CurrentDiagnosis],
    located: Sequence[LocatedResource],
    context: ReadingContext,
    notes: ReadingNotes,
) -> list[SourcedRow]:
    """Rows of the main diagnosis, its onset and the comorbidities beside it."""
    candidates = _candidates(current, located, context, notes)
    main = next(iter(candidates)) if len(candidates) == 1 else None
    rows: list[SourcedRow] = []
    onsets: list[SourcedRow] = []
    for one in current:
        place = f"{one.located.expression}.code"
        column = COMORBIDITIES.get(one.diagnosis)
        if one.diagnosis == main:
            rows.append(SourcedRow("patient", {"diagnosis": main}, one.located.expression, {"diagnosis": place}))
            onsets += _onset(one, located, notes)
        elif one.diagnosis in candidates:
            notes.leave_out(one.located.expression, HOW_TO_TELL)
        elif column is not None:
            rows.append(SourcedRow("patient", {column: True}, one.located.expression, {column: place}))
        else:
            notes.leave_out(one.located.expression, "no column stands for it beside the main diagnosis")
    return [*rows, *_first(onsets, notes)]


def _candidates(
    current: Sequence[CurrentDiagnosis],
    located: Sequence[LocatedResource],
    context: ReadingContext,
    notes: ReadingNotes,
) -> set[str]:
    """The diagnoses that may be the main one."""
    if context.main_condition is not None:
        return _named(current, located, context.main_condition, notes)
    recorded = recorded_value(located, "diagnosis", context)
    found = {one.diagnosis for one in current} if recorded is None else {recorded}
    return found & _ANXIETY or found


def _named(
    current: Sequence[CurrentDiagnosis], located: Sequence[LocatedResource], reference: str, notes: ReadingNotes
) -> set[str]:
    """The diagnosis of the Condition that was named as the one that is treated."""
    holder = LocatedResource("", {})
    named = ResourceIndex(located).resolve({"reference": reference}, holder)
    if named is None:
        required = "the reference of a Condition that was sent, as the one that is treated"
        notes.refuse("value", "Condition", required, "a reference to none, or to several")
        return set()
    found = {one.diagnosis for one in current if one.located.expression == named.expression}
    if not found:
        required = (
            "a confirmed Condition with the code of a diagnosis that was there on day 0, as the one that is treated"
        )
        notes.refuse("code-invalid", named.expression, required, "another resource")
    return found


def _onset(one: CurrentDiagnosis, located: Sequence[LocatedResource], notes: ReadingNotes) -> Iterator[SourcedRow]:
    """The onset of a diagnosis as the pseudo-cell ``onset_date``, as written: the assembly knows day 0."""
    resource, place = one.located.resource, f"{one.located.expression}.onset"
    written = onset_date(one.located)
    if not written and "onsetAge" in resource:
        written = _date_at_age(element(resource, "onsetAge"), located)
    if not written:
        if any(name.startswith("onset") for name in resource):
            notes.leave_out(place, "the onset is no date, and no age in years beside a whole date of birth")
        return
    else:
        yield SourcedRow("patient", {"onset_date": written}, one.located.expression, {"onset_date": place})


def _date_at_age(age: Mapping[str, object], located: Sequence[LocatedResource]) -> str:
    """The birthday at an age in whole years; empty where age or birth date do not tell it."""
    years = age.get("value")
    births = {text(one.resource, "birthDate") for one in located if one.resource.get("resourceType") == "Patient"}
    if not isinstance(years, int | float) or isinstance(years, bool) or years != int(years) or len(births) != 1:
        return ""
    if age.get("code", age.get("unit")) not in {"a", "years", "year", "yr"} or age.get("comparator"):
        return ""
    try:
        birth = dt.date.fromisoformat(births.pop())
        return birth.replace(year=birth.year + int(years)).isoformat()
    except ValueError:
        return ""  # no whole date of birth, or the 29th of February


def _first(onsets: Sequence[SourcedRow], notes: ReadingNotes) -> Iterator[SourcedRow]:
    """The earliest onset: later ones are of later episodes."""
    ordered = sorted(onsets, key=lambda row: str(row.cells["onset_date"]))
    yield from ordered[:1]
    for row in ordered[1:]:
        notes.leave_out(row.cells_from["onset_date"], "a later onset of the same diagnosis; the first one counts")
