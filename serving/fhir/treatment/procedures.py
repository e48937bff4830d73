"""What a Procedure is to a record: a session of psychotherapy, a preparation session, or an earlier treatment.

A single psychotherapy session soon before day 0 prepares the course; an earlier one is an earlier treatment.
"""

import datetime as dt
from typing import Final, Literal, TypeAlias

from serving.contract.calendar import DateRefusedError
from serving.fhir.elements.codings import meanings_of
from serving.fhir.elements.dates import span_of, written_period
from serving.fhir.elements.reading_context import ReadingContext
from serving.fhir.parts import LocatedResource
from serving.terminology.meanings import TreatmentCode

PREPARATION_DAYS: Final = 28
"""Days before day 0 in which a session of psychotherapy counts as preparation [judgement]."""
HELD: Final = frozenset({"completed", "in-progress", "stopped"})
"""The states of a Procedure that took place, if only in part."""
SessionKind: TypeAlias = Literal["psychotherapy", "preparation"]


def procedure_code(one: LocatedResource, context: ReadingContext) -> TreatmentCode | None:
    """What the first known code of a Procedure means."""
    return next(iter(meanings_of(one.resource.get("code"), context.terminology.treatment)), None)


def session_date(one: LocatedResource, context: ReadingContext) -> dt.date | None:
    """The day of a Procedure that took place on one day; ``None`` for others, also if its date is incomplete."""
    period = written_period(one.resource, "performed")
    try:
        spans = [span_of(date, context.zone) for date in (period.start, period.end) if date]
    except DateRefusedError:
        return None
    days = {day for span in spans for day in (span.first, span.last)}
    return next(iter(days)) if len(days) == 1 else None


def session_kind(one: LocatedResource, context: ReadingContext) -> SessionKind | None:
    """The kind of session that a Procedure is; ``None`` if it is none, or no session of this course."""
    code, date = procedure_code(one, context), session_date(one, context)
    if code is None or code.session is None or date is None or context.first_dose is None:
        return None
    day = (date - context.first_dose).days
    if code.session == "preparation":
        return "preparation"
    if day >= 0:
        return "psychotherapy"
    return "preparation" if day >= -PREPARATION_DAYS else None
