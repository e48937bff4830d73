"""Records an updated model in MLflow and registers it as a new version, which names its parent."""

import json
import tempfile
from dataclasses import replace
from pathlib import Path

import mlflow
from mlflow.tracking import MlflowClient

from features.records.cohort import Cohort
from training.audit.audit import seal_run
from training.experiment.update import UpdatedModel
from training.monitoring.statistics.reference import REFERENCE, reference_of_update
from training.plausibility.cohort_check import CohortCheck
from training.provenance import Provenance
from training.registry.registration import register
from training.registry.release import MODEL_NAME, RegisteredModel, use_store
from training.settings.values import flattened
from training.tracking.cohort_check import log_check
from training.tracking.evaluation import facts
from training.tracking.evidence import log_evidence


def record_update(
    updated: UpdatedModel,
    parent: RegisteredModel,
    cohort: Cohort,
    reason: str,
    provenance: Provenance,
    check: CohortCheck | None = None,
) -> tuple[str, str]:
    """Record the update with its evidence, its reason and its cohort's check; returns the run's id and new version."""
    use_store()
    bundle, evidence = updated.bundle, updated.evidence
    settings = bundle.training["settings"]
    mlflow.set_experiment(f"{MODEL_NAME}/{bundle.protocol.name}")
    name = f"version {parent.version} updated on {evidence.cohort.source}"[:250]
    with mlflow.start_run(run_name=name) as run, tempfile.TemporaryDirectory() as scratch:
        mlflow.log_params({f"setting.{key}": value for key, value in flattened(settings).items()})
        mlflow.log_params({"cohort": evidence.cohort.source, "cohort_digest": cohort.digest, "reason": reason})
        mlflow.set_tags(
            provenance.as_tags()
            | {
                "level": "update",
                "synthetic": str(bundle.training["synthetic"] is True).lower(),
                "cohort_digest": cohort.digest,
                "parent_version": parent.version,
                "parent_run_id": parent.run_id,
                "parent_bundle_digest": parent.tags["bundle_digest"],
                "mlflow.note.content": "\n".join(f"* {line}" for line in updated.said),
            }
        )
        log_check(check)
        mlflow.log_dict(json.loads(bundle.protocol.document), "protocol.json")
        mlflow.log_text(reference_of_update(cohort, bundle.models).as_json(), REFERENCE)
        digest, version = register(bundle, provenance, Path(scratch))
        client = MlflowClient()
        client.set_model_version_tag(MODEL_NAME, version, "parent_version", parent.version)
        client.set_model_version_tag(MODEL_NAME, version, "parent_bundle_digest", parent.tags["bundle_digest"])
        client.update_model_version(MODEL_NAME, version, f"version {parent.version}, updated: {reason}")
        made = RegisteredModel(version, run.info.run_id, {}, parent.folder)
        log_evidence(evidence, facts(made, replace(bundle, digest=digest), run.info.run_id, provenance))
    seal_run(run.info.run_id)
    return str(run.info.run_id), version
