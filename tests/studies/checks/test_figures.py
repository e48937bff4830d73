"""Figures of the studies, worked out by hand: proportions, coverage, means, held-out likelihoods and tables."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from models.outcomes import RelapseCurve
from tests.mechanisms import second
from tests.mechanisms.true_risks import TrueRisks
from tests.studies.attainable import attainable_share, expected_log_likelihood, share_rows
from tests.studies.coverage import covered
from tests.studies.held_out import log_likelihood
from tests.studies.markdown import mean_over, shown, table
from tests.studies.mean_prediction import mean_rows
from tests.studies.one_training import merged
from training.outcomes.labels import EndedBy

TRUTH = np.array([0.2, 0.6])


def test_the_truth_attains_everything_and_the_mean_rate_nothing() -> None:
    assert attainable_share(TRUTH, TRUTH) == pytest.approx(1)
    assert attainable_share(TRUTH, np.array([0.4, 0.4])) == pytest.approx(0)


def test_the_truth_of_the_second_mechanism_attains_everything() -> None:
    drawn = second.draw_cohort(200, seed=1)
    for truth in second.true_probabilities(drawn.people, drawn.course, draws=50):
        known = truth.remission[truth.reached]
        assert attainable_share(known, known) == pytest.approx(1)


def test_a_share_by_hand() -> None:
    """Two patients, true 0.2 and 0.6; predicted 0.3 and 0.5; the null gives both 0.4."""

    def entropy(true: float, predicted: float) -> float:
        return float(true * np.log(predicted) + (1 - true) * np.log(1 - predicted))

    null = (entropy(0.2, 0.4) + entropy(0.6, 0.4)) / 2
    best = (entropy(0.2, 0.2) + entropy(0.6, 0.6)) / 2
    model = (entropy(0.2, 0.3) + entropy(0.6, 0.5)) / 2
    expected = (model - null) / (best - null)
    assert 0 < expected < 1
    assert attainable_share(TRUTH, np.array([0.3, 0.5])) == pytest.approx(expected)


def test_predictions_the_wrong_way_round_are_worse_than_the_overall_rate() -> None:
    share = attainable_share(TRUTH, TRUTH[::-1])
    assert share is not None
    assert share < 0


def test_a_patient_without_weight_does_not_count() -> None:
    truth, predicted = np.array([0.2, 0.6, 0.9]), np.array([0.3, 0.5, 0.01])
    share = attainable_share(truth, predicted, weights=np.array([1.0, 1.0, 0.0]))
    assert share == pytest.approx(attainable_share(TRUTH, predicted[:2]))


def test_no_share_is_given_where_an_answer_is_missing_or_all_patients_are_alike() -> None:
    assert attainable_share(TRUTH, np.array([0.2, np.nan])) is None
    assert attainable_share(np.array([0.4, 0.4]), np.array([0.4, 0.4])) is None


def test_one_certain_error_does_not_decide_the_mean() -> None:
    likelihood = expected_log_likelihood(np.array([0.5]), np.array([0.0]), np.ones(1))
    assert likelihood == pytest.approx(0.5 * np.log(1e-6), rel=1e-6)


def answers(truth: TrueRisks, predictions: Any = None) -> Any:
    model = SimpleNamespace(horizons_days=(84, 182))
    return SimpleNamespace(truth=truth, model=model, predictions=predictions)


def two_patients() -> TrueRisks:
    relapse = np.array([[0.1, 0.2], [0.3, 0.6]])
    return TrueRisks(remission=np.array([0.25, 0.75]), relapse=relapse, event_free=0.9 - relapse)


def test_relapse_counts_for_those_in_remission_and_every_answer_has_its_row() -> None:
    truth = two_patients()
    rows = {row["answer"]: row for row in share_rows(answers(truth), truth.remission, truth.relapse, truth.sustained)}
    assert list(rows) == [
        "remission",
        "relapse by day 84",
        "sustained to day 84",
        "relapse by day 182",
        "sustained to day 182",
    ]
    assert all(row["share"] == pytest.approx(1) for row in rows.values())


def test_coverage_counts_those_with_an_interval_and_says_how_many_have_one() -> None:
    limits = np.array([[0.1, 0.3], [0.5, 0.9], [0.2, 0.3], [np.nan, np.nan]])
    found = covered(limits, np.array([0.3, 0.7, 0.1, 0.5]))
    assert found["covered"] == pytest.approx(2 / 3)
    assert found["width"] == pytest.approx(0.2)
    assert found["interval_shown"] == pytest.approx(3 / 4)


@pytest.mark.parametrize("limits", [None, np.full((2, 2), np.nan)])
def test_without_intervals_there_is_no_coverage(limits: np.ndarray | None) -> None:
    assert covered(limits, TRUTH) == {"covered": None, "width": None, "interval_shown": 0.0}


def test_the_mean_relapse_is_that_of_those_in_remission() -> None:
    """Remission 0.25 and 0.75, predicted relapse 0.2 and 0.4: 0.35, where 0.1 x 0.25 + 0.3 x 0.75 = 0.25 is true."""
    predicted = SimpleNamespace(
        remission=np.array([0.4, 0.5]),
        relapse=np.array([[0.2, np.nan], [0.4, np.nan]]),
        sustained=np.array([[0.2, np.nan], [0.4, np.nan]]),
    )
    rows = {row["answer"]: row for row in mean_rows(answers(two_patients(), predicted))}
    assert rows["remission"]["mean_difference"] == pytest.approx(0.45 - 0.5)
    assert rows["relapse by day 84"]["mean_predicted"] == pytest.approx(0.35)
    assert rows["relapse by day 84"]["mean_difference"] == pytest.approx(0.10)
    assert rows["relapse by day 182"]["mean_predicted"] is None


def test_a_held_out_patient_counts_with_the_week_of_the_event_or_with_the_time_free_of_one() -> None:
    """Two weeks; relapse 0.1 and 0.3 by their ends, a competing event 0.0 and 0.1."""
    relapse, competing = np.array([0.0, 0.1, 0.3]), np.array([0.0, 0.0, 0.1])
    curve = RelapseCurve(
        np.array([0, 7, 14]),
        np.tile(1 - relapse - competing, (5, 1)),
        np.tile(relapse, (5, 1)),
        np.tile(competing, (5, 1)),
    )
    followed = np.array([7.0, 8.0, 14.0, 13.0, 90.0])
    ended = np.array([EndedBy.RELAPSE, EndedBy.RELAPSE, EndedBy.COMPETING, EndedBy.CENSORED, EndedBy.RELAPSE])
    expected = [0.1, 0.3 - 0.1, 0.1, 0.9, 0.6]
    np.testing.assert_allclose(np.exp(log_likelihood(curve, followed, ended)), expected)


def test_rows_of_the_same_answer_become_one() -> None:
    assert merged([{"answer": "a", "x": 1}], [{"answer": "a", "y": 2}, {"answer": "b"}]) == [
        {"answer": "a", "x": 1, "y": 2},
        {"answer": "b"},
    ]


def test_means_over_seeds_leave_out_what_is_missing() -> None:
    rows: list[Any] = [{"who": "a", "x": 1.0}, {"who": "a", "x": 3.0}, {"who": "a", "x": None}, {"who": "b", "x": None}]
    one, other = mean_over(rows, ["who"], ["x"])
    assert (one["x"], one["n"], other["x"]) == (2.0, 3, None)
    assert one["x_se"] == pytest.approx(np.sqrt(2) / np.sqrt(2))
    assert (shown(one, "x"), shown(other, "x")) == ("2.000 (1.000)", "-")


def test_a_table_in_markdown() -> None:
    assert table(["a", "b"], [["1", "2"]]) == "| a | b |\n| --- | --- |\n| 1 | 2 |"
