"""Seals the record of a training in MLflow, and reads it again for an audit.

MLflow can't lock a run: anyone who can write to the store can change or delete it. An audit finds such a change by
comparison with the seal (`seal`), whose digest is also in the registry and in the decisions. `checks` and `retraining`
make the checks.
"""

import re
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import mlflow
from mlflow.entities import LoggedModel, Run, ViewType
from mlflow.exceptions import MlflowException
from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository
from mlflow.store.artifact.local_artifact_repo import LocalArtifactRepository
from mlflow.tracking import MlflowClient

from features.protocol.problems import InputRefusedError, Problem
from training.audit.checked_record import checked_record
from training.audit.checks import LOST, chain_verdict
from training.audit.retraining import retraining_verdicts
from training.experiment.train import Announce
from training.registry.names import MODEL_NAME, MODEL_NAME_TAG
from training.registry.references import find_reference, registered_names
from training.registry.release import EVALUATION, decision_log, require_store, served_copies, use_store
from training.registry.seal import (
    SEAL,
    SEAL_DIGEST,
    Record,
    SealedItem,
    SealRefusedError,
    digest_of,
    digest_of_numbers,
    read_seal,
    seal_document,
)
from training.registry.stored_training import StoredEvaluation, StoredTraining, StoredVersion
from training.verdicts import Verdict, failed

PARENT = "mlflow.parentRunId"
RUN_ID = re.compile(r"[0-9a-f]{32}")
Digests = dict[SealedItem, str]


def seal_run(run_id: str) -> str:
    """Seal a finished run with all runs below it, its model and its versions, and return the seal's SHA-256.

    The seal becomes the artifact seal.json of the run, its digest a tag of the run and of every version of it.
    """
    use_store()
    client = MlflowClient()
    with tempfile.TemporaryDirectory() as scratch:
        document = seal_document(_read(client, run_id, (), Path(scratch)).record)
        (Path(scratch) / SEAL).write_bytes(document)
        client.log_artifact(run_id, str(Path(scratch) / SEAL))
    digest = digest_of(document)
    client.set_tag(run_id, SEAL_DIGEST, digest)
    for version in _versions(client, client.get_run(run_id)):
        client.set_model_version_tag(version.name, version.number, SEAL_DIGEST, digest)
    return digest


def verify(run_or_version: str, data: Path | None, workers: int, announce: Announce) -> list[Verdict]:
    """Check the record of a training; given its cohort's folder, retrain and compare.

    Takes a run's id, a registered version or an alias. Raises ``InputRefusedError`` if there is none.
    """
    run_id = run_of(run_or_version)
    chain = decision_log(model_name_of_run(run_id)).read()
    with tempfile.TemporaryDirectory() as scratch:
        try:
            stored = read_training(run_id, Path(scratch))
        except MlflowException:
            return [failed("runs", f"{LOST}: {run_id}"), chain_verdict(chain.decisions, chain.findings, run_id, None)]
        return [*checked_record(stored, chain), *retraining_verdicts(stored, data, workers, announce)]


def run_of(run_or_version: str) -> str:
    """The id of a run: the one given, or the one that made a version (as `find_reference` reads it).

    Raises ``InputRefusedError`` if no run, version or decision has that name.
    """
    require_store()
    client = MlflowClient()
    try:
        if RUN_ID.fullmatch(run_or_version):
            return str(client.get_run(run_or_version).info.run_id)
        meant = find_reference(client, run_or_version)
        if meant.version.isdigit():
            return str(client.get_model_version(meant.name, meant.version).run_id)
        return str(client.get_model_version_by_alias(meant.name, meant.version).run_id)
    except MlflowException:
        if RUN_ID.fullmatch(run_or_version) and _is_known(client, run_or_version):
            return run_or_version
    problem = Problem("audit", None, None, "a training's run, a registered version or an alias", "none of these")
    raise InputRefusedError([problem])


def _is_known(client: MlflowClient, run_id: str) -> bool:
    """Whether a version or a decision names a run that is lost."""
    names = registered_names(client)
    versions = {version.run_id for name in names for version in client.search_model_versions(f"name = '{name}'")}
    decided = {decision.run_id for name in names for decision in decision_log(name).read().decisions}
    return run_id in versions | decided


def model_name_of_run(run_id: str) -> str:
    """The name of the registered model that a run made or is about; that of its version if the run is lost."""
    client = MlflowClient()
    try:
        return str(client.get_run(run_id).data.tags.get(MODEL_NAME_TAG, MODEL_NAME))
    except MlflowException:
        found = client.search_model_versions(f"run_id = '{run_id}'")
        return str(found[0].name) if found else MODEL_NAME


