"""The slope of a score in a Cox regression, as lifelines fits it, in every draw."""

import numpy as np
import pandas as pd
import pytest
from lifelines import CoxPHFitter

from models.outcomes import Floats
from training.metrics.hazard_slope import hazard_slope

Course = tuple[Floats, np.ndarray, Floats]


def drawn(seed: int, patients: int, slope: float) -> Course:
    """Weeks to relapse with many ties, a third lost; the log-hazard is ``slope`` times the score."""
    rng = np.random.default_rng(seed)
    score = rng.standard_normal(patients)
    relapse = np.ceil(rng.exponential(20 / np.exp(slope * score)))
    lost = rng.integers(5, 60, patients).astype(np.float64)
    return np.minimum(relapse, lost), (relapse <= lost).astype(np.int8), score


def test_the_slope_is_that_of_lifelines_with_ties_and_with_draws_written_out() -> None:
    followed, ended_by, score = drawn(1, 300, 0.7)
    frame = pd.DataFrame({"time": followed, "relapsed": ended_by, "score": score})
    expected = CoxPHFitter().fit(frame, "time", "relapsed").params_["score"]
    assert hazard_slope(followed, ended_by, score, np.ones((2, 300))) == pytest.approx([expected] * 2, abs=1e-6)


def test_without_ties_a_weight_counts_as_lifelines_counts_it() -> None:
    rng = np.random.default_rng(2)
    followed, ended_by, score = drawn(2, 300, 1.0)
    followed = followed + rng.uniform(0, 0.5, 300)
    weights = rng.uniform(0.2, 3, 300)
    frame = pd.DataFrame({"time": followed, "relapsed": ended_by, "score": score, "weight": weights})
    model = CoxPHFitter().fit(frame, "time", "relapsed", weights_col="weight", robust=True)
    found = hazard_slope(followed, ended_by, score, weights[None])
    assert found == pytest.approx(model.params_["score"], abs=1e-6)


@pytest.mark.parametrize("stretch", [0.5, 1.0, 2.0])
def test_a_score_that_is_too_extreme_has_a_slope_below_1(stretch: float) -> None:
    followed, ended_by, score = drawn(3, 20_000, 1.0)
    assert hazard_slope(followed, ended_by, stretch * score, np.ones((1, 20_000))) == pytest.approx(
        1 / stretch, rel=0.05
    )


def test_a_competing_event_ends_the_time_at_risk() -> None:
    followed, ended_by, score = drawn(4, 200, 1.0)
    competed = np.where(ended_by == 0, 2, ended_by).astype(np.int8)
    once = np.ones((1, 200))
    assert hazard_slope(followed, competed, score, once) == pytest.approx(hazard_slope(followed, ended_by, score, once))


def test_no_relapse_equal_scores_and_a_perfect_order_have_no_slope() -> None:
    followed, relapsed, once = np.array([1.0, 2, 3]), np.ones(3, dtype=np.int8), np.ones((1, 3))
    score = np.array([2.0, 1, 0])
    assert np.isnan(hazard_slope(followed, np.zeros(3, dtype=np.int8), score, once)).all()
    assert np.isnan(hazard_slope(followed, relapsed, np.ones(3), once)).all()
    assert np.isnan(hazard_slope(followed, relapsed, score, once)).all()
    only_the_second = np.array([[0.0, 1, 0]])
    assert np.isnan(hazard_slope(followed, relapsed, np.array([2.0, 0, 1]), only_the_second)).all()
