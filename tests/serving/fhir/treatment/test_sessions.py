"""Doses of ketamine and sessions of psychotherapy as sessions of a course: days, routes, doses, findings."""

import datetime as dt
from typing import Any

import pytest

from tests.serving.fhir.resources import (
    INTRAMUSCULAR,
    INTRAVENOUS,
    OWN,
    RXNORM,
    bundle,
    coded,
    issues,
    ketamine,
    observation,
    parameters,
    patient,
    places,
    procedure,
    quantity,
    read,
    rows,
    unused,
    weight,
)

FIRST = "2026-01-05"
DAY_0 = {"valueDate": FIRST}


def sessions(*resources: dict[str, Any]) -> list[dict[str, Any]]:
    return rows(read(bundle(patient(), *resources)), "sessions")


def dose_of(*resources: dict[str, Any]) -> Any:
    return sessions(*resources)[0].get("dose_mg_per_kg")


def test_doses_become_numbered_sessions_with_route_and_dose() -> None:
    assert sessions(ketamine("2026-01-13", route=INTRAVENOUS), ketamine(FIRST)) == [
        {"session_number": 1, "day": 0, "kind": "dosing", "route": "intramuscular", "dose_mg_per_kg": 0.9},
        {"session_number": 2, "day": 8, "kind": "dosing", "route": "intravenous", "dose_mg_per_kg": 0.9},
    ]


def test_the_day_of_a_dose_is_the_one_at_the_clinic() -> None:
    """23:30 UTC on 5 January is 6 January in Berlin."""
    found = sessions(ketamine("2026-01-05T23:30:00Z"), ketamine("2026-01-07T10:00:00+01:00"))
    assert [one["day"] for one in found] == [0, 1]


def test_a_time_in_utc_without_a_time_zone_has_two_days_and_is_refused() -> None:
    (issue,) = issues(bundle(patient(), ketamine("2026-01-05T23:30:00Z")), zone=None)
    assert issue.expression == "Bundle.entry[1].resource.effective"
    assert "time zone" in issue.required


@pytest.mark.parametrize(
    ("dose", "more", "expected"),
    [
        (quantity(63, "mg"), weight(70, FIRST), 63 / 70),
        (quantity(0.063, "g"), weight(70, FIRST), 0.063 * 1e3 / 70),
        (quantity(63, "mg"), weight(70, "2025-01-05"), 63 / 70),  # 365 days before
        (quantity(63, "mg"), weight(70, "2025-01-04"), None),
        (quantity(63, "mg"), weight(70, FIRST) | {"valueQuantity": quantity(2400, "[oz_av]")}, 63 / (150 * 0.45359237)),
        (quantity(63, "mg"), weight(70, "2026-01-06"), None),  # after the dose
        (quantity(63, "mg"), weight(70, FIRST) | {"status": "entered-in-error"}, None),
        (quantity(63, "mg"), weight(20, FIRST), 63 / 20),
        (quantity(63, "mg"), weight(19.9, FIRST), None),
        (quantity(63, "mg"), weight(400, FIRST), 63 / 400),
        (quantity(63, "mg"), weight(401, FIRST), None),
        (quantity(900, "ug/kg"), weight(70, FIRST), 900 * 1e-3),
        (quantity(1.3, "mL"), weight(70, FIRST), None),
        (quantity(63, "mg") | {"comparator": "<"}, weight(70, FIRST), None),
        ({"value": 63, "unit": "mg"}, weight(70, FIRST), 63 / 70),
    ],
)
def test_a_dose_counts_in_mg_per_kg_of_the_last_weight_by_its_day(dose: Any, more: Any, expected: float | None) -> None:
    record = read(bundle(patient(), ketamine(FIRST, dose=dose), more))
    assert rows(record, "sessions")[0].get("dose_mg_per_kg") == (expected and pytest.approx(expected))
    assert ("Bundle.entry[1].resource.dosage.dose" in unused(record)) == (expected is None)
    used_weight = "Observation/w" in record.basis
    assert used_weight == (expected is not None and dose.get("unit") != "ug/kg")


def test_two_weights_of_one_day_that_differ_have_no_order_without_times() -> None:
    dose = ketamine("2026-01-05T10:00:00Z", dose=quantity(63, "mg"))
    assert dose_of(dose, weight(70, FIRST, "a"), weight(72, FIRST, "b")) is None
    assert dose_of(dose, weight(70, "2026-01-05T07:00:00Z", "a"), weight(72, "2026-01-05T08:00:00Z", "b")) == 63 / 72


