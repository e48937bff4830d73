"""A record in dates is the same record in days; its problems are at its own fields, and no value is repeated."""

import datetime as dt
import json
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from features.protocol.columns import DAY_LIMIT, TABLES
from serving.contract.batch import read_batch
from serving.contract.calendar import REQUIRED, CourseCalendar
from serving.contract.dated_record import DatedRecord
from serving.contract.reading import read_record, read_request
from serving.contract.refusal import FIELDS, RequestProblem, RequestRefusedError
from serving.contract.request import MOST_COVARIATES, MOST_ROWS, PredictionRequest
from tests.serving.dated_records import as_date, as_utc, at_local, at_offset, in_dates
from tests.serving.requests import EXAMPLE, Document, changed, example, problems, read, without

MARKER = "XMARKERX"
FIRST_DOSE = dt.date(2026, 10, 7)
BERLIN = ZoneInfo("Europe/Berlin")
DATED = in_dates(EXAMPLE, FIRST_DOSE)
MIXED = (
    "days or dates in a record, not both: either as_of_day with day, start_day and end_day, or first_dose_date and "
    "as_of_date with date, start_date and end_date"
)
IN_DAYS, IN_DATES = "a field of a record in days", "a field of a record in dates"


def dated(document: Document, zone: ZoneInfo | None = None) -> DatedRecord:
    record = read_record(json.dumps(document), zone)
    assert isinstance(record, DatedRecord)
    return record


@pytest.mark.parametrize(
    "document",
    [
        DATED,
        in_dates(EXAMPLE, FIRST_DOSE, at_local(dt.time(0, 30), BERLIN)),
        in_dates(EXAMPLE, FIRST_DOSE, at_local(dt.time(23, 30), BERLIN), BERLIN),
        in_dates(EXAMPLE, FIRST_DOSE, as_utc(dt.time(0, 30), BERLIN), BERLIN),
        in_dates(EXAMPLE, FIRST_DOSE, at_offset(dt.time(23, 30), BERLIN, dt.timedelta(hours=14)), BERLIN),
        in_dates(EXAMPLE, dt.date(1, 2, 1)),
    ],
)
def test_it_is_the_same_record_in_days(document: Document) -> None:
    record = dated(document)
    assert record.request == read(EXAMPLE)
    assert record.calendar.first_dose.isoformat() == document["first_dose_date"]
    assert read_request(json.dumps(document)) == read(EXAMPLE)


def test_a_record_in_days_stays_one() -> None:
    assert isinstance(read_record(json.dumps(EXAMPLE), BERLIN), PredictionRequest)


def test_what_is_not_recorded_is_not_in_either_form() -> None:
    least = {"as_of_day": 0, "patient": {"patient_ref": "a"}}
    nulls = {"first_dose_date": "2026-10-07", "as_of_date": "2026-10-07", "time_zone": None, "events": None}
    for document in (in_dates(least, FIRST_DOSE), nulls | {"patient": least["patient"]}):
        assert dated(document).request == read(least)
    empty = example(prior_treatments=[{"treatment": "ssri", "start_day": None}])
    assert dated(in_dates(empty, FIRST_DOSE)).request == read(empty)


def test_before_the_first_dose_days_count_from_the_planned_date() -> None:
    planned = {"first_dose_date": "2026-10-07", "as_of_date": "2026-10-05", "patient": {"patient_ref": "a"}}
    assert dated(planned).request.as_of_day == -2


def test_the_zone_of_the_record_counts_before_that_of_the_service() -> None:
    late = changed(("assessments", 1, "date"), "2026-10-12T23:00:00Z", DATED)
    days = {zone: dated(late, zone).request.assessments for zone in (BERLIN, ZoneInfo("America/New_York"))}
    assert [rows and vars(rows[1])["day"] for rows in days.values()] == [6, 5]
    own = dated(late | {"time_zone": "Europe/Berlin"}, ZoneInfo("America/New_York"))
    assert own.calendar == CourseCalendar(FIRST_DOSE, BERLIN)
    assert own.request.assessments == days[BERLIN]


PLACES: dict[str, tuple[str | int, ...]] = {
    table: (table, 0) for table in ("prior_treatments", "sessions", "assessments", "events")
}
DATES = [
    (*PLACES[table], column.name.replace("day", "date"))
    for table in PLACES
    for column in TABLES[table]
    if column.kind == "day"
] + [("as_of_date",), ("first_dose_date",)]


