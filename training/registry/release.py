"""The two stores of models: the registry says which version is champion, BentoML's store serves a checked copy of it.

Whether a version may become champion is decided in `promotion`.
"""

import hashlib
import logging
import os
import shutil
import tempfile
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mlflow
from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient

from features.protocol.problems import InputRefusedError, Problem
from models.bundle import Bundle, BundleRefusedError, load_bundle
from models.performance import PERFORMANCE, PERFORMANCE_DIGEST
from training.failures import StoreUnreachableError
from training.held_signals import signals_held
from training.registry.artifact_place import artifact_bytes
from training.registry.artifacts import EVIDENCE, EVIDENCE_DIGEST
from training.registry.copied_bundle import ARCHIVED, copied_bundle
from training.registry.decision_log import CHAMPION, HEAD, DecisionLog
from training.registry.decisions import Decision, Head
from training.registry.names import MODEL_NAME, ModelReference
from training.registry.performance import RecordedEvidence, performance_of
from training.registry.references import find_reference, usual_name
from training.registry.registry_client import RegistryClient
from training.registry.stored_training import ServedCopy

DEFAULT_STORE = "sqlite:///mlflow.db"
EVALUATION = "evaluation "
"""Prefix of a version's tags that name its evaluations on other cohorts."""


@dataclass(frozen=True)
class RegisteredModel:
    """A registered version, the run that made it, and the folder that its bundle was downloaded to.

    ``name`` is that of the registered model, ``archive`` the folder of its run's sealed archive, if it was fetched.
    """

    version: str
    run_id: str
    tags: Mapping[str, str]
    folder: Path
    name: str = MODEL_NAME
    archive: Path | None = None

    def artifact(self, name: str) -> bytes | None:
        """An artifact of the run; ``None`` if it has none of that name, or the run is lost."""
        archived = None if self.archive is None else self.archive / self.run_id / name
        if archived is not None and archived.is_file():
            return archived.read_bytes()
        try:
            return artifact_bytes(self.run_id, name)
        except (MlflowException, FileNotFoundError):
            return None


def use_store() -> str:
    """Point MLflow at the store of MLFLOW_TRACKING_URI, or at ./mlflow.db, and return its address.

    MLflow's own messages are silenced, because the command reports what it did.
    """
    logging.getLogger("mlflow").setLevel(logging.WARNING)
    logging.getLogger("alembic").setLevel(logging.WARNING)
    warnings.filterwarnings("ignore", message=".*An input example was not provided")
    os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "3")  # seconds, not minutes, until an error is reported
    if not os.environ.get("MLFLOW_TRACKING_URI"):
        mlflow.set_tracking_uri(DEFAULT_STORE)
    return str(mlflow.get_tracking_uri())


def has_store() -> bool:
    """Whether the store has been made, if it is a file of SQLite; a server is asked by `check_store` only."""
    kind, _, file = use_store().partition("///")
    return kind != "sqlite:" or Path(file.partition("?")[0]).exists()


def require_store() -> None:
    """Raise ``InputRefusedError`` if there is no store yet: MLflow would make an empty one, even to read."""
    if not has_store():
        required = "a store of trainings, in ./mlflow.db or at MLFLOW_TRACKING_URI"
        raise InputRefusedError([Problem("registry", None, None, required, "none here; is this the right folder?")])


def check_store() -> None:
    """Raise ``InputRefusedError`` if there is no store yet, and ``StoreUnreachableError`` if it does not answer."""
    require_store()
    make_store()


@contextmanager
def store_undisturbed() -> Iterator[Callable[[], None]]:
    """Hold signals while a database is written; what it gives is called where one may stop the command.

    A signal that meets MLflow within a statement leaves the database locked, also for the cleaning. A server is asked
    over HTTP, where a stop does no harm and may be needed.
    """
    if use_store().startswith(("http://", "https://")):
        yield lambda: None
        return
    with signals_held() as deliver:
        yield deliver


def make_store() -> None:
    """Raise ``StoreUnreachableError`` unless the store answers; a missing file of SQLite is made, for a training."""
    use_store()
    try:
        with signals_held():  # a store of which half the tables are made is refused from then on
            RegistryClient().search_experiments(max_results=1)
    except MlflowException:
        raise StoreUnreachableError(_unreachable()) from None


def _unreachable() -> str:
    return "the tracking store does not answer: is MLFLOW_TRACKING_URI right, and its server running?"


