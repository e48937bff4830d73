"""The real ``kap`` command with stores of its own: in a process of its own, or in this one."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import mlflow
import pytest
from bentoml._internal.configuration.containers import BentoMLContainer
from bentoml._internal.models.model import ModelStore
from click.testing import CliRunner

from training.cli.app import main

KAP = Path(sys.executable).with_name("kap")


@dataclass(frozen=True)
class Workplace:
    """A folder in which commands are run: MLflow's store, BentoML's store and all files lie below it."""

    folder: Path

    @property
    def store(self) -> str:
        return f"sqlite:///{self.folder / 'mlflow.db'}"

    @property
    def environment(self) -> dict[str, str]:
        return os.environ | {
            "MLFLOW_TRACKING_URI": self.store,
            "BENTOML_HOME": str(self.folder / "bentoml"),
            "MLFLOW_DISABLE_TELEMETRY": "true",
            "BENTOML_DO_NOT_TRACK": "True",
            "PYTHONWARNINGS": "ignore",
        }

    def kap(self, *arguments: str | Path, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
        return self.run(KAP, *arguments, stdin=stdin)

    def python(self, code: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
        return self.run(sys.executable, "-c", code, *arguments)

    def run(self, *command: str | Path, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(part) for part in command],
            cwd=self.folder,
            env=self.environment,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )


@dataclass(frozen=True)
class SameProcess(Workplace):
    """Commands without a process of their own, which takes seconds to start: for what the process plays no part in."""

    def kap(self, *arguments: str | Path, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
        words = [str(part) for part in arguments]
        with self.in_use():
            done = CliRunner().invoke(main, words, input=stdin, prog_name="kap", catch_exceptions=False)
        return subprocess.CompletedProcess(["kap", *words], done.exit_code, done.stdout, done.stderr)

    @contextmanager
    def in_use(self) -> Iterator[None]:
        """The folder and the stores are those of a process of its own, whatever an earlier test had in use."""
        before = mlflow.get_tracking_uri()
        models = self.folder / "bentoml" / "models"
        models.mkdir(parents=True, exist_ok=True)
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(self.folder)
            for name, value in self.environment.items():
                patch.setenv(name, value)
            mlflow.set_tracking_uri(self.store)
            BentoMLContainer.model_store.set(ModelStore(models))
            try:
                yield
            finally:
                BentoMLContainer.model_store.reset()
                mlflow.set_tracking_uri(before)


def refused(done: subprocess.CompletedProcess[str], code: int) -> str:
    """What a refused command wrote to stderr, without a traceback."""
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr + done.stdout
    return done.stderr