@pytest.mark.parametrize(
    ("rate", "expected"),
    [
        ({"rateQuantity": quantity(0.75, "mg/kg/h")}, 0.5),
        ({"rateQuantity": quantity(52.5, "mg/h")}, 0.5),
        ({"rateRatio": {"numerator": quantity(52.5, "mg"), "denominator": quantity(1, "h")}}, 0.5),
        ({"rateRatio": {"numerator": quantity(1.3, "mL"), "denominator": quantity(1, "h")}}, None),
    ],
)
def test_a_rate_counts_only_with_a_duration(rate: Any, expected: float | None) -> None:
    """Forty minutes: 0.75 mg/kg/h x 2/3 h = 0.5 mg/kg, and 52.5 mg/h x 2/3 h / 70 kg = 0.5 mg/kg."""
    period = {"start": "2026-01-05T10:00:00+01:00", "end": "2026-01-05T10:40:00+01:00"}
    infusion = ketamine(FIRST, dosage=rate, effectivePeriod=period)
    at_once = ketamine(FIRST, dosage=rate)
    del infusion["effectiveDateTime"]
    found = dose_of(infusion, weight(70, FIRST))
    assert found == (expected if expected is None else pytest.approx(expected))
    assert dose_of(at_once, weight(70, FIRST)) is None


def test_doses_of_a_day_by_one_route_are_added_and_those_by_several_are_not_recorded() -> None:
    twice = (
        ketamine("2026-01-05T10:00:00Z", dose=quantity(0.5, "mg/kg")),
        ketamine("2026-01-05T10:20:00Z", dose=quantity(0.25, "mg/kg")),
    )
    record = read(bundle(patient(), *twice))
    assert [(one["route"], one["dose_mg_per_kg"]) for one in rows(record, "sessions")] == [("intramuscular", 0.75)]
    assert "added" in unused(record)["Bundle.entry[2].resource.effective"]
    assert len(record.basis) == 3
    other = ketamine("2026-01-05T10:20:00Z", "b", route=INTRAVENOUS)
    assert sessions(twice[0], other) == [{"session_number": 1, "day": 0, "kind": "dosing"}]


def test_the_same_dose_at_the_same_time_counts_once() -> None:
    record = read(bundle(patient(), ketamine("2026-01-05T10:00:00Z", "a"), ketamine("2026-01-05T11:00:00+01:00", "b")))
    assert rows(record, "sessions")[0]["dose_mg_per_kg"] == 0.9
    assert list(unused(record)) == ["Bundle.entry[2].resource"]


def test_equal_doses_of_a_day_without_times_are_two_or_one_sent_twice_so_no_dose_is_recorded() -> None:
    record = read(bundle(patient(), ketamine(FIRST, "a"), ketamine(FIRST, "b")))
    (session,) = rows(record, "sessions")
    assert session["route"] == "intramuscular"
    assert "dose_mg_per_kg" not in session
    assert "without times" in unused(record)["Bundle.entry[1].resource.dosage.dose"]
    unequal = ketamine(FIRST, "b", dose=quantity(0.25, "mg/kg"))
    assert sessions(ketamine(FIRST, "a"), unequal)[0]["dose_mg_per_kg"] == 1.15


@pytest.mark.parametrize(
    ("status", "number", "dose"),
    [
        ("completed", 2, 0.9),
        ("in-progress", 2, 0.9),
        ("stopped", 2, None),
        ("on-hold", 2, None),
        ("not-done", 1, None),
        ("entered-in-error", 1, None),
    ],
)
def test_a_dose_counts_if_it_was_given(status: str, number: int, dose: float | None) -> None:
    found = sessions(ketamine(FIRST), ketamine("2026-01-12", status=status))
    assert len(found) == number
    assert number == 1 or found[1].get("dose_mg_per_kg") == dose


def test_a_dose_of_which_nobody_knows_whether_it_was_given_is_refused() -> None:
    assert places(bundle(patient(), ketamine(FIRST, status="unknown"))) == ["Bundle.entry[1].resource.status"]


def test_milligrams_of_esketamine_are_not_those_of_ketamine() -> None:
    """The session counts, and its dose is not recorded."""
    dose = ketamine(FIRST, medicationCodeableConcept=coded("http://www.whocc.no/atc", "N06AX27"))
    assert sessions(dose) == [{"session_number": 1, "day": 0, "kind": "dosing", "route": "intramuscular"}]


def test_doses_of_other_medications_are_left_out() -> None:
    record = read(
        bundle(patient(), ketamine(FIRST), ketamine("2026-01-06", medicationCodeableConcept=coded(RXNORM, "3322")))
    )
    assert unused(record)["Bundle.entry[2].resource"] == "a single dose of another medication"


