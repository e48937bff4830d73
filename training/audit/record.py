"""Reads the record of a run from MLflow: the runs below it, its model and its versions, with a digest of each item.

`seal` decides which difference matters, `record_files` reads the artifacts, `metric_digests` the metrics.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from mlflow.entities import Experiment, LoggedModel, Run, ViewType
from mlflow.entities.model_registry import ModelVersion, RegisteredModel
from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient

from training.audit.metric_digests import metric_digests
from training.audit.record_files import LISTED, Digests, FilesRead, RecordFiles, loading_notes, marked_notes
from training.handover.granted import described_promotion, without_promotion
from training.registry.names import MODEL_NAME, MODEL_NAME_TAG
from training.registry.seal import (
    DESCRIPTION,
    FOREIGN_METRIC,
    SEAL,
    STAGE,
    Record,
    SealedItem,
    SealRefusedError,
    digest_of,
    digest_of_numbers,
    read_seal,
)
from training.registry.stored_training import StoredTraining, StoredVersion
from training.stores.artifact_place import downloaded, folder_at, repository_at
from training.stores.relocation import former_addresses
from training.stores.written_files import WrittenFiles

PARENT = "mlflow.parentRunId"
FETCHED_FROM = "fetched from"
"""The fact of seals of format 1 that has the absolute address of a version's model."""


@dataclass(frozen=True)
class ReadingDepth:
    """What is read behind a server, where each costs a request; a store on this machine is always read whole.

    ``every_file`` reads each file, also where the sealed archive has it. ``histories`` reads those of metrics of
    several points (per fold, and the machine's load), once for each name; ``folders`` are listed. ``written`` are
    copies of files that were just written, which are not read back.
    """

    every_file: bool = False
    histories: bool = True
    folders: tuple[str, ...] = LISTED
    written: WrittenFiles | None = None


BRIEF = ReadingDepth(histories=False, folders=("", "artifacts/bundle"))
"""For a promotion, a prediction's lineage and an evaluation on another cohort, which `kap audit verify` reads whole."""


@dataclass(frozen=True)
class RecordRead:
    """The stored training, the folders of all its files by owner, and the run itself."""

    training: StoredTraining
    folders: Mapping[str, Path]
    top: Run


@dataclass(frozen=True)
class _Parts:
    """What a record consists of, as MLflow has it."""

    top: Run
    runs: Sequence[Run]
    models: Sequence[LoggedModel]
    versions: Sequence[ModelVersion]
    others: Sequence[ModelVersion]
    registered: RegisteredModel | None


def sealed_document(run: Run, scratch: Path) -> bytes | None:
    """The seal of a run; ``None`` if it has none."""
    folder = folder_at(run.info.artifact_uri)
    path = scratch / f"{run.info.run_id}-{SEAL}" if folder is None else folder / SEAL
    if folder is None and not downloaded(repository_at(run.info.artifact_uri), SEAL, path):
        return None
    return path.read_bytes() if path.is_file() else None


def read_record(
    client: MlflowClient, top: Run, document: bytes | None, scratch: Path, depth: ReadingDepth = ReadingDepth()
) -> RecordRead:
    """The present record of a run; ``document`` is its seal, by which lost parts are known."""
    sealed = _sealed(document)
    parts = _parts(client, top, tuple(sealed.owners) if sealed else ())
    files = RecordFiles(scratch, folders=depth.folders, written=depth.written)
    if sealed is not None and not depth.every_file:
        files = files.with_archive(top.info.run_id, top.info.artifact_uri, sealed.digests)
    read = _files(parts, files)
    digests = metric_digests(client, parts.runs, sealed.digests if sealed else None, histories=depth.histories)
    for run in parts.runs:
        digests |= _run_digests(run)
    for model in parts.models:
        digests |= _model_digests(model, parts)
    for each in read.values():
        digests |= each.digests
    about, owners = _registry_digests(client, parts, sealed)
    digests |= about
    digests.pop(SealedItem(top.info.run_id, "artifact", SEAL), None)
    record = Record(top.info.run_id, _owners(parts) | owners, digests)
    folders = {owner: each.folder for owner, each in read.items()}
    training = _training(parts, record, document, folders, sum(each.from_archive for each in read.values()))
    return RecordRead(training, folders, top)


