"""The one recipe of a training, from a checked cohort to a version, for `kap train` and `training.train`."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from features.records.cohort import Cohort
from training.api.trained_model import TrainedModel
from training.config import TrainingConfig
from training.evidence.document import Evidence
from training.execution.side_by_side import importing, where_jobs_run
from training.experiment.evidence import build_evidence
from training.experiment.train import Announce, Training, train
from training.plausibility.cohort_check import CohortCheck
from training.provenance import Provenance, collect_provenance
from training.registry.names import model_name_of
from training.report.study import StudyAnswers


class StageDisplay(Protocol):
    """Shows how far a training is."""

    def step(self, description: str) -> None:
        """Begin a stage."""

    def count(self, description: str, pieces: int) -> Callable[[], None]:
        """Begin a stage of ``pieces`` pieces of work; the result is called after each piece."""


@dataclass(frozen=True, eq=False)
class TrainingRequest:
    """What to train on and how. ``check`` is recorded with the training; ``source`` names the cohort.

    ``workers`` is the number of processes. Without ``recorded`` there is no run and no version. ``model_name`` is the
    researcher's own name of the registered model, and ``study`` is what the authors answer in ``study.toml``. ``by``
    is the person who trains; default: the account.
    """

    cohort: Cohort
    check: CohortCheck
    config: TrainingConfig
    source: str
    workers: int
    recorded: bool = True
    model_name: str | None = None
    study: StudyAnswers | None = None
    by: str | None = None


def run_training(request: TrainingRequest, stages: StageDisplay) -> TrainedModel:
    """Train, evaluate and, if wished, record.

    Raises ``InputRefusedError`` if there is nothing to fit on, ``LeakageFoundError`` if outcomes leak, and
    ``StoreUnreachableError``, before any work, if the training is to be recorded and the store can't do it.
    """
    if not request.recorded:
        finished, evidence = _trained(request, collect_provenance(request.by), stages.count)
        return TrainedModel(finished, evidence, request.check)
    from training.report.figures.pending_figures import pending_figures
    from training.tracking.opened import opened_run, require_no_active_run
    from training.tracking.resources import ResourceMeter
    from training.tracking.rights import require_recording_rights
    from training.tracking.training import RecordingOptions, record

    require_no_active_run()
    name = model_name_of(request.cohort.protocol, request.model_name)  # a wrong name is refused before the work
    with importing(request.workers, build_evidence.__module__):
        provenance = collect_provenance(request.by)
        stages.step("opening the store")
        require_recording_rights(name, request.cohort.protocol.name)
    started = time.time()
    with opened_run(name, request.cohort.protocol.name, request.source, started) as run_id:
        with ResourceMeter() as meter:
            finished, evidence = _trained(request, provenance, meter.timing(stages.count))
        use = meter.use(where_jobs_run(request.workers))
        with pending_figures(evidence, request.workers) as pending:
            options = RecordingOptions(request.model_name, use, request.study, run_id, pending)
            recorded = record(
                finished, evidence, started, lambda part: stages.step(f"recording {part}"), request.check, options
            )
    return TrainedModel(finished, evidence, request.check, recorded)


def _trained(request: TrainingRequest, provenance: Provenance, announce: Announce) -> tuple[Training, Evidence]:
    finished = train(request.cohort, request.config, provenance, announce, request.workers)
    return finished, build_evidence(finished, request.source, announce, request.workers)
