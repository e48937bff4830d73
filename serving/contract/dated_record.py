"""A record in dates as a record in days with its calendar; and its refusals, which name the dates again.

Nothing but the days goes on from here: predictions, the log and its digests are the same for both forms.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ValidationError

from features.protocol.columns import (
    BEFORE_DAY_0,
    CHILD_TABLES,
    DAY_LIMIT,
    FIRST_DOSE_ON_DAY_0,
    NO_DOSE_BEFORE_DAY_0,
    Column,
)
from serving.contract.calendar import ZONE_FOR_UTC, CourseCalendar, DateRefusedError, local_date, zone_named
from serving.contract.dated_request import (
    AS_OF_DATE,
    DAYS,
    DAYS_OF_DATES,
    FIRST_DOSE_DATE,
    TIME_ZONE,
    DatedPredictionRequest,
    dated_name,
)
from serving.contract.refusal import RequestProblem, RequestRefusedError, Suggestions, json_path, refusal_of
from serving.contract.request import AS_OF_DAY, PredictionRequest

_ROW: Final = re.compile(r"\[\d+\]")
_DAY: Final = re.compile(r"\b(as_of_|start_|end_)?day\b")
_REQUIRED: Final = {
    ZONE_FOR_UTC: f"{TIME_ZONE}, such as Europe/Berlin: at the clinic a time in UTC may be on another day",
    FIRST_DOSE_ON_DAY_0: f"a first dosing session on {FIRST_DOSE_DATE}, the date from which days are counted",
    NO_DOSE_BEFORE_DAY_0: f"a date from {FIRST_DOSE_DATE} on; only a {BEFORE_DAY_0} session may be before it",
}
"""What is required, by the sentence for a record in days or for one whose sender has no such field."""
_FOUND: Final = {"a number out of range": "a date out of range"}


@dataclass(frozen=True)
class DatedRecord:
    """A record that came in dates: the request in days, and the calendar on which they are dates."""

    request: PredictionRequest
    calendar: CourseCalendar


ReceivedRecord: TypeAlias = PredictionRequest | DatedRecord
"""One patient's record as it came, in days or in dates."""


def in_days(record: ReceivedRecord) -> PredictionRequest:
    """The record as it is predicted from and logged."""
    return record.request if isinstance(record, DatedRecord) else record


def dated_record(given: DatedPredictionRequest, zone: ZoneInfo | None) -> DatedRecord:
    """The record with its dates as days; ``zone`` is the clinic's where the record names none.

    Raises ``RequestRefusedError``, at the paths of the dates.
    """
    dates = _DateConversion(_calendar(given, zone))
    document: dict[str, Any] = {
        AS_OF_DAY.name: dates.day(given.as_of_date, AS_OF_DATE),
        "patient": given.patient,
    }
    for table in CHILD_TABLES:
        rows = getattr(given, table)
        document[table] = rows and [dates.row(row, table, number) for number, row in enumerate(rows)]
    if dates.refused:
        raise RequestRefusedError(dates.refused)
    try:
        return DatedRecord(PredictionRequest.model_validate(document), dates.calendar)
    except ValidationError as error:
        raise refusal_in_dates(refusal_of(error, Suggestions())) from None


def _calendar(given: DatedPredictionRequest, zone: ZoneInfo | None) -> CourseCalendar:
    at = TIME_ZONE
    try:
        own = zone if given.time_zone is None else zone_named(given.time_zone)
        at = FIRST_DOSE_DATE
        return CourseCalendar(local_date(given.first_dose_date, own), own)
    except DateRefusedError as refused:
        raise RequestRefusedError([_problem(at, refused)]) from None


def _problem(path: str, refused: DateRefusedError) -> RequestProblem:
    return RequestProblem(path, _REQUIRED.get(refused.required, refused.required), refused.found)


class _DateConversion:
    """Makes days of one record's dates, and collects the dates that are refused."""

    def __init__(self, calendar: CourseCalendar) -> None:
        self.calendar = calendar
        self.refused: list[RequestProblem] = []

    def day(self, text: str | None, *location: str | int) -> int | None:
        """The day of a date; ``None`` where there is none, or it is refused."""
        try:
            return None if text is None else self.calendar.day_of(text)
        except DateRefusedError as refused:
            self.refused.append(_problem(json_path(location), refused))
            return None

    def row(self, row: BaseModel, table: str, number: int) -> Mapping[str, Any]:
        """The cells of a row, with days in place of dates."""
        cells = dict(vars(row))
        for path, day in DAYS_OF_DATES.items():
            if path[0] == table:
                cells[day[-1]] = self.day(cells.pop(path[-1]), table, number, path[-1])
        return cells


def refusal_in_dates(refused: RequestRefusedError) -> RequestRefusedError:
    """The refusal of a record in days, for its sender who wrote dates."""
    return RequestRefusedError([_in_dates(problem) for problem in refused.problems], refused.more)


def _in_dates(problem: RequestProblem) -> RequestProblem:
    column = DAYS.get(tuple(_ROW.sub("", problem.path).split(".")))
    if column is None:
        return problem
    path = problem.path.removesuffix(column.name) + dated_name(column.name)
    required = _date_range(column) if problem.required == column.requirement() else _REQUIRED.get(problem.required)
    return RequestProblem(
        path, required or _with_date(problem.required), _FOUND.get(problem.found) or _with_date(problem.found)
    )


def _date_range(column: Column) -> str:
    if column.maximum == 0:
        return f"a date not after {FIRST_DOSE_DATE}, and at most {DAY_LIMIT} days before it"
    return f"a date at most {DAY_LIMIT} days from {FIRST_DOSE_DATE}"


def _with_date(sentence: str) -> str:
    """The sentence about days, with the names of dates."""
    return _DAY.sub(lambda found: dated_name(found.group()), sentence)
