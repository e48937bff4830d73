"""Copies of the files that this process writes behind a tracking server, so that what was written can be sealed.

To read them back would be a request for each, and would seal what a faulty server gives back in place of what was
recorded.
"""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from mlflow.store.artifact.artifact_repository_registry import get_registered_artifact_repositories
from mlflow.store.artifact.mlflow_artifacts_repo import MlflowArtifactsRepository

BEHIND_A_SERVER = "mlflow-artifacts"
"""MLflow's scheme for artifacts that go through the tracking server."""


@dataclass(frozen=True)
class WrittenFiles:
    """The copies, in a folder that is there as long as they are kept."""

    folder: Path

    def at(self, address: str) -> Path | None:
        """The folder of the files that were written at an address; ``None`` if that is not behind the server."""
        if not address.startswith(f"{BEHIND_A_SERVER}:"):
            return None
        found = self._folder_of(MlflowArtifactsRepository(address))
        found.mkdir(parents=True, exist_ok=True)
        return found

    def add(self, repository: MlflowArtifactsRepository, file: Path, place: str | None) -> None:
        """Copy a file that was written; later ones are not kept."""
        if self.folder.is_dir():
            target = self._folder_of(repository) / (place or "") / file.name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, target)

    def _folder_of(self, repository: MlflowArtifactsRepository) -> Path:
        return self.folder / sha256(str(repository.artifact_uri).encode()).hexdigest()


@contextmanager
def copies_of_written() -> Iterator[WrittenFiles]:
    """Keep a copy of every file that MLflow writes behind the server within the block."""
    known: dict[str, Any] = get_registered_artifact_repositories()
    usual = known[BEHIND_A_SERVER]
    with tempfile.TemporaryDirectory() as folder:
        written = WrittenFiles(Path(folder))

        class _Copying(MlflowArtifactsRepository):  # type: ignore[misc]  # MLflow is read without its types
            def log_artifact(self, local_file: str, artifact_path: str | None = None) -> None:
                super().log_artifact(local_file, artifact_path)
                written.add(self, Path(local_file), artifact_path)

        known[BEHIND_A_SERVER] = _Copying
        try:
            yield written
        finally:
            known[BEHIND_A_SERVER] = usual
