"""Dates and times of a clinic are its local dates; a date that could be two is refused."""

from datetime import UTC, date, datetime, time, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest

from training.intake.conversion.moments import CellRefusedError, Moment, completed_years, read_moment, read_time
from training.intake.source import Cell

BERLIN, NEW_YORK = ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York")


@pytest.mark.parametrize(
    ("cell", "local"),
    [
        ("2025-04-03", Moment(date(2025, 4, 3))),
        (" 2025-04-03 ", Moment(date(2025, 4, 3))),
        ("2025-04-03T14:30", Moment(date(2025, 4, 3), time(14, 30))),
        ("2025-04-03 14:30:05.25", Moment(date(2025, 4, 3), time(14, 30, 5))),
        ("2025-04-03 00:00:00", Moment(date(2025, 4, 3))),  # how databases write a date
        ("2025-04-03T00:00", Moment(date(2025, 4, 3))),
        ("03.04.2025 00:00", Moment(date(2025, 4, 3))),
        ("2025-04-03 00:00:01", Moment(date(2025, 4, 3), time(0, 0, 1))),
        ("2025-04-03 9:05", Moment(date(2025, 4, 3), time(9, 5))),
        ("3.4.2025", Moment(date(2025, 4, 3))),
        ("03.04.2025 08:05", Moment(date(2025, 4, 3), time(8, 5))),
        ("20250403", Moment(date(2025, 4, 3))),
        (date(2025, 4, 3), Moment(date(2025, 4, 3))),
        (datetime(2025, 4, 3, 8, 5), Moment(date(2025, 4, 3), time(8, 5))),  # noqa: DTZ001
        (datetime(2025, 4, 3), Moment(date(2025, 4, 3))),  # noqa: DTZ001 - how spreadsheets hold a date
    ],
)
def test_a_date_with_one_meaning_is_read(cell: Cell, local: Moment) -> None:
    assert read_moment(cell, None, None) == local


@pytest.mark.parametrize(
    ("cell", "zone", "local"),
    [
        ("2025-03-29T22:59:59Z", BERLIN, Moment(date(2025, 3, 29), time(23, 59, 59))),
        ("2025-03-29T23:00:00Z", BERLIN, Moment(date(2025, 3, 30))),  # an hour before the clocks go forward
        ("2025-03-30T00:59:00Z", BERLIN, Moment(date(2025, 3, 30), time(1, 59))),
        ("2025-03-30T01:00:00Z", BERLIN, Moment(date(2025, 3, 30), time(3, 0))),
        ("2025-03-30T21:59:00Z", BERLIN, Moment(date(2025, 3, 30), time(23, 59))),
        ("2025-03-30T22:00:00Z", BERLIN, Moment(date(2025, 3, 31))),  # summer time: two hours ahead
        ("2025-10-26T00:30:00Z", BERLIN, Moment(date(2025, 10, 26), time(2, 30))),
        ("2025-10-26T01:30:00Z", BERLIN, Moment(date(2025, 10, 26), time(2, 30))),  # the hour that comes twice
        ("2025-04-04T03:30:00+00:00", NEW_YORK, Moment(date(2025, 4, 3), time(23, 30))),
        ("2025-04-03T23:30:00-0400", NEW_YORK, Moment(date(2025, 4, 3), time(23, 30))),
        (datetime(2025, 4, 3, 23, 30, tzinfo=UTC), BERLIN, Moment(date(2025, 4, 4), time(1, 30))),
        (
            datetime(2025, 4, 3, 1, 0, tzinfo=timezone(timedelta(hours=9))),
            BERLIN,
            Moment(date(2025, 4, 2), time(18, 0)),
        ),
    ],
)
def test_a_time_with_an_offset_is_the_local_time_of_the_clinic(cell: Cell, zone: ZoneInfo, local: Moment) -> None:
    found = read_moment(cell, None, zone)
    assert (found.date, found.time or time()) == (local.date, local.time or time())


