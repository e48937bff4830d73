"""Dates as days of a course and back: a record holds days from the first dose, and clinic software has dates.

A date is a day on the clinic's calendar. A date with a time belongs to the day that it had there, which only a time
zone tells: without one, the date of a time with an offset is the one written, and a time in UTC is refused.
"""

import datetime as dt
import re
from dataclasses import dataclass
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

_DATE = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
_MINUTE, _SECOND, _OFFSET = r"T[0-9]{2}:[0-9]{2}", r":[0-9]{2}", r"Z|[+-][0-9]{2}:[0-9]{2}"
_FRACTION = r"\.[0-9]{1,9}"
PATTERN = f"^{_DATE}(?:{_MINUTE}(?:{_SECOND}(?:{_FRACTION})?)?(?:{_OFFSET}))?$"
"""What a date, or a date and time, looks like to a reader of JSON schemas."""
_IS_DATE = re.compile(_DATE)
_IS_TIME = re.compile(f"(?P<minute>{_DATE}{_MINUTE})(?:(?P<second>{_SECOND})(?:{_FRACTION})?)?(?P<offset>{_OFFSET})")
REQUIRED = "an ISO 8601 date, or a date and time with a time zone"
ZONE_REQUIRED = "the name of a time zone, such as Europe/Berlin"
ZONE_FOR_UTC = (
    "the clinic's time zone, such as Europe/Berlin, in the parameter timeZone of FHIR Parameters, or for all calls in "
    "KAP_TIME_ZONE: at the clinic it may be another day"
)
_MIDNIGHT_OF_NEXT_DAY = "T24"


class DateRefusedError(Exception):
    """A text is no date, or not one date only; ``required`` and ``found`` say why, without the text."""

    def __init__(self, found: str, required: str = REQUIRED) -> None:
        """Keep both parts of the message."""
        self.required, self.found = required, found
        super().__init__(f"required {required}; found {found}")


def zone_named(name: str) -> ZoneInfo:
    """The time zone of an IANA name; raises ``DateRefusedError``."""
    if name not in _zone_names():
        raise DateRefusedError("an unknown time zone", ZONE_REQUIRED)
    return ZoneInfo(name)


@cache
def _zone_names() -> frozenset[str]:
    """Looked up once: a name that is none could be the path of another file. Two of a system's names are no place."""
    return frozenset(available_timezones()) - {"localtime", "Factory"}


def check_date(text: str) -> None:
    """Raises ``DateRefusedError`` for what is no date or time in any time zone."""
    _moment(text)


def local_date(text: str, zone: ZoneInfo | None) -> dt.date:
    """The day of an ISO date, or of an ISO date and time with an offset, on the calendar of ``zone``.

    Without a zone the day is the one written. Raises ``DateRefusedError``, also for a time in UTC without a zone: it
    may be the day before or after at the clinic.

    >>> local_date("2026-10-07T23:30:00Z", ZoneInfo("Europe/Berlin"))
    datetime.date(2026, 10, 8)
    """
    moment = _moment(text)
    if not isinstance(moment, dt.datetime):
        return moment
    if zone is not None:
        try:
            return moment.astimezone(zone).date()
        except OverflowError:
            raise DateRefusedError("a date that the calendar does not have") from None
    if not moment.utcoffset():
        raise DateRefusedError("a time in UTC", ZONE_FOR_UTC)
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


def _moment(text: str) -> dt.date | dt.datetime:
    """The date, or the date and time with its offset, without a fraction of a second."""
    try:
        if _IS_DATE.fullmatch(text):
            return dt.date.fromisoformat(text)
        time = _IS_TIME.fullmatch(text)
        if time and _MIDNIGHT_OF_NEXT_DAY not in text:  # newer Pythons take it
            # Python 3.10, which runs the client, knows no Z and not every fraction.
            offset = time["offset"].replace("Z", "+00:00")
            return dt.datetime.fromisoformat(time["minute"] + (time["second"] or "") + offset)
    except ValueError:
        raise DateRefusedError("a date or time that the calendar does not have") from None
    raise DateRefusedError("a date or time that the calendar does not have" if time else _kind(text))


def _kind(text: str) -> str:
    if re.match(f"{_DATE}T", text):
        return "a time without a time zone"
    return "an incomplete date" if re.fullmatch(r"[0-9]{4}(-[0-9]{2})?", text) else "another text"
