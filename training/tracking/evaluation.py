"""Records an external evaluation in MLflow: its own run, linked to the model's version and training run."""

import time
from collections.abc import Mapping
from dataclasses import replace

import mlflow
from mlflow.tracking import MlflowClient
from pydantic import ValidationError

from features.records.cohort import Cohort
from models.bundle import Bundle
from training.audit.audit import seal_run
from training.evaluation.case_mix_comparison import CaseMixComparison, as_json
from training.evidence.document import Evidence, read_evidence
from training.provenance import EVALUATED_BY, TRAINED_BY, Provenance
from training.registry.artifacts import EVIDENCE
from training.registry.names import MODEL_NAME_TAG
from training.registry.release import RegisteredModel, use_store
from training.report.facts import ReportFacts, feature_dictionary, outcome_rules
from training.settings.values import flattened
from training.tracking.cohort_check import CheckAndStudy, log_beside
from training.tracking.evidence import log_evidence, log_headline, log_landmarks
from training.tracking.links import experiment_of_model
from training.tracking.opened import recorded_run


def record_evaluation(
    evidence: Evidence,
    model: tuple[RegisteredModel, Bundle],
    cohort: Cohort,
    compared: list[CaseMixComparison],
    provenance: Provenance,
    beside: CheckAndStudy | None = None,
) -> str:
    """Record the evidence, the comparison of patients and what stood beside the cohort; returns the run's id."""
    use_store()
    registered, bundle = model
    source = evidence.cohort.source
    experiment_of_model(registered.name, bundle.protocol.name)
    with recorded_run(f"{source[:200]} · evaluation of version {registered.version}") as run:
        mlflow.log_params({"cohort": source, "cohort_digest": cohort.digest, "draws": evidence.draws})
        mlflow.set_tags(
            provenance.as_tags(EVALUATED_BY)
            | {
                "level": "evaluation",
                "mlflow.source.name": "kap evaluate",
                "synthetic": str(evidence.cohort.synthetic).lower(),
                "cohort_digest": cohort.digest,
                MODEL_NAME_TAG: registered.name,
                "model_version": registered.version,
                "model_run_id": registered.run_id,
                "bundle_digest": bundle.digest,
            }
        )
        log_headline(run, evidence)
        answers = log_beside(beside)
        mlflow.log_text(as_json(compared), "case_mix.json")
        about = facts(registered, bundle, run.info.run_id, provenance)
        log_evidence(evidence, replace(about, case_mix=tuple(compared), answers=answers), registered.name)
        log_landmarks(run, evidence)
    seal_run(run.info.run_id)
    client = MlflowClient()
    client.set_model_version_tag(registered.name, registered.version, f"evaluation {run.info.run_id}", source)
    return str(run.info.run_id)


def recorded_evidence(registered: RegisteredModel) -> Evidence | None:
    """The evidence of a version's training run; ``None`` if it has none that can be read."""
    try:
        return read_evidence(registered.artifact(EVIDENCE) or b"")
    except ValidationError:
        return None


def facts(registered: RegisteredModel, bundle: Bundle, run_id: str, provenance: Provenance) -> ReportFacts:
    """The facts of the report that are not in the evidence."""
    settings: Mapping[str, object] = bundle.training.get("settings", {})
    return ReportFacts(
        title=f"{registered.name}, protocol {bundle.protocol.name}",
        model_version=registered.version,
        run_id=run_id,
        bundle_digest=bundle.digest,
        written_on=time.strftime("%Y-%m-%d", time.gmtime()),
        seed=int(str(settings.get("seed", 0))),
        provenance=provenance.as_tags(EVALUATED_BY if run_id != registered.run_id else TRAINED_BY),
        settings={key: str(value) for key, value in flattened(settings).items()},
        features=feature_dictionary(bundle.protocol),
        outcomes=outcome_rules(bundle.protocol),
        study=bundle.protocol.described,
    )