def _training(
    parts: _Parts, record: Record, document: bytes | None, folders: Mapping[str, Path], from_archive: int
) -> StoredTraining:
    model = folders[parts.models[0].model_id] if parts.models else None
    deleted = [run.info.run_id for run in parts.runs if run.info.lifecycle_stage != "active"]
    return StoredTraining(
        run_id=record.run_id,
        record=record,
        sealed=document,
        deleted=tuple(record.owners[run_id] for run_id in deleted),
        tags=parts.top.data.tags,
        landmark_tags={run.data.tags["landmark"]: run.data.tags for run in parts.runs if _is_landmark(run)},
        artifacts=folders[record.run_id],
        bundle=model / "artifacts" / "bundle" if model else None,
        versions=tuple(_stored_version(version, parts) for version in parts.versions),
        from_archive=from_archive,
        folders=folders,
    )


def _sealed(document: bytes | None) -> Record | None:
    try:
        return read_seal(document) if document else None
    except SealRefusedError:
        return None


def _parts(client: MlflowClient, top: Run, known: tuple[str, ...]) -> _Parts:
    found = client.search_model_versions(f"run_id = '{top.info.run_id}'")
    name = top.data.tags.get(MODEL_NAME_TAG, MODEL_NAME)
    return _Parts(
        top,
        _runs(client, top, known),
        _models(client, top, known),
        tuple(version for version in found if version.name == name),
        tuple(version for version in found if version.name != name),
        client.get_registered_model(name) if any(version.name == name for version in found) else None,
    )


def _owners(parts: _Parts) -> dict[str, str]:
    owners = {run.info.run_id: f'run {run.info.run_id[:8]} "{run.info.run_name}"' for run in parts.runs}
    owners |= {model.model_id: f"model {model.model_id}" for model in parts.models}
    return owners | {f"version {one.version}": f"version {one.version}" for one in parts.versions}


def _files(parts: _Parts, files: RecordFiles) -> dict[str, FilesRead]:
    """The files of every run and model by owner."""
    read = {
        run.info.run_id: files.read(run.info.run_id, run.info.artifact_uri, counts=run is parts.top)
        for run in parts.runs
    }
    registered = [(str(one.name), str(one.version)) for one in (*parts.versions, *parts.others)]
    allowed = loading_notes(registered)
    for model in parts.models:
        found = files.read(model.model_id, model.artifact_location)
        marked = marked_notes(found.digests, found.folder, model.model_id, allowed)
        read[model.model_id] = FilesRead(found.folder, marked, found.from_archive)
    return read


def _is_landmark(run: Run) -> bool:
    return run.data.tags.get("level") == "landmark" and "landmark" in run.data.tags


def _runs(client: MlflowClient, top: Run, known: tuple[str, ...]) -> list[Run]:
    """The run, all below it, and sealed runs that now have another parent, by start; also deleted ones."""
    since = f"attributes.start_time >= {top.info.start_time}"
    found = {run.info.run_id: run for run in search_runs(client, top.info.experiment_id, since)}
    if missing := [key for key in known if len(key) == 32 and key not in found]:
        ids = ", ".join(f"'{key}'" for key in missing)
        text = f"attributes.run_id IN ({ids})"
        found |= {run.info.run_id: run for run in search_runs(client, top.info.experiment_id, text)}
    kept = {top.info.run_id: top} | {key: found[key] for key in known if key in found and key != top.info.run_id}
    while added := {key: run for key, run in found.items() if key not in kept and run.data.tags.get(PARENT) in kept}:
        kept |= added
    return sorted(kept.values(), key=lambda run: int(run.info.start_time))


def search_runs(client: MlflowClient, experiment: str, text: str) -> Iterator[Run]:
    """The runs of an experiment that a filter finds, also deleted ones."""
    token = None
    while True:
        page = client.search_runs([experiment], text, ViewType.ALL, max_results=1000, page_token=token)
        yield from page
        token = page.token
        if not token:
            return


def _run_digests(run: Run) -> Digests:
    """Everything of a run except its artifacts and metrics: facts, parameters, tags, datasets, models."""
    owner, info = run.info.run_id, run.info
    facts = {"name": info.run_name, "status": info.status, "started": info.start_time, "ended": info.end_time}
    facts["user"] = info.user_id
    facts["models"] = ", ".join(sorted(one.model_id for one in run.outputs.model_outputs)) if run.outputs else ""
    digests = _mapped(owner, "run", {key: str(value) for key, value in facts.items()})
    digests |= _mapped(owner, "parameter", run.data.params) | _mapped(owner, "tag", run.data.tags)
    for used in run.inputs.dataset_inputs:
        tags = sorted((tag.key, tag.value) for tag in used.tags)
        digests[SealedItem(owner, "dataset", used.dataset.name)] = digest_of(repr((used.dataset.to_dictionary(), tags)))
    return digests


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


