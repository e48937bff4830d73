"""The request with dates in place of days; its fields are built from the same declared columns.

`dated_record` makes days of the dates.
"""

from typing import TYPE_CHECKING, Annotated, Any

from pydantic import AfterValidator, BaseModel, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from features.protocol.columns import CHILD_TABLES, TABLES, Column
from serving.contract.calendar import PATTERN, DateRefusedError, check_date
from serving.contract.request import (
    AS_OF_DAY,
    LONGEST_TEXT,
    STRICT,
    Entry,
    Patient,
    declared_field,
    entry_type,
    listed_rows,
)

FIRST_DOSE_DATE, TIME_ZONE = "first_dose_date", "time_zone"
NO_DATE = "no_date"
"""Pydantic's type of error for a text that is no date; its message is what was found."""


def dated_name(day: str) -> str:
    """The name of the date in place of a day: ``start_date`` of ``start_day``."""
    return day.removesuffix("day") + "date"


AS_OF_DATE = dated_name(AS_OF_DAY.name)
DAYS: dict[tuple[str, ...], Column] = {
    (table, column.name): column for table in CHILD_TABLES for column in TABLES[table] if column.kind == "day"
} | {(AS_OF_DAY.name,): AS_OF_DAY}
"""The columns with days, by their path without row numbers."""
DAYS_OF_DATES = {(*path[:-1], dated_name(path[-1])): path for path in DAYS}
"""The path of the day that a date becomes."""
DATED_PATHS = frozenset(DAYS_OF_DATES) | {(FIRST_DOSE_DATE,), (TIME_ZONE,)}
"""The fields that only a record in dates has."""


def _is_date(text: str) -> str:
    try:
        check_date(text)
    except DateRefusedError as refused:
        raise PydanticCustomError(NO_DATE, "{found}", {"found": refused.found}) from None
    return text


DateText = Annotated[str, AfterValidator(_is_date), WithJsonSchema({"type": "string", "pattern": PATTERN})]


def _dated_field(column: Column) -> tuple[str, Any]:
    if column.kind != "day":
        return column.name, declared_field(column)
    description = f"{column.meaning}; an ISO 8601 date, or a date and time with its offset from UTC"
    if column.required:
        return dated_name(column.name), (DateText, Field(description=description))
    return dated_name(column.name), (DateText | None, Field(default=None, description=description))


if TYPE_CHECKING:
    DatedPriorTreatment = Entry
    DatedSession = Entry
    DatedAssessment = Entry
    DatedEvent = Entry
else:
    DatedPriorTreatment = entry_type("DatedPriorTreatment", "prior_treatments", _dated_field)
    DatedSession = entry_type("DatedSession", "sessions", _dated_field)
    DatedAssessment = entry_type("DatedAssessment", "assessments", _dated_field)
    DatedEvent = entry_type("DatedEvent", "events", _dated_field)


class DatedPredictionRequest(BaseModel):
    """One patient's record up to today, with dates in place of days; an absent or null field is not recorded."""

    model_config = STRICT

    first_dose_date: Annotated[
        DateText, Field(description="the date of day 0, the first dosing session; before it, the planned date")
    ]
    as_of_date: Annotated[DateText, Field(description="today; no entry of the record may be later")]
    time_zone: Annotated[
        Annotated[str, Field(max_length=LONGEST_TEXT)] | None,
        Field(
            description="the clinic's time zone by its IANA name, such as Europe/Berlin: on its calendar a date with "
            "a time is a day; absent or null: that of the service, or else each date counts as it is written"
        ),
    ] = None
    patient: Patient
    prior_treatments: list[DatedPriorTreatment] | None = listed_rows("prior_treatments")
    sessions: list[DatedSession] | None = listed_rows("sessions")
    assessments: list[DatedAssessment] | None = listed_rows("assessments")
    events: list[DatedEvent] | None = listed_rows("events")
