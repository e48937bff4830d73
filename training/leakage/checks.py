"""The leakage checks: a training passes them before anything is evaluated, or stops.

Each check has a module of its own; this one runs them and turns a failed one into an error.
"""

from collections.abc import Callable, Sequence

import numpy as np
from threadpoolctl import threadpool_limits

from features.build import FeatureRows
from features.records.cohort import Cohort
from training.config import TrainingConfig
from training.evidence.document import LeakageCheck
from training.execution.side_by_side import side_by_side
from training.failures import EvidenceFailedError
from training.leakage.acknowledgement import acknowledged
from training.leakage.duplicates import RecordComparison
from training.leakage.future_perturbation import future_check
from training.leakage.implausible_features import feature_check, positive_control_check
from training.leakage.shuffled_outcomes import shuffled_auc_of, shuffled_check
from training.learning.splits import Folds
from training.learning.tasks import Task
from training.outcomes.labels import Outcomes

MOST_NAMED = 20
"""Pairs of records that are named; the others are counted."""


class LeakageFoundError(EvidenceFailedError):
    """Leakage checks failed: outcomes or held-out patients are among the training data. ``checks`` are those."""

    def __init__(self, checks: Sequence[LeakageCheck]) -> None:
        self.checks = tuple(checks)
        lines = ["leakage found: no model was fitted.", *map(as_text, self.checks)]
        super().__init__("\n".join([*lines, *filter(None, map(_way_on, self.checks))]))


def _way_on(check: LeakageCheck) -> str:
    """How to train although a check failed."""
    if not check.acknowledgeable:
        return f"{check.name}: this check can't be acknowledged"
    return (
        f"{check.name}: if this is no leak, add "
        f'--acknowledge "{check.name}" --by NAME --reason TEXT; both are recorded with the model'
    )


def as_text(check: LeakageCheck) -> str:
    """One check as lines of text."""
    lines = [f"{check.name}: {check.verdict}", f"  required: {check.required}", f"  found: {check.seen}"]
    lines += [f"  warning: {check.warning}"] if check.warning else []
    return "\n".join(lines + [f"  - {name}" for name in check.named])


def notes(checks: Sequence[LeakageCheck]) -> list[str]:
    """A line for every check that passed with a warning, or that failed and is acknowledged."""
    return [
        f"leakage check {check.name}: {check.verdict}{f': {check.warning}' if check.warning else ''}"
        for check in checks
        if check.acknowledged is not None or check.warning
    ]


def leakage_checks(
    cohort: Cohort,
    features: Sequence[FeatureRows],
    outcomes: Sequence[Outcomes],
    tasks: Sequence[Sequence[Task]],
    folds: Folds,
    running: tuple[TrainingConfig, int],
) -> list[LeakageCheck]:
    """The five checks; a failure of an earlier one may explain those of later ones.

    ``features``, ``outcomes`` and ``tasks`` have one entry per landmark of the protocol; ``running`` has the settings
    and the number of processes.
    """
    config, workers = running
    heads = [task for group in tasks for task in group]
    jobs = [
        (duplicate_check, cohort, folds),
        *((shuffled_auc_of, task, folds, config) for task in heads),
        (future_check, cohort, features, config.seed),
        (positive_control_check, cohort.protocol.landmarks, tasks, outcomes, config.seed),
        (feature_check, cohort.protocol.landmarks, tasks, outcomes),
    ]
    duplicates, *found = side_by_side(_called, jobs, workers)
    shuffled = shuffled_check(cohort.protocol.landmarks, tasks, found[: len(heads)])
    return [acknowledged(check, config.acknowledged) for check in (duplicates, *found[len(heads) :], shuffled)]


def _called(function: Callable[..., object], *arguments: object) -> object:
    """One thread, so that sums keep their order."""
    with threadpool_limits(limits=1):
        return function(*arguments)


def refuse_leakage(checks: Sequence[LeakageCheck]) -> None:
    """Raise ``LeakageFoundError`` if any check failed and is not acknowledged."""
    failed = [check for check in checks if check.stops]
    if failed:
        raise LeakageFoundError(failed)


def duplicate_check(cohort: Cohort, folds: Folds) -> LeakageCheck:
    """Whether no two records are of one patient; tuning would split even a pair within one fold."""
    compared = RecordComparison.from_cohort(cohort)
    pairs = compared.near_duplicates()
    # Row 1 is the header; a cohort keeps its patients in the order of their ids.
    named = [f"rows {first + 2} and {second + 2}" for first, second in pairs[:MOST_NAMED].tolist()]
    poor = int((~compared.distinguishable()).sum())
    seen = f"{len(pairs)} pair{'' if len(pairs) == 1 else 's'} of records that are equal except for a few cells"
    if len(pairs):
        apart = int(np.any(folds.fold[:, pairs[:, 0]] != folds.fold[:, pairs[:, 1]], axis=0).sum())
        seen += (
            f", {apart} of them in different folds. A patient with two ids can be both in the training data and held "
            "out. Keep one record of each pair, then train again. Rows count patients sorted by patient_id; row 1 is "
            "the header"
        )
    if poor:
        seen += (
            f"; {poor} of {len(cohort)} records hold too few values to distinguish patients: a copy of one of them is "
            "not found"
        )
    required = "no patient has two records, also not with another id or a few changed cells"
    return LeakageCheck(name="duplicated patients", passed=not len(pairs), required=required, seen=seen, named=named)
