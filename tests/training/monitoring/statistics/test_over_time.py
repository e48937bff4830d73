"""Figures over time: quarters are joined until none discloses a few patients; limits equal the textbook's."""

import numpy as np
import pytest

from training.monitoring.statistics.calendar import Calendar
from training.monitoring.statistics.calibration import HeadOutcomes
from training.monitoring.statistics.measured import disclosed_counts
from training.monitoring.statistics.over_time import outcome_windows, ratio, windows

CALENDAR = Calendar(first=2026 * 12 + 1, number=12)
"""From February 2026 on: the first quarter has two months of it."""


def test_quarters_with_too_few_are_joined_to_the_next_and_the_last_to_the_one_before() -> None:
    """Patients by quarter: 4, 7, 12, 3. The first two make a window, and the fourth is taken in by the third."""
    came = np.repeat([0, 3, 6, 9], [4, 7, 12, 3])
    found = [
        (first, last, int(kept.sum())) for first, last, kept in windows(came, CALENDAR, lambda kept: kept.sum() >= 10)
    ]
    assert found == [("2026-02", "2026-05", 11), ("2026-08", "2026-11", 15)]


def test_too_few_over_all_make_no_window() -> None:
    assert not list(windows(np.array([0, 3, 9]), CALENDAR, lambda kept: kept.sum() >= 10))


def test_the_limits_of_a_ratio_are_garwood_s() -> None:
    """Ten observed: 95% limits 4.80 and 18.39 (Garwood 1936, table); none observed: 0 and 3.69."""
    found = ratio(10, 5.0)
    assert (found.estimate, found.low, found.high) == pytest.approx((2.0, 4.795 / 5, 18.390 / 5), rel=1e-3)
    assert (ratio(0, 1.0).low, ratio(0, 1.0).high) == pytest.approx((0.0, 3.689), rel=1e-3)


def test_a_window_holds_ten_patients_five_with_the_outcome_and_five_without() -> None:
    """Nine remissions in the first quarter, four and nine others in the second: only together do they suffice."""
    came = np.repeat([0, 3], [9, 13])
    observed = np.concatenate([np.ones(9), np.ones(4), np.zeros(9)])
    (window,) = outcome_windows(HeadOutcomes([], came, observed, np.full(22, 0.5)), CALENDAR)
    assert (window.first, window.last, window.patients, window.observed, window.expected) == (
        "2026-02",
        "2026-05",
        22,
        13,
        11.0,
    )


@pytest.mark.parametrize(
    ("reasons", "expected"),
    [
        ({"a": 20, "b": 7}, {"a": 20, "b": 7}),
        ({"a": 20, "b": 7, "c": 4}, {"a": 20, "b, few c": 11}),
        ({"a": 20, "b": 7, "c": 3, "d": 2}, {"a": 20, "b": 7, "c; d": 5}),
        ({"a": 3}, {"a": None}),
        ({"a": 20, "b": 2, "c": 1}, {"a, few b, c": 23}),
        ({"with an outcome": 7, "a": 20, "b": 3}, {"with an outcome": 7, "a, few b": 23}),
        ({"with an outcome": 7, "b": 3}, {"with an outcome": 7, "b": None}),
        ({"a": 20, "with an outcome": 3}, {"a": 20, "with an outcome": None}),
        ({}, {}),
    ],
)
def test_reasons_of_a_few_patients_are_counted_together(
    reasons: dict[str, int], expected: dict[str, int | None]
) -> None:
    found = disclosed_counts(reasons)
    assert {", few ".join([one.reason, *filter(None, [", ".join(one.few)])]): one.patients for one in found} == expected


def test_months_are_those_of_the_calendar() -> None:
    assert CALENDAR.labels[0] == "2026-02"
    assert CALENDAR.labels[11] == "2027-01"
    assert CALENDAR.last_days()[0] == np.datetime64("2026-02-28")
    assert CALENDAR.months_of_days(np.array(["2026-01-01", "2026-03-31", "2028-01-01"], "datetime64[D]")).tolist() == [
        0,
        1,
        11,
    ]