def find_model(version_or_alias: str) -> ModelReference:
    """The registered version that a text means, with its number; the text is one of `find_reference`.

    Raises ``InputRefusedError`` where there is no such version, ``StoreUnreachableError`` without an answer.
    """
    found = _find_version(version_or_alias)
    return ModelReference(str(found.name), str(found.version))


def _find_version(version_or_alias: str) -> ModelVersion:
    require_store()
    client = RegistryClient()
    meant = ModelReference(MODEL_NAME, version_or_alias)
    try:
        meant = find_reference(client, version_or_alias)
        if meant.version.isdigit():
            return client.get_model_version(meant.name, meant.version)
        return client.get_model_version_by_alias(meant.name, meant.version)
    except MlflowException as error:
        if error.error_code not in ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"):
            raise StoreUnreachableError(_unreachable()) from None
        required = f"a registered version of {meant.name}, or an alias such as champion that kap promote has set"
        raise InputRefusedError([Problem("registry", None, None, required, "one that is not there")]) from None


def fetch_bundle(found: ModelReference, scratch: Path) -> Path:
    """Copy a registered version's bundle below ``scratch``, and return its folder.

    Behind a server the bundle is taken from the archive of its run, which is one file. Whoever uses a bundle compares
    its digest with the registered one (`checked`).
    """
    require_store()
    return _copied(found, lambda client: client.get_model_version(found.name, found.version), scratch)


def _copied(found: ModelReference, version: Callable[[MlflowClient], ModelVersion], scratch: Path) -> Path:
    client = RegistryClient()
    try:
        return copied_bundle(client, version(client), scratch)
    except FileNotFoundError:
        pass
    except MlflowException as error:
        if error.error_code not in ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"):
            raise StoreUnreachableError(_unreachable()) from None
    required = f"the files of version {found.version} of {found.name}"
    raise InputRefusedError([Problem("registry", None, None, required, "none")]) from None


def fetch(version_or_alias: str, scratch: Path) -> RegisteredModel:
    """Copy the registered version that a text means (see `find_model`) below ``scratch``, and read its tags."""
    version = _find_version(version_or_alias)
    found = ModelReference(str(version.name), str(version.version))
    folder = _copied(found, lambda _: version, scratch)
    archive = scratch / ARCHIVED if (scratch / ARCHIVED).is_dir() else None
    return RegisteredModel(found.version, str(version.run_id), dict(version.tags), folder, found.name, archive)


def checked(directory: Path, version: str, name: str = MODEL_NAME) -> Bundle:
    """The bundle in a folder; raises ``BundleRefusedError`` unless it is the one registered as ``version``."""
    bundle = load_bundle(directory)
    registered = RegistryClient().get_model_version(name, version).tags.get("bundle_digest")
    if registered != bundle.digest:
        raise BundleRefusedError(f"version {version}: its bundle is not the one that was registered")
    return bundle


def decision_log(name: str | None = None) -> DecisionLog:
    """The decisions on a registered model, checked also against the heads that BentoML's store keeps.

    Without a name, the model is the one of `usual_name`.
    """
    check_store()
    client = RegistryClient()
    model = name or usual_name(client)
    return DecisionLog(client, model, _served_heads(client, model))


def hand_over(chosen: RegisteredModel, digest: str, decide: Callable[[], Decision]) -> tuple[Decision, str]:
    """Copy a version's bundle into BentoML's store, record the decision, and make the version champion.

    The copy includes the performance file, so that the service needs no registry. The decision is recorded after the
    copy is written, and the copy is kept, with the decision's hash, after the decision is recorded. Returns the
    decision and the tag of the store's new entry, which becomes its latest.
    """
    import bentoml  # only a promotion needs it

    labels = {"mlflow_version": chosen.version, "run_id": chosen.run_id, "bundle_digest": digest[:63]}
    performance = performance_of(digest, _recorded_evidence(chosen)).as_json().encode()
    metadata = {
        "bundle_digest": digest,
        "mlflow_version": chosen.version,
        PERFORMANCE_DIGEST: hashlib.sha256(performance).hexdigest(),
    }
    with bentoml.models.create(chosen.name, labels=labels, metadata=metadata) as model:
        shutil.copytree(chosen.folder, Path(model.path) / "bundle")
        (Path(model.path) / PERFORMANCE).write_bytes(performance)
        decision = decide()
        model.info.metadata[HEAD] = decision.hash
    client = RegistryClient()
    client.set_registered_model_alias(chosen.name, CHAMPION, chosen.version)
    said = {
        "promoted_reason": decision.reason,
        "promoted_by": decision.by,
        "promoted_at": decision.at,
        f"promotion {decision.at}": f"{decision.by}: {decision.reason}",
    }
    for key, value in said.items():
        client.set_model_version_tag(chosen.name, chosen.version, key, value)
    return decision, str(model.tag)


