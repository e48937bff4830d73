"""The two stores of models: the registry says which version is champion, BentoML's store serves a checked copy of it.

Whether a version may become champion is decided in `promotion`.
"""

import hashlib
import logging
import os
import shutil
import tempfile
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import mlflow
from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient

from features.protocol.problems import InputRefusedError, Problem
from models.bundle import Bundle, BundleRefusedError, load_bundle
from models.performance import PERFORMANCE, PERFORMANCE_DIGEST
from training.failures import StoreUnreachableError
from training.held_signals import signals_held
from training.registry.decision_log import CHAMPION, HEAD, DecisionLog
from training.registry.decisions import Decision, Head
from training.registry.performance import RecordedEvidence, performance_of
from training.registry.stored_training import ServedCopy

MODEL_NAME = "kap-outcomes"
DEFAULT_STORE = "sqlite:///mlflow.db"
EVALUATION = "evaluation "
"""Prefix of a version's tags that name its evaluations on other cohorts."""
EVIDENCE, EVIDENCE_DIGEST = "evidence.json", "evidence_digest"
"""An artifact of a run, and the tag with its SHA-256."""


@dataclass(frozen=True)
class RegisteredModel:
    """A registered version, the run that made it, and the folder that its bundle was downloaded to."""

    version: str
    run_id: str
    tags: Mapping[str, str]
    folder: Path


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


def check_store() -> None:
    """Raise ``StoreUnreachableError`` unless the tracking store answers; a missing ./mlflow.db is made."""
    use_store()
    try:
        with signals_held():  # a store of which half the tables are made is refused from then on
            MlflowClient().search_experiments(max_results=1)
    except MlflowException:
        raise StoreUnreachableError(_unreachable()) from None


def _unreachable() -> str:
    return "the tracking store does not answer: is MLFLOW_TRACKING_URI right, and its server running?"


def _require_store() -> None:
    """Raise ``InputRefusedError`` if there is no store yet, so that reading does not create an empty one."""
    if use_store() == DEFAULT_STORE and not Path("mlflow.db").exists():
        required = f"a store with a registered version of {MODEL_NAME}, in ./mlflow.db or at MLFLOW_TRACKING_URI"
        raise InputRefusedError([Problem("registry", None, None, required, "none here; is this the right folder?")])


def fetch_bundle(version_or_alias: str, scratch: Path) -> tuple[Path, str, str]:
    """Download a registered version's bundle below ``scratch``; its folder, its version and the run that made it.

    ``version_or_alias`` is a number, or an alias such as "champion".
    """
    _require_store()
    client = MlflowClient()
    try:
        if version_or_alias.isdigit():
            found = client.get_model_version(MODEL_NAME, version_or_alias)
        else:
            found = client.get_model_version_by_alias(MODEL_NAME, version_or_alias)
        model = mlflow.artifacts.download_artifacts(f"models:/{MODEL_NAME}/{found.version}", dst_path=str(scratch))
    except MlflowException as error:
        if error.error_code not in ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"):
            raise StoreUnreachableError(_unreachable()) from None
        required = f"a registered version of {MODEL_NAME}, or an alias such as champion that kap promote has set"
        raise InputRefusedError([Problem("registry", None, None, required, "one that is not there")]) from None
    return Path(model) / "artifacts" / "bundle", str(found.version), str(found.run_id)


def fetch(version_or_alias: str, scratch: Path) -> RegisteredModel:
    """Download a registered version, as `fetch_bundle` does, and read its tags."""
    folder, version, run_id = fetch_bundle(version_or_alias, scratch)
    tags = MlflowClient().get_model_version(MODEL_NAME, version).tags
    return RegisteredModel(version, run_id, dict(tags), folder)


def checked(directory: Path, version: str) -> Bundle:
    """The bundle in a folder; raises ``BundleRefusedError`` unless it is the one registered as ``version``."""
    bundle = load_bundle(directory)
    registered = MlflowClient().get_model_version(MODEL_NAME, version).tags.get("bundle_digest")
    if registered != bundle.digest:
        raise BundleRefusedError(f"version {version}: its bundle is not the one that was registered")
    return bundle


