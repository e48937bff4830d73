"""Dates of FHIR on the clinic's calendar: whole ones, those of a time, and incomplete ones as first and last day.

A time in UTC has one date only where the clinic's time zone is known.
"""

import calendar
import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from serving.contract.calendar import DateRefusedError, local_date
from serving.fhir.elements.codings import element, text

_INCOMPLETE = re.compile(r"(\d{4})(?:-(\d{2}))?", re.ASCII)


@dataclass(frozen=True)
class DateSpan:
    """The first and the last day that a date may mean; the same for a whole date."""

    first: dt.date
    last: dt.date

    @property
    def is_whole(self) -> bool:
        """Whether it is one day."""
        return self.first == self.last


def span_of(date: str, zone: ZoneInfo | None) -> DateSpan:
    """The days that a FHIR date or dateTime may mean; raises ``DateRefusedError``.

    >>> span_of("2019-05", None).last
    datetime.date(2019, 5, 31)
    """
    incomplete = _INCOMPLETE.fullmatch(date)
    if incomplete is None:
        day = local_date(date, zone)
        return DateSpan(day, day)
    year, month = int(incomplete[1]), int(incomplete[2] or 0)
    if year == 0 or (incomplete[2] and not 1 <= month <= 12):
        raise DateRefusedError("a date that the calendar does not have")
    last_month = month or 12
    last = dt.date(year, last_month, calendar.monthrange(year, last_month)[1])
    return DateSpan(dt.date(year, month or 1, 1), last)


@dataclass(frozen=True)
class WrittenPeriod:
    """Start and end as they stand in a resource, empty where they don't, and the names of their elements.

    ``is_point`` says that one date stands for both.
    """

    start: str
    end: str
    start_name: tuple[str | int, ...]
    end_name: tuple[str | int, ...]
    is_point: bool = False


def written_period(part: Mapping[str, Any], name: str) -> WrittenPeriod:
    """The date or period of a choice such as ``effective`` or ``performed``."""
    point = text(part, f"{name}DateTime")
    if point:
        return WrittenPeriod(point, point, (name,), (name,), is_point=True)
    period = element(part, f"{name}Period")
    return WrittenPeriod(text(period, "start"), text(period, "end"), (name, "start"), (name, "end"))


def moment_of(date: str) -> dt.datetime | None:
    """The moment of a date with a time and an offset; ``None`` for others."""
    if "T" not in date:
        return None
    try:
        moment = dt.datetime.fromisoformat(date)
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else None
