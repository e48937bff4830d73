"""Finds the models of a log in MLflow's registry, with the references of their trainings, and records the findings.

One run per monitoring, in its own experiment, so that MLflow draws every metric over the months.
"""

import time
from collections.abc import Iterator, Sequence

import mlflow
from mlflow.entities import Metric, ViewType
from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient

from models.bundle import BundleRefusedError
from training.audit.audit import PREVIOUS_MONITORING, model_name_of_run, seal_run
from training.audit.bundle_lookup import load_by_digest, registered_with
from training.evidence.parts import Estimate
from training.monitoring.monitor import KnownModel, UnknownModel
from training.monitoring.report.figures import Figure
from training.monitoring.statistics.document import STATES, MonitoredModel, Monitoring
from training.monitoring.statistics.reference import REFERENCE, Reference, read_reference
from training.provenance import Provenance
from training.registry.artifact_place import artifact_bytes
from training.registry.experiments import open_experiment
from training.registry.names import MODEL_NAME_TAG
from training.registry.release import store_undisturbed, use_store
from training.registry.stored_training import MONITORING

MONITORED_BY = "monitored_by"
"""Tag of a monitoring run: the person who ran it."""
DOCUMENT, PAGE = "monitoring.json", "monitoring.html"
METRICS_AT_ONCE = 900
EXPERIMENT_NOTE = "What `kap monitor` found in the prediction log, one run each time: drift and calibration in use."


def find_model(digest: str) -> KnownModel | UnknownModel:
    """The model of a bundle's digest, with its training's reference; trainings by older code recorded none.

    Raises ``StoreUnreachableError`` if the registry does not answer.
    """
    registered = registered_with(digest)
    try:
        bundle, _ = load_by_digest(digest)
    except BundleRefusedError as error:
        return UnknownModel(f"Nothing can be compared: {error}. Is this the right store, and the right folder?")
    return KnownModel(bundle, _reference(registered[-1].run_id) if registered else None)


def _reference(run_id: str) -> Reference | None:
    try:
        return read_reference(artifact_bytes(run_id, REFERENCE).decode())
    except (MlflowException, OSError):
        return None


def record(found: Monitoring, page: str, figures: Sequence[Sequence[Figure]], provenance: Provenance) -> str:
    """Record the findings, their page and figures, linked to the version used last; returns the run's id."""
    use_store()
    newest = found.models[0]
    name = model_name_of_run(newest.run_id)
    experiment = open_experiment(MlflowClient(), f"{name}/monitoring", EXPERIMENT_NOTE)
    mlflow.set_experiment(experiment_id=experiment)
    previous = _previous(experiment)
    name_of_run = f"{found.written_on} · monitoring of version {newest.version}"
    with store_undisturbed(), mlflow.start_run(run_name=name_of_run) as run:
        mlflow.set_tags(
            provenance.as_tags(MONITORED_BY)
            | {
                "level": "monitoring",
                "verdict": found.state,
                MODEL_NAME_TAG: name,
                **previous,
                "model_version": newest.version,
                "model_run_id": newest.run_id,
                "bundle_digest": newest.bundle_digest,
                "model_versions": ", ".join(model.version for model in found.models)[:4000],
                "synthetic": str(newest.synthetic).lower(),
                "mlflow.note.content": "\n".join(f"* {reason}" for reason in newest.reasons),
            }
        )
        mlflow.log_params({"since": found.since or "the first prediction", "written_on": found.written_on})
        mlflow.log_text(found.as_json(), DOCUMENT)
        mlflow.log_text(page, PAGE)
        for figure in (figure for drawn in figures for figure in drawn):
            mlflow.log_text(figure.svg, f"figures/{figure.file_name}")
        _log_metrics(run.info.run_id, [pair for model in found.models for pair in metrics(model)])
    seal_run(run.info.run_id)
    _name_with_versions(str(run.info.run_id), found, name)
    return str(run.info.run_id)


def _previous(experiment: str) -> dict[str, str]:
    """The tag that names the run of the last monitoring, also a deleted one; none for the first."""
    newest = ["attributes.start_time DESC"]
    runs = MlflowClient().search_runs([experiment], "", ViewType.ALL, max_results=1, order_by=newest)
    return {PREVIOUS_MONITORING: str(runs[0].info.run_id)} if runs else {}


def _name_with_versions(run_id: str, found: Monitoring, name: str) -> None:
    """Name the monitoring with every registered version that it is about, so that its loss is noticed."""
    for model in found.models:
        for version in registered_with(model.bundle_digest):
            if version.model == name:
                MlflowClient().set_model_version_tag(name, version.version, f"{MONITORING}{run_id}", found.written_on)


def metrics(model: MonitoredModel) -> Iterator[tuple[str, float]]:
    """Figures of a version by name; ``verdict`` is 0 in order, 1 too little to tell, 2 watch, 3 act."""
    version = f"version {model.version}"
    yield f"{version}/predictions", float(model.predictions)
    yield f"{version}/counted", float(model.counted)
    yield f"{version}/verdict", float(len(STATES) - 1 - STATES.index(model.state))
    for check in model.checks:
        name = f"{check.kind} {check.name}".strip()
        yield f"{version}/{check.landmark}/{name}/log10_evidence", check.log10_evidence
    for one in model.calibration:
        measures = {"oe": one.ratio, "calibration_intercept": one.in_the_large, "calibration_slope": one.slope}
        for measure, estimate in measures.items():
            yield from _limits(f"{version}/{one.landmark}/{one.head}/{measure}", estimate)


def _limits(name: str, estimate: Estimate | None) -> Iterator[tuple[str, float]]:
    """An estimate with its limits; nothing where it is not defined."""
    if estimate is None:
        return
    for part, value in (("", estimate.estimate), (".low", estimate.low), (".high", estimate.high)):
        if value is not None:
            yield f"{name}{part}", value


def _log_metrics(run_id: str, found: Sequence[tuple[str, float]]) -> None:
    now = int(time.time() * 1000)
    logged = [Metric(name, value, now, 0) for name, value in found]
    for first in range(0, len(logged), METRICS_AT_ONCE):
        MlflowClient().log_batch(run_id, metrics=logged[first : first + METRICS_AT_ONCE])
