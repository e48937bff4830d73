"""Dates and times of a source, read as the local date and time of the clinic.

A text that could be two dates is refused, unless the mapping says how dates are written.
"""

import datetime as dt
import re
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from features.records.timeline import Floats, Indices, Mask
from training.intake.source import Cell

EXCEL = "excel"
"""As a date format: numbers that count days as Excel does."""
EXCEL_1904 = "excel 1904"
"""As a date format: the same of workbooks that count from 1904, as Excel for Mac made them."""
EXCEL_DAY_0 = {EXCEL: dt.date(1899, 12, 30), EXCEL_1904: dt.date(1904, 1, 1)}
"""From where each counts; from 1899, as all days after February 1900 count."""
DATED, COUNTED, FROM_DAY_0 = 0, 1, 2
"""How a row tells its day: by a date, by a number of days as the source counts them, or by days from day 0."""
_ISO = re.compile(r"(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d{1,9})?)?) ?(Z|[+-]\d{2}:?\d{2})?)?")
_COMPACT = re.compile(r"(?:19|20)\d{6}")
_BY_DOTS = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})(?: (\d{1,2}:\d{2}(?::\d{2})?))?")
_TIME = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,]\d+)?)?(?: ?([AaPp])\.?[Mm]\.?)?")
_TWO_MEANINGS = re.compile(r"\d{1,2}([/.-])\d{1,2}\1\d{2,4}.*")
REQUIRED = "a date such as 2025-04-03"
OFFSET_REQUIRED = "time_zone in the mapping, the clinic's time zone, because this column holds times with an offset"
FORMAT_REQUIRED = "format under [dates] in the mapping, such as %d/%m/%Y"


class CellRefusedError(Exception):
    """A cell can't be read: what is required, and what kind of thing was found.

    ``may_mean`` says that the key ``values`` of the mapping could give its meaning.
    """

    def __init__(self, required: str, found: str, *, may_mean: bool = False) -> None:
        self.required, self.found, self.may_mean = required, found, may_mean
        super().__init__(required)


@dataclass(frozen=True)
class Moment:
    """A local date, with the time of the day where one is known."""

    date: dt.date
    time: dt.time | None = None


@dataclass(frozen=True, eq=False)
class Moments:
    """When the rows of a table happened, each array of shape (rows,).

    ``day`` counts days, NaN where not recorded, by the ``clock`` of the row: ``DATED`` as ``date.toordinal``,
    ``COUNTED`` from where the source counts, ``FROM_DAY_0`` as a cohort counts. ``second`` is the second of the day,
    NaN where no time is known.
    """

    day: Floats
    second: Floats
    clock: NDArray[np.int8]

    def at(self, rows: Indices | Mask) -> "Moments":
        """The moments of these rows."""
        return Moments(self.day[rows], self.second[rows], self.clock[rows])


def read_moment(cell: Cell, date_format: str | None, zone: ZoneInfo | None) -> Moment:
    """The local moment in a cell; raises ``CellRefusedError``."""
    if isinstance(cell, dt.datetime):
        return _local(cell, zone)
    if isinstance(cell, dt.date):
        return Moment(cell)
    if date_format in EXCEL_DAY_0:
        return _excel_moment(cell, EXCEL_DAY_0[date_format])
    if not isinstance(cell, str):
        found = 'a number; if it counts days as Excel does, give the column format = "excel"'
        raise CellRefusedError(REQUIRED, found if isinstance(cell, int | float) else "a time without a date")
    return _text_moment(cell.strip(), date_format, zone)


def read_time(cell: Cell) -> dt.time:
    """The time of the day in a cell; raises ``CellRefusedError``."""
    if isinstance(cell, dt.datetime):
        return cell.time()
    if isinstance(cell, dt.time):
        return cell
    match = _TIME.fullmatch(str(cell).strip())
    try:
        hour, minute, second = (int(part or 0) for part in match.groups()[:3]) if match else (24, 0, 0)
        half = match[4].casefold() if match and match[4] else ""
        return dt.time(_hour_of_day(hour, half) if half else hour, minute, second)
    except ValueError:
        raise CellRefusedError("a time of the day such as 14:30", "another text or number") from None


def _hour_of_day(hour: int, half: str) -> int:
    """The hour from 0 of a twelve-hour clock: 12 am is 0, 12 pm is 12. ValueError for another hour than 1 to 12."""
    if not 1 <= hour <= 12:
        raise ValueError("no hour of a twelve-hour clock")
    return hour % 12 + (12 if half == "p" else 0)


