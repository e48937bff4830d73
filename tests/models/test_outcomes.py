"""The numbers given to a patient can't contradict one another."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from models.outcomes import expit, relapse_curve, sustained_remission

WEEKS = 6
EVERY_DAY = np.arange(WEEKS * 7 + 1)
PROBABILITY = st.floats(0, 1, allow_subnormal=False)


def test_two_weeks_by_hand() -> None:
    """Of those event-free, 20% then 50% relapse in a week, and 10% then 0% of the others have a competing event."""
    curve = relapse_curve(np.array([[0.2, 0.5]]), np.array([0.1, 0.0]), np.array([0, 7, 14]))
    np.testing.assert_allclose(curve.event_free[0], [1, 0.8 * 0.9, 0.8 * 0.9 * 0.5 * 1.0])
    np.testing.assert_allclose(curve.relapse[0], [0, 0.2, 0.2 + 0.8 * 0.9 * 0.5])
    np.testing.assert_allclose(curve.competing[0], [0, 0.8 * 0.1, 0.8 * 0.1], atol=1e-15)


def test_hazards_act_evenly_over_the_days_of_a_week() -> None:
    """On day 10 three sevenths of the second week have passed."""
    curve = relapse_curve(np.array([[0.2, 0.5]]), np.array([0.1, 0.0]), np.array([10]))
    np.testing.assert_allclose(curve.event_free[0], [0.8 * 0.9 * 0.5 ** (3 / 7)])
    np.testing.assert_allclose(curve.relapse[0], [0.2 + 0.8 * 0.9 * (1 - 0.5 ** (3 / 7))])


def test_sustained_is_remission_times_event_free() -> None:
    curve = relapse_curve(np.array([[0.2, 0.5], [0.0, 0.0]]), np.array([0.1, 0.0]), np.array([7, 14]))
    sustained = sustained_remission(np.array([0.5, 0.25]), curve)
    np.testing.assert_allclose(sustained, [[0.5 * 0.72, 0.5 * 0.36], [0.25 * 0.9, 0.25 * 0.9]])


@given(arrays(np.float64, (3, WEEKS), elements=PROBABILITY), arrays(np.float64, WEEKS, elements=PROBABILITY))
def test_on_every_day_exactly_one_thing_has_happened(hazard: np.ndarray, competing: np.ndarray) -> None:
    curve = relapse_curve(hazard, competing, EVERY_DAY)
    total = curve.event_free + curve.relapse + curve.competing
    np.testing.assert_allclose(total, 1, rtol=0, atol=1e-12)
    for part in (curve.event_free, curve.relapse, curve.competing):
        assert (part >= 0).all()
        assert (part <= 1 + 1e-12).all()


@given(arrays(np.float64, (3, WEEKS), elements=PROBABILITY), arrays(np.float64, WEEKS, elements=PROBABILITY))
def test_what_has_happened_has_happened(hazard: np.ndarray, competing: np.ndarray) -> None:
    """Event-free probability never rises, and relapse and competing events never become less."""
    curve = relapse_curve(hazard, competing, EVERY_DAY)
    assert (np.diff(curve.event_free, axis=1) <= 1e-12).all()
    assert (np.diff(curve.relapse, axis=1) >= -1e-12).all()
    assert (np.diff(curve.competing, axis=1) >= -1e-12).all()


@given(
    arrays(np.float64, 3, elements=PROBABILITY),
    arrays(np.float64, (3, WEEKS), elements=PROBABILITY),
    arrays(np.float64, WEEKS, elements=PROBABILITY),
)
def test_the_three_numbers_never_contradict_one_another(
    remission: np.ndarray, hazard: np.ndarray, competing: np.ndarray
) -> None:
    """Staying in remission needs remission and no relapse: never likelier than either; longer is never likelier."""
    curve = relapse_curve(hazard, competing, EVERY_DAY)
    sustained = sustained_remission(remission, curve)
    assert (sustained <= remission[:, None] + 1e-12).all()
    assert (sustained + remission[:, None] * curve.relapse <= remission[:, None] + 1e-12).all()
    assert (np.diff(sustained, axis=1) <= 1e-12).all()
    np.testing.assert_array_equal(sustained[:, 0], remission)


@given(arrays(np.float64, (2, WEEKS), elements=PROBABILITY), arrays(np.float64, WEEKS, elements=PROBABILITY))
def test_a_day_is_answered_alike_alone_and_in_a_curve(hazard: np.ndarray, competing: np.ndarray) -> None:
    whole = relapse_curve(hazard, competing, EVERY_DAY)
    for day in (0, 6, 7, 8, WEEKS * 7 - 1, WEEKS * 7):
        alone = relapse_curve(hazard, competing, np.array([day]))
        np.testing.assert_array_equal(alone.event_free[:, 0], whole.event_free[:, day])
        np.testing.assert_array_equal(alone.relapse[:, 0], whole.relapse[:, day])


@pytest.mark.parametrize(("log_odds", "probability"), [(0, 0.5), (np.log(3), 3 / 4), (-np.log(3), 1 / 4)])
def test_log_odds(log_odds: float, probability: float) -> None:
    assert expit(np.array([log_odds]))[0] == pytest.approx(probability)


def test_no_log_odds_overflow() -> None:
    with np.errstate(all="raise", under="ignore"):
        np.testing.assert_array_equal(expit(np.array([-1e308, -800, 800, 1e308])), [0, 0, 1, 1])


def test_rounding_never_makes_a_relapse_more_than_certain() -> None:
    """Hazards near 1 without anything that competes: what is lost adds up to 1, and to no more."""
    hazard = np.random.default_rng(3).uniform(0.5, 1.0, (2000, 12))
    curve = relapse_curve(hazard, np.zeros(12), np.arange(12 * 7 + 1))
    assert curve.relapse.max() <= 1.0
    assert curve.competing.min() >= 0.0
