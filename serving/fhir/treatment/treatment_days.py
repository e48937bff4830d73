"""First and last day of an earlier treatment, as a record has them, also where they are incomplete.

A treatment that begins on or after day 0 is no earlier one. A last day after day 0 is not recorded, since the treatment
was still running then.
"""

import datetime as dt
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from serving.contract.calendar import DateRefusedError
from serving.fhir.elements.dates import DateSpan, WrittenPeriod, span_of
from serving.fhir.elements.reading_context import ReadingContext
from serving.fhir.elements.treatment_outcomes import RecordedOutcome
from serving.fhir.parts import ReadingNotes
from serving.fhir.structure.expressions import expression_at


@dataclass(frozen=True)
class TreatmentDays:
    """The day cells of a treatment and their places.

    ``is_running`` is whether it goes on today, ``ended_later`` whether it ended after day 0, so that what it achieved
    was not known then. ``why_not`` says why it is no earlier treatment, if it is none.
    """

    cells: dict[str, Any] = field(default_factory=dict)
    places: dict[str, str] = field(default_factory=dict)
    is_running: bool = False
    ended_later: bool = False
    why_not: str = ""


def treatment_days(
    expression: str, period: WrittenPeriod, asserted: str, *, has_ended: bool, context: ReadingContext,
    notes: ReadingNotes,
) -> TreatmentDays | None:  # fmt: skip
    """The days of a treatment; ``None`` if a date is refused, which ``notes`` then says.

    ``asserted`` is when its state was stated: the last day that an end without a date can have.
    """
    start_place = expression_at(expression, period.start_name)
    end_place = expression_at(expression, period.end_name)
    start = _span(period.start, start_place, context, notes)
    end = None if period.is_point else _span(period.end, end_place, context, notes)
    first_dose = context.first_dose or context.today
    if start == "refused" or end == "refused":
        return None
    if why_not := _begins_later(start, first_dose, start_place):
        has_begun = start.first <= context.today
        goes_on = not has_ended and (end is None or end.last > context.today)
        return TreatmentDays(is_running=has_begun and goes_on, why_not=why_not)
    if isinstance(start, DateSpan) and not start.is_whole:
        notes.leave_out(start_place, "an incomplete date: the first day is not recorded")
    cells, places = {}, {}
    if isinstance(start, DateSpan) and start.is_whole:
        cells["start_day"], places["start_day"] = start.first.isoformat(), start_place
    last = _last_day(end, end_place, notes)
    if last is None and has_ended:
        last = _last_possible_day(asserted, start, context)
        end_place = expression
        notes.leave_out(f"{expression}.status", "ended on an unknown day: the last possible day is recorded")
    is_running = not has_ended and (last is None or last > context.today)
    if last is not None and last <= first_dose and not is_running:
        cells["end_day"], places["end_day"] = last.isoformat(), end_place
    return TreatmentDays(cells, places, is_running, ended_later=has_ended and last is not None and last > first_dose)


def outcome_by_day_0(outcome: RecordedOutcome, days: TreatmentDays, notes: ReadingNotes) -> RecordedOutcome:
    """The outcome of a treatment as far as it was known on day 0: none of one that ended later."""
    if not days.ended_later:
        return outcome
    for place in dict.fromkeys(outcome.places.values()):
        notes.leave_out(place, "the treatment ended after day 0: what it achieved was not known then")
    return RecordedOutcome()


def _span(date: str, place: str, context: ReadingContext, notes: ReadingNotes) -> Any:
    """The days that a date may mean; ``None`` without one, ``"refused"`` for one that is not read."""
    if not date:
        return None
    try:
        return span_of(date, context.zone)
    except DateRefusedError as refused:
        notes.refuse("value", place, refused.required, refused.found)
        return "refused"


def _begins_later(start: Any, first_dose: dt.date, place: str) -> str:
    """Why a treatment is no earlier one; empty if it is one."""
    if start is None or start.last < first_dose:
        return ""
    if start.first >= first_dose:
        return "it begins on or after day 0, and is no earlier treatment"
    return f"its incomplete first day ({place}) may be before or after day 0"


def _last_day(end: Any, place: str, notes: ReadingNotes) -> dt.date | None:
    if end is None:
        return None
    if not end.is_whole:
        notes.leave_out(place, "an incomplete date: the last day of it is recorded")
    last: dt.date = end.last
    return last


def _last_possible_day(asserted: str, start: Any, context: ReadingContext) -> dt.date:
    """The last day, by day 0, on which a treatment that has ended can have ended."""
    days = [context.today, context.first_dose or context.today]
    with suppress(DateRefusedError):
        days.append(span_of(asserted, context.zone).last)
    latest = min(days)
    return max(latest, start.first) if isinstance(start, DateSpan) else latest
