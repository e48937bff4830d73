"""Records in days, written in dates: the same record of a patient whose first dose was on a date.

How a date is written is a function of the date: as it is, or as a time of that day at the clinic.
"""

import copy
import datetime as dt
from collections.abc import Callable, Mapping
from zoneinfo import ZoneInfo

from tests.serving.requests import Document

Writing = Callable[[dt.date], str]
DATED = {"day": "date", "start_day": "start_date", "end_day": "end_date"}
TABLES = ("prior_treatments", "sessions", "assessments", "events")


def as_date(date: dt.date) -> str:
    return date.isoformat()


def at_local(time: dt.time, zone: ZoneInfo) -> Writing:
    """As that time of the day at the clinic, with the clinic's offset on that day."""
    return lambda date: dt.datetime.combine(date, time, zone).isoformat()


def at_offset(time: dt.time, zone: ZoneInfo, offset: dt.timedelta) -> Writing:
    """As the same moment on a clock elsewhere, with an offset from UTC in whole minutes."""
    return lambda date: dt.datetime.combine(date, time, zone).astimezone(dt.timezone(offset)).isoformat()


def as_utc(time: dt.time, zone: ZoneInfo) -> Writing:
    """As the same moment in UTC, with a Z."""
    return lambda date: at_offset(time, zone, dt.timedelta())(date).replace("+00:00", "Z")


def in_dates(
    document: Mapping[str, object], first_dose: dt.date, written: Writing = as_date, zone: ZoneInfo | None = None
) -> Document:
    """The record in dates; ``zone`` is sent with it if it is given."""

    def date_of(day: int) -> str:
        return written(first_dose + dt.timedelta(days=day))

    dated: Document = copy.deepcopy(dict(document))
    dated["first_dose_date"] = first_dose.isoformat()
    dated["as_of_date"] = date_of(dated.pop("as_of_day"))
    if zone is not None:
        dated["time_zone"] = zone.key
    for table in TABLES:
        for row in dated.get(table) or ():
            for day in DATED.keys() & row.keys():
                row[DATED[day]] = None if row[day] is None else date_of(row[day])
                del row[day]
    return dated
