"""The leakage gate: every training passes these checks before anything is judged, or stops.

What each check does is decided in its own module; here they are put together and a failed one is made loud.
"""

from collections.abc import Sequence

import numpy as np

from features.build import FeatureRows
from features.records.cohort import Cohort
from training.config import TrainingConfig
from training.evidence.document import LeakageCheck
from training.failures import EvidenceFailedError
from training.leakage.acknowledgement import acknowledged
from training.leakage.duplicates import near_duplicates, tellable
from training.leakage.future_perturbation import future_check
from training.leakage.implausible_features import feature_check, positive_control_check
from training.leakage.shuffled_outcomes import shuffled_check
from training.learning.splits import Folds
from training.learning.tasks import Task
from training.outcomes.labels import Outcomes

MOST_NAMED = 20
"""Pairs of records that are named one by one."""


class LeakageFoundError(EvidenceFailedError):
    """What the model would be judged on has leaked into what it learns from; ``checks`` are those that failed."""

    def __init__(self, checks: Sequence[LeakageCheck]) -> None:
        self.checks = tuple(checks)
        lines = ["leakage found: nothing was trained.", *map(as_text, self.checks)]
        super().__init__("\n".join([*lines, *filter(None, map(_way_on, self.checks))]))


def _way_on(check: LeakageCheck) -> str:
    """How to go on although a check failed, for somebody who can answer for it."""
    if not check.acknowledgeable:
        return f"{check.name}: this can't be acknowledged"
    return (
        f"{check.name}: if you have made sure that this is no leak, say "
        f'--acknowledge "{check.name}" --by NAME --reason TEXT; both are recorded with the model'
    )


def as_text(check: LeakageCheck) -> str:
    """One check as lines of text."""
    lines = [f"{check.name}: {check.verdict}", f"  required: {check.required}", f"  found: {check.seen}"]
    lines += [f"  warning: {check.warning}"] if check.warning else []
    return "\n".join(lines + [f"  - {name}" for name in check.named])


def notes(checks: Sequence[LeakageCheck]) -> list[str]:
    """A line for every check that passed with a warning, or that failed and that somebody answers for."""
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
    config: TrainingConfig,
) -> list[LeakageCheck]:
    """The five checks, in the order in which a failed one explains the others.

    ``features``, ``outcomes`` and ``tasks`` have one entry per landmark of the protocol.
    """
    landmarks = cohort.protocol.landmarks
    checks = [
        duplicate_check(cohort, folds),
        future_check(cohort, features, config.seed),
        positive_control_check(landmarks, tasks, outcomes, config.seed),
        feature_check(landmarks, tasks, outcomes),
        shuffled_check(landmarks, tasks, folds, config),
    ]
    return [acknowledged(check, config.acknowledged) for check in checks]


def refuse_leakage(checks: Sequence[LeakageCheck]) -> None:
    """Raise ``LeakageFoundError`` when any check failed and nobody answers for it."""
    failed = [check for check in checks if check.stops]
    if failed:
        raise LeakageFoundError(failed)


def duplicate_check(cohort: Cohort, folds: Folds) -> LeakageCheck:
    """Whether every record is of a patient of its own; a pair in one fold would still be split when tuning."""
    pairs = near_duplicates(cohort)
    # Row 1 is the header; a cohort keeps its patients in the order of their ids.
    named = [f"rows {first + 2} and {second + 2}" for first, second in pairs[:MOST_NAMED].tolist()]
    poor = int((~tellable(cohort)).sum())
    seen = f"{len(pairs)} pairs of records that are the same but for a few cells"
    if len(pairs):
        apart = int(np.any(folds.fold[:, pairs[:, 0]] != folds.fold[:, pairs[:, 1]], axis=0).sum())
        seen += (
            f", {apart} of them on both sides of a fold. A patient under two ids can both teach the model and judge "
            "it. Keep one record of each pair, then train again. The rows are those of patients sorted by patient_id; "
            "row 1 is the header"
        )
    if poor:
        seen += (
            f"; {poor} of {len(cohort)} records hold so little that different patients can have the same: a copy of "
            "one of them is not noticed"
        )
    required = "no patient has two records, not even under another id or with a few cells changed"
    return LeakageCheck(name="duplicated patients", passed=not len(pairs), required=required, seen=seen, named=named)
