"""Weeks at risk, bands of weeks, and the curve that comes of them."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.calibration import Recalibration, fit_baseline
from models.outcomes import Floats, expit
from models.relapse import (
    FollowUpWeights,
    RelapseHead,
    band_edges,
    competing_counts,
    competing_rate,
    relapse_counts,
)
from models.score import Constant, LinearScore
from models.settings.sections import TimeSettings
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

USUAL = TimeSettings()


def number(text: object) -> float:
    above, _, below = str(text).partition("/")
    return float(above) / float(below or 1)


@pytest.mark.parametrize("course", COURSES, ids=[f"{row['ended']} on day {row['days']}" for row in COURSES])
def test_weeks_at_risk(course: dict[str, str]) -> None:
    days, relapsed = np.array([number(course["days"])]), np.array([course["ended"] == "relapse"])
    binomial = relapse_counts(days, relapsed, np.array([True]), np.array([0, 2, 4]))
    at_risk, relapses = np.zeros(2), np.zeros(2)
    np.add.at(at_risk, binomial.band, binomial.successes + binomial.failures)
    np.add.at(relapses, binomial.band, binomial.successes)
    assert at_risk.tolist() == pytest.approx([number(course["weeks_1_2"]), number(course["weeks_3_4"])])
    assert relapses.tolist() == [number(course["relapse_1_2"]), number(course["relapse_3_4"])]
    assert (binomial.failures >= 0).all()


def test_only_those_kept_have_counts_and_everybody_keeps_the_own_number() -> None:
    kept = np.array([False, True, False, True])
    binomial = relapse_counts(
        np.array([7.0, 7, 7, 14]), np.array([True, True, False, False]), kept, np.array([0, 1, 4])
    )
    assert sorted(set(binomial.patient.tolist())) == [1, 3]
    assert binomial.patients == 4


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
    rate = competing_rate(competing_counts(days, relapsed, competed, np.array([True, True]), 4), np.zeros(2))
    other = 4  # weeks of the second patient, who was seen throughout
    assert rate == pytest.approx(number(course["events"]) / (number(course["weeks"]) + other))


def test_without_time_at_risk_nothing_competes() -> None:
    nobody = np.zeros(1, dtype=np.bool_)
    assert competing_rate(competing_counts(np.array([7.0]), nobody, nobody, nobody, 4), np.zeros(1)) == 0


@given(
    weeks_of_relapse=st.lists(st.integers(1, 30), max_size=200),
    ties=st.lists(st.integers(1, 26), max_size=3),
)
def test_every_band_holds_enough_relapses_to_tell_its_rate(weeks_of_relapse: list[int], ties: list[int]) -> None:
    """At least 15, or one band for all: also where many relapses fall into one week, as at a planned visit."""
    weeks = np.array([*weeks_of_relapse, *(week for week in ties for _ in range(20))], dtype=np.float64)
    edges = band_edges(weeks * 7, np.ones(len(weeks), dtype=np.bool_), 26 * 7, USUAL)
    assert (edges[0], edges[-1]) == (0, 26)
    assert (np.diff(edges) > 0).all()
    counts = [((weeks > first) & (weeks <= last)).sum() for first, last in pairwise(edges)]
    assert len(counts) == 1 or min(counts) >= USUAL.events_per_band


@pytest.mark.parametrize(("relapses", "bands"), [(0, 1), (29, 1), (30, 2), (31, 2), (45, 3), (3000, 10)])
def test_the_bands_grow_with_the_relapses(relapses: int, bands: int) -> None:
    weeks = np.linspace(1, 50, relapses).round()
    assert len(band_edges(weeks * 7, np.ones(relapses, dtype=np.bool_), 52 * 7, USUAL)) == bands + 1


def test_the_last_band_reaches_the_last_day() -> None:
    assert band_edges(np.array([3.0]), np.array([True]), 29, USUAL).tolist() == [
        0,
        5,
    ]  # day 29 is in the fifth week


def as_it_is(weight: float = 1.0) -> LinearScore:
    """A score that is one value, times a weight."""
    one = np.ones(1)
    return LinearScore(np.array([0]), -9 * one, 9 * one, 0 * one, weight * one, 0 * one, 1)


def fitted_without_a_model(days: Floats, ended: list[str], edges: list[int]) -> RelapseHead:
    relapsed, competed = np.array(ended) == "relapse", np.array(ended) == "competing"
    kept, bounds = np.ones(len(days), dtype=np.bool_), np.array(edges)
    baseline = fit_baseline(relapse_counts(days, relapsed, kept, bounds), np.zeros(len(days)))
    rate = competing_rate(competing_counts(days, relapsed, competed, kept, edges[-1]), np.zeros(len(days)))
    return RelapseHead(Constant(1), bounds, baseline, np.full(len(edges) - 1, rate))


def test_without_a_model_the_curve_is_kaplan_meiers() -> None:
    """100 patients: 10 relapse in week 1, then 30 are lost, 12 relapse in week 2, then 8 are lost, 4 in week 3."""
    days = np.repeat([5.0, 7, 13, 14, 20, 21], [10, 30, 12, 8, 4, 36])
    ended = np.repeat(["relapse", "censored", "relapse", "censored", "relapse", "censored"], [10, 30, 12, 8, 4, 36])
    head = fitted_without_a_model(days, ended.tolist(), [0, 1, 2, 3])
    curve = head.curve(np.zeros((1, 1)), head.days)
    by_hand = np.cumprod([1, 1 - 10 / 100, 1 - 12 / (100 - 10 - 30), 1 - 4 / (60 - 12 - 8)])
    np.testing.assert_allclose(curve.event_free[0], by_hand, atol=1e-9)
    np.testing.assert_allclose(curve.relapse[0], 1 - by_hand, atol=1e-9)


def test_without_a_model_the_curves_are_aalen_johansens() -> None:
    """1,000 patients; every week some relapse, and one in ten of the others has a competing event."""
    counts = [200, 80, 120, 60, 90, 45, 405]
    days = np.repeat([7.0, 7, 14, 14, 21, 21, 21], counts)
    ended = np.repeat(["relapse", "competing", "relapse", "competing", "relapse", "competing", "censored"], counts)
    head = fitted_without_a_model(days, ended.tolist(), [0, 1, 2, 3])
    curve = head.curve(np.zeros((1, 1)), head.days)
    np.testing.assert_allclose(curve.relapse[0], np.cumsum([0, 200, 120, 90]) / 1000, atol=1e-9)
    np.testing.assert_allclose(curve.competing[0], np.cumsum([0, 80, 60, 45]) / 1000, atol=1e-9)
    np.testing.assert_allclose(curve.event_free[0], [1, 720 / 1000, 540 / 1000, 405 / 1000], atol=1e-9)


def test_a_coarse_band_still_ends_where_the_fine_curve_ends() -> None:
    """One band for a constant hazard of 10% a week, with nobody lost: survival after four weeks is 0.9^4."""
    counts = [1000, 900, 810, 729]
    days = np.repeat([7.0, 14, 21, 28, 28], [*counts, 6561])
    ended = ["relapse"] * sum(counts) + ["censored"] * 6561
    curve = fitted_without_a_model(days, ended, [0, 4]).curve(np.zeros((1, 1)), np.array([28]))
    assert curve.event_free[0, 0] == pytest.approx(0.9**4)


def test_more_risk_is_more_relapse_on_every_day() -> None:
    head = RelapseHead(as_it_is(), np.array([0, 2, 6]), np.array([-2.0, -3]), np.array([0.01, 0.01]))
    curve = head.curve(np.array([[-1.0], [0], [1]]), np.arange(1, 43))
    assert (np.diff(curve.relapse, axis=0) > NOBODY).all()
    assert (np.diff(curve.event_free, axis=0) < -NOBODY).all()


def test_recalibrating_shifts_the_baseline_and_stretches_the_score() -> None:
    head = RelapseHead(Constant(1), np.array([0, 2, 6]), np.array([-2.0, -3]), np.zeros(2), slope=0.5)
    recalibrated = head.recalibrated(Recalibration(0.25, 0.8, 0.01))
    assert recalibrated.baseline.tolist() == [-2 + 0.25, -3 + 0.25]
    assert recalibrated.slope == pytest.approx(0.5 * 0.8)
    first_week = recalibrated.curve(np.zeros((1, 1)), np.array([7])).relapse[0, 0]
    assert first_week == pytest.approx(expit(np.array([-1.75]))[0])


def test_weights_count_the_time_at_risk_week_by_week_and_the_event_on_its_own() -> None:
    """Three weeks, the relapse in the third: two failures that weigh 1 and 2, and a success that weighs 5."""
    weights = FollowUpWeights(np.array([[1.0, 2.0, 4.0]]), np.array([5.0]))
    binomial = relapse_counts(np.array([17.0]), np.array([True]), np.array([True]), np.array([0, 1, 3]), weights)
    assert binomial.band.tolist() == [0, 1]
    assert binomial.failures.tolist() == [1, 2]
    assert binomial.successes.tolist() == [0, 5]


def test_a_week_seen_in_part_counts_for_that_part_of_its_weight_and_the_last_weight_known_goes_on() -> None:
    weights = FollowUpWeights(np.array([[1.0, 2.0]]), np.array([9.0]))
    binomial = relapse_counts(np.array([25.0]), np.array([False]), np.array([True]), np.array([0, 4]), weights)
    assert binomial.failures.tolist() == pytest.approx([1 + 2 + 2 + 2 * 4 / 7])
    assert binomial.successes.tolist() == [0]


def test_weights_of_1_are_no_weights() -> None:
    days, relapsed = np.array([5.0, 17, 30, 12]), np.array([True, True, False, False])
    everybody = np.ones(4, dtype=np.bool_)
    plain = relapse_counts(days, relapsed, everybody, np.array([0, 2, 4]))
    weighted = relapse_counts(days, relapsed, everybody, np.array([0, 2, 4]), FollowUpWeights.equal(4))
    assert plain.successes.tolist() == weighted.successes.tolist()
    assert plain.failures.tolist() == weighted.failures.tolist()


def test_a_rate_beside_a_score_expects_as_many_competing_events_as_were_seen() -> None:
    rng = np.random.default_rng(1)
    score, days = rng.standard_normal(300), np.full(300, 70.0)
    competed, nobody = rng.random(300) < 0.2, np.zeros(300, dtype=np.bool_)
    binomial = competing_counts(days, nobody, competed, np.ones(300, dtype=np.bool_), 10)
    rate = competing_rate(binomial, score)
    weeks = binomial.successes + binomial.failures
    assert weeks @ expit(np.log(rate / (1 - rate)) + score[binomial.patient]) == pytest.approx(competed.sum())


def test_a_score_moves_the_odds_of_a_competing_event_in_every_week() -> None:
    """Odds of 1 to 99 in a week, doubled, halved, and as they are."""
    score = as_it_is(float(np.log(2)))
    head = RelapseHead(as_it_is(), np.array([0, 2, 6]), np.array([-2.0, -3]), np.full(2, 0.01), competing_score=score)
    found = head.competing(np.array([[1.0], [-1], [0]]))
    np.testing.assert_allclose(found, np.repeat([[2 / 101], [0.5 / 99.5], [1 / 100]], 2, axis=1))


def test_relapse_competing_and_event_free_add_up_to_1_for_every_patient_and_day() -> None:
    head = RelapseHead(
        as_it_is(), np.array([0, 2, 6]), np.array([-2.0, -3]), np.full(2, 0.02), 1.0, competing_score=as_it_is(2.0)
    )
    curve = head.curve(np.linspace(-3, 3, 25)[:, None], np.arange(43))
    np.testing.assert_allclose(curve.relapse + curve.competing + curve.event_free, 1, atol=1e-12)
    for part in (curve.relapse, curve.competing, -curve.event_free):
        assert (np.diff(part, axis=1) >= -NOBODY).all()
    assert (curve.event_free[:, 0] == 1).all()
    low, high = curve.competing[[0, -1], -1]
    assert low < 0.001
    assert high > 0.2
