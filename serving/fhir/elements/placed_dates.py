"""The one day of an element such as ``effective``: a rating or a finding without it can't be placed in a course.

A period counts at its end, when all of it is known. An incomplete date and one after today are left out.
"""

import datetime as dt
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from serving.contract.calendar import DateRefusedError
from serving.fhir.elements.codings import text
from serving.fhir.elements.dates import moment_of, span_of, written_period
from serving.fhir.parts import LocatedResource, ReadingNotes
from serving.fhir.structure.expressions import expression_at


@dataclass(frozen=True)
class PlacedDate:
    """A date as it is written, its day at the clinic, and the element that has it."""

    written: str
    day: dt.date
    expression: str

    @property
    def moment(self) -> dt.datetime | None:
        """The moment, if there is a time."""
        return moment_of(self.written)

    @property
    def order(self) -> tuple[dt.date, float]:
        """To sort by: a day without a time counts before its times."""
        moment = self.moment
        return self.day, 0.0 if moment is None else moment.timestamp()


@dataclass(frozen=True)
class PlacingRule:
    """What decides about dates: the clinic's time zone and today."""

    zone: ZoneInfo | None
    today: dt.date

    def place(self, one: LocatedResource, name: str, notes: ReadingNotes) -> PlacedDate | None:
        """The date of the element ``name``; ``None``, and a note of the reason, where it has not one day by today."""
        written, names = _written(one, name)
        expression = expression_at(one.expression, names)
        if not written:
            notes.leave_out(one.expression, f"it has no date in {name}, so that it can't be placed")
            return None
        try:
            span = span_of(written, self.zone)
        except DateRefusedError as error:
            notes.refuse("value", expression, error.required, error.found)
            return None
        if not span.is_whole:
            notes.leave_out(expression, "an incomplete date: it can't be placed on one day")
            return None
        if span.first > self.today:
            notes.leave_out(expression, "dated after today")
            return None
        return PlacedDate(written, span.first, expression)

    def is_later(self, date: str) -> bool:
        """Whether a date is after today, whichever day it may mean; no date and an invalid one are not."""
        try:
            return bool(date) and span_of(date, self.zone).first > self.today
        except DateRefusedError:
            return False


def _written(one: LocatedResource, name: str) -> tuple[str, tuple[str | int, ...]]:
    """The date as written, and the names of its element."""
    single = text(one.resource, name) or text(one.resource, f"{name}Instant")
    if single:
        return single, (name,)
    period = written_period(one.resource, name)
    return (period.end, period.end_name) if period.end or not period.start else (period.start, period.start_name)