@pytest.mark.parametrize("path", DATES, ids=str)
@pytest.mark.parametrize(
    ("value", "found"),
    [
        (MARKER, "another text"),
        ("2026-10", "an incomplete date"),
        ("2026-02-29", "a date or time that the calendar does not have"),
        ("2026-10-07T12:00:00", "a time without a time zone"),
        (14, "another type"),
        (True, "another type"),
    ],
)
def test_what_is_no_date_is_refused_at_its_own_field(path: tuple[str | int, ...], value: Any, found: str) -> None:
    shown = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)[1:]
    assert problems(changed(path, value, DATED)) == (RequestProblem(shown, REQUIRED, found),)


@pytest.mark.parametrize("path", DATES, ids=str)
def test_a_time_in_utc_needs_a_zone(path: tuple[str | int, ...]) -> None:
    document = changed(path, "2026-10-07T12:00:00Z", DATED)
    (problem,) = problems(document)
    assert problem.found == "a time in UTC"
    assert problem.path.endswith(str(path[-1]))
    assert dated(document, BERLIN).calendar.first_dose == FIRST_DOSE


def test_every_date_with_two_meanings_is_reported_at_once() -> None:
    document = in_dates(EXAMPLE, FIRST_DOSE, as_utc(dt.time(12), BERLIN))
    found = problems(document)
    assert {problem.path.rpartition(".")[2] for problem in found} == {"as_of_date", "date", "end_date"}
    assert len(found) == 1 + 1 + 2 + 3 + 1


def test_all_that_is_wrong_with_the_form_is_reported_at_once() -> None:
    document = changed(("patient", "sex"), "x", changed(("assessments", 0, "date"), "x", without(DATED, "as_of_date")))
    assert [problem.path for problem in problems(document)] == ["as_of_date", "patient.sex", "assessments[0].date"]


@pytest.mark.parametrize("name", ["Berlin", MARKER, "../etc/passwd", ""])
def test_a_time_zone_is_refused_without_its_name(name: str) -> None:
    (problem,) = problems(DATED | {"time_zone": name})
    required = "the name of a time zone, such as Europe/Berlin"
    assert problem == RequestProblem("time_zone", required, "an unknown time zone")


@pytest.mark.parametrize(
    ("path", "day", "required"),
    [
        (("sessions", 1), DAY_LIMIT + 1, f"a date at most {DAY_LIMIT} days from first_dose_date"),
        (("events", 0), -DAY_LIMIT - 1, f"a date at most {DAY_LIMIT} days from first_dose_date"),
    ],
)
def test_a_date_too_far_from_day_0_is_out_of_range(path: tuple[str | int, ...], day: int, required: str) -> None:
    edge = day - 1 if day > 0 else day + 1
    assert problems(changed((*path, "date"), _date(edge), DATED)) == ()
    (problem,) = problems(changed((*path, "date"), _date(day), DATED))
    assert problem == RequestProblem(f"{path[0]}[{path[1]}].date", required, "a date out of range")


@pytest.mark.parametrize("name", ["start_date", "end_date"])
def test_an_earlier_treatment_is_not_after_the_first_dose(name: str) -> None:
    for day in (-DAY_LIMIT, -1, 0):
        assert problems(changed(("prior_treatments", 0, name), _date(day), DATED)) == ()
    for day in (-DAY_LIMIT - 1, 1):
        (problem,) = problems(changed(("prior_treatments", 0, name), _date(day), DATED))
        required = f"a date not after first_dose_date, and at most {DAY_LIMIT} days before it"
        assert problem == RequestProblem(f"prior_treatments[0].{name}", required, "a date out of range")


def _date(day: int) -> str:
    return as_date(FIRST_DOSE + dt.timedelta(days=day))


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        (changed(("assessments", 1), {"date": "2026-10-13", "instrument": "gad7", "score": 9}),
         [("assessments[1].date", IN_DATES)]),
        (EXAMPLE | {"time_zone": "Europe/Berlin"}, [("time_zone", IN_DATES)]),
        (changed(("prior_treatments", 0, "start_date"), "2026-01-01"), [("prior_treatments[0].start_date", IN_DATES)]),
        (changed(("assessments", 1, "day"), 6, DATED), [("assessments[1].day", IN_DAYS)]),
        (changed(("assessments", 1), {"day": 6, "instrument": "gad7", "score": 9}, DATED),
         [("assessments[1].day", IN_DAYS)]),
        (DATED | {"as_of_day": 14}, [("as_of_day", IN_DAYS)]),
        (without(DATED, "as_of_date") | {"as_of_day": 14}, [("as_of_day", IN_DAYS)]),
        (EXAMPLE | {"first_dose_date": "2026-10-07", "prior_treatments": [], "events": [], "assessments": []},
         [("as_of_day", IN_DAYS), ("sessions[0].day", IN_DAYS), ("sessions[1].day", IN_DAYS)]),
    ],
)  # fmt: skip
def test_days_and_dates_in_one_record_are_refused_at_the_fields_that_do_not_belong(
    document: Document, expected: list[tuple[str, str]]
) -> None:
    found = problems(document)
    assert sorted((problem.path, problem.found) for problem in found) == sorted(expected)
    assert {problem.required for problem in found} == {MIXED}


