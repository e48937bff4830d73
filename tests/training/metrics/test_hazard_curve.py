"""The calibration curve of the risk of relapse by a day finds the truth, with and without competing events."""

import numpy as np
import pytest

from models.outcomes import Floats
from training.metrics.hazard_curve import hazard_curve
from training.metrics.incidence import aalen_johansen
from training.metrics.smooth_curve import calibration_errors

DAY = 180.0
GRID = np.array([0.1, 0.2, 0.35, 0.5, 0.7])

Course = tuple[Floats, np.ndarray, Floats]


def drawn(seed: int, patients: int, relapsing: float) -> Course:
    """Days followed, how they ended, and the true risk of relapse by day 180; some are lost at any time to day 500.

    Of patients with score 0 the share ``relapsing`` ever relapse, the others have a competing event: risk by day t
    1 - (1 - relapsing (1 - exp(-t / 200))) ** exp(score), so that the hazard of the subdistribution is proportional.
    """
    rng = np.random.default_rng(seed)
    times = np.exp(rng.normal(0, 0.7, patients))
    free_of_relapse = (1 - relapsing) ** times
    relapses = rng.random(patients) > free_of_relapse
    share = 1 - (1 - rng.random(patients) * (1 - free_of_relapse)) ** (1 / times)
    event = np.where(relapses, -200 * np.log1p(-share / relapsing), rng.exponential(150, patients))
    event, lost = np.ceil(event), np.ceil(rng.uniform(0, 500, patients))
    ended_by = np.where(lost < event, 0, np.where(relapses, 1, 2)).astype(np.int8)
    return np.minimum(event, lost), ended_by, 1 - (1 - relapsing * -np.expm1(-DAY / 200)) ** times


@pytest.mark.parametrize("relapsing", [0.5, 1.0])
def test_honest_predictions_lie_on_the_diagonal_with_competing_events_and_without(relapsing: float) -> None:
    followed, ended_by, risk = drawn(1, 20_000, relapsing)
    assert (2 in ended_by) == (relapsing < 1)
    once = np.ones((1, len(risk)))
    curve = hazard_curve(followed, ended_by, risk, once, DAY)
    assert len(curve.spline.knots) == 5
    assert curve.observed_at(GRID)[0] == pytest.approx(GRID, abs=0.025)
    assert calibration_errors(curve, risk, once).ici < 0.01


def test_risks_that_forget_competing_events_are_shown_to_be_too_high() -> None:
    """Counting a competing event as a loss would show the risk in a world where there is none."""
    followed, ended_by, risk = drawn(2, 20_000, 0.5)
    once = np.ones((1, len(risk)))
    as_if_lost = np.where(ended_by == 2, 0, ended_by).astype(np.int8)
    forgetful = hazard_curve(followed, as_if_lost, risk, once, DAY).observed_at(GRID)[0]
    assert (forgetful > hazard_curve(followed, ended_by, risk, once, DAY).observed_at(GRID)[0] + 0.02).all()


def test_a_bend_that_no_slope_could_show_is_found() -> None:
    """The predictions are the squares of the true risks."""
    followed, ended_by, risk = drawn(3, 20_000, 0.5)
    once = np.ones((1, len(risk)))
    curve = hazard_curve(followed, ended_by, risk**2, once, DAY)
    assert curve.observed_at(GRID**2)[0] == pytest.approx(GRID, abs=0.025)
    distance = risk - risk**2
    errors = calibration_errors(curve, risk**2, once)
    assert errors.ici == pytest.approx(distance.mean(), abs=0.01)
    assert errors.e90 == pytest.approx(np.quantile(distance, 0.9), abs=0.01)


@pytest.mark.parametrize(("relapses", "knots"), [(29, 0), (30, 3), (99, 3), (100, 5)])
def test_few_relapses_are_given_a_stiffer_curve(relapses: int, knots: int) -> None:
    risk = np.random.default_rng(4).uniform(0.05, 0.6, 1000)
    ended_by = (np.arange(1000) < relapses).astype(np.int8)
    assert len(hazard_curve(np.full(1000, 200.0), ended_by, risk, np.ones((1, 1000)), DAY).spline.knots) == knots


def test_equal_predictions_are_compared_with_the_incidence_observed() -> None:
    followed, ended_by, _ = drawn(5, 2000, 0.5)
    once = np.ones((1, 2000))
    curve = hazard_curve(followed, ended_by, np.full(2000, 0.4), once, DAY)
    observed = aalen_johansen(followed, ended_by, once, np.array([DAY])).relapse[0]
    assert curve.observed_at(np.array([0.4]))[0] == pytest.approx(observed, abs=5e-4)


def test_two_different_predictions_give_the_incidence_of_each_group() -> None:
    """Under proportional hazards, which two halves of one population have."""
    followed, ended_by, _ = drawn(6, 20_000, 0.5)
    risk = np.where(np.arange(20_000) % 2 == 0, 0.2, 0.6)
    once = np.ones((1, 20_000))
    curve = hazard_curve(followed, ended_by, risk, once, DAY)
    groups = [
        aalen_johansen(followed, ended_by, once * (risk == predicted), np.array([DAY])) for predicted in (0.2, 0.6)
    ]
    observed = [group.relapse[0, 0] for group in groups]
    assert curve.observed_at(np.array([0.2, 0.6]))[0] == pytest.approx(observed, abs=0.01)


def test_patients_without_weight_change_nothing() -> None:
    followed, ended_by, risk = drawn(7, 200, 0.5)
    alone = hazard_curve(followed, ended_by, risk, np.ones((1, 200)), DAY)
    assert len(alone.spline.knots) == 3
    more = hazard_curve(
        np.append(followed, np.arange(300.0)),
        np.append(ended_by, np.arange(300) % 3).astype(np.int8),
        np.append(risk, np.full(300, 0.01)),
        np.append(np.ones(200), np.zeros(300))[None],
        DAY,
    )
    assert more.observed_at(GRID) == pytest.approx(alone.observed_at(GRID), abs=1e-8)


def test_a_draw_without_relapse_and_one_followed_by_nobody_to_the_day_have_no_curve() -> None:
    followed, ended_by, risk = drawn(8, 500, 0.5)
    weights = np.vstack([np.ones(500), ended_by != 1, np.where(ended_by == 0, followed < DAY, followed < 100)])
    curve = hazard_curve(followed, ended_by, risk, weights, DAY).observed_at(GRID)
    assert np.isnan(curve).all(axis=1).tolist() == [False, True, True]
    nobody = hazard_curve(followed, np.zeros(500, dtype=np.int8), risk, weights, DAY).observed_at(GRID)
    assert np.isnan(nobody).all()


def test_risks_of_0_and_1_and_relapses_on_one_side_only_still_have_a_curve() -> None:
    risk = np.linspace(0, 1, 400)
    relapsed = risk > 0.5
    followed = np.where(relapsed, 1.0 + np.arange(400) % 100, 200.0)
    curve = hazard_curve(followed, relapsed.astype(np.int8), risk, np.ones((1, 400)), DAY)
    low, high = curve.observed_at(np.array([0.2, 0.8]))[0]
    assert low < 0.01
    assert high > 0.95


def test_relapses_in_perfect_order_have_none() -> None:
    once = np.ones((1, 400))
    curve = hazard_curve(np.arange(1.0, 401), np.ones(400, dtype=np.int8), np.linspace(0.9, 0.1, 400), once, DAY)
    assert np.isnan(curve.observed_at(GRID)).all()
