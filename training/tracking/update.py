"""Records an updated model in MLflow and registers it as a new version, which names its parent."""

import json
import tempfile
from dataclasses import replace
from pathlib import Path

import mlflow
from mlflow.tracking import MlflowClient

from features.records.cohort import Cohort
from training.audit.audit import seal_run
from training.evidence.document import Evidence
from training.experiment.update import UpdatedModel
from training.monitoring.statistics.reference import REFERENCE, reference_of_update
from training.provenance import Provenance
from training.registry.artifacts import PROTOCOL
from training.registry.names import MODEL_NAME_TAG
from training.registry.registration import describe, register
from training.registry.release import RegisteredModel, use_store
from training.report.facts import ReportFacts
from training.tracking.cohort_check import CheckAndStudy, log_beside
from training.tracking.evaluation import facts
from training.tracking.evidence import log_evidence, log_headline, log_landmarks
from training.tracking.links import experiment_of_model, run_page
from training.tracking.metrics import setting_parameters
from training.tracking.model_card import CARD, model_card, model_description, version_description
from training.tracking.opened import recorded_run


def record_update(
    updated: UpdatedModel,
    parent: RegisteredModel,
    cohort: Cohort,
    reason: str,
    provenance: Provenance,
    beside: CheckAndStudy | None = None,
) -> tuple[str, str]:
    """Record the update with its evidence, its reason and what stood beside its cohort; returns run and new version."""
    use_store()
    bundle, evidence = updated.bundle, updated.evidence
    settings = bundle.training["settings"]
    experiment_of_model(parent.name, bundle.protocol.name)
    update = f"{evidence.cohort.source[:200]} · update of version {parent.version}"
    with recorded_run(update) as run, tempfile.TemporaryDirectory() as scratch:
        mlflow.log_params(setting_parameters(settings))
        mlflow.log_params({"cohort": evidence.cohort.source, "cohort_digest": cohort.digest, "reason": reason})
        mlflow.set_tags(
            provenance.as_tags()
            | {
                "level": "update",
                "mlflow.source.name": "kap recalibrate",
                MODEL_NAME_TAG: parent.name,
                "synthetic": str(bundle.training["synthetic"] is True).lower(),
                "cohort_digest": cohort.digest,
                "parent_version": parent.version,
                "parent_run_id": parent.run_id,
                "parent_bundle_digest": parent.tags["bundle_digest"],
                "mlflow.note.content": "\n".join(f"* {line}" for line in updated.said),
            }
        )
        answers = log_beside(beside)
        mlflow.log_dict(json.loads(bundle.protocol.document), PROTOCOL)
        mlflow.log_text(reference_of_update(cohort, bundle.models).as_json(), REFERENCE)
        digest, version = register(bundle, provenance, Path(scratch), parent.name)
        log_headline(run, evidence)
        client = MlflowClient()
        client.update_run(run.info.run_id, name=f"version {version} · {update}")
        client.set_model_version_tag(parent.name, version, "parent_version", parent.version)
        client.set_model_version_tag(parent.name, version, "parent_bundle_digest", parent.tags["bundle_digest"])
        made = RegisteredModel(version, run.info.run_id, {}, parent.folder, parent.name)
        about = replace(facts(made, replace(bundle, digest=digest), run.info.run_id, provenance), answers=answers)
        log_evidence(evidence, about, parent.name)
        _log_card(evidence, about, parent, reason)
        log_landmarks(run, evidence)
    seal_run(run.info.run_id)
    return str(run.info.run_id), version


def _log_card(evidence: Evidence, about: ReportFacts, parent: RegisteredModel, reason: str) -> None:
    """Log the model card, and describe the version: its parent and the reason first."""
    mlflow.log_text(model_card(evidence, about), CARD)
    said = (
        f"Version {parent.version}, updated: {reason}\n\n{version_description(evidence, about, run_page(about.run_id))}"
    )
    of_model = model_description(parent.name, evidence.protocol, synthetic=evidence.model_synthetic)
    describe(parent.name, str(about.model_version), (of_model, said))
