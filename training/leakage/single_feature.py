"""How well a feature alone predicts an outcome: by its value, by its missingness, or as the levels of one category."""

from dataclasses import dataclass

import numpy as np

from features.records.timeline import Floats, Indices, Mask

SUSPICIOUS_AUC, SUSPICIOUS_LOWEST = 0.85, 0.75
"""Estimate and lower 95% limit from which a feature is named. Early response has about 0.82 in published cohorts (early
score in the masked antidepressant trial and in computerised therapy)."""
IMPLAUSIBLE_AUC, IMPLAUSIBLE_LOWEST = 0.90, 0.85
"""Estimate, and limit below its lower 95% limit, from which a feature stops the training: better than any single
feature in published cohorts."""
FEWEST = 10
"""Patients with and without the outcome below which nothing is reported: chance can separate nine perfectly."""
MOST_EVENTS = 400
"""Most relapses that are compared with all patients followed for longer; evenly chosen if there are more."""


@dataclass(frozen=True)
class SingleFeatureAuc:
    """How well a feature alone predicts the outcome: the larger of AUC and 1 - AUC, and its lower 95% limit."""

    auc: float
    lowest: float

    @property
    def suspicious(self) -> bool:
        """Whether it exceeds the best AUC of early response in published cohorts."""
        return self.auc >= SUSPICIOUS_AUC and self.lowest > SUSPICIOUS_LOWEST

    @property
    def implausible(self) -> bool:
        """Whether it exceeds what anything known at the landmark can reach."""
        return self.auc >= IMPLAUSIBLE_AUC and self.lowest > IMPLAUSIBLE_LOWEST


NOTHING = SingleFeatureAuc(0.5, 0.0)
Figures = tuple[float, float, float]
"""An AUC, and the numbers with and without the outcome that it counts."""


@dataclass(frozen=True, eq=False)
class ObservedOutcome:
    """The outcome of one head for patients with an observed one; arrays have shape (n,).

    ``patient`` is the row in the feature rows, ``scale`` the code of the primary scale. ``followed_days`` is NaN for
    remission, which has no time.
    """

    patient: Indices
    y_observed: Mask
    weights: Floats
    scale: Indices
    followed_days: Floats
    effective_share: float

    @property
    def rarer(self) -> int:
        """The smaller of those with and those without the outcome."""
        return int(min(self.y_observed.sum(), (~self.y_observed).sum()))


def auc_of_each(observed: ObservedOutcome, rows: Floats) -> list[SingleFeatureAuc]:
    """The AUC of each column of the feature rows (patients, features) alone, by its value or by its missingness."""
    if observed.rarer < FEWEST:
        return [NOTHING] * rows.shape[1]
    return [_alone(observed, column) for column in rows[observed.patient].T]


def _alone(observed: ObservedOutcome, values: Floats) -> SingleFeatureAuc:
    """The best of value and missingness, over all patients, within each primary scale, and by the order in time.

    Scores of different scales are not comparable, so that the AUC over all patients may be 0.5.
    """
    missing = np.isnan(values)
    everyone = np.zeros(len(values), dtype=np.intp)
    found = [NOTHING]
    for column, kept in ((values, ~missing), (missing.astype(np.float64), np.ones(len(values), dtype=np.bool_))):
        if len(np.unique(column[kept])) < 2:
            continue
        found += [limited(*_by_outcome(observed, column, kept, stratum)) for stratum in (everyone, observed.scale)]
        if not np.isnan(observed.followed_days).any():
            found.append(limited(*_by_time(observed, column, kept)))
    return max(found, key=_strength)


def _strength(alone: SingleFeatureAuc) -> tuple[bool, bool, float]:
    return alone.implausible, alone.suspicious, alone.auc


def _by_outcome(observed: ObservedOutcome, values: Floats, kept: Mask, stratum: Indices) -> Figures:
    """Weighted AUC among pairs of the same stratum."""
    y_observed, weights = observed.y_observed[kept], observed.weights[kept]
    if not len(y_observed):
        return float("nan"), 0.0, 0.0
    events, others = int(y_observed.sum()), int((~y_observed).sum())
    auc = stratified_auc(y_observed, values[kept], weights, stratum[kept])
    return auc, events * observed.effective_share, others * observed.effective_share


