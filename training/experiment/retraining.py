"""Repeats what made a bundle, with the settings that it records: a training or an update, and its evidence.

What comes out is compared in `training.audit.retraining`.
"""

from dataclasses import dataclass, replace

from features.protocol.problems import InputRefusedError, Problem
from features.records.cohort import Cohort
from models.bundle import Bundle
from training.config import TrainingConfig
from training.evidence.document import Evidence
from training.experiment.evidence import build_evidence
from training.experiment.train import Announce, Training, train
from training.experiment.update import UpdateRequest, update_model
from training.provenance import Provenance, collect_provenance
from training.registry.release import load_registered


@dataclass(frozen=True, eq=False)
class Retraining:
    """What came out; ``evidence`` is ``None`` where none was recorded, ``training`` for an update."""

    bundle: Bundle
    evidence: Evidence | None
    training: Training | None


def repeat_training(
    recorded: Bundle, cohort: Cohort, config: TrainingConfig, source: str | None, announce: Announce, workers: int
) -> Retraining:
    """The training of a bundle on its cohort, proved if evidence names the cohort as ``source``."""
    again = train(cohort, config, _provenance(recorded), announce, workers)
    evidence = None if source is None else build_evidence(again, source, announce, workers)
    return Retraining(again.bundle, evidence, again)


def repeat_update(
    recorded: Bundle, cohort: Cohort, config: TrainingConfig, source: str | None, announce: Announce, workers: int
) -> Retraining:
    """The update that made a bundle from its parent, which is fetched from the registry.

    Raises ``InputRefusedError`` where the parent is gone or another, ``BundleRefusedError`` where it was changed.
    """
    named = recorded.training["parent"]
    parent, version = load_registered(str(named["version"]))
    if parent.digest != named["bundle_digest"]:
        required = f"version {version} as it was updated"
        raise InputRefusedError([Problem("registry", None, None, required, "another bundle")])
    wanted = UpdateRequest(parent, version, cohort, source or "", config, _provenance(recorded))
    updated = update_model(wanted, announce, workers)
    return Retraining(updated.bundle, None if source is None else updated.evidence, None)


def _provenance(recorded: Bundle) -> Provenance:
    """That of this process, saying of its code what the bundle says, so that bytes depend on what the code did."""
    return replace(collect_provenance(), **recorded.training["code"])
