"""Features that alone predict the outcome better than anything known at the landmark can: copies of the outcome.

A positive control shows on the same cohort that this check finds such a copy.
"""

from collections.abc import Iterator, Sequence

import numpy as np

from features.catalogue import BUILT_IN, category_features
from features.protocol.document import Landmark, Protocol
from features.records.timeline import Floats
from training.evidence.document import LeakageCheck
from training.leakage.single_feature import (
    FEWEST,
    IMPLAUSIBLE_AUC,
    IMPLAUSIBLE_LOWEST,
    ObservedOutcome,
    SingleFeatureAuc,
    auc_of_category,
    auc_of_each,
)
from training.learning.relapse_task import RelapseTask
from training.learning.tasks import RemissionTask, Task
from training.outcomes.labels import Outcomes

COPY_AUC = 0.95
"""From here a covariate equals the outcome except for data entry errors: a copy with 5% of its values flipped has 0.95.
It can't be acknowledged."""
FEWEST_FOR_FLIPPED = 30
"""Patients of either kind from which a copy with 5% of its values flipped must be found too: its AUC is 0.95, and the
lower limit of Hanley & McNeil stays above ``IMPLAUSIBLE_LOWEST``."""
FLIPPED = 0.05
DATED = frozenset(one.name for one in BUILT_IN if one.group in ("baseline severity", "early response")) - {
    "illness_duration_years"
}
"""Built-in features made of records with a day; which can't hold what came after the landmark. A study's own features
are made of such records too."""


def feature_check(
    landmarks: Sequence[Landmark], tasks: Sequence[Sequence[Task]], outcomes: Sequence[Outcomes]
) -> LeakageCheck:
    """Whether nothing without a day alone is implausibly good for any head; the suspicious features are named.

    Columns of patients, earlier treatments and study covariates have no day, so that nothing shows when they were
    recorded. Features of dated records use only what is recorded up to the landmark (`future_perturbation`). If courses
    are nearly over, they may decide the outcome alone: this is a warning, not a failure. The levels of a category are
    also evaluated together: each of many may tell little, and all of them the whole outcome.
    """
    suspicious, implausible, own, copies = [], [], [], 0
    dated = DATED | {one.name for one in outcomes[0].primary.protocol.own_features}
    for landmark, task, observed in _heads(landmarks, tasks, outcomes):
        for name, alone in _found(task, observed, outcomes[0].primary.protocol):
            words = f"{landmark.name}, {task.name}: {name} (AUC {alone.auc:.2f}, from {alone.lowest:.2f})"
            if alone.implausible and name in dated:
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
            "protocol.toml, or leave it out by [features] exclude (training/SETTINGS.md), unless it is recorded by the "
            "landmark; then train again"
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


def _found(task: Task, observed: ObservedOutcome, protocol: Protocol) -> Iterator[tuple[str, SingleFeatureAuc]]:
    """Each feature of a head, and each category whose levels are features, with its AUC."""
    names, rows = task.training_data.names, task.training_data.rows
    yield from zip(names, auc_of_each(observed, rows), strict=True)
    for category, levels in category_features(protocol).items():
        columns = [names.index(level) for level in levels if level in names]
        if len(columns) > 1:
            yield category, auc_of_category(observed, rows[:, columns])


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
