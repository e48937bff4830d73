"""A date is a day at the clinic, wherever the clock stood that wrote it; what has two meanings is refused."""

import datetime as dt
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from serving.contract.calendar import REQUIRED, CourseCalendar, DateRefusedError, check_date, local_date, zone_named
from tests.serving.dated_records import as_utc, at_offset

ZONES = [ZoneInfo(name) for name in sorted(available_timezones())]
NOT_IN_THE_CALENDAR = "a date or time that the calendar does not have"


def zone_of(name: str) -> ZoneInfo | None:
    return ZoneInfo(name) if name else None


@pytest.mark.parametrize(
    ("text", "zone", "date"),
    [
        ("2026-10-07", "", "2026-10-07"),
        ("2026-10-07", "Pacific/Kiritimati", "2026-10-07"),
        ("2026-10-07T09:30:00+02:00", "", "2026-10-07"),
        ("2026-10-07T09:30+02:00", "", "2026-10-07"),
        ("2026-10-07T23:59:59.999999999+02:00", "Europe/Berlin", "2026-10-07"),
        # midnight at the clinic, less a second, and on the hour
        ("2026-10-07T21:59:59Z", "Europe/Berlin", "2026-10-07"),
        ("2026-10-07T22:00:00Z", "Europe/Berlin", "2026-10-08"),
        ("2026-10-07T22:00:00+00:00", "Europe/Berlin", "2026-10-08"),
        ("2026-10-07T22:00:00-00:00", "Europe/Berlin", "2026-10-08"),
        # the same at the offset of winter, an hour later
        ("2026-12-07T22:59:59Z", "Europe/Berlin", "2026-12-07"),
        ("2026-12-07T23:00:00Z", "Europe/Berlin", "2026-12-08"),
        # the night in which the clock is set back: 2:30 comes twice
        ("2026-10-25T02:30:00+02:00", "Europe/Berlin", "2026-10-25"),
        ("2026-10-25T02:30:00+01:00", "Europe/Berlin", "2026-10-25"),
        ("2026-10-25T23:30:00+01:00", "Europe/Berlin", "2026-10-25"),
        ("2026-10-25T23:30:00+02:00", "Europe/Berlin", "2026-10-25"),  # summer time that is over: 22:30
        ("2026-10-25T00:30:00+03:00", "Europe/Berlin", "2026-10-24"),
        # either side of the date line, at one moment
        ("2026-10-07T10:30:00Z", "Pacific/Kiritimati", "2026-10-08"),
        ("2026-10-07T10:30:00Z", "Pacific/Pago_Pago", "2026-10-06"),
        ("2024-02-29", "", "2024-02-29"),
        ("2024-02-28T23:30:00-01:00", "Europe/London", "2024-02-29"),
        ("2000-02-29", "", "2000-02-29"),
        ("0001-01-01", "", "0001-01-01"),
        ("9999-12-31", "Europe/Berlin", "9999-12-31"),
        ("0001-01-01T12:00:00+01:00", "America/New_York", "0001-01-01"),
        ("9999-12-31T12:00:00+01:00", "Europe/Berlin", "9999-12-31"),
    ],
)
def test_a_date_is_the_day_at_the_clinic(text: str, zone: str, date: str) -> None:
    assert local_date(text, zone_of(zone)) == dt.date.fromisoformat(date)


@pytest.mark.parametrize(
    ("text", "zone", "found"),
    [
        ("2026-10", "", "an incomplete date"),
        ("2026", "", "an incomplete date"),
        ("2026-10-07T09:30:00", "Europe/Berlin", "a time without a time zone"),
        ("2026-10-07T09:30:00Z", "", "a time in UTC"),
        ("2026-10-07T09:30:00+00:00", "", "a time in UTC"),
        ("2026-10-07T09:30:00-00:00", "", "a time in UTC"),
        ("2026-02-29", "", NOT_IN_THE_CALENDAR),
        ("1900-02-29", "", NOT_IN_THE_CALENDAR),
        ("2026-13-01", "", NOT_IN_THE_CALENDAR),
        ("0000-01-01", "", NOT_IN_THE_CALENDAR),
        ("2026-10-07T24:00:00+02:00", "", NOT_IN_THE_CALENDAR),
        ("2026-10-07T23:60:00+02:00", "", NOT_IN_THE_CALENDAR),
        ("2026-10-07T23:59:60+02:00", "", NOT_IN_THE_CALENDAR),
        ("2026-10-07T09:30:00+24:00", "", NOT_IN_THE_CALENDAR),
        ("0001-01-01T00:30:00+14:00", "Europe/Berlin", "a date that the calendar does not have"),
        ("9999-12-31T23:30:00-10:00", "Europe/Berlin", "a date that the calendar does not have"),
        ("07.10.2026", "", "another text"),
        ("10/07/2026", "", "another text"),
        ("20261007", "", "another text"),
        ("2026-W41-3", "", "another text"),
        ("2026-280", "", "another text"),
        (" 2026-10-07", "", "another text"),
        ("2026-10-07\n", "", "another text"),
        ("\u0662\u0660\u0662\u0666-\u0661\u0660-\u0660\u0667", "", "another text"),
        ("2026-10-07 09:30:00+02:00", "", "another text"),
        ("", "", "another text"),
    ],
)
def test_what_is_no_date_or_has_two_meanings_is_refused_without_its_text(text: str, zone: str, found: str) -> None:
    with pytest.raises(DateRefusedError) as caught:
        local_date(text, zone_of(zone))
    assert caught.value.found == found
    if found == "a time in UTC":
        assert "KAP_TIME_ZONE" in caught.value.required
        assert "timeZone of FHIR Parameters" in caught.value.required
    else:
        assert caught.value.required == REQUIRED
    assert not text.strip() or text not in str(caught.value)