def _model_digests(model: LoggedModel, parts: _Parts) -> Digests:
    """A model's facts, parameters, tags and metrics; those that another run logged about it are of another kind."""
    facts = {"name": model.name, "status": str(model.status), "made by run": str(model.source_run_id)}
    facts |= {"experiment": str(model.experiment_id), "created": str(model.creation_timestamp)}
    digests = _mapped(model.model_id, "model", facts) | _mapped(model.model_id, "parameter", model.params or {})
    digests |= _mapped(model.model_id, "tag", model.tags or {})
    own = {run.info.run_id for run in parts.runs}
    points: dict[tuple[str, str], list[tuple[int, int, float]]] = {}
    for metric in model.metrics or []:
        by = "" if metric.run_id in own else f" by run {str(metric.run_id)[:8]}"
        points.setdefault((metric.key, by), []).append((metric.step, metric.timestamp, metric.value))
    for (name, by), history in points.items():
        kind = FOREIGN_METRIC if by else "metric"
        digests[SealedItem(model.model_id, kind, name + by)] = digest_of_numbers(history)
    return digests


def _stored_version(version: ModelVersion, parts: _Parts) -> StoredVersion:
    """A version with its aliases, which a search for versions does not give."""
    known = parts.registered.aliases if parts.registered else {}
    aliases = tuple(sorted(alias for alias, number in known.items() if str(number) == str(version.version)))
    described = described_promotion(version.description or "")
    return StoredVersion(str(version.version), dict(version.tags), aliases, str(version.name), described)


def _registry_digests(client: MlflowClient, parts: _Parts, sealed: Record | None) -> tuple[Digests, dict[str, str]]:
    """The digests of versions, registered model and experiment, and the readable names of the latter two."""
    experiment = client.get_experiment(parts.top.info.experiment_id)
    owner = f"experiment {experiment.experiment_id}"
    owners = {owner: owner}
    facts = {"name": experiment.name, "lifecycle stage": experiment.lifecycle_stage}
    digests = _mapped(owner, "experiment", facts)
    for version in parts.versions:
        owner = f"version {version.version}"
        digests |= _mapped(owner, "tag", version.tags) | _mapped(
            owner, DESCRIPTION, {"text": without_promotion(version.description or "")}
        )
        digests |= _version_facts(client, version, parts, sealed, experiment)
    if parts.registered is not None:
        owner = f"registered model {parts.registered.name}"
        owners[owner] = owner
        digests |= _mapped(owner, DESCRIPTION, {"text": parts.registered.description or ""})
    return digests, owners


def _version_facts(
    client: MlflowClient, version: ModelVersion, parts: _Parts, sealed: Record | None, experiment: Experiment
) -> Digests:
    """Which run made a version, and where MLflow finds its model: in the model's own folder, wherever that is now."""
    owner, address = f"version {version.version}", client.get_model_version_download_uri(version.name, version.version)
    own = {model.model_id: model.artifact_location for model in parts.models}
    within = address.removeprefix(experiment.artifact_location)
    place = "the folder of its model" if own.get(version.model_id) == address else within
    facts = {
        "source": version.source,
        "model_id": version.model_id,
        "run_id": version.run_id,
        "fetched": place,
        "created": version.creation_timestamp,
        "status": version.status,
        STAGE: version.current_stage,
    }
    digests = _mapped(owner, "version", {key: str(value) for key, value in facts.items()})
    known = None if sealed is None else sealed.digests.get(SealedItem(owner, "version", FETCHED_FROM))
    if known is not None:
        before = [digest_of(former + within) for former in former_addresses(experiment.tags)]
        digests[SealedItem(owner, "version", FETCHED_FROM)] = known if known in before else digest_of(address)
    return digests


def _mapped(owner: str, kind: str, values: Mapping[str, str]) -> Digests:
    return {SealedItem(owner, kind, name): digest_of(str(value)) for name, value in values.items()}
