"""Records a kept training (`kept`) in the tracking store: the same runs and the same bundle, registered and sealed."""

import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import mlflow
from mlflow.entities import Metric, Param, Run, RunTag
from mlflow.tracking import MlflowClient

from features.protocol.problems import InputRefusedError, Problem
from models.bundle import load_bundle, save_bundle
from training.audit.audit import seal_run
from training.cohort.file_names import STUDY_FILE
from training.evidence.document import read_evidence
from training.provenance import Provenance, collect_provenance
from training.registry.artifacts import EVIDENCE, EVIDENCE_DIGEST
from training.registry.registration import describe, register
from training.registry.release import RegisteredModel, store_undisturbed
from training.registry.seal import SEAL, SEAL_DIGEST
from training.report.authors.reader import parse_study
from training.report.study import StudyAnswers
from training.stores.written_files import copies_of_written
from training.tracking.evidence import log_evidence, report_of
from training.tracking.kept import KeptTraining
from training.tracking.links import run_link, run_page
from training.tracking.metrics import METRICS_AT_ONCE, OTHERS_AT_ONCE
from training.tracking.model_card import CARD, model_card, model_description, version_description
from training.tracking.opened import PROCESS, opened_run
from training.tracking.recorded_run import RecordedRun
from training.tracking.report import recorded_facts
from training.tracking.rights import require_recording_rights

RECORDED_FROM = "recorded_from"
"""Tag of a run with the digest of the kept training that it was recorded from."""
_ITS_OWN = {"mlflow.runName", "mlflow.parentRunId", "mlflow.log-model.history", PROCESS, SEAL_DIGEST, EVIDENCE_DIGEST}
"""Tags that a run in another store gets anew."""


def record_kept(kept: KeptTraining, announce: Callable[[str], None]) -> RecordedRun:
    """Record a kept training, register its model, and seal it; ``announce`` gets each step.

    Raises ``InputRefusedError`` if it is recorded already, or was made by another state of this software, and
    ``StoreUnreachableError`` if the store can't take it.
    """
    announce("the store")
    require_recording_rights(kept.model, kept.protocol)
    with kept.opened() as source:
        top = source.get_run(kept.run_id)
        _require_same_software(top)
        _require_unrecorded(kept)
        cohort, started = top.data.params["cohort"], top.info.start_time / 1000
        with (
            opened_run(kept.model, kept.protocol, cohort, started) as run_id,
            store_undisturbed(),
            copies_of_written() as written,
        ):
            announce("the run")
            MlflowClient().set_tag(run_id, RECORDED_FROM, kept.digest)
            _copy(source, top, run_id, kept)
            recorded = _register(kept, top, run_id, announce)
            announce("the seal")
            seal_run(run_id, written)
    return replace(recorded, report=report_of(run_id), link=run_link(run_id))


def _require_unrecorded(kept: KeptTraining) -> None:
    client = MlflowClient()
    experiment = client.get_experiment_by_name(f"{kept.model}/{kept.protocol}")
    found = client.search_runs([experiment.experiment_id], f"tags.{RECORDED_FROM} = '{kept.digest}'")
    sealed = [run for run in found if SEAL_DIGEST in run.data.tags]
    if sealed:
        said = f"it is, as version {sealed[0].data.tags.get('model_version')} of {kept.model}"
        raise InputRefusedError([Problem(kept.folder.name, None, None, "a training that is not recorded yet", said)])


def _require_same_software(top: Run) -> None:
    """The model's code is recorded with it, and must be the one that trained it."""
    if top.data.tags.get("sources_digest") != collect_provenance().sources_digest:
        required = f"the code that trained it, commit {top.data.tags.get('commit', 'unknown')}"
        raise InputRefusedError([Problem("kap", None, None, required, "other code; check that commit out first")])


