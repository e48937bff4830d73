"""Copies the bundle of a registered version from its store: behind a server from the archive of its run, one file."""

import shutil
from pathlib import Path

from mlflow.artifacts import download_artifacts
from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient

from training.registry.artifact_place import downloaded, folder_at, repository_at
from training.registry.record_archive import ARCHIVE, unpack_archive

BUNDLE, ARCHIVED = "artifacts/bundle", "archive"
"""The folder of a bundle among a model's files, and that of an unpacked archive among fetched files."""


def copied_bundle(client: MlflowClient, version: ModelVersion, scratch: Path) -> Path:
    """The folder of a copy of the version's bundle below ``scratch``; its digest is not compared here.

    Raises ``FileNotFoundError`` if its files are lost, ``MlflowException`` as MLflow does.
    """
    address = client.get_model_version_download_uri(version.name, version.version)
    here = folder_at(address)
    if here is not None:
        shutil.copytree(here / BUNDLE, scratch / BUNDLE, dirs_exist_ok=True)
        return scratch / BUNDLE
    archived = _archive(client, version, scratch)
    for found in () if archived is None else archived.glob(f"m-*/{BUNDLE}"):
        return found  # a run makes one model
    return Path(download_artifacts(f"{address}/{BUNDLE}", dst_path=str(scratch)))


def _archive(client: MlflowClient, version: ModelVersion, scratch: Path) -> Path | None:
    """The unpacked archive of the run that made a version; ``None`` if its run has none or is lost."""
    try:
        run = client.get_run(version.run_id)
    except MlflowException:
        return None
    path, folder = scratch / ARCHIVE, scratch / ARCHIVED
    if not downloaded(repository_at(run.info.artifact_uri), ARCHIVE, path) or not unpack_archive(path, folder):
        return None
    return folder
