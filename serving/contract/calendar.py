"""Dates as days of a course and back: a record holds days from the first dose, and clinic software has dates.

A date is a day on the clinic's calendar. A date with a time belongs to the day that it had there, which only a time
zone tells: without one, the date of a time with an offset is the one written, and a time in UTC is refused.
"""

import datetime as dt
import re
from dataclasses import dataclass
from zoneinfo import ZoneInfo

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_TIME = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:\d{2})", re.ASCII)
REQUIRED = "an ISO 8601 date, or a date and time with a time zone"


class DateRefusedError(Exception):
    """A text is no date, or not one date only; ``required`` and ``found`` say why, without the text."""

    def __init__(self, found: str, required: str = REQUIRED) -> None:
        """Keep both parts of the message."""
        self.required, self.found = required, found
        super().__init__(f"required {required}; found {found}")


def local_date(text: str, zone: ZoneInfo | None) -> dt.date:
    """The day of an ISO date, or of an ISO date and time with an offset, on the calendar of ``zone``.

    Without a zone the day is the one written. Raises ``DateRefusedError``, also for a time in UTC without a zone: it
    may be the day before or after at the clinic.

    >>> local_date("2026-10-07T23:30:00Z", ZoneInfo("Europe/Berlin"))
    datetime.date(2026, 10, 8)
    """
    if _DATE.fullmatch(text):
        return _parsed_date(text)
    if not _TIME.fullmatch(text):
        raise DateRefusedError(_kind(text))
    moment = _parsed_time(text)
    if zone is not None:
        try:
            return moment.astimezone(zone).date()
        except OverflowError:
            raise DateRefusedError("a date that the calendar does not have") from None
    if not moment.utcoffset():
        raise DateRefusedError(
            "a time in UTC", "a time zone, such as Europe/Berlin: at the clinic it may be another day"
        )
    return moment.date()


def today_in(zone: ZoneInfo | None) -> dt.date:
    """Today's date in a zone; without one, by the clock of this machine."""
    return dt.datetime.now(zone).date()


@dataclass(frozen=True)
class CourseCalendar:
    """The date of day 0, the first dosing session, and the clinic's time zone if it is known."""

    first_dose: dt.date
    zone: ZoneInfo | None = None

    def day_of(self, text: str) -> int:
        """The day of an ISO date or time, in whole days from day 0; raises ``DateRefusedError``."""
        return (local_date(text, self.zone) - self.first_dose).days

    def date_of(self, day: int) -> str | None:
        """The ISO date of a day; ``None`` where the calendar ends before it."""
        try:
            return (self.first_dose + dt.timedelta(days=day)).isoformat()
        except OverflowError:
            return None


def _parsed_date(text: str) -> dt.date:
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise DateRefusedError("a date that the calendar does not have") from None


def _parsed_time(text: str) -> dt.datetime:
    try:
        return dt.datetime.fromisoformat(text)
    except ValueError:
        raise DateRefusedError("a date or time that the calendar does not have") from None


def _kind(text: str) -> str:
    if re.match(r"\d{4}-\d{2}-\d{2}T", text, re.ASCII):
        return "a time without a time zone"
    return "an incomplete date" if re.fullmatch(r"\d{4}(-\d{2})?", text, re.ASCII) else "another text"