def today(zone: ZoneInfo | None) -> dt.date:
    """The date of now in a zone; without one, the latest date that it is anywhere on earth."""
    return dt.datetime.now(zone or dt.timezone(dt.timedelta(hours=14))).date()


def second_of(time: dt.time | None) -> float:
    """Seconds since midnight; NaN without a time."""
    return np.nan if time is None else time.hour * 3600 + time.minute * 60 + time.second


def _on(date: dt.date, time: dt.time | None) -> Moment:
    """A local date and time. Midnight is no time: spreadsheets and databases write dates so."""
    return Moment(date, time if time != dt.time() else None)


def _local(moment: dt.datetime, zone: ZoneInfo | None) -> Moment:
    """Local date and time."""
    if moment.tzinfo is not None:
        if zone is None:
            raise CellRefusedError(OFFSET_REQUIRED, "a time with an offset, and no time_zone")
        local = moment.astimezone(zone)
        return Moment(local.date(), local.time())
    return _on(moment.date(), moment.time())


def _excel_moment(cell: Cell, day_0: dt.date) -> Moment:
    try:
        number = float(cell)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        number = np.nan
    if not 61 <= number < 110_000:
        raise CellRefusedError("a number that counts days as Excel does", "another value")
    day = day_0 + dt.timedelta(days=int(number))
    seconds = round((number - int(number)) * 86_400)
    minutes, second = divmod(min(seconds, 86_399), 60)
    return Moment(day, dt.time(minutes // 60, minutes % 60, second) if seconds else None)


def _text_moment(text: str, date_format: str | None, zone: ZoneInfo | None) -> Moment:
    try:
        if match := _ISO.fullmatch(text):
            return _iso_moment(match, zone)
        match = _BY_DOTS.fullmatch(text)
        if date_format is not None and (match is None or "." in date_format):
            return _formatted_moment(text, date_format)
        if match:
            day, month, year = (int(match[part]) for part in (1, 2, 3))
            return _on(dt.date(year, month, day), read_time(match[4]) if match[4] else None)
        if _COMPACT.fullmatch(text):
            return Moment(dt.date(int(text[:4]), int(text[4:6]), int(text[6:])))
    except ValueError:
        raise CellRefusedError(REQUIRED, "a date that is in no calendar") from None
    raise _refusal(text, date_format)


def _iso_moment(match: re.Match[str], zone: ZoneInfo | None) -> Moment:
    date = dt.date(int(match[1]), int(match[2]), int(match[3]))
    if match[4] is None:
        return Moment(date)
    time = read_time(match[4])
    if match[5] is None:
        return _on(date, time)
    offset = dt.datetime.fromisoformat(f"2000-01-01T00:00:00{match[5].replace('Z', '+00:00')}").tzinfo
    return _local(dt.datetime.combine(date, time, offset), zone)


def _formatted_moment(text: str, date_format: str) -> Moment:
    """A text in the declared format, alone or followed by a time of the day."""
    date_text, _, time_text = text.partition(" ") if " " not in date_format else (text, "", "")
    has_time = any(part in date_format for part in ("%H", "%I"))
    try:
        moment = dt.datetime.strptime(date_text, date_format)  # noqa: DTZ007 - a local time by definition
    except ValueError:
        raise CellRefusedError(f"a date in the format {date_format} of the mapping", "another text") from None
    time = moment.time() if has_time else read_time(time_text) if time_text else None
    return _on(moment.date(), time)


def _refusal(text: str, date_format: str | None) -> CellRefusedError:
    if _TWO_MEANINGS.fullmatch(text) and date_format is None:
        return CellRefusedError(FORMAT_REQUIRED, "a date whose day and month could change places")
    if re.fullmatch(r"\d+([.,]\d+)?", text):
        return CellRefusedError(REQUIRED, 'a number; if it counts days as Excel does, give the column format = "excel"')
    return CellRefusedError(REQUIRED, "another text")


def completed_years(since: dt.date, until: dt.date) -> int:
    """Years completed from one day to another, as ages count; someone born on 29 February adds a year on 1 March.

    Examples: from 2000-05-10 to 2020-05-09 19 years, to 2020-05-10 20 years.
    """
    return until.year - since.year - ((until.month, until.day) < (since.month, since.day))