def decision_log() -> DecisionLog:
    """The decisions on the registered model, checked also against the heads that BentoML's store keeps."""
    _require_store()
    check_store()
    client = MlflowClient()
    return DecisionLog(client, MODEL_NAME, _served_heads(client))


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
    with bentoml.models.create(MODEL_NAME, labels=labels, metadata=metadata) as model:
        shutil.copytree(chosen.folder, Path(model.path) / "bundle")
        (Path(model.path) / PERFORMANCE).write_bytes(performance)
        decision = decide()
        model.info.metadata[HEAD] = decision.hash
    client = MlflowClient()
    client.set_registered_model_alias(MODEL_NAME, CHAMPION, chosen.version)
    said = {
        "promoted_reason": decision.reason,
        "promoted_by": decision.by,
        "promoted_at": decision.at,
        f"promotion {decision.at}": f"{decision.by}: {decision.reason}",
    }
    for key, value in said.items():
        client.set_model_version_tag(MODEL_NAME, chosen.version, key, value)
    return decision, str(model.tag)


def _recorded_evidence(chosen: RegisteredModel) -> list[RecordedEvidence]:
    """The evidence of a version's run, and of every evaluation on another cohort."""
    evaluations = {
        key.removeprefix(EVALUATION): f"the evaluation on {source}"
        for key, source in sorted(chosen.tags.items())
        if key.startswith(EVALUATION)
    }
    own = _evidence_of(chosen.run_id, "the run that made this version", (chosen.tags.get(EVIDENCE_DIGEST),))
    return [own, *(_evidence_of(run_id, what) for run_id, what in evaluations.items())]


def _evidence_of(run_id: str, what: str, noted: tuple[str | None, ...] = ()) -> RecordedEvidence:
    digest, document = None, None
    try:
        digest = MlflowClient().get_run(run_id).data.tags.get(EVIDENCE_DIGEST)
        with tempfile.TemporaryDirectory() as scratch:
            path = mlflow.artifacts.download_artifacts(run_id=run_id, artifact_path=EVIDENCE, dst_path=scratch)
            document = Path(path).read_bytes()
    except (MlflowException, OSError):
        pass  # `performance` reports whether it is lost or was never recorded
    return RecordedEvidence(run_id, what, document, (*noted, digest))


def finish_interrupted(log: DecisionLog) -> Decision | None:
    """Complete the last decision if it was recorded and then interrupted; returns that decision, if there is one.

    Raises ``BundleRefusedError`` if the bundle is not the one of the decision.
    """
    last = log.settled().unfinished
    if last is None or not last.changes_champion:
        return last if last is None else log.keep_head(last)
    with tempfile.TemporaryDirectory() as scratch:
        chosen = fetch(last.version, Path(scratch))
        digest = checked(chosen.folder, chosen.version).digest
        if digest != last.bundle_digest:
            raise BundleRefusedError(f"version {last.version}: its bundle is not the one of decision {last.number}")
        hand_over(chosen, digest, lambda: log.keep_head(last))
    return last


def _served_heads(client: MlflowClient) -> tuple[Head, ...]:
    """The hashes in BentoML's store of decisions on this registry's versions; other entries are ignored."""
    import bentoml

    runs = {(str(one.version), str(one.run_id)) for one in client.search_model_versions(f"name = '{MODEL_NAME}'")}
    heads = []
    for model in bentoml.models.list():  # by name it raises where there is none
        version, run_id = model.info.labels.get("mlflow_version", ""), model.info.labels.get("run_id", "")
        if HEAD in model.info.metadata and (version, run_id) in runs:
            heads.append(Head(str(model.tag), version, str(model.info.metadata[HEAD]), latest=False))
    return tuple(heads)


def served_copies() -> tuple[ServedCopy, ...]:
    """Every copy of the model in BentoML's store, of this registry or another; the oldest first."""
    import bentoml

    found = [model for model in bentoml.models.list() if model.tag.name == MODEL_NAME]
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


def load_registered(version_or_alias: str) -> tuple[Bundle, str]:
    """The bundle of a registered version, checked, and the version's number."""
    with tempfile.TemporaryDirectory() as scratch:
        directory, version, _ = fetch_bundle(version_or_alias, Path(scratch))
        return checked(directory, version), version
