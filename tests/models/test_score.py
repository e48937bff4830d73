"""A score is the sum of its contributions, and of nothing else."""

import numpy as np
import pytest

from models.fitting.learners import fit_logistic, fit_xgboost
from models.outcomes import Floats
from models.score import Constant, LinearScore, Score, Trees, from_arrays, to_arrays
from models.settings.sections import TuningSettings
from tests.models.training_sets import drawn_training_data

EFFECTS = (0.8, -0.6, 0.0, 0.3)
KINDS = ("constant", "linear", "trees")


@pytest.fixture(scope="module")
def scores() -> dict[str, Score]:
    training_data = drawn_training_data(1, 300, EFFECTS, missing=0.15)
    return {
        "constant": Constant(4),
        "linear": fit_logistic(TuningSettings())(training_data).score,
        "trees": fit_xgboost(TuningSettings())(drawn_training_data(2, 150, EFFECTS, missing=0.15)).score,
    }


def rows_with_gaps(seed: int, patients: int) -> Floats:
    rng = np.random.default_rng(seed)
    rows = rng.standard_normal((patients, 4)) * 3
    rows[rng.random(rows.shape) < 0.3] = np.nan
    rows[0] = np.nan
    return rows


def hand_made() -> LinearScore:
    """Two of four features: 0.5 per unit of column 2 from 10, held in 0..20; -2 per unit of column 0 from 1."""
    return LinearScore(
        used=np.array([2, 0]),
        lower=np.array([0.0, -1.0]),
        upper=np.array([20.0, 3.0]),
        centre=np.array([10.0, 1.0]),
        weight=np.array([0.5, -2.0]),
        missing_weight=np.array([0.25, 0.0]),
        features=4,
    )


@pytest.mark.parametrize("kind", KINDS)
def test_the_start_and_the_contributions_add_up_to_the_answer(scores: dict[str, Score], kind: str) -> None:
    rows = rows_with_gaps(3, 200)
    start, contributions = scores[kind].explain(rows)
    assert contributions.shape == (200, 4)
    np.testing.assert_allclose(start + contributions.sum(axis=1), scores[kind].predict(rows), rtol=0, atol=1e-12)


@pytest.mark.parametrize("kind", KINDS)
def test_every_answer_is_a_number_even_where_nothing_was_recorded(scores: dict[str, Score], kind: str) -> None:
    nothing = np.full((1, 4), np.nan)
    assert np.isfinite(scores[kind].predict(nothing)).all()


@pytest.mark.parametrize("kind", KINDS)
def test_a_patient_is_answered_alike_alone_and_among_others(scores: dict[str, Score], kind: str) -> None:
    rows = rows_with_gaps(4, 40)
    together = scores[kind].predict(rows)
    alone = np.concatenate([scores[kind].predict(row[None, :]) for row in rows])
    np.testing.assert_array_equal(alone, together)


@pytest.mark.parametrize("kind", KINDS)
def test_nobody_to_answer_for_is_an_empty_answer(scores: dict[str, Score], kind: str) -> None:
    nobody = np.empty((0, 4))
    start, contributions = scores[kind].explain(nobody)
    assert scores[kind].predict(nobody).shape == start.shape == (0,)
    assert contributions.shape == (0, 4)


@pytest.mark.parametrize("kind", KINDS)
def test_a_score_survives_being_taken_apart(scores: dict[str, Score], kind: str) -> None:
    rows = rows_with_gaps(5, 60)
    rebuilt = from_arrays(to_arrays(scores[kind]), 4)
    assert type(rebuilt) is type(scores[kind])
    np.testing.assert_array_equal(rebuilt.predict(rows), scores[kind].predict(rows))
    for again, before in zip(rebuilt.explain(rows), scores[kind].explain(rows), strict=True):
        np.testing.assert_array_equal(again, before)


def test_no_model_tells_nobody_apart() -> None:
    start, contributions = Constant(4).explain(rows_with_gaps(6, 5))
    assert not start.any()
    assert not contributions.any()


def test_a_linear_score_by_hand() -> None:
    rows = np.array([[2.0, 99.0, 14.0, 99.0]])
    start, contributions = hand_made().explain(rows)
    assert start.tolist() == [0]
    assert contributions.tolist() == [[(2 - 1) * -2, 0, (14 - 10) * 0.5, 0]]
    assert hand_made().predict(rows).tolist() == [-2 + 2]


@pytest.mark.parametrize(
    ("value", "contribution"),
    [
        (-0.001, (0 - 10) * 0.5),  # below the lowest seen: held there
        (0, (0 - 10) * 0.5),
        (0.001, (0.001 - 10) * 0.5),
        (19.999, (19.999 - 10) * 0.5),
        (20, (20 - 10) * 0.5),
        (20.001, (20 - 10) * 0.5),
        (1e9, (20 - 10) * 0.5),
        (np.nan, 0.25),  # not recorded: a weight of its own
    ],
)
def test_an_extreme_value_weighs_no_more_than_the_most_extreme_seen(value: float, contribution: float) -> None:
    _, contributions = hand_made().explain(np.array([[1.0, 0.0, value, 0.0]]))
    assert contributions[0, 2] == pytest.approx(contribution, abs=1e-12)


def test_trees_leave_only_the_rounding_of_single_precision_to_the_start(scores: dict[str, Score]) -> None:
    start, _ = scores["trees"].explain(rows_with_gaps(8, 100))
    assert isinstance(scores["trees"], Trees)
    assert np.ptp(start) < 1e-5