def read_training(run_id: str, scratch: Path) -> StoredTraining:
    """The present record of a training in the stores; remote artifacts are fetched below ``scratch``.

    Raises ``MlflowException`` if the run was deleted for good.
    """
    client = MlflowClient()
    sealed = _file(_fetch(client.get_run(run_id).info.artifact_uri, scratch) / SEAL)
    try:
        known = tuple(read_seal(sealed).owners) if sealed else ()
    except SealRefusedError:
        known = ()
    stored = _read(client, run_id, known, scratch)
    name = model_name_of_run(run_id)
    registered = client.search_model_versions(f"name = '{name}'")
    return replace(
        stored,
        evaluations=_evaluations(client, stored, scratch),
        copies=served_copies(name),
        registered_runs=frozenset(str(version.run_id) for version in registered),
    )


def _read(client: MlflowClient, run_id: str, known: tuple[str, ...], scratch: Path) -> StoredTraining:
    top = client.get_run(run_id)
    runs = _runs(client, top, known)
    models = _models(client, top, known)
    versions = _versions(client, top)
    owners = {run.info.run_id: f'run {run.info.run_id[:8]} "{run.info.run_name}"' for run in runs}
    owners |= {model.model_id: f"model {model.model_id}" for model in models}
    owners |= {f"version {version.number}": f"version {version.number}" for version in versions}
    digests: Digests = {}
    for run in runs:
        digests |= _run_digests(client, run) | _file_digests(run.info.run_id, _fetch(run.info.artifact_uri, scratch))
    for model in models:
        digests |= _model_digests(model) | _file_digests(model.model_id, _fetch(model.artifact_location, scratch))
    for version in versions:
        digests |= _mapped(f"version {version.number}", "tag", version.tags)
        digests |= _version_digests(client, version)
    digests.pop(SealedItem(run_id, "artifact", SEAL), None)
    artifacts = _fetch(top.info.artifact_uri, scratch)
    return StoredTraining(
        run_id=run_id,
        record=Record(run_id, owners, digests),
        sealed=_file(artifacts / SEAL),
        deleted=tuple(owners[run.info.run_id] for run in runs if run.info.lifecycle_stage != "active"),
        tags=top.data.tags,
        landmark_tags={run.data.tags["landmark"]: run.data.tags for run in runs if _is_landmark(run)},
        artifacts=artifacts,
        bundle=_fetch(models[0].artifact_location, scratch) / "artifacts" / "bundle" if models else None,
        versions=versions,
    )


def _is_landmark(run: Run) -> bool:
    return run.data.tags.get("level") == "landmark" and "landmark" in run.data.tags


def _runs(client: MlflowClient, top: Run, known: tuple[str, ...]) -> list[Run]:
    """The run, all below it, and sealed runs that now have another parent, by start; also deleted ones."""
    ids = ", ".join(f"'{key}'" for key in known if len(key) == 32)
    since = [f"attributes.start_time >= {top.info.start_time}"]
    found = {
        run.info.run_id: run
        for text in since + ([f"attributes.run_id IN ({ids})"] if ids else [])
        for run in _search(client, top.info.experiment_id, text)
    }
    kept = {top.info.run_id: top} | {key: found[key] for key in known if key in found}
    while added := {key: run for key, run in found.items() if key not in kept and run.data.tags.get(PARENT) in kept}:
        kept |= added
    return sorted(kept.values(), key=lambda run: int(run.info.start_time))


def _search(client: MlflowClient, experiment: str, text: str) -> Iterator[Run]:
    token = None
    while True:
        page = client.search_runs([experiment], text, ViewType.ALL, max_results=1000, page_token=token)
        yield from page
        token = page.token
        if not token:
            return


def _run_digests(client: MlflowClient, run: Run) -> Digests:
    """Everything of a run except its artifacts: facts, parameters, tags, metrics with their history, datasets."""
    owner, info = run.info.run_id, run.info
    facts = {"name": info.run_name, "status": info.status, "started": info.start_time, "ended": info.end_time}
    digests = _mapped(owner, "run", {key: str(value) for key, value in facts.items()})
    digests |= _mapped(owner, "parameter", run.data.params) | _mapped(owner, "tag", run.data.tags)
    for name, latest in run.data.metrics.items():
        history = [(point.step, point.timestamp, point.value) for point in client.get_metric_history(owner, name)]
        digests[SealedItem(owner, "metric", name)] = digest_of(float(latest).hex() + digest_of_numbers(history))
    for used in run.inputs.dataset_inputs:
        tags = sorted((tag.key, tag.value) for tag in used.tags)
        digests[SealedItem(owner, "dataset", used.dataset.name)] = digest_of(repr((used.dataset.to_dictionary(), tags)))
    outputs = sorted(output.model_id for output in run.outputs.model_outputs) if run.outputs else []
    return digests | _mapped(owner, "run", {"models": ", ".join(outputs)})


