"""The leakage gate: every training passes these checks before anything is judged, or stops.

What each check does is decided in its own module; here they are put together and a failed one is made loud.
"""

from collections.abc import Sequence

import numpy as np

from features.build import FeatureRows
from features.cohort import Cohort
from training.config import TrainingConfig
from training.duplicates import near_duplicates, tellable
from training.evidence import LeakageCheck
from training.failures import EvidenceFailedError
from training.future_rewritten import future_check
from training.implausible_features import feature_check, planted_check
from training.labels import Outcomes
from training.shuffled_outcomes import shuffled_check
from training.splits import Folds
from training.tasks import Task

MOST_NAMED = 20
"""Pairs of records that are named one by one."""


class LeakageFoundError(EvidenceFailedError):
    """What the model would be judged on has leaked into what it learns from; ``checks`` are those that failed."""

    def __init__(self, checks: Sequence[LeakageCheck]) -> None:
        self.checks = tuple(checks)
        super().__init__("\n".join(["leakage found: nothing was trained.", *map(in_words, self.checks)]))


def in_words(check: LeakageCheck) -> str:
    """One check as lines of text."""
    verdict = "passed" if check.passed else "FAILED"
    lines = [f"{check.name}: {verdict}", f"  required: {check.required}", f"  found: {check.seen}"]
    return "\n".join(lines + [f"  - {name}" for name in check.named])


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
    return [
        duplicate_check(cohort, folds),
        future_check(cohort, features, config.seed),
        planted_check(landmarks, tasks, outcomes, config.seed),
        feature_check(landmarks, tasks, outcomes),
        shuffled_check(landmarks, tasks, folds, config),
    ]


def refuse_leakage(checks: Sequence[LeakageCheck]) -> None:
    """Raise ``LeakageFoundError`` when any check failed."""
    failed = [check for check in checks if not check.passed]
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
            f", {apart} of them on both sides of a fold. One patient under two ids is learned from and judged at "
            "once. Keep one record of each pair, then train again; the rows named are those of patients sorted by "
            "patient_id, the header being row 1"
        )
    if poor:
        seen += f"; {poor} of {len(cohort)} records hold too little for a copy of them to be told from chance"
    required = "every record is of a patient of its own, also under another id and with a few cells changed"
    return LeakageCheck(name="duplicated patients", passed=not len(pairs), required=required, seen=seen, named=named)
