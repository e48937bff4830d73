"""Rankings against second libraries, against every pair counted one by one, and by hand."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from hazardous.metrics import concordance_index_incidence
from hypothesis import given, settings
from hypothesis import strategies as st
from lifelines.utils import concordance_index
from sklearn.metrics import roc_auc_score

from training.metrics.discrimination import auc, c_index, cumulative_auc, uno_c
from training.metrics.incidence import censoring_free

Followed = tuple[np.ndarray, np.ndarray, np.ndarray]
Measure = Callable[[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray], np.ndarray]

MEASURES: dict[str, Measure] = {
    "c_index": c_index,
    "uno_c": lambda *given: uno_c(*given, last_day=8),
    "cumulative_auc": lambda *given: cumulative_auc(*given, day=6),
    "auc": lambda _, ended_by, *given: auc((ended_by == 1).astype(np.float64), *given),
}
"""All of them, asked of the same patients."""

every_measure = pytest.mark.parametrize("measure", MEASURES.values(), ids=MEASURES)


def drawn(seed: int, patients: int = 200) -> Followed:
    """Weeks followed, what ended it, and predicted risk in steps of 0.05: ties of every kind."""
    rng = np.random.default_rng(seed)
    risk = rng.random(patients)
    ends = rng.exponential(np.stack([12 * np.exp(-2 * risk), 15 + 0 * risk, 20 + 0 * risk]))[[1, 0, 2]]
    return np.ceil(ends.min(axis=0)), ends.argmin(axis=0).astype(np.int8), np.round(20 * risk) / 20


def one(patients: int) -> tuple[np.ndarray, np.ndarray]:
    """The cohort as it is, in one fold."""
    return np.ones((1, patients)), np.zeros(patients, dtype=np.intp)


def pair_by_pair(
    followed: np.ndarray, ended_by: np.ndarray, risk: np.ndarray, factor: np.ndarray, times: np.ndarray
) -> float:
    """C by its definition, a loop over all pairs; ``factor`` is 1/G, or ones; everybody counts ``times``."""
    right = pairs = 0.0
    for i in np.flatnonzero(ended_by == 1):
        for j in range(len(followed)):
            longer = followed[j] > followed[i] or (followed[j] == followed[i] and ended_by[j] == 0)
            competed = followed[j] <= followed[i] and ended_by[j] == 2
            weight = factor[i] ** 2 if longer else factor[i] * factor[j] if competed else 0.0
            weight *= times[i] * times[j]
            pairs += weight
            right += weight * (1.0 if risk[i] > risk[j] else 0.5 if risk[i] == risk[j] else 0.0)
    return right / pairs if pairs else float("nan")


def test_auc_is_the_proportion_of_pairs_in_the_right_order() -> None:
    """Two with the outcome, three without: of six pairs four are right and one is tied."""
    observed, predicted = np.array([1.0, 1, 0, 0, 0]), np.array([0.9, 0.4, 0.4, 0.6, 0.1])
    assert auc(observed, predicted, *one(5)) == pytest.approx([(4 + 1 / 2) / 6])


def test_a_weight_counts_as_that_many_patients_in_the_auc() -> None:
    """The pair that is wrong counts three times among 3 + 1 + 3 + 1."""
    observed, predicted, weights = np.array([1.0, 1, 0, 0]), np.array([0.9, 0.4, 0.6, 0.1]), np.array([[1.0, 3, 1, 1]])
    found = auc(observed, predicted, weights, np.zeros(4, dtype=np.intp))
    assert found == pytest.approx([(1 + 1 + 3) / (2 * 1 + 2 * 3)])


def test_auc_is_scikit_learns() -> None:
    _, ended_by, risk = drawn(1)
    observed, weights = (ended_by == 1).astype(np.float64), np.random.default_rng(2).uniform(0.1, 4, (3, 200))
    expected = [roc_auc_score(observed, risk, sample_weight=row) for row in weights]
    np.testing.assert_allclose(auc(observed, risk, weights, np.zeros(200, dtype=np.intp)), expected, rtol=1e-12)


@pytest.mark.parametrize("outcome", [0.0, 1.0])
def test_auc_is_not_defined_without_both_outcomes(outcome: float) -> None:
    assert np.isnan(auc(np.full(3, outcome), np.array([0.1, 0.2, 0.3]), *one(3))).all()


def test_the_auc_of_the_opposite_is_what_is_missing_to_one() -> None:
    _, ended_by, risk = drawn(3)
    observed, weights = (ended_by == 1).astype(np.float64), np.random.default_rng(4).integers(0, 4, (5, 200)) * 1.0
    fold = np.arange(200) % 3
    found = auc(observed, risk, weights, fold)
    np.testing.assert_allclose(auc(1 - observed, risk, weights, fold), 1 - found)
    np.testing.assert_allclose(auc(observed, -risk, weights, fold), 1 - found)


def test_without_competing_events_c_is_lifelines() -> None:
    rng = np.random.default_rng(3)
    risk = rng.random(300)
    days = rng.permutation(300).astype(np.float64) + 1 - 70 * risk
    ended_by = (rng.random(300) < 0.6).astype(np.int8)
    expected = concordance_index(days, -risk, ended_by == 1)
    assert 0.5 < expected < 1
    assert c_index(days, ended_by, risk, *one(300)) == pytest.approx([expected], abs=1e-12)


@pytest.mark.parametrize("seed", range(5))
def test_with_competing_events_and_ties_of_every_kind_c_is_hazardous_one(seed: int) -> None:
    followed, ended_by, risk = drawn(seed)
    observed = pd.DataFrame({"event": ended_by.astype(np.int64), "duration": followed})
    (expected,) = concordance_index_incidence(observed, risk[:, None], ipcw_estimator=None)
    assert c_index(followed, ended_by, risk, *one(200)) == pytest.approx([expected], abs=1e-12)


def test_who_had_a_competing_event_stays_comparable() -> None:
    """A relapsed on day 10. B had a competing event on day 5 and never relapses, C was seen until day 20.

    A was given more than C and less than B: one pair of two is right. Had B been lost on day 5, the pair with B could
    not be compared.
    """
    days, predicted = np.array([10.0, 5.0, 20.0]), np.array([0.2, 0.9, 0.1])
    assert c_index(days, np.array([1, 2, 0], dtype=np.int8), predicted, *one(3)) == pytest.approx([1 / 2])
    assert c_index(days, np.array([1, 0, 0], dtype=np.int8), predicted, *one(3)) == pytest.approx([1 / 1])


def test_risks_that_differ_by_rounding_are_tied() -> None:
    days, ended_by = np.array([10.0, 20.0]), np.array([1, 0], dtype=np.int8)
    assert c_index(days, ended_by, np.array([0.3, 0.1 + 0.2]), *one(2)) == [1 / 2]
    assert c_index(days, ended_by, np.array([0.1 + 0.2, 0.3]), *one(2)) == [1 / 2]
    assert c_index(days, ended_by, np.array([0.3 + 1e-7, 0.3]), *one(2)) == [1]


@settings(max_examples=60, deadline=None)
@given(patients=st.lists(st.tuples(*(st.integers(*ends) for ends in ((1, 5), (0, 2), (0, 4), (0, 3)))), max_size=40))
def test_every_pair_is_counted_once(patients: list[tuple[int, int, int, int]]) -> None:
    """Cohorts of any size and mixture, most of them full of ties: the sum over blocks is the sum over pairs."""
    table = np.array(patients, dtype=np.float64).reshape(-1, 4)
    followed, ended_by, risk, times = table[:, 0], table[:, 1].astype(np.int8), table[:, 2], table[:, 3]
    asked = followed, ended_by, risk, times[None, :], np.zeros(len(table), dtype=np.intp)
    lasting = 1 / censoring_free(followed, ended_by, np.ones(len(table)), followed)
    for (found,), factor in ((c_index(*asked), np.ones(len(table))), (uno_c(*asked, last_day=5), lasting)):
        assert found == pytest.approx(pair_by_pair(followed, ended_by, risk, factor, times), nan_ok=True)


def test_unos_c_stops_at_its_last_day() -> None:
    """Relapses after the last day start no pair, and those who have them are compared as free of it until then."""
    followed, ended_by, risk = drawn(5)
    early = np.where((ended_by == 1) & (followed > 4), 0, ended_by).astype(np.int8)
    observed = censoring_free(followed, ended_by, np.ones(200), followed)
    expected = pair_by_pair(followed, early, risk, 1 / observed, np.ones(200))
    assert uno_c(followed, ended_by, risk, *one(200), last_day=4) == pytest.approx([expected])


def test_without_censoring_unos_c_is_harrells_and_the_auc_at_the_end_is_the_auc() -> None:
    followed, ended_by, risk = drawn(6)
    ended_by[ended_by == 0] = 2
    end = float(followed.max())
    harrell = c_index(followed, ended_by, risk, *one(200))
    assert uno_c(followed, ended_by, risk, *one(200), last_day=end) == pytest.approx(harrell)
    at_end = auc((ended_by == 1).astype(np.float64), risk, *one(200))
    assert cumulative_auc(followed, ended_by, risk, *one(200), day=end) == pytest.approx(at_end)


def test_censoring_moves_harrells_c_and_not_unos_nor_the_auc_at_a_day() -> None:
    """The same 20,000 courses seen for 20 weeks, and with many lost before.

    Risk tells who relapses in the first five weeks, and nothing of later ones: and C of those seen early is larger.
    """
    rng = np.random.default_rng(7)
    risk = rng.random(20_000)
    early, late = rng.exponential(1 / (0.005 * np.exp(5 * risk))), 5 + rng.exponential(8.0, 20_000)
    relapse, lost = np.where(early < 5, early, late), rng.exponential(8.0, 20_000)
    full = c_index(np.minimum(relapse, 20), (relapse <= 20).astype(np.int8), risk, *one(20_000))[0]
    seen = np.minimum(relapse, lost), (relapse <= lost).astype(np.int8), risk
    assert c_index(*seen, *one(20_000))[0] > full + 0.03
    assert uno_c(*seen, *one(20_000), last_day=20)[0] == pytest.approx(full, abs=0.01)
    truly = auc((relapse <= 10).astype(np.float64), risk, *one(20_000))[0]
    assert cumulative_auc(*seen, *one(20_000), day=10)[0] == pytest.approx(truly, abs=0.01)


def test_at_a_day_who_competed_first_is_somebody_without_a_relapse() -> None:
    """By day 10: A relapsed on it. B competed on 5, C is seen until 10, D was lost on 9 and has no answer.

    A was given more than B and less than C; of the two left on day 10, C and A stand for D with weight 3/2 each.
    """
    days, ended_by = np.array([10.0, 5, 10, 9]), np.array([1, 2, 0, 0], dtype=np.int8)
    found = cumulative_auc(days, ended_by, np.array([0.5, 0.1, 0.9, 0.7]), *one(4), day=10)
    assert found == pytest.approx([1 / (1 + 3 / 2)])


@every_measure
def test_a_weight_of_three_is_three_patients(measure: Measure) -> None:
    followed, ended_by, risk = drawn(8)
    times, fold = np.random.default_rng(9).integers(0, 4, 200), np.arange(200) % 3
    if measure in (MEASURES["uno_c"], MEASURES["cumulative_auc"]):
        # Their chance of being observed is of the patients, whatever the draw; here nobody is lost.
        ended_by[ended_by == 0] = 2
    again = (np.repeat(column, times) for column in (followed, ended_by, risk))
    weighted = measure(followed, ended_by, risk, times[None, :] * 1.0, fold)
    np.testing.assert_allclose(weighted, measure(*again, np.ones((1, times.sum())), np.repeat(fold, times)), rtol=1e-12)


@every_measure
def test_many_draws_are_each_draw_alone(measure: Measure) -> None:
    """More patients and draws than a block holds; to the last bit, for a training must be reproducible."""
    followed, ended_by, risk = drawn(10, 1000)
    weights, fold = np.random.default_rng(11).integers(0, 3, (700, 1000)) * 1.0, np.arange(1000) % 2
    together = measure(followed, ended_by, risk, weights, fold)
    for row in (0, 523, 524, 525, 699):
        np.testing.assert_array_equal(measure(followed, ended_by, risk, weights[[row]], fold), together[[row]])


@every_measure
def test_only_the_order_of_the_predictions_counts(measure: Measure) -> None:
    followed, ended_by, risk = drawn(12)
    found = measure(followed, ended_by, risk, *one(200))
    assert 0.5 < found[0] < 1
    np.testing.assert_array_equal(measure(followed, ended_by, np.log(risk + 1) * 7 - 2, *one(200)), found)


@every_measure
def test_the_opposite_predictions_are_wrong_where_these_were_right(measure: Measure) -> None:
    followed, ended_by, risk = drawn(13)
    found = measure(followed, ended_by, risk, *one(200))
    np.testing.assert_allclose(measure(followed, ended_by, -risk, *one(200)), 1 - found)


@every_measure
def test_who_tells_nobody_apart_is_right_half_of_the_time(measure: Measure) -> None:
    followed, ended_by, _ = drawn(14)
    weights = np.random.default_rng(15).uniform(0, 3, (4, 200))
    found = measure(followed, ended_by, np.full(200, 0.3), weights, np.arange(200) % 4)
    np.testing.assert_allclose(found, 0.5, rtol=1e-12)


@every_measure
def test_patients_of_different_folds_are_not_compared(measure: Measure) -> None:
    """Added to the predictions of a fold, a constant changes nothing, and across folds much."""
    followed, ended_by, risk = drawn(16)
    fold, weights = np.arange(200) % 2, np.random.default_rng(17).integers(1, 4, (3, 200)) * 1.0
    found = measure(followed, ended_by, risk, weights, fold)
    np.testing.assert_array_equal(measure(followed, ended_by, risk + 5 * fold, weights, fold), found)
    assert (measure(followed, ended_by, risk + 5 * fold, weights, np.zeros(200, dtype=np.intp)) != found).all()


def test_folds_are_pooled_by_their_pairs() -> None:
    """One fold has one pair, in the right order; the other four, of which one is."""
    observed = np.array([1.0, 0, 1, 1, 0, 0])
    predicted = np.array([0.9, 0.1, 0.5, 0.2, 0.6, 0.3])
    found = auc(observed, predicted, np.ones((1, 6)), np.array([0, 0, 1, 1, 1, 1]))
    assert found == pytest.approx([(1 + 1) / (1 + 4)])


@every_measure
def test_a_draw_without_a_relapse_has_no_figure_and_leaves_the_others_theirs(measure: Measure) -> None:
    followed, ended_by, risk = drawn(18)
    weights = np.stack([np.ones(200), (ended_by != 1) * 1.0])
    found = measure(followed, ended_by, risk, weights, np.zeros(200, dtype=np.intp))
    assert found[0] == measure(followed, ended_by, risk, *one(200))[0]
    assert np.isnan(found[1])


@every_measure
def test_nothing_is_said_of_nobody(measure: Measure) -> None:
    nobody = np.empty(0), np.empty(0, dtype=np.int8), np.empty(0), np.ones((3, 0)), np.empty(0, dtype=np.intp)
    assert np.isnan(measure(*nobody)).tolist() == [True] * 3
