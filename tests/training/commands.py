"""The real ``kap`` command in a process of its own, with stores of its own."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

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


def refused(done: subprocess.CompletedProcess[str], code: int) -> str:
    """What a refused command wrote to stderr, without a traceback."""
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr + done.stdout
    return done.stderr