@pytest.mark.parametrize(
    ("date", "table", "expected"),
    [
        ("2026-01-05", "sessions", ("psychotherapy", 0)),
        ("2026-01-04", "sessions", ("preparation", -1)),
        ("2025-12-08", "sessions", ("preparation", -28)),
        ("2025-12-07", "prior_treatments", ("other_psychotherapy", -29)),
    ],
)
def test_a_session_of_psychotherapy_prepares_the_course_in_the_four_weeks_before(
    date: str, table: str, expected: tuple[str, int]
) -> None:
    record = read(bundle(patient(), ketamine(FIRST), procedure("t", performedDateTime=date)))
    (row,) = [one for one in rows(record, table) if one.get("kind") != "dosing"]
    assert (row.get("kind", row.get("treatment")), row.get("day", row.get("start_day"))) == expected


def test_findings_belong_to_the_session_that_they_are_part_of_or_of_their_day() -> None:
    part = {"partOf": [{"reference": "Procedure/t"}]}
    record = read(
        bundle(
            patient(),
            ketamine(FIRST),
            procedure("t", performedDateTime=FIRST),
            observation("a", OWN, "peak_dissociation", FIRST, valueQuantity=quantity(30, "1")),
            observation("b", OWN, "adverse_event", FIRST, valueBoolean=False, **part),
            observation("c", OWN, "peak_distress", "2026-01-06", valueInteger=40),
        )
    )
    dosing, talk = rows(record, "sessions")
    assert (dosing["peak_dissociation"], talk["adverse_event"]) == (30, False)
    assert "adverse_event" not in dosing
    assert list(unused(record)) == ["Bundle.entry[5].resource"]
    assert record.sources["sessions[0].peak_dissociation"] == "Bundle.entry[3].resource.value"


def test_two_values_of_one_finding_are_refused() -> None:
    found = [observation(own, OWN, "peak_distress", FIRST, valueInteger=value) for own, value in (("a", 40), ("b", 50))]
    assert places(bundle(patient(), ketamine(FIRST), *found)) == ["Bundle.entry[3].resource.value"]


def days_apart(days: int) -> tuple[dict[str, Any], ...]:
    later = (dt.date.fromisoformat(FIRST) - dt.timedelta(days=days)).isoformat()
    return patient(), ketamine(later), ketamine(FIRST)


def test_doses_more_than_90_days_apart_are_two_courses_unless_day_0_was_named() -> None:
    assert [one["day"] for one in rows(read(bundle(*days_apart(90))), "sessions")] == [0, 90]
    (issue,) = issues(bundle(*days_apart(91)))
    assert issue.expression == "Bundle.entry[2].resource.effective"
    assert "firstDoseDate" in issue.required
    record = read(parameters(*days_apart(91), firstDoseDate=DAY_0))
    assert [one["day"] for one in rows(record, "sessions")] == [0]
    earlier = ketamine("2025-09-30")
    record = read(parameters(*days_apart(91), earlier, firstDoseDate=DAY_0))
    assert rows(record, "prior_treatments") == [{"treatment": "ketamine", "start_day": -97, "end_day": -91}]


@pytest.mark.parametrize(("route", "is_treatment"), [(INTRAVENOUS, False), (INTRAMUSCULAR, False), ("46713006", True)])
def test_ketamine_of_a_single_day_long_ago_may_have_been_an_anaesthetic(route: str, is_treatment: bool) -> None:
    """46713006 is intranasal, which is no anaesthesia."""
    surgery = ketamine("2019-05-01", "op", dose=quantity(1.5, "mg/kg"), route=route)
    record = read(parameters(patient(), surgery, ketamine(FIRST), firstDoseDate=DAY_0))
    assert bool(rows(record, "prior_treatments")) == is_treatment
    assert ("anaesthetic" in unused(record).get("Parameters.parameter[1].resource", "")) == (not is_treatment)


def test_a_product_is_not_ketamine_and_esketamine_at_once() -> None:
    both = {"coding": [*coded(RXNORM, "6130")["coding"], *coded(RXNORM, "2119365")["coding"]]}
    body = bundle(patient(), ketamine(FIRST, medicationCodeableConcept=both))
    assert places(body) == ["Bundle.entry[1].resource.medication"]


def test_without_a_dose_day_0_must_be_named_and_may_be_planned() -> None:
    (issue,) = issues(bundle(patient()))
    assert (issue.code, issue.expression) == ("required", "Bundle")
    assert "planned" in issue.required
    record = read(parameters(patient(), firstDoseDate={"valueDate": "2026-03-08"}))
    assert (record.request.as_of_day, record.calendar.first_dose.isoformat()) == (-7, "2026-03-08")


def test_a_dose_without_a_whole_date_is_refused() -> None:
    assert places(bundle(patient(), ketamine("2026-01"))) == ["Bundle.entry[1].resource.effective"]
