"""Contributions come largest first, add up to the answer, and are the same for a row alone and among many."""

from math import fsum

import numpy as np

from models.explanation import explain
from models.relapse import RelapseHead
from models.remission import RemissionHead
from models.score import Constant, LinearScore
from tests.serving.bundles import toy_bundle


def head_of(weights: list[float], missing: list[float]) -> RemissionHead:
    """A head over as many features as weights, and one more that has no part; the baseline is 0.5."""
    number = len(weights)
    limits = np.full(number, 1e6)
    used, centre = np.arange(number), np.zeros(number)
    score = LinearScore(used, -limits, limits, centre, np.array(weights), np.array(missing), number + 1)
    return RemissionHead(score, 0.5)


def test_contributions_by_hand() -> None:
    rows = np.array([[1.0, 2.0, 3.0, 9.0], [-4.0, 0.0, np.nan, 9.0]])
    found = explain(head_of([1.0, -2.0, 0.5], [0.0, 0.0, 0.25]), rows)
    assert found.start.tolist() == [0.5, 0.5]
    # 1 * 1, -2 * 2 and 0.5 * 3; then 1 * -4, nothing, and what a missing value weighs
    assert found.log_odds.tolist() == [0.5 + 1 - 4 + 1.5, 0.5 - 4 + 0.25]
    assert found.number.tolist() == [3, 2]
    assert found.columns[0].tolist() == [1, 2, 0]
    assert found.contributions[0].tolist() == [-4.0, 1.5, 1.0]
    assert found.columns[1, :2].tolist() == [0, 2]
    assert found.contributions[1].tolist() == [-4.0, 0.25, 0.0]


def test_equal_contributions_stand_in_the_order_of_the_columns() -> None:
    found = explain(head_of([1.0, -1.0, 1.0], [0.0] * 3), np.array([[2.0, 2.0, 2.0, 0.0]]))
    assert found.columns[0].tolist() == [0, 1, 2]


def test_a_score_without_differences_has_no_reasons() -> None:
    head = RelapseHead(Constant(4), np.array([0, 26]), np.array([-3.0]), np.array([0.002]))
    found = explain(head, np.zeros((3, 4)))
    assert found.log_odds.tolist() == found.start.tolist() == [-3.0] * 3
    assert found.number.tolist() == [0, 0, 0]


def test_a_row_is_explained_alike_alone_and_among_many_and_its_contributions_add_up() -> None:
    model = toy_bundle().models[1]
    rng = np.random.default_rng(3)
    rows = rng.normal(2, 3, (40, len(toy_bundle().features)))
    rows[rng.random(rows.shape) < 0.3] = np.nan
    for head in (model.remission, model.relapse):
        assert head is not None
        together = explain(head, rows)
        for row in range(len(rows)):
            alone, number = explain(head, rows[row : row + 1]), int(together.number[row])
            assert alone.log_odds[0] == together.log_odds[row]
            assert alone.columns[0, : alone.number[0]].tolist() == together.columns[row, :number].tolist()
            contributions = together.contributions[row, :number].tolist()
            assert alone.contributions[0, : alone.number[0]].tolist() == contributions
            assert fsum([together.start[row], *contributions]) == together.log_odds[row]
            assert contributions == sorted(contributions, key=abs, reverse=True)
