"""The last value of each column among dated ones; two values of one time are none."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from serving.fhir.elements.placed_dates import PlacedDate
from serving.fhir.parts import ReadingNotes, SourcedRow


@dataclass(frozen=True)
class DatedValue:
    """A value of a column of ``patients`` with its date, its resource and the element that has it."""

    column: str
    value: Any
    date: PlacedDate
    expression: str
    place: str


def latest(values: Iterable[DatedValue], notes: ReadingNotes) -> list[SourcedRow]:
    """A row of ``patient`` for each column; what is not used is noted."""
    by_column: dict[str, list[DatedValue]] = defaultdict(list)
    for value in values:
        by_column[value.column].append(value)
    return [row for column in by_column.values() for row in _latest(column, notes)]


def _latest(values: Sequence[DatedValue], notes: ReadingNotes) -> list[SourcedRow]:
    ordered = sorted(values, key=lambda value: value.date.order)
    last = ordered[-1]
    tied = [value for value in ordered[:-1] if _may_be_at_once(value, last)]
    for value in ordered[:-1]:
        if value not in tied:
            notes.leave_out(value.place, "an earlier value; the last one counts")
    if any(value.value != last.value for value in tied):
        for value in (*tied, last):
            notes.leave_out(value.place, "another value has the same time, so that none is recorded")
        return []
    for value in tied:
        notes.leave_out(value.place, "the same value was sent twice; it counts once")
    return [SourcedRow("patient", {last.column: last.value}, last.expression, {last.column: last.place})]


def _may_be_at_once(one: DatedValue, other: DatedValue) -> bool:
    moments = one.date.moment, other.date.moment
    return one.date.day == other.date.day and (None in moments or moments[0] == moments[1])