def _recorded_evidence(chosen: RegisteredModel) -> list[RecordedEvidence]:
    """The evidence of a version's run, and of every evaluation on another cohort."""
    evaluations = {
        key.removeprefix(EVALUATION): f"the evaluation on {source}"
        for key, source in sorted(chosen.tags.items())
        if key.startswith(EVALUATION)
    }
    noted = chosen.tags.get(EVIDENCE_DIGEST)
    own = RecordedEvidence(chosen.run_id, "the run that made this version", chosen.artifact(EVIDENCE), (noted,))
    return [own, *(_evidence_of(run_id, what) for run_id, what in evaluations.items())]


def _evidence_of(run_id: str, what: str) -> RecordedEvidence:
    digest, document = None, None
    try:
        run = RegistryClient().get_run(run_id)
        digest = run.data.tags.get(EVIDENCE_DIGEST)
        document = artifact_bytes(run, EVIDENCE)
    except (MlflowException, OSError):
        pass  # `performance` reports whether it is lost or was never recorded
    return RecordedEvidence(run_id, what, document, (digest,))


def finish_interrupted(log: DecisionLog) -> Decision | None:
    """Complete the last decision if it was recorded and then interrupted; returns that decision, if there is one.

    Raises ``BundleRefusedError`` if the bundle is not the one of the decision.
    """
    last = log.settled().unfinished
    if last is None or not last.changes_champion:
        return last if last is None else log.keep_head(last)
    with tempfile.TemporaryDirectory() as scratch:
        chosen = fetch(str(ModelReference(log.model, last.version)), Path(scratch))
        digest = checked(chosen.folder, chosen.version, chosen.name).digest
        if digest != last.bundle_digest:
            raise BundleRefusedError(f"version {last.version}: its bundle is not the one of decision {last.number}")
        hand_over(chosen, digest, lambda: log.keep_head(last))
    return last


def _served_heads(client: MlflowClient, name: str) -> tuple[Head, ...]:
    """The hashes in BentoML's store of decisions on this registry's versions; other entries are ignored."""
    import bentoml

    runs = {(str(one.version), str(one.run_id)) for one in client.search_model_versions(f"name = '{name}'")}
    heads = []
    for model in bentoml.models.list():  # by name it raises where there is none
        version, run_id = model.info.labels.get("mlflow_version", ""), model.info.labels.get("run_id", "")
        if HEAD in model.info.metadata and (version, run_id) in runs:
            heads.append(Head(str(model.tag), version, str(model.info.metadata[HEAD]), latest=False))
    return tuple(heads)


def served_copies(name: str | None = None) -> tuple[ServedCopy, ...]:
    """Every copy in BentoML's store of a model, or of any, of this registry or another; the oldest first."""
    import bentoml

    found = [model for model in bentoml.models.list() if name in (None, model.tag.name) and _is_copy(model)]
    return tuple(
        ServedCopy(
            tag=str(model.tag),
            version=str(model.info.labels.get("mlflow_version", "")),
            run_id=str(model.info.labels.get("run_id", "")),
            folder=Path(model.path),
            performance_digest=model.info.metadata.get(PERFORMANCE_DIGEST),
        )
        for model in sorted(found, key=lambda model: model.creation_time)
    )


def _is_copy(model: Any) -> bool:
    """Whether an entry of BentoML's store was made by a promotion: the store may hold other models too."""
    return model.tag.name == MODEL_NAME or "bundle_digest" in model.info.metadata


def load_registered(version_or_alias: str) -> tuple[Bundle, str]:
    """The bundle of a registered version, checked, and the version's number.

    Raises ``InputRefusedError`` for a version that is research only.
    """
    with tempfile.TemporaryDirectory() as scratch:
        found = find_model(version_or_alias)
        bundle = checked(fetch_bundle(found, Path(scratch)), found.version, found.name)
    require_answers(bundle, found.version)
    return bundle, found.version


def require_answers(bundle: Bundle, version: str) -> None:
    """Raise ``InputRefusedError`` for a version that is research only: it has no answer for a patient."""
    if bundle.research_only:
        found = f"version {version}, which is research only: {bundle.research_only}"
        required = "a version whose every winner is in its bundle; train again with candidates that can be exported"
        raise InputRefusedError([Problem("registry", None, None, required, found)])