@pytest.mark.parametrize("text", ["2026-10-07T09:30:00Z", "0001-01-01T00:30:00+14:00"])
def test_what_only_a_zone_decides_is_a_date_until_then(text: str) -> None:
    check_date(text)


@pytest.mark.parametrize(
    "name",
    [
        "", "Berlin", "europe/berlin", "CEST", "+02:00", "Europe", "../UTC", "/usr/share/zoneinfo/UTC", "right/UTC",
        "localtime", "Factory", "tzdata.zi", "Europe/Berlin\x00", "\ud800", "A" * 5000,
    ],
)  # fmt: skip
def test_a_time_zone_has_an_iana_name(name: str) -> None:
    assert zone_named("Europe/Berlin") == ZoneInfo("Europe/Berlin")
    with pytest.raises(DateRefusedError) as caught:
        zone_named(name)
    assert caught.value.found == "an unknown time zone"


def test_days_are_counted_over_a_change_of_the_clock_and_a_leap_day() -> None:
    calendar = CourseCalendar(dt.date(2024, 2, 21), ZoneInfo("Europe/Berlin"))
    assert calendar.day_of("2024-02-21") == 0
    assert calendar.day_of("2024-02-29T00:00:00+01:00") == 8
    assert calendar.day_of("2024-03-01") == 8 + 1
    assert calendar.day_of("2024-04-03T00:30:00+02:00") == 6 * 7  # 41 days and 23.5 hours later
    assert calendar.day_of("2024-02-20T23:30:00+01:00") == -1


@pytest.mark.parametrize(
    ("first_dose", "day", "date"),
    [
        ("0001-01-02", -1, "0001-01-01"),
        ("0001-01-02", -2, None),
        ("9999-12-30", 1, "9999-12-31"),
        ("9999-12-30", 2, None),
    ],
)
def test_where_the_calendar_ends_a_day_has_no_date(first_dose: str, day: int, date: str | None) -> None:
    assert CourseCalendar(dt.date.fromisoformat(first_dose)).date_of(day) == date


days = st.integers(-40_000, 40_000)
first_doses = st.dates(dt.date(1950, 1, 1), dt.date(2100, 1, 1))
times = st.times(max_value=dt.time(23, 59, 59)).map(lambda time: time.replace(microsecond=0))


@given(first_doses, days)
def test_a_day_becomes_a_date_and_the_same_day_again(first_dose: dt.date, day: int) -> None:
    calendar = CourseCalendar(first_dose)
    date = calendar.date_of(day)
    assert date is not None
    assert calendar.day_of(date) == day


@given(first_doses, days, st.sampled_from(ZONES), times, st.integers(-14 * 60, 14 * 60))
@example(dt.date(2026, 10, 7), 18, ZoneInfo("Europe/Berlin"), dt.time(0, 30), -11 * 60)
@example(dt.date(2011, 12, 1), 28, ZoneInfo("Pacific/Apia"), dt.time(23, 59, 59), 14 * 60)  # the next day was left out
def test_a_day_becomes_a_time_of_that_day_in_any_zone_and_the_same_day_again(
    first_dose: dt.date, day: int, zone: ZoneInfo, time: dt.time, minutes: int
) -> None:
    """Whatever the hour at the clinic, and whatever the offset with which the moment is written."""
    calendar = CourseCalendar(first_dose, zone)
    date = first_dose + dt.timedelta(days=day)
    local = dt.datetime.combine(date, time, zone)
    assume(local.astimezone(dt.UTC).astimezone(zone).date() == date)  # or the clock was set forward over it
    assert calendar.day_of(as_utc(time, zone)(date)) == day
    assert calendar.day_of(at_offset(time, zone, dt.timedelta(minutes=minutes))(date)) == day
