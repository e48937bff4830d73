"""Weeks at risk, bands of weeks, and the curve that comes of them."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.calibration import Recalibration, fit_baseline
from models.outcomes import Floats, expit
from models.relapse import EVENTS_PER_BAND, RelapseHead, band_edges, competing_hazard, relapse_trials
from models.score import Constant
from tests.cohorts import parse_table

NOBODY = 1e-15

# Bands: weeks 1 and 2, weeks 3 and 4. A relapse counts for its whole week; who was last seen within a week counts for
# the part seen.
EXPECTED_AT_RISK = """
days  ended     weeks_1_2  relapse_1_2  weeks_3_4  relapse_3_4
1     relapse   1          1            0          0
6     relapse   1          1            0          0
7     relapse   1          1            0          0
8     relapse   2          1            0          0
14    relapse   2          1            0          0
15    relapse   2          0            1          1
28    relapse   2          0            2          1
1     censored  1/7        0            0          0
7     censored  1          0            0          0
10    censored  10/7       0            0          0
14    censored  2          0            0          0
17    censored  2          0            3/7        0
28    censored  2          0            2          0
40    censored  2          0            2          0
10    competing 10/7       0            0          0
28    competing 2          0            2          0
"""
COURSES = parse_table(EXPECTED_AT_RISK)


def number(text: object) -> float:
    above, _, below = str(text).partition("/")
    return float(above) / float(below or 1)


@pytest.mark.parametrize("course", COURSES, ids=[f"{row['ended']} on day {row['days']}" for row in COURSES])
def test_weeks_at_risk(course: dict[str, str]) -> None:
    days, relapsed = np.array([number(course["days"])]), np.array([course["ended"] == "relapse"])
    trials = relapse_trials(days, relapsed, np.array([True]), np.array([0, 2, 4]))
    at_risk, relapses = np.zeros(2), np.zeros(2)
    np.add.at(at_risk, trials.band, trials.successes + trials.failures)
    np.add.at(relapses, trials.band, trials.successes)
    assert at_risk.tolist() == pytest.approx([number(course["weeks_1_2"]), number(course["weeks_3_4"])])
    assert relapses.tolist() == [number(course["relapse_1_2"]), number(course["relapse_3_4"])]
    assert (trials.failures >= 0).all()


def test_only_those_kept_have_trials_and_everybody_keeps_the_own_number() -> None:
    kept = np.array([False, True, False, True])
    trials = relapse_trials(np.array([7.0, 7, 7, 14]), np.array([True, True, False, False]), kept, np.array([0, 1, 4]))
    assert sorted(set(trials.patient.tolist())) == [1, 3]
    assert trials.patients == 4


COMPETING = """
days  ended      weeks  events
1     competing  1      1
7     competing  1      1
8     competing  2      1
35    competing  4      0
8     relapse    1      0
7     relapse    0      0
10    censored   10/7   0
40    censored   4      0
"""


@pytest.mark.parametrize("course", parse_table(COMPETING), ids=lambda row: f"{row['ended']} on day {row['days']}")
def test_relapse_comes_before_a_competing_event_within_a_week(course: dict[str, str]) -> None:
    """So the week of the relapse is no week at risk of a competing event; four weeks are looked at."""
    days = np.array([number(course["days"]), 28.0])
    relapsed = np.array([course["ended"] == "relapse", False])
    competed = np.array([course["ended"] == "competing", False])
    hazard = competing_hazard(days, relapsed, competed, np.array([True, True]), np.array([0, 1, 4]))
    other = 4  # weeks of the second patient, who was seen throughout
    assert hazard.tolist() == pytest.approx([number(course["events"]) / (number(course["weeks"]) + other)] * 2)


def test_without_time_at_risk_nothing_competes() -> None:
    nobody = np.zeros(1, dtype=np.bool_)
    assert competing_hazard(np.array([7.0]), nobody, nobody, nobody, np.array([0, 4])).tolist() == [0]


@given(
    weeks_of_relapse=st.lists(st.integers(1, 30), max_size=200),
    ties=st.lists(st.integers(1, 26), max_size=3),
)
def test_every_band_holds_enough_relapses_to_tell_its_rate(weeks_of_relapse: list[int], ties: list[int]) -> None:
    """At least 15, or one band for all: also where many relapses fall into one week, as at a planned visit."""
    weeks = np.array([*weeks_of_relapse, *(week for week in ties for _ in range(20))], dtype=np.float64)
    edges = band_edges(weeks * 7, np.ones(len(weeks), dtype=np.bool_), last_day=26 * 7)
    assert (edges[0], edges[-1]) == (0, 26)
    assert (np.diff(edges) > 0).all()
    counts = [((weeks > first) & (weeks <= last)).sum() for first, last in pairwise(edges)]
    assert len(counts) == 1 or min(counts) >= EVENTS_PER_BAND


@pytest.mark.parametrize(("relapses", "bands"), [(0, 1), (29, 1), (30, 2), (31, 2), (45, 3), (3000, 10)])
def test_the_bands_grow_with_the_relapses(relapses: int, bands: int) -> None:
    weeks = np.linspace(1, 50, relapses).round()
    assert len(band_edges(weeks * 7, np.ones(relapses, dtype=np.bool_), last_day=52 * 7)) == bands + 1


def test_the_last_band_reaches_the_last_day() -> None:
    assert band_edges(np.array([3.0]), np.array([True]), last_day=29).tolist() == [0, 5]  # day 29 is in the fifth week


def learned_without_a_model(days: Floats, ended: list[str], edges: list[int]) -> RelapseHead:
    relapsed, competed = np.array(ended) == "relapse", np.array(ended) == "competing"
    kept, bounds = np.ones(len(days), dtype=np.bool_), np.array(edges)
    baseline = fit_baseline(relapse_trials(days, relapsed, kept, bounds), np.zeros(len(days)))
    return RelapseHead(Constant(1), bounds, baseline, competing_hazard(days, relapsed, competed, kept, bounds))


def test_without_a_model_the_curve_is_kaplan_meiers() -> None:
    """100 patients: 10 relapse in week 1, then 30 are lost, 12 relapse in week 2, then 8 are lost, 4 in week 3."""
    days = np.repeat([5.0, 7, 13, 14, 20, 21], [10, 30, 12, 8, 4, 36])
    ended = np.repeat(["relapse", "censored", "relapse", "censored", "relapse", "censored"], [10, 30, 12, 8, 4, 36])
    head = learned_without_a_model(days, ended.tolist(), [0, 1, 2, 3])
    curve = head.curve(np.zeros(1), head.days)
    by_hand = np.cumprod([1, 1 - 10 / 100, 1 - 12 / (100 - 10 - 30), 1 - 4 / (60 - 12 - 8)])
    np.testing.assert_allclose(curve.event_free[0], by_hand, atol=1e-9)
    np.testing.assert_allclose(curve.relapse[0], 1 - by_hand, atol=1e-9)


def test_without_a_model_the_curves_are_aalen_johansens() -> None:
    """1,000 patients; every week some relapse, and one in ten of the others has a competing event."""
    counts = [200, 80, 120, 60, 90, 45, 405]
    days = np.repeat([7.0, 7, 14, 14, 21, 21, 21], counts)
    ended = np.repeat(["relapse", "competing", "relapse", "competing", "relapse", "competing", "censored"], counts)
    head = learned_without_a_model(days, ended.tolist(), [0, 1, 2, 3])
    curve = head.curve(np.zeros(1), head.days)
    np.testing.assert_allclose(curve.relapse[0], np.cumsum([0, 200, 120, 90]) / 1000, atol=1e-9)
    np.testing.assert_allclose(curve.competing[0], np.cumsum([0, 80, 60, 45]) / 1000, atol=1e-9)
    np.testing.assert_allclose(curve.event_free[0], [1, 720 / 1000, 540 / 1000, 405 / 1000], atol=1e-9)


def test_a_coarse_band_still_ends_where_the_fine_curve_ends() -> None:
    """One band for a constant hazard of 10% a week, with nobody lost: survival after four weeks is 0.9^4."""
    counts = [1000, 900, 810, 729]
    days = np.repeat([7.0, 14, 21, 28, 28], [*counts, 6561])
    ended = ["relapse"] * sum(counts) + ["censored"] * 6561
    curve = learned_without_a_model(days, ended, [0, 4]).curve(np.zeros(1), np.array([28]))
    assert curve.event_free[0, 0] == pytest.approx(0.9**4)


def test_more_risk_is_more_relapse_on_every_day() -> None:
    head = RelapseHead(Constant(1), np.array([0, 2, 6]), np.array([-2.0, -3]), np.array([0.01, 0.01]))
    curve = head.curve(np.array([-1.0, 0, 1]), np.arange(1, 43))
    assert (np.diff(curve.relapse, axis=0) > NOBODY).all()
    assert (np.diff(curve.event_free, axis=0) < -NOBODY).all()


def test_recalibrating_shifts_the_baseline_and_stretches_the_score() -> None:
    head = RelapseHead(Constant(1), np.array([0, 2, 6]), np.array([-2.0, -3]), np.zeros(2), slope=0.5)
    mended = head.recalibrated(Recalibration(0.25, 0.8, 0.01))
    assert mended.baseline.tolist() == [-2 + 0.25, -3 + 0.25]
    assert mended.slope == pytest.approx(0.5 * 0.8)
    first_week = mended.curve(np.zeros(1), np.array([7])).relapse[0, 0]
    assert first_week == pytest.approx(expit(np.array([-1.75]))[0])