def _models(client: MlflowClient, top: Run, known: tuple[str, ...]) -> list[LoggedModel]:
    """The models that the run logged, and the sealed ones."""
    logged = [output.model_id for output in top.outputs.model_outputs] if top.outputs else []
    ids = dict.fromkeys([*logged, *(key for key in known if key.startswith("m-"))])
    found = []
    for model_id in ids:
        try:
            found.append(client.get_logged_model(model_id))
        except MlflowException:
            continue  # lost; the comparison with the seal reports it
    return found


def _model_digests(model: LoggedModel) -> Digests:
    facts = {"name": model.name, "status": str(model.status), "made by run": str(model.source_run_id)}
    digests = _mapped(model.model_id, "model", facts) | _mapped(model.model_id, "parameter", model.params or {})
    digests |= _mapped(model.model_id, "tag", model.tags or {})
    for name in sorted({metric.key for metric in model.metrics or []}):
        points = [(point.step, point.timestamp, point.value) for point in model.metrics if point.key == name]
        digests[SealedItem(model.model_id, "metric", name)] = digest_of_numbers(points)
    return digests


def _versions(client: MlflowClient, run: Run) -> tuple[StoredVersion, ...]:
    """The versions that a run made, of the registered model that it names."""
    name = run.data.tags.get(MODEL_NAME_TAG, MODEL_NAME)
    found = client.search_model_versions(f"name = '{name}' and run_id = '{run.info.run_id}'")
    versions = (client.get_model_version(name, version.version) for version in found)
    return tuple(
        StoredVersion(str(version.version), dict(version.tags), tuple(version.aliases), name) for version in versions
    )


def _version_digests(client: MlflowClient, stored: StoredVersion) -> Digests:
    """Where MLflow finds a version's model, and which run made it."""
    version = client.get_model_version(stored.name, stored.number)
    facts = {"source": version.source, "model_id": version.model_id, "run_id": version.run_id}
    facts["fetched from"] = client.get_model_version_download_uri(stored.name, stored.number)
    return _mapped(f"version {stored.number}", "version", {key: str(value) for key, value in facts.items()})


def _evaluations(client: MlflowClient, stored: StoredTraining, scratch: Path) -> tuple[StoredEvaluation, ...]:
    """The evaluations named by the versions' tags, and those that name the training."""
    experiment = client.get_run(stored.run_id).info.experiment_id
    about = f"tags.level = 'evaluation' AND tags.model_run_id = '{stored.run_id}'"
    found = {run.info.run_id: run.data.params.get("cohort", "") for run in _search(client, experiment, about)}
    named = {
        key.removeprefix(EVALUATION): source
        for version in stored.versions
        for key, source in version.tags.items()
        if key.startswith(EVALUATION)
    }
    return tuple(
        StoredEvaluation(run_id, source, run_id in named, training_of(run_id, scratch))
        for run_id, source in sorted((found | named).items())
    )


def training_of(run_id: str, scratch: Path) -> StoredTraining | None:
    """The present record of a training, as ``read_training``; ``None`` if it is lost."""
    try:
        return read_training(run_id, scratch)
    except MlflowException:
        return None


def _mapped(owner: str, kind: str, values: Mapping[str, str]) -> Digests:
    return {SealedItem(owner, kind, name): digest_of(str(value)) for name, value in values.items()}


def _file_digests(owner: str, folder: Path) -> Digests:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {
        SealedItem(owner, "artifact", path.relative_to(folder).as_posix()): digest_of(path.read_bytes())
        for path in files
    }


def _fetch(address: str, scratch: Path) -> Path:
    """The folder of artifacts at an address: on this machine itself, otherwise a copy made once."""
    repository = get_artifact_repository(address)
    if isinstance(repository, LocalArtifactRepository):
        return Path(repository.artifact_dir)
    folder = scratch / digest_of(address)
    if not folder.exists():
        folder.mkdir()
        for listed in repository.list_artifacts():
            mlflow.artifacts.download_artifacts(artifact_uri=f"{address}/{listed.path}", dst_path=str(folder))
    return folder


def _file(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() else None
