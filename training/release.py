"""Promotion: the registry decides which version is champion, BentoML's store serves a checked copy of it."""

import getpass
import logging
import os
import shutil
import tempfile
import warnings
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import mlflow
from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient

from features.problems import InputRefusedError, Problem
from models.bundle import Bundle, BundleRefusedError, load_bundle
from training.failures import StoreUnreachableError

MODEL_NAME = "kap-outcomes"
DEFAULT_STORE = "sqlite:///mlflow.db"
CHAMPION = "champion"


@dataclass(frozen=True)
class Promotion:
    """A promotion that took place."""

    version: str
    bundle_digest: str
    serving_tag: str


def use_store() -> str:
    """Point MLflow at the store of MLFLOW_TRACKING_URI, or at ./mlflow.db, and return its address.

    MLflow's own running commentary is silenced: what it did is said by the command.
    """
    logging.getLogger("mlflow").setLevel(logging.WARNING)
    logging.getLogger("alembic").setLevel(logging.WARNING)
    warnings.filterwarnings("ignore", message=".*An input example was not provided")
    os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "3")  # seconds, not minutes, until a dead server is told
    if not os.environ.get("MLFLOW_TRACKING_URI"):
        mlflow.set_tracking_uri(DEFAULT_STORE)
    return str(mlflow.get_tracking_uri())


def check_store() -> None:
    """Raise ``StoreUnreachableError`` unless the tracking store answers; a missing ./mlflow.db is made."""
    use_store()
    try:
        MlflowClient().search_experiments(max_results=1)
    except MlflowException:
        raise StoreUnreachableError(_unreachable()) from None


def _unreachable() -> str:
    return "the tracking store does not answer: is MLFLOW_TRACKING_URI right, and its server running?"


def promote(version: str, reason: str) -> Promotion:
    """Check a registered version, make it champion, and copy its bundle into BentoML's store.

    Raises ``InputRefusedError`` when there is no such version or no reason, ``BundleRefusedError`` when its bundle
    is not the one that was registered.
    """
    if not reason.strip():
        raise InputRefusedError([Problem("promote", None, "--reason", "why this version is promoted", "nothing")])
    with tempfile.TemporaryDirectory() as scratch:
        directory, found, run_id = fetch_bundle(version, Path(scratch))
        version = found
        bundle = _checked(directory, version)
        client = MlflowClient()
        tag = _copy_into_store(directory, bundle, version, run_id)
        by, at = getpass.getuser(), datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        tags = {"promoted_reason": reason, "promoted_by": by, "promoted_at": at, f"promotion {at}": f"{by}: {reason}"}
        for key, value in tags.items():
            client.set_model_version_tag(MODEL_NAME, version, key, value)
        client.set_registered_model_alias(MODEL_NAME, CHAMPION, version)
    return Promotion(version, bundle.digest, tag)


def fetch_bundle(version_or_alias: str, scratch: Path) -> tuple[Path, str, str]:
    """Download a registered version's bundle below ``scratch``; its folder, its version and the run that made it.

    ``version_or_alias`` is a number, or an alias such as "champion".
    """
    if use_store() == DEFAULT_STORE and not Path("mlflow.db").exists():
        required = f"a store with a registered version of {MODEL_NAME}, in ./mlflow.db or at MLFLOW_TRACKING_URI"
        raise InputRefusedError([Problem("registry", None, None, required, "none here; see kap train")])
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


def load_registered(version_or_alias: str) -> tuple[Bundle, str]:
    """The bundle of a registered version, checked, and the version's number."""
    with tempfile.TemporaryDirectory() as scratch:
        directory, version, _ = fetch_bundle(version_or_alias, Path(scratch))
        return _checked(directory, version), version


def _checked(directory: Path, version: str) -> Bundle:
    bundle = load_bundle(directory)
    registered = MlflowClient().get_model_version(MODEL_NAME, version).tags.get("bundle_digest")
    if registered != bundle.digest:
        raise BundleRefusedError(f"version {version}: its bundle is not the one that was registered")
    return bundle


def _copy_into_store(directory: Path, bundle: Bundle, version: str, run_id: str) -> str:
    """A new entry in BentoML's store, which thereby becomes its latest."""
    import bentoml  # needed for a promotion alone; reading the registry does without

    labels = {"mlflow_version": version, "run_id": run_id, "bundle_digest": bundle.digest[:63]}
    with bentoml.models.create(
        MODEL_NAME, labels=labels, metadata={"bundle_digest": bundle.digest, "mlflow_version": version}
    ) as model:
        shutil.copytree(directory, Path(model.path) / "bundle")
    return str(model.tag)
