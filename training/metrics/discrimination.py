"""How well predictions discriminate between patients. Larger is better; 0.5 is no better than chance.

Patients are compared within a fold only, because different folds have different models; a figure is the share of all
such pairs in the right order. Bootstrap draws come as rows of ``weights`` (draws, n); the result has a figure per row,
shape (draws,), NaN for a draw without a pair. `intervals` makes the draws.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from features.records.timeline import Floats, Indices
from training.metrics.incidence import answer_by, censoring_free
from training.metrics.intervals import blocks_of_draws

SAME_PROBABILITY = 1e-8
"""Predicted risks of relapse that differ by less are tied: the order of their sums makes the difference."""


def auc(y_observed: Floats, y_predicted: Floats, weights: Floats, fold: NDArray[np.intp]) -> Floats:
    """Area under the ROC curve: probability that a patient with the outcome is predicted higher than one without.

    Ties count half.

    Shapes (n,), ``weights`` (draws, n); result (draws,). Source: Hanley & McNeil 1982,
    doi:10.1148/radiology.143.1.7063747.
    """
    margin, pairs = np.zeros(len(weights)), np.zeros(len(weights))
    for members in _folds(fold):
        order = members[np.argsort(y_predicted[members], kind="stable")]
        predicted, event = y_predicted[order], np.flatnonzero(y_observed[order] == 1)
        less = np.searchsorted(predicted, predicted[event] - SAME_PROBABILITY, side="left")
        not_more = np.searchsorted(predicted, predicted[event] + SAME_PROBABILITY, side="right")
        for rows in blocks_of_draws(weights):
            drawn = _columns(weights[rows], order)
            cases, others = _columns(drawn, event), _running(np.where(y_observed[order] == 0, drawn, 0.0))
            margin[rows] += _sum_of_products(
                cases, _columns(others, less) - (others[:, -1:] - _columns(others, not_more))
            )
            pairs[rows] += cases.sum(axis=1) * others[:, -1]
    return _share(margin, pairs)


def c_index(
    followed_days: Floats, ended_by: NDArray[np.int8], y_predicted: Floats, weights: Floats, fold: NDArray[np.intp]
) -> Floats:
    """Harrell's C for relapse: probability that of two patients the one with more predicted risk relapses first.

    ``ended_by`` is 0 censored, 1 relapse, 2 competing event; a patient with a competing event first never relapses and
    stays comparable. Two relapses on one day are not compared; a patient censored on the day of another's relapse was
    free longer. Shapes (n,), ``weights`` (draws, n); result (draws,). Source: Harrell 1982,
    doi:10.1001/jama.1982.03320430047030; with competing events Wolbers 2009, doi:10.1097/EDE.0b013e3181a39056.
    """
    margin, pairs = np.zeros(len(weights)), np.zeros(len(weights))
    for members in _folds(fold):
        for comparison in _comparisons(followed_days, ended_by, y_predicted, members):
            _add_pairs(comparison, weights, margin, pairs)
    return _share(margin, pairs)


def uno_c(
    followed_days: Floats,
    ended_by: NDArray[np.int8],
    y_predicted: Floats,
    weights: Floats,
    fold: NDArray[np.intp],
    last_day: float,
) -> Floats:
    """Uno's C: as ``c_index`` for relapses by and including ``last_day``, independent of the censoring.

    A pair is weighted by the inverse probability that both are observed long enough for the comparison: G(T-) squared
    at the relapse; the product of both G if a competing event came first. G is the Kaplan-Meier curve of censoring over
    all patients, each counted once, taken as known in the draws. Shapes as ``c_index``.
    Source: Uno 2011, doi:10.1002/sim.4154; Wolbers 2014, doi:10.1093/biostatistics/kxt059.
    """
    margin, pairs = np.zeros(len(weights)), np.zeros(len(weights))
    inverse = 1 / censoring_free(followed_days, ended_by, np.ones(len(followed_days)), followed_days)
    late = (ended_by == 1) & (followed_days > last_day)
    evaluated = np.where(late, 0, ended_by).astype(np.int8)
    for members in _folds(fold):
        later, competing = _comparisons(followed_days, evaluated, y_predicted, members)
        later = replace(later, case_factor=inverse[later.case] ** 2)
        competing = replace(competing, case_factor=inverse[competing.case], among_factor=inverse[competing.among])
        _add_pairs(later, weights, margin, pairs)
        _add_pairs(competing, weights, margin, pairs)
    return _share(margin, pairs)


def cumulative_auc(
    followed_days: Floats,
    ended_by: NDArray[np.int8],
    y_predicted: Floats,
    weights: Floats,
    fold: NDArray[np.intp],
    day: float,
) -> Floats:
    """Cumulative/dynamic AUC: probability that a relapse by and including ``day`` is predicted higher than none.

    None means event-free through the day, or a competing event before it (definition (ii) of Blanche 2013,
    doi:10.1002/sim.5958). The weights of `incidence.answer_by` make the others represent those censored before; they
    are taken as known in the draws. Shapes as ``c_index``.
    Source: Uno 2007, doi:10.1198/016214507000000149; Hung & Chiang 2010, doi:10.1002/cjs.10046.
    """
    y_observed, known = answer_by(followed_days, ended_by, day)
    return auc(y_observed, y_predicted, weights * known, fold)


@dataclass(frozen=True, eq=False)
class _Comparison:
    """Each ``case`` (cases,) is compared with the first ``until`` (cases,) of ``among`` (patients,).

    ``rank`` (patients,) is each one's place among them by predicted risk: below ``lower`` it is less than the case's,
    from there to below ``upper`` the same. The factors multiply the patients' weights.
    """

    case: Indices
    among: Indices
    until: Indices
    rank: Indices
    lower: Indices
    upper: Indices
    case_factor: Floats
    among_factor: Floats


def _comparisons(
    followed_days: Floats, ended_by: NDArray[np.int8], y_predicted: Floats, members: Indices
) -> tuple[_Comparison, _Comparison]:
    """A fold's relapses against patients event-free for longer, and against those with a competing event by then."""
    case = members[ended_by[members] == 1]
    _, time = np.unique(followed_days, return_inverse=True)
    until_when = 2 * time + (ended_by == 0)
    longest_first = members[np.argsort(-until_when[members], kind="stable")]
    longer = np.searchsorted(-until_when[longest_first], -until_when[case], side="left")
    competing = members[ended_by[members] == 2]
    competing = competing[np.argsort(time[competing], kind="stable")]
    earlier = np.searchsorted(time[competing], time[case], side="right")
    return (_comparison(case, longest_first, longer, y_predicted), _comparison(case, competing, earlier, y_predicted))


