"""Repeats the training or update that made a bundle, with its recorded settings, and the evidence.

`training.audit.retraining` compares the result.
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
from training.registry.names import MODEL_NAME, ModelReference


@dataclass(frozen=True, eq=False)
class Retraining:
    """The result; ``evidence`` is ``None`` if none was recorded, ``training`` is ``None`` for an update."""

    bundle: Bundle
    evidence: Evidence | None
    training: Training | None


def retrain(
    recorded: Bundle, cohort: Cohort, config: TrainingConfig, source: str | None, announce: Announce, workers: int
) -> Retraining:
    """The training of a bundle on its cohort, with evidence if ``source`` names the cohort.

    The time limit of a search, which ended none of the recorded ones, is left out, and the settings are written as the
    record has them: an earlier version had fewer.
    """
    unlimited = replace(config, tuning=replace(config.tuning, time_limit_seconds=0.0))
    again = train(cohort, unlimited, _provenance(recorded), announce, workers)
    again = replace(again, bundle=_with_settings(again.bundle, recorded))
    evidence = None if source is None else build_evidence(again, source, announce, workers)
    return Retraining(again.bundle, evidence, again)


def redo_update(
    recorded: Bundle, parent: Bundle | None, cohort: Cohort, source: str | None, announce: Announce, workers: int
) -> Retraining:
    """The update that made a bundle from its parent; without the parent, it is fetched from the registry.

    Raises ``InputRefusedError`` if the parent is missing or another one, ``BundleRefusedError`` if it was changed.
    """
    named = recorded.training["parent"]
    model, version = named.get("model_name", MODEL_NAME), str(named["version"])
    parent = parent or _registered(model, version)
    if parent.digest != named["bundle_digest"]:
        required = f"version {version} as it was updated"
        raise InputRefusedError([Problem("registry", None, None, required, "another bundle")])
    config = TrainingConfig.from_parameters(recorded.training["settings"])
    wanted = UpdateRequest(parent, version, cohort, source or "", config, _provenance(recorded), model)
    updated = update_model(wanted, announce, workers)
    bundle = _with_settings(updated.bundle, recorded)
    return Retraining(bundle, None if source is None else updated.evidence, None)


def _registered(model: str, version: str) -> Bundle:
    from training.registry.release import load_registered  # an audit package is checked without MLflow

    return load_registered(str(ModelReference(model, version)))[0]


def _with_settings(bundle: Bundle, recorded: Bundle) -> Bundle:
    return replace(bundle, training={**bundle.training, "settings": recorded.training["settings"]})


def _provenance(recorded: Bundle) -> Provenance:
    """The provenance of this process with the code that the bundle records, so that it changes no byte."""
    candidates = tuple(recorded.training.get("candidates", {}).items())
    return replace(collect_provenance(), **recorded.training["code"], candidates=candidates)