def test_a_day_where_none_belongs_is_only_a_field_of_another_place() -> None:
    for document, name in ((EXAMPLE, "day"), (EXAMPLE, "date"), (DATED, "day"), (DATED, "date")):
        (problem,) = problems(changed(("patient", name), 1, document))
        assert problem == RequestProblem(f"patient.{name}", "a field that belongs here", "an unknown field")


def test_around_the_records_of_a_batch_neither_form_belongs() -> None:
    for name in ("as_of_day", "as_of_date"):
        with pytest.raises(RequestRefusedError) as caught:
            read_batch(json.dumps({"requests": [EXAMPLE], name: 1}).encode(), 2**20)
        (problem,) = caught.value.problems
        assert problem == RequestProblem(name, "a field that belongs here", "an unknown field")


@pytest.mark.parametrize(
    ("document", "given", "meant"),
    [
        (DATED, "dat", " (did you mean date?)"),
        (DATED, "DATE", " (did you mean date?)"),
        (DATED, "days", ""),
        (EXAMPLE, "dat", ""),
        (EXAMPLE, "days", " (did you mean day?)"),
    ],
)
def test_a_misspelled_field_is_answered_with_one_of_the_same_form(document: Document, given: str, meant: str) -> None:
    (problem,) = problems(changed(("assessments", 0, given), None, document))
    assert problem == RequestProblem("assessments[0].?", f"a known field{meant}", "an unknown field")


def test_names_of_dates_are_names_of_the_contract() -> None:
    assert {"first_dose_date", "as_of_date", "time_zone", "date", "start_date", "end_date"} <= FIELDS


def test_a_name_twice_is_refused_in_dates_too() -> None:
    text = json.dumps(DATED).replace('"date": "2026-10-13"', '"date": "2026-10-13", "date": "2026-10-14"')
    (problem,) = problems(text)
    assert problem == RequestProblem("assessments[1].date", "each name once", "a name that is there twice")


def test_the_limits_are_those_of_a_record_in_days() -> None:
    event = {"date": "2026-10-07", "event": "relapse"}
    assert problems(DATED | {"events": [event] * MOST_ROWS["events"]}) == ()
    (problem,) = problems(DATED | {"events": [event] * (MOST_ROWS["events"] + 1)})
    assert (problem.path, problem.found) == ("events", "too many")
    with pytest.raises(RequestRefusedError) as caught:
        read_record(json.dumps(DATED | {f"{MARKER}{n}": 1 for n in range(2 * MOST_COVARIATES)}))
    assert len(caught.value.problems) + caught.value.more == 2 * MOST_COVARIATES
    with pytest.raises(RequestRefusedError) as caught:
        read_record(json.dumps(DATED | {"events": [event | {"date": "2026-10-07T12:00:00Z"}] * 500}))
    assert (len(caught.value.problems), caught.value.more) == (100, 400)


@pytest.mark.parametrize("path", [*DATES, ("time_zone",), ("assessments", 0, MARKER), (MARKER,)], ids=str)
def test_a_value_is_in_no_refusal(path: tuple[str | int, ...]) -> None:
    with pytest.raises(RequestRefusedError) as caught:
        read_record(json.dumps(changed(path, MARKER, DATED)))
    assert MARKER not in f"{caught.value!r} {caught.value} {caught.value.problems}"
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


def test_a_batch_may_have_records_of_both_forms_and_each_is_read_or_refused_on_its_own() -> None:
    mixed, broken = DATED | {"as_of_day": 14}, changed(("events", 0, "date"), "soon", DATED)
    late = changed(("assessments", 1, "date"), "2026-10-12T23:00:00Z", DATED)
    sent = {"requests": [EXAMPLE, DATED, mixed, broken, late]}
    days, dates, *refused, in_zone = read_batch(json.dumps(sent).encode(), 2**20, BERLIN).records
    assert days == read(EXAMPLE)
    assert dates == dated(DATED, BERLIN)
    assert in_zone == dated(late, BERLIN)
    found = [one.problems[0].path for one in refused if isinstance(one, RequestRefusedError)]
    assert found == ["as_of_day", "events[0].date"]