def _comparison(case: Indices, among: Indices, until: Indices, y_predicted: Floats) -> _Comparison:
    by_risk = np.argsort(y_predicted[among], kind="stable")
    rank = np.empty(len(among), dtype=np.intp)
    rank[by_risk] = np.arange(len(among))
    risk = y_predicted[among][by_risk]
    return _Comparison(
        case=case,
        among=among,
        until=until,
        rank=rank,
        lower=np.searchsorted(risk, y_predicted[case] - SAME_PROBABILITY, side="left"),
        upper=np.searchsorted(risk, y_predicted[case] + SAME_PROBABILITY, side="right"),
        case_factor=np.ones(len(case)),
        among_factor=np.ones(len(among)),
    )


def _add_pairs(comparison: _Comparison, weights: Floats, margin: Floats, pairs: Floats) -> None:
    """Add the weight of pairs in the right order less that of those in the wrong one to ``margin``; all to ``pairs``.

    The first ``until`` patients are at most one block of 1, 2, 4, ... patients each, by the binary digits of
    ``until``; within a block sorted by risk, the patients below a case are a running sum. So all draws together cost
    O(draws * n * log n), and sums of whole weights are exact.
    """
    patients = len(comparison.among)
    for rows in blocks_of_draws(weights):
        among = _running(_columns(weights[rows], comparison.among) * comparison.among_factor)
        cases = _columns(weights[rows], comparison.case) * comparison.case_factor
        pairs[rows] += _sum_of_products(cases, _columns(among, comparison.until))
    place = np.arange(patients)
    for level in range(patients.bit_length()):
        asked = np.flatnonzero(comparison.until >> level & 1)
        block = (comparison.until[asked] >> level) - 1
        key = (place >> level) * (patients + 1) + comparison.rank
        order = np.argsort(key)
        lower, upper = (
            np.searchsorted(key[order], block * (patients + 1) + bound[asked])
            for bound in (comparison.lower, comparison.upper)
        )
        for rows in blocks_of_draws(weights):
            less = _running(_columns(weights[rows], comparison.among[order]) * comparison.among_factor[order])
            first, last = block << level, (block + 1) << level
            gained = (_columns(less, lower) - _columns(less, first)) - (_columns(less, last) - _columns(less, upper))
            cases = _columns(weights[rows], comparison.case[asked]) * comparison.case_factor[asked]
            margin[rows] += _sum_of_products(cases, gained)


def _folds(fold: NDArray[np.intp]) -> Iterator[Indices]:
    """The patients of each fold."""
    return (np.flatnonzero(fold == number) for number in np.unique(fold))


def _columns(values: Floats, chosen: Indices) -> Floats:
    """Some columns, each row contiguous: a row's sums then have the same bits for any number of rows."""
    return np.take(values, chosen, axis=1)


def _running(values: Floats) -> Floats:
    """Sums of the first 0, 1, ... n values of each row, shape (draws, n + 1)."""
    sums = np.zeros((values.shape[0], values.shape[1] + 1))
    np.cumsum(values, axis=1, out=sums[:, 1:])
    return sums


def _sum_of_products(left: Floats, right: Floats) -> Floats:
    return np.asarray(np.einsum("ij,ij->i", left, right))


def _share(margin: Floats, pairs: Floats) -> Floats:
    """The share of pairs in the right order, ties half; exactly 0.5 if all are tied, with any weights."""
    return 0.5 + np.divide(margin, 2 * pairs, out=np.full(len(pairs), np.nan), where=pairs > 0)
