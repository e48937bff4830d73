"""Features that alone predict the outcome better than anything known at the landmark can: copies of the outcome.

A positive control shows on the same cohort that this check finds such a copy.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from features.catalogue import BUILT_IN
from features.protocol.document import Landmark
from features.records.timeline import Floats, Indices, Mask
from training.evidence.document import LeakageCheck
from training.learning.relapse_task import RelapseTask
from training.learning.tasks import RemissionTask, Task
from training.outcomes.labels import Outcomes

SUSPICIOUS_AUC, SUSPICIOUS_LOWEST = 0.85, 0.75
"""Estimate and lower 95% limit from which a feature is named. Early response has about 0.82 in published cohorts (early
score in the masked antidepressant trial and in computerised therapy)."""
IMPLAUSIBLE_AUC, IMPLAUSIBLE_LOWEST = 0.90, 0.85
"""Estimate, and limit below its lower 95% limit, from which a feature stops the training: better than any single
feature in published cohorts."""
COPY_AUC = 0.95
"""From here a covariate equals the outcome except for data entry errors: a copy with 5% of its values flipped has 0.95.
It can't be acknowledged."""
FEWEST = 10
"""Patients with and without the outcome below which nothing is reported: chance can separate nine perfectly."""
FEWEST_FOR_FLIPPED = 30
"""Patients of either kind from which a copy with 5% of its values flipped must be found too: its AUC is 0.95, and the
lower limit of Hanley & McNeil stays above ``IMPLAUSIBLE_LOWEST``."""
FLIPPED = 0.05
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


DATED = frozenset(one.name for one in BUILT_IN if one.group in ("baseline severity", "early response")) - {
    "illness_duration_years"
}
"""Features made of records with a day; which can't hold what came after the landmark."""
NOTHING = SingleFeatureAuc(0.5, 0.0)


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


def feature_check(
    landmarks: Sequence[Landmark], tasks: Sequence[Sequence[Task]], outcomes: Sequence[Outcomes]
) -> LeakageCheck:
    """Whether nothing without a day alone is implausibly good for any head; the suspicious features are named.

    Columns of patients, earlier treatments and study covariates have no day, so that nothing shows when they were
    recorded. Features of dated records use only what is recorded up to the landmark (`future_perturbation`). If courses
    are nearly over, they may decide the outcome alone: this is a warning, not a failure.
    """
    suspicious, implausible, own, copies = [], [], [], 0
    for landmark, task, observed in _heads(landmarks, tasks, outcomes):
        for name, alone in zip(task.training_data.names, auc_of_each(observed, task.training_data.rows), strict=True):
            words = f"{landmark.name}, {task.name}: {name} (AUC {alone.auc:.2f}, from {alone.lowest:.2f})"
            if alone.implausible and name in DATED:
                own.append(words)
            elif alone.implausible:
                implausible.append(words)
                copies += alone.auc >= COPY_AUC
            elif alone.suspicious:
                suspicious.append(words)
    seen = f"implausible undated features: {len(implausible)}; suspicious features: {len(suspicious)}"
    if implausible:
        seen += (
            ". An implausible feature alone predicts the outcome better than anything known at the landmark can: it "
            "holds the outcome, or was recorded after it. Remove it from the cohort, or from the covariates of "
            "protocol.toml, unless it is recorded by the landmark; then train again"
        )
        seen += ". One equals the outcome and can't be acknowledged" if copies else ""
    elif suspicious:
        seen += ". Check that each is recorded before the landmark"
    return LeakageCheck(
        name="implausible features",
        passed=not implausible,
        required=(
            f"no feature without a day alone has an AUC of {IMPLAUSIBLE_AUC} or more with a lower limit above "
            f"{IMPLAUSIBLE_LOWEST}"
        ),
        seen=seen,
        named=implausible + own + suspicious,
        warning=_warning(len(own)),
        acknowledgeable=not copies,
    )


def _warning(own: int) -> str:
    if not own:
        return ""
    return (
        f"{own} feature{'' if own == 1 else 's'} of dated records nearly decide{'s' if own == 1 else ''} the outcome "
        "alone. This is no leak, because only records up to the landmark count. Check the days of the ratings, and "
        "whether a prediction at this landmark is useful"
    )