def _copy(source: MlflowClient, run: Run, copy: str, kept: KeptTraining) -> None:
    """Copy a run, without what is made anew, to the run ``copy``; and those below it."""
    _copy_content(source, run, copy)
    client, made_anew = MlflowClient(), _made_anew(kept) if run.info.run_id == kept.run_id else set[str]()
    _copy_files(client, kept.artifacts_of(run.info.run_id), copy, made_anew)
    below = f"tags.`mlflow.parentRunId` = '{run.info.run_id}'"
    children = source.search_runs([run.info.experiment_id], below, order_by=["attributes.start_time ASC"])
    for child in children:
        experiment, tags = client.get_run(copy).info.experiment_id, {"mlflow.parentRunId": copy}
        made = client.create_run(experiment, child.info.start_time, tags, run_name=child.info.run_name)
        _copy(source, child, made.info.run_id, kept)
        client.set_terminated(made.info.run_id, child.info.status, child.info.end_time)


def _copy_content(source: MlflowClient, run: Run, copy: str) -> None:
    client, data = MlflowClient(), run.data
    parameters = [Param(name, value) for name, value in data.params.items()]
    for first in range(0, len(parameters), OTHERS_AT_ONCE):
        client.log_batch(copy, params=parameters[first : first + OTHERS_AT_ONCE])
    tags = [RunTag(name, value) for name, value in data.tags.items() if name not in _ITS_OWN]
    for first in range(0, len(tags), OTHERS_AT_ONCE):
        client.log_batch(copy, tags=tags[first : first + OTHERS_AT_ONCE])
    points = [point for name in data.metrics for point in source.get_metric_history(run.info.run_id, name)]
    metrics = [Metric(point.key, point.value, point.timestamp, point.step) for point in points]
    for first in range(0, len(metrics), METRICS_AT_ONCE):
        client.log_batch(copy, metrics=metrics[first : first + METRICS_AT_ONCE])
    if run.inputs and run.inputs.dataset_inputs:
        client.log_inputs(copy, run.inputs.dataset_inputs)


def _made_anew(kept: KeptTraining) -> set[str]:
    """The artifacts that name the run or the version: the report with its figures, the card, and the seal."""
    folder = kept.artifacts_of(kept.run_id)
    names = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    written = {"report.html", CARD, SEAL, EVIDENCE}
    return {name for name in names if name in written or name.startswith(("figures/", "equation."))}


def _copy_files(client: MlflowClient, folder: Path, copy: str, made_anew: set[str]) -> None:
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder)
        if path.is_file() and name.as_posix() not in made_anew:
            beside = name.parent.as_posix()
            client.log_artifact(copy, str(path), None if beside == "." else beside)


def _register(kept: KeptTraining, top: Run, run_id: str, announce: Callable[[str], None]) -> RecordedRun:
    """Register the bundle, and log what names the version."""
    folder = kept.artifacts_of(kept.run_id)
    bundle = load_bundle(kept.bundle)
    with mlflow.start_run(run_id=run_id), tempfile.TemporaryDirectory() as scratch:
        announce("the model")
        if save_bundle(bundle, Path(scratch) / "again") != kept.bundle_digest:
            found = "a bundle that this software writes with other bytes"
            raise InputRefusedError([Problem(kept.folder.name, None, None, "the bundle that was trained", found)])
        digest, version = register(bundle, _provenance(top), Path(scratch), kept.model)
        name = str(top.info.run_name).partition(" · ")[2]
        MlflowClient().update_run(run_id, name=f"version {version} · {name}")
        announce("the evidence")
        registered = RegisteredModel(version, run_id, {}, kept.bundle, kept.model)
        study = folder / STUDY_FILE
        answers = parse_study(study.read_text(encoding="utf-8")) if study.is_file() else StudyAnswers()
        evidence = read_evidence((folder / EVIDENCE).read_text(encoding="utf-8"))
        about = replace(recorded_facts(MlflowClient().get_run(run_id), registered, bundle), answers=answers)
        log_evidence(evidence, about, kept.model)
        research_only = bool(bundle.research_only)
        mlflow.log_text(model_card(evidence, about, research_only=research_only), CARD)
        of_model = model_description(kept.model, bundle.protocol.name, synthetic=evidence.cohort.synthetic)
        of_version = version_description(evidence, about, run_page(run_id), research_only=research_only)
        describe(kept.model, version, (of_model, of_version))
    return RecordedRun(run_id, version, digest, model=kept.model)


def _provenance(top: Run) -> Provenance:
    """That of the training, from the tags of its run."""
    packages = tuple(
        (name.removeprefix("package."), value) for name, value in top.data.tags.items() if name.startswith("package.")
    )
    return replace(collect_provenance(), packages=packages)