def stratified_auc(y_observed: Mask, values: Floats, weights: Floats, stratum: Indices) -> float:
    """Chance that of a patient with the outcome and one without, of one stratum, the first has the larger value.

    Ties count half. All shapes (n,); NaN without a pair.
    """
    order = np.lexsort((values, stratum))
    values, stratum = values[order], stratum[order]
    new_stratum = np.append(True, stratum[1:] != stratum[:-1])
    level = np.cumsum(new_stratum | np.append(True, values[1:] != values[:-1])) - 1
    positive = np.bincount(level, weights=(weights * y_observed.astype(np.float64))[order])
    negative = np.bincount(level, weights=(weights * ~y_observed)[order])
    starts = level[new_stratum]
    block = np.repeat(np.arange(len(starts)), np.diff(np.append(starts, len(positive))))
    in_block = np.add.reduceat(negative, starts)
    below = np.cumsum(negative) - negative - (np.cumsum(in_block) - in_block)[block]
    pairs = float((np.add.reduceat(positive, starts) * in_block).sum())
    return float((positive * (below + negative / 2)).sum() / pairs) if pairs > 0 else float("nan")


def _by_time(observed: ObservedOutcome, values: Floats, kept: Mask) -> Figures:
    """Harrell's C among patients with a value: a relapse against patients followed for longer."""
    followed, values, relapsed = observed.followed_days[kept], values[kept], observed.y_observed[kept]
    events = np.flatnonzero(relapsed)
    if len(events) > MOST_EVENTS:
        events = events[np.linspace(0, len(events) - 1, MOST_EVENTS).astype(np.intp)]
    longer = (followed > followed[events, None]) | ((followed == followed[events, None]) & ~relapsed)
    pairs = int(longer.sum())
    if not pairs:
        return float("nan"), 0.0, 0.0
    higher = values < values[events, None]
    ties = values == values[events, None]
    auc = (int((longer & higher).sum()) + int((longer & ties).sum()) / 2) / pairs
    return auc, float(len(events)), pairs / len(events)


def limited(auc: float, events: float, others: float) -> SingleFeatureAuc:
    """The AUC in the better direction with its lower 95% limit, by the standard error of Hanley & McNeil 1982.

    doi:10.1148/radiology.143.1.7063747. The error is taken half a misplaced patient away from 1, where it would be 0.
    """
    if min(events, others) < FEWEST or np.isnan(auc):
        return NOTHING
    best = max(auc, 1 - auc)
    area = min(best, 1 - 0.5 / min(events, others))
    first, second = area / (2 - area), 2 * area**2 / (1 + area)
    variance = area * (1 - area) + (events - 1) * (first - area**2) + (others - 1) * (second - area**2)
    return SingleFeatureAuc(best, best - 1.959964 * float(np.sqrt(variance / (events * others))))


FOLDS = 5
"""Parts of the patients; the share of a level counts none of the part of the patient whom it is to predict."""


def auc_of_category(observed: ObservedOutcome, levels: Floats) -> SingleFeatureAuc:
    """The AUC of the levels of a category together, from the features (patients, levels) that hold them as 1 or 0.

    A patient's value is the share with the outcome among the other patients of the level; a category that is not
    recorded may count as a level of its own. Only the direction that the value predicts counts: where the levels tell
    nothing, the others' share is a little lower for a patient with the outcome.
    """
    held = levels[observed.patient]
    if observed.rarer < FEWEST:
        return NOTHING
    recorded: Mask = np.isfinite(held.sum(axis=1))
    everyone: Mask = np.ones(len(held), dtype=np.bool_)
    found = [NOTHING]
    for kept in (recorded, everyone):
        rates = np.full(len(held), np.nan)
        rates[kept] = _rates_of_others(observed, np.nan_to_num(held[kept], nan=-1.0), kept)
        figures = [_by_outcome(observed, rates, kept, np.zeros(len(held), dtype=np.intp))]
        if not np.isnan(observed.followed_days).any():
            figures.append(_by_time(observed, rates, kept))
        found += [limited(*one) for one in figures if one[0] > 0.5]
    return max(found, key=_strength)


def _rates_of_others(observed: ObservedOutcome, held: Floats, kept: Mask) -> Floats:
    """Weighted share with the outcome among the level's patients of the other folds, (n,).

    One patient of the overall share is added, so that a level of few patients tells little.
    """
    if not len(held):
        return np.empty(0)
    level = np.unique(held, axis=0, return_inverse=True)[1].reshape(-1)
    fold, weights = observed.patient[kept] % FOLDS, observed.weights[kept]
    size = (int(level.max()) + 1, FOLDS)
    everyone = np.bincount(level * FOLDS + fold, weights, size[0] * size[1]).reshape(size)
    yes = np.bincount(level * FOLDS + fold, weights * observed.y_observed[kept], size[0] * size[1]).reshape(size)
    others, others_yes = (part.sum(axis=1, keepdims=True) - part for part in (everyone, yes))
    overall = others_yes.sum(axis=0) / np.maximum(others.sum(axis=0), 1.0)
    return np.asarray(((others_yes + overall) / (others + 1.0))[level, fold])
