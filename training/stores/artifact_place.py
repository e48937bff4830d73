"""Where artifacts are: in a folder on this machine, also after the store was copied or moved, or behind a server.

MLflow records absolute addresses. A store that is a file of SQLite may stand elsewhere than when a run was recorded;
then the run's folder is looked for below the present folder of the store. Nothing is written here (`relocation`).
"""

import tempfile
from pathlib import Path
from urllib.parse import urlsplit

import mlflow
from mlflow.artifacts import download_artifacts
from mlflow.entities import Run
from mlflow.store.artifact.artifact_repo import ArtifactRepository
from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository
from mlflow.store.artifact.local_artifact_repo import LocalArtifactRepository

from training.failures import StoreUnreachableError
from training.stores.read_copy import own_address
from training.stores.registry_client import RegistryClient
from training.stores.sqlite_address import sqlite_file

LEAST_PARTS = 3
"""An artifact folder is EXPERIMENT/RUN/artifacts at least: so much of its address names it alone."""


def store_file() -> Path | None:
    """The store's file, if it is one of SQLite."""
    file = sqlite_file(own_address(str(mlflow.get_tracking_uri())))
    return None if file is None else file.absolute()


def is_behind_a_server() -> bool:
    """Whether the tracking store is asked over HTTP, so that every question is a request."""
    return urlsplit(str(mlflow.get_tracking_uri())).scheme in ("http", "https")


def folder_at(address: str) -> Path | None:
    """The folder on this machine at an address of artifacts; ``None`` if they are behind a server.

    Where the folder of the store has been copied or moved, it is the one below its present place. A folder that is
    lost is returned too. Raises ``StoreUnreachableError`` if the address is of another machine or place.
    """
    repository = get_artifact_repository(address)
    if not isinstance(repository, LocalArtifactRepository):
        return None
    recorded = Path(repository.artifact_dir)
    here = recorded.absolute() if recorded.is_absolute() or store_file() is None else _beside_store(recorded)
    relocated = below_store(here)
    if relocated is not None:
        return relocated
    if here.is_dir() or _is_lost(here):
        return here
    beside = store_file()
    looked = f", nor beside {beside}" if beside else ""
    remedy = "copy the folder mlruns beside mlflow.db, or work where the training was recorded"
    raise StoreUnreachableError(f"artifacts are not found here: {here}{looked}; {remedy}")


def _beside_store(relative: Path) -> Path:
    store = store_file()
    return (store.parent if store else Path.cwd()) / relative


def below_store(recorded: Path, least_parts: int = LEAST_PARTS) -> Path | None:
    """The counterpart of a recorded folder below the present folder of the store; ``None`` if there is none."""
    store = store_file()
    if store is None or recorded.is_relative_to(store.parent):
        return None
    parts = recorded.parts[1:]
    for first in range(len(parts) - least_parts + 1):
        found = store.parent.joinpath(*parts[first:])
        if found.is_dir():
            return found
    return None


def _is_lost(folder: Path) -> bool:
    """Whether a folder that is missing was here: it belongs below the store, or its experiment's folder is here."""
    store, experiment = store_file(), folder.parent.parent
    if store is not None and folder.is_relative_to(store.parent):
        return True
    return experiment.is_dir() or below_store(experiment, LEAST_PARTS - 1) is not None


def repository_at(address: str) -> ArtifactRepository:
    """MLflow's access to artifacts behind a server."""
    return get_artifact_repository(address)


def downloaded(repository: ArtifactRepository, name: str, target: Path) -> bool:
    """Write an artifact behind a server to a file with one request; false if the server has none of that name.

    Raises ``StoreUnreachableError`` where the server does not answer or refuses.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        repository._download_file(name, str(target))  # noqa: SLF001 - the public function lists the folder first
    except OSError as error:  # the errors of the HTTP client are of this class
        return _lost_or_refused(repository, name, error)
    return True


def _lost_or_refused(repository: ArtifactRepository, name: str, error: OSError) -> bool:
    status = getattr(getattr(error, "response", None), "status_code", None)
    if isinstance(error, FileNotFoundError) or status == 404:
        return False
    if status == 500 and name not in {one.path for one in repository.list_artifacts(name.rpartition("/")[0] or None)}:
        return False  # how a server answers that looks for a file in a folder which is not there
    raise StoreUnreachableError(f"the artifact {name} can't be read: the server answered {status}") from None


def artifact_bytes(run: Run | str, name: str) -> bytes:
    """The content of an artifact of a run.

    Raises ``FileNotFoundError`` if it is lost, ``MlflowException`` if the run is, and ``StoreUnreachableError`` if the
    artifacts are not found here or the server refuses.
    """
    address = str((RegistryClient().get_run(run) if isinstance(run, str) else run).info.artifact_uri)
    folder = folder_at(address)
    if folder is not None:
        return (folder / name).read_bytes()
    with tempfile.TemporaryDirectory() as scratch:
        target = Path(scratch) / "artifact"
        if not downloaded(repository_at(address), name, target):
            raise FileNotFoundError(name)
        return target.read_bytes()


def fetched(address: str, scratch: Path) -> Path:
    """The folder of artifacts at an address: on this machine itself, otherwise a copy of all below ``scratch``."""
    folder = folder_at(address)
    if folder is not None:
        return folder
    scratch.mkdir(parents=True, exist_ok=True)
    for listed in repository_at(address).list_artifacts():
        download_artifacts(artifact_uri=f"{address}/{listed.path}", dst_path=str(scratch))
    return scratch