def positive_control_check(
    landmarks: Sequence[Landmark], tasks: Sequence[Sequence[Task]], outcomes: Sequence[Outcomes], seed: int
) -> LeakageCheck:
    """Whether a copy of the outcome among the features would be found, and one with some of its values flipped."""
    seen, missed = [], []
    for landmark, task, observed in _heads(landmarks, tasks, outcomes):
        head = f"{landmark.name}, {task.name}"
        if observed.rarer < FEWEST:
            seen.append(f"{head}: too few outcomes")
            continue
        exact, flipped = auc_of_each(observed, _positive_control(observed, len(task.training_data.rows), seed))
        seen.append(f"{head}: AUC {exact.auc:.2f}, with {FLIPPED:.0%} flipped {flipped.auc:.2f}")
        if not exact.implausible or (observed.rarer >= FEWEST_FOR_FLIPPED and not flipped.implausible):
            missed.append(head)
    text = "; ".join(seen)
    if missed:
        text += ". The check misses leaking covariates: correct training/leakage/implausible_features.py first"
    required = "the check of implausible features finds a copy of the outcome"
    return LeakageCheck(
        name="positive control", passed=not missed, required=required, seen=text, named=missed, acknowledgeable=False
    )


def _heads(
    landmarks: Sequence[Landmark], tasks: Sequence[Sequence[Task]], outcomes: Sequence[Outcomes]
) -> Iterator[tuple[Landmark, Task, ObservedOutcome]]:
    for landmark, group, outcome in zip(landmarks, tasks, outcomes, strict=True):
        for task in group:
            yield landmark, task, observed_of(task, outcome)


def observed_of(task: Task, outcomes: Outcomes) -> ObservedOutcome:
    """The outcome that a head is fitted on, as yes or no with its time."""
    if isinstance(task, RemissionTask):
        binomial = task.training_data.binomial
        patient, yes, weights = binomial.patient, binomial.successes > 0, binomial.successes + binomial.failures
        followed = np.full(len(patient), np.nan)
    else:
        assert isinstance(task, RelapseTask)  # noqa: S101 - there are two kinds of task
        patient = np.flatnonzero(task.at_risk)
        yes, weights, followed = task.relapsed[patient], np.ones(len(patient)), task.followed[patient]
    return ObservedOutcome(patient, yes, weights, outcomes.primary.code[patient], followed, task.effective_share)


def _positive_control(observed: ObservedOutcome, patients: int, seed: int) -> Floats:
    """Two columns (patients, 2): the outcome, and the outcome with a share of either kind flipped."""
    rng = np.random.default_rng(seed)
    flipped = observed.y_observed.copy()
    for kind in (True, False):
        of_kind = np.flatnonzero(observed.y_observed == kind)
        flipped[rng.choice(of_kind, round(FLIPPED * len(of_kind)), replace=False)] = not kind
    columns = np.full((patients, 2), np.nan)
    columns[observed.patient] = np.stack([observed.y_observed, flipped], axis=1)
    return columns


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
        found += [_by_outcome(observed, column, kept, stratum) for stratum in (everyone, observed.scale)]
        if not np.isnan(observed.followed_days).any():
            found.append(_by_time(observed, column, kept))
    return max(found, key=lambda alone: (alone.implausible, alone.suspicious, alone.auc))


def _by_outcome(observed: ObservedOutcome, values: Floats, kept: Mask, stratum: Indices) -> SingleFeatureAuc:
    """Weighted AUC among pairs of the same stratum."""
    y_observed, weights = observed.y_observed[kept], observed.weights[kept]
    events, others = int(y_observed.sum()), int((~y_observed).sum())
    auc = stratified_auc(y_observed, values[kept], weights, stratum[kept])
    return limited(auc, events * observed.effective_share, others * observed.effective_share)


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


def _by_time(observed: ObservedOutcome, values: Floats, kept: Mask) -> SingleFeatureAuc:
    """Harrell's C among patients with a value: a relapse against patients followed for longer."""
    followed, values, relapsed = observed.followed_days[kept], values[kept], observed.y_observed[kept]
    events = np.flatnonzero(relapsed)
    if len(events) > MOST_EVENTS:
        events = events[np.linspace(0, len(events) - 1, MOST_EVENTS).astype(np.intp)]
    longer = (followed > followed[events, None]) | ((followed == followed[events, None]) & ~relapsed)
    pairs = int(longer.sum())
    if not pairs:
        return NOTHING
    higher = values < values[events, None]
    ties = values == values[events, None]
    auc = (int((longer & higher).sum()) + int((longer & ties).sum()) / 2) / pairs
    return limited(auc, float(len(events)), pairs / len(events))


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
