"""Curves against a second library and by hand; weights that make those observed stand for those lost."""

import numpy as np
import pandas as pd
import pytest
from hazardous.metrics import integrated_brier_score_incidence
from lifelines import AalenJohansenFitter, KaplanMeierFitter

from training.metrics.incidence import aalen_johansen, answer_by, censoring_free, free_by


def drawn(seed: int, patients: int = 300, tied: bool = True) -> tuple[np.ndarray, np.ndarray]:
    """Days followed and what ended it; on whole days, or no two on one."""
    rng = np.random.default_rng(seed)
    ends = rng.exponential([300, 200, 500], (patients, 3))
    days = ends.min(axis=1)
    return (np.ceil(days / 20) if tied else days), ends.argmin(axis=1).astype(np.int8)


def few(*rows: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """(day, ended by) per patient."""
    return np.array([float(day) for day, _ in rows]), np.array([end for _, end in rows], dtype=np.int8)


def test_the_curves_by_hand() -> None:
    """Of five, one relapses on day 2 (4/5 left), one is lost on 3, and of three one has a competing event on 4.

    Of the remaining two one relapses on day 6: relapse 1/5 + 4/5 * 2/3 * 1/2, competing 4/5 * 1/3.
    """
    followed, ended_by = few((2, 1), (3, 0), (4, 2), (6, 1), (9, 0))
    found = aalen_johansen(followed, ended_by, np.ones((1, 5)), np.array([1, 2, 3, 4, 5, 6, 9, 10]))
    a, b, c = 1 / 5, 4 / 5 * 1 / 3, 4 / 5 * 2 / 3 * 1 / 2
    np.testing.assert_allclose(found.relapse[0], [0, a, a, a, a, a + c, a + c, np.nan])
    np.testing.assert_allclose(found.competing[0], [0, 0, 0, b, b, b, b, np.nan])
    np.testing.assert_allclose(found.event_free[0], [1, 4 / 5, 4 / 5, 8 / 15, 8 / 15, 4 / 15, 4 / 15, np.nan])


def test_who_is_lost_on_the_day_of_an_event_was_at_risk_of_it() -> None:
    followed, ended_by = few((5, 1), (5, 0), (9, 0))
    assert aalen_johansen(followed, ended_by, np.ones((1, 3)), np.array([5])).relapse[0, 0] == pytest.approx(1 / 3)


def test_without_competing_events_the_curve_is_lifelines_kaplan_meier() -> None:
    followed, ended_by = drawn(1)
    relapsed = (ended_by == 1).astype(np.int8)
    weights = np.random.default_rng(2).integers(0, 4, (3, len(followed))).astype(np.float64)
    days = np.arange(0, 30)
    found = aalen_johansen(followed, relapsed, weights, days)
    for row, curve in zip(weights, found.event_free, strict=True):
        reached = days <= followed[row > 0].max()
        expected = KaplanMeierFitter().fit(followed[row > 0], relapsed[row > 0], weights=row[row > 0])
        np.testing.assert_allclose(curve[reached], expected.predict(days[reached]), rtol=1e-12)


def test_with_competing_events_the_curve_is_lifelines_aalen_johansen() -> None:
    followed, ended_by = drawn(3, tied=False)
    days = np.linspace(1, np.sort(followed)[-5], 50)
    found = aalen_johansen(followed, ended_by, np.ones((1, len(followed))), days)
    for cause, curve in ((1, found.relapse[0]), (2, found.competing[0])):
        expected = AalenJohansenFitter(calculate_variance=False).fit(followed, ended_by, event_of_interest=cause)
        np.testing.assert_allclose(curve, expected.predict(days), rtol=1e-10)


def test_something_always_happened_to_everybody() -> None:
    followed, ended_by = drawn(4)
    weights = np.random.default_rng(5).uniform(0, 3, (4, len(followed)))
    found = aalen_johansen(followed, ended_by, weights, np.arange(20))
    np.testing.assert_allclose(found.relapse + found.competing + found.event_free, 1)


def test_a_weight_of_three_is_three_patients() -> None:
    followed, ended_by = drawn(6, 80)
    times = np.random.default_rng(7).integers(0, 4, 80)
    days = np.arange(12)
    weighted = aalen_johansen(followed, ended_by, times[None, :].astype(np.float64), days)
    repeated = aalen_johansen(
        np.repeat(followed, times), np.repeat(ended_by, times), np.ones((1, int(times.sum()))), days
    )
    np.testing.assert_allclose(weighted.relapse, repeated.relapse, rtol=1e-12)
    np.testing.assert_allclose(weighted.event_free, repeated.event_free, rtol=1e-12)
    np.testing.assert_allclose(
        censoring_free(followed, ended_by, times.astype(np.float64), days),
        censoring_free(np.repeat(followed, times), np.repeat(ended_by, times), np.ones(int(times.sum())), days),
        rtol=1e-12,
    )


def test_many_draws_are_each_draw_alone() -> None:
    followed, ended_by = drawn(8, 3000)
    weights = np.random.default_rng(9).integers(0, 3, (400, 3000)).astype(np.float64)
    days = np.array([2, 9])
    together = aalen_johansen(followed, ended_by, weights, days).relapse
    for row in (0, 173, 174, 175, 399):
        alone = aalen_johansen(followed, ended_by, weights[row : row + 1], days).relapse
        np.testing.assert_array_equal(together[row], alone[0])


def test_nothing_is_said_of_days_that_no_one_of_a_draw_was_followed_to() -> None:
    """The second draw lacks the one seen for longest; in the third everybody relapsed, and nobody can any more."""
    followed, ended_by = few((3, 1), (5, 0), (9, 0))
    weights = np.array([[1.0, 1, 1], [1, 1, 0], [1, 0, 0]])
    found = aalen_johansen(followed, ended_by, weights, np.array([5, 9, 10]))
    np.testing.assert_allclose(found.relapse, [[1 / 3, 1 / 3, np.nan], [1 / 2, np.nan, np.nan], [1, 1, 1]])


def test_nothing_is_said_of_nobody() -> None:
    found = aalen_johansen(np.empty(0), np.empty(0, dtype=np.int8), np.ones((2, 0)), np.array([7, 14]))
    assert np.isnan(found.relapse).all()
    assert found.relapse.shape == (2, 2)


def test_the_chance_of_not_being_censored_yet_by_hand() -> None:
    """Of four at risk one is lost on 3; on 5 one of three has an event first, and of the other two one is lost."""
    followed, ended_by = few((3, 0), (5, 1), (5, 0), (8, 2))
    found = censoring_free(followed, ended_by, np.ones(4), np.array([1, 3, 4, 5, 6, 8]))
    np.testing.assert_allclose(found, [1, 1, 3 / 4, 3 / 4, 3 / 4 * 1 / 2, 3 / 4 * 1 / 2])


def test_without_ties_it_is_lifelines_kaplan_meier_of_censoring() -> None:
    followed, ended_by = drawn(10, tied=False)
    days = np.linspace(1, 300, 40)
    expected = KaplanMeierFitter().fit(followed, ended_by == 0)
    np.testing.assert_allclose(
        censoring_free(followed, ended_by, np.ones(len(followed)), days), expected.predict(days), rtol=1e-10
    )


def test_who_has_an_answer_on_day_ten() -> None:
    """Lost the day before: none. Lost on the day, or seen later: free of relapse. Event on the day: counted in."""
    followed, ended_by = few((9, 0), (10, 0), (11, 0), (10, 1), (11, 1), (10, 2), (4, 2), (4, 1))
    relapse, weight = answer_by(followed, ended_by, 10)
    free, free_weight = free_by(followed, ended_by, 10)
    np.testing.assert_array_equal(relapse[1:], [0, 0, 1, 0, 0, 0, 1])
    np.testing.assert_array_equal(free[1:], [1, 1, 0, 1, 0, 0, 0])
    # Of the six at risk on day 9 one was lost: the five answers from day 10 on weigh 6/5, those of day 4 weigh 1.
    np.testing.assert_allclose(weight, [0, 6 / 5, 6 / 5, 6 / 5, 6 / 5, 6 / 5, 1, 1])
    np.testing.assert_array_equal(free_weight, weight)


def test_those_with_an_answer_stand_for_all() -> None:
    """The weighted share of relapses is the Aalen-Johansen incidence, and the weights sum to all patients."""
    followed, ended_by = drawn(11)
    for day in (1, 3, 7):
        relapse, weight = answer_by(followed, ended_by, day)
        free, _ = free_by(followed, ended_by, day)
        expected = aalen_johansen(followed, ended_by, np.ones((1, len(followed))), np.array([day]))
        assert (weight == 0).any() == (day > 1)
        assert weight.sum() == pytest.approx(len(followed))
        assert np.average(relapse, weights=weight) == pytest.approx(expected.relapse[0, 0])
        assert np.average(free, weights=weight) == pytest.approx(expected.event_free[0, 0])


def test_a_brier_score_with_these_weights_is_hazardous_one() -> None:
    """Compared on two neighbouring days, which the other library averages."""
    followed, ended_by = drawn(12, tied=False)
    risk = np.random.default_rng(13).random(len(followed))
    expected = []
    for day in (100.0, 101.0):
        relapse, weight = answer_by(followed, ended_by, day)
        expected.append(np.sum(weight * (relapse - risk) ** 2) / len(risk))
    observed = pd.DataFrame({"event": ended_by.astype(np.int64), "duration": followed})
    found = integrated_brier_score_incidence(
        observed, observed, np.stack([risk, risk], axis=1), np.array([100.0, 101.0]), 1
    )
    assert found == pytest.approx(np.mean(expected), rel=1e-9)


def test_a_weight_is_limited_only_where_it_is_asked_for() -> None:
    followed, ended_by = few((1, 0), (1, 0), (1, 0), (5, 1))
    assert answer_by(followed, ended_by, 5)[1][3] == pytest.approx(4)
    assert answer_by(followed, ended_by, 5, largest=3)[1][3] == 3
    assert free_by(followed, ended_by, 5, largest=3)[1][3] == 3
