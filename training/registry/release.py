"""The registry says which version is champion; `training.handover` copies it into BentoML's store.

Whether a version may become champion is decided in `promotion`.
"""

import logging
import os
import tempfile
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import mlflow
from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient

from features.protocol.problems import InputRefusedError, Problem
from models.bundle import Bundle, BundleRefusedError, load_bundle
from training.held_signals import signals_held
from training.registry.copied_bundle import ARCHIVED, copied_bundle
from training.registry.decision_log import DecisionLog
from training.registry.names import MODEL_NAME, ModelReference
from training.registry.references import find_reference, usual_name
from training.registry.served_heads import served_heads
from training.stores.artifact_place import artifact_bytes
from training.stores.registry_client import RegistryClient
from training.stores.sqlite_address import sqlite_file
from training.stores.store_answers import unreachable
from training.stores.store_schema import made_by_one, require_current

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
    logging.getLogger("mlflow.store.db.utils").setLevel(logging.CRITICAL)  # it logs tracebacks of what it also raises
    warnings.filterwarnings("ignore", message=".*An input example was not provided")
    os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    os.environ.setdefault(
        "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT", "true"
    )  # it asks a server for every run, to print it
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "3")  # seconds, not minutes, until an error is reported
    if not os.environ.get("MLFLOW_TRACKING_URI"):
        mlflow.set_tracking_uri(DEFAULT_STORE)
    return str(mlflow.get_tracking_uri())


def has_store() -> bool:
    """Whether the store has been made, if it is a file of SQLite; a server is asked by `check_store` only."""
    file = sqlite_file(use_store())
    return file is None or file.exists()


def require_store() -> None:
    """Raise ``InputRefusedError`` if there is no store yet, or one of another MLflow.

    MLflow would make an empty one, even to read, and upgrade an earlier one.
    """
    if not has_store():
        required = "a store of trainings, in ./mlflow.db or at MLFLOW_TRACKING_URI"
        raise InputRefusedError([Problem("registry", None, None, required, "none here; is this the right folder?")])
    require_current(use_store())


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
    store = use_store()
    require_current(store)
    try:
        with signals_held(), made_by_one(store):  # a store with half of its tables is refused from then on
            RegistryClient().search_experiments(max_results=1)
    except MlflowException as error:
        raise unreachable(error) from None


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
            raise unreachable(error) from None
        required = f"a registered version of {meant.name}, or an alias such as champion that kap promote has set"
        raise InputRefusedError([Problem("registry", None, None, required, "one that is not there")]) from None


def fetch_bundle(found: ModelReference, scratch: Path) -> Path:
    """Copy a registered version's bundle below ``scratch``, and return its folder.

    Behind a server the bundle is taken from the archive of its run, which is one file. The user of a bundle compares
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
            raise unreachable(error) from None
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
    return DecisionLog(client, model, served_heads(client, model))


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
