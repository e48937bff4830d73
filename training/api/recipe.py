"""The one recipe of a training, from a checked cohort to a version, for `kap train` and `training.train`."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from features.records.cohort import Cohort
from training.api.trained_model import TrainedModel
from training.config import TrainingConfig
from training.experiment.evidence import build_evidence
from training.experiment.train import train
from training.plausibility.cohort_check import CohortCheck
from training.provenance import collect_provenance


class StageDisplay(Protocol):
    """Shows how far a training is."""

    def step(self, description: str) -> None:
        """Begin a stage."""

    def count(self, description: str, pieces: int) -> Callable[[], None]:
        """Begin a stage of ``pieces`` pieces of work; the result is called after each piece."""


@dataclass(frozen=True, eq=False)
class TrainingRequest:
    """What to train on and how. ``check`` is recorded with the training; ``source`` names the cohort.

    ``workers`` is the number of processes. Without ``recorded`` there is no run and no version.
    """

    cohort: Cohort
    check: CohortCheck
    config: TrainingConfig
    source: str
    workers: int
    recorded: bool = True


def run_training(request: TrainingRequest, stages: StageDisplay) -> TrainedModel:
    """Train, evaluate and, if wished, record.

    Raises ``InputRefusedError`` if there is nothing to fit on, ``LeakageFoundError`` if outcomes leak, and
    ``StoreUnreachableError``, before any work, if the training is to be recorded and the store does not answer.
    """
    if request.recorded:
        from training.registry.release import check_store

        stages.step("opening the store")
        check_store()
    started = time.time()
    finished = train(request.cohort, request.config, collect_provenance(), stages.count, request.workers)
    evidence = build_evidence(finished, request.source, stages.count, request.workers)
    if not request.recorded:
        return TrainedModel(finished, evidence, request.check)
    from training.tracking.training import record

    recorded = record(finished, evidence, started, lambda part: stages.step(f"recording {part}"), request.check)
    return TrainedModel(finished, evidence, request.check, recorded)