def test_a_time_with_an_offset_needs_the_time_zone() -> None:
    with pytest.raises(CellRefusedError, match="time_zone in the mapping"):
        read_moment("2025-04-03T23:30:00Z", None, None)


@pytest.mark.parametrize(
    ("cell", "date_format", "local"),
    [
        ("03/04/2025", "%d/%m/%Y", Moment(date(2025, 4, 3))),
        ("03/04/2025", "%m/%d/%Y", Moment(date(2025, 3, 4))),
        ("03/04/2025 14:30", "%m/%d/%Y", Moment(date(2025, 3, 4), time(14, 30))),
        ("03/04/2025 2:30 PM", "%m/%d/%Y", Moment(date(2025, 3, 4), time(14, 30))),
        ("03/04/2025 12:05 am", "%m/%d/%Y", Moment(date(2025, 3, 4), time(0, 5))),
        ("03/04/2025 12:05:30 p.m.", "%m/%d/%Y", Moment(date(2025, 3, 4), time(12, 5, 30))),
        ("03.04.2025", "%m/%d/%Y", Moment(date(2025, 4, 3))),  # dots have one meaning whatever else is declared
        ("03.04.2025", "%m.%d.%Y", Moment(date(2025, 3, 4))),
        ("3.4.25", "%d.%m.%y", Moment(date(2025, 4, 3))),
        (44288, "excel 1904", Moment(date(2025, 4, 3))),
        ("03/04/2025 00:00", "%m/%d/%Y", Moment(date(2025, 3, 4))),
        ("2025-04-03", "%m/%d/%Y", Moment(date(2025, 4, 3))),
        ("45750", "excel", Moment(date(2025, 4, 3))),
        (45750.5, "excel", Moment(date(2025, 4, 3), time(12, 0))),
        (61, "excel", Moment(date(1900, 3, 1))),
    ],
)
def test_a_declared_format_decides(cell: Cell, date_format: str, local: Moment) -> None:
    assert read_moment(cell, date_format, None) == local


@pytest.mark.parametrize(
    ("cell", "found"),
    [
        ("03/04/2025", "a date whose day and month could change places"),
        ("03-04-2025", "a date whose day and month could change places"),
        ("3.4.25", "a date whose day and month could change places"),
        ("45750", "a number; if it counts days as Excel does"),
        (45750, "a number; if it counts days as Excel does"),
        ("2025-02-29", "a date that is in no calendar"),
        ("31.04.2025", "a date that is in no calendar"),
        ("2024-11", "another text"),
        ("spring", "another text"),
        (time(14, 30), "a time without a date"),
    ],
)
def test_what_is_no_date_or_could_be_two_is_refused_without_its_value(cell: Cell, found: str) -> None:
    with pytest.raises(CellRefusedError) as refused:
        read_moment(cell, None, None)
    assert refused.value.found.startswith(found)
    assert str(cell) not in refused.value.required + refused.value.found


@pytest.mark.parametrize(
    ("born", "on", "years"),
    [
        (date(2000, 5, 10), date(2020, 5, 9), 19),
        (date(2000, 5, 10), date(2020, 5, 10), 20),
        (date(2000, 5, 10), date(2020, 5, 11), 20),
        (date(2000, 2, 29), date(2021, 2, 28), 20),
        (date(2000, 2, 29), date(2021, 3, 1), 21),
        (date(2000, 2, 29), date(2024, 2, 29), 24),
    ],
)
def test_an_age_counts_completed_years(born: date, on: date, years: int) -> None:
    assert completed_years(born, on) == years


@pytest.mark.parametrize("text", ["13:05 PM", "0:05 AM", "14:61", "2 PM"])
def test_no_time_of_any_clock_is_refused(text: str) -> None:
    with pytest.raises(CellRefusedError, match="a time of the day"):
        read_time(text)
