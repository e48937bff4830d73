"""The servers that are compared: the service as `kap serve` starts it, the same with an endpoint that does nothing, and
`mlflow models serve` with the same registered version; each with a scratch state of its own.
"""

import os
import shutil
import sqlite3
import statistics
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from tests.benchmarks.measure import environment, run
from tests.benchmarks.serve.plan import LoadTimes, Plan
from tests.benchmarks.serve.processes import RunningServer, free_port, running

BIN = Path(sys.executable).parent
MODEL = "models:/kap-outcomes/1"
BESIDE = "tests.benchmarks.serve.nothing:KapOutcomesAndNothing"
LOG = "predictions.db"
MOST_PER_MINUTE = 1_000_000


@dataclass
class Service:
    """The service, its state folder, and what a caller has to send along; counts what it was seen to answer."""

    running: RunningServer
    state: Path
    headers: dict[str, str]
    answered: int = field(default=0)

    def drive(self, plan: Plan, folder: Path) -> LoadTimes:
        """Put a load on it, and remember how many predictions were answered."""
        taken = drive(plan, folder)
        self.answered += taken.predictions
        return taken

    def logged(self) -> int:
        """How many predictions the log holds."""
        with closing(sqlite3.connect(f"file:{self.state / LOG}?mode=ro", uri=True)) as log:
            (number,) = log.execute("SELECT count(*) FROM entries WHERE kind = 'prediction'").fetchone()
        return int(number)

    def log_bytes(self) -> int:
        """The size of the log's files."""
        return sum(file.stat().st_size for file in self.state.glob(f"{LOG}*"))


def drive(plan: Plan, folder: Path) -> LoadTimes:
    """Put a load on a server by a generator of its own process; raises RuntimeError when the generator fails.

    The plan goes by a file, for it holds a key, and everybody on a machine can read a command's arguments.
    """
    file = folder / "plan.json"
    file.write_text(plan.as_json(), encoding="utf-8")
    return LoadTimes.from_json(run([sys.executable, "-m", "tests.benchmarks.serve.load", file], folder).output)


@contextmanager
def kap_serve(folder: Path, workers: int, **settings: str) -> Iterator[Service]:
    """The service, by the command that people type; ``settings`` are environment variables."""
    port = free_port()
    command: list[str | Path] = [BIN / "kap", "serve", "--port", str(port), "--workers", str(workers)]
    with _service(command, port, folder, settings) as service:
        yield service


@contextmanager
def kap_serve_beside_nothing(folder: Path) -> Iterator[Service]:
    """The service with one more endpoint, by BentoML's own command; one worker."""
    port = free_port()
    with _service([BIN / "bentoml", "serve", BESIDE, "--port", str(port)], port, folder) as service:
        yield service


@contextmanager
def _service(
    command: list[str | Path], port: int, folder: Path, settings: Mapping[str, str] = MappingProxyType({})
) -> Iterator[Service]:
    state = folder / f"state-{port}"
    headers = {"Authorization": f"Bearer {_key(state, folder)}"}
    surroundings = environment(folder) | {"KAP_STATE": str(state), "BENTOML_DO_NOT_TRACK": "True"} | settings
    try:
        with running(command, port, "/readyz", folder, surroundings) as server:
            yield Service(server, state, headers)
    finally:
        shutil.rmtree(state)  # a log of gigabytes


def _key(state: Path, folder: Path) -> str:
    """A key that may ask as often as any can: its limit is looked after at every request, and never reached."""
    options = ["--name", "benchmark", "--scope", "predict", "--per-minute", str(MOST_PER_MINUTE)]
    return run([BIN / "kap", "keys", "create", *options, "--state", state], folder).output.strip()


@contextmanager
def mlflow_serve(folder: Path, workers: int) -> Iterator[RunningServer]:
    """MLflow's scoring server in this environment, with its default options."""
    port = free_port()
    command: list[str | Path] = [BIN / "mlflow", "models", "serve", "-m", MODEL, "--env-manager", "local"]
    options = ["--port", str(port), "--workers", str(workers)]
    store = {"MLFLOW_TRACKING_URI": f"sqlite:///{folder / 'mlflow.db'}", "PATH": f"{BIN}:{os.environ['PATH']}"}
    with running([*command, *options], port, "/ping", folder, environment(folder) | store) as server:
        yield server


def flush_milliseconds(folder: Path, times: int = 50) -> float:
    """Median time to append four kilobytes to a file and have them on disk: the least that one logged answer waits."""
    taken = []
    with (folder / "flushed").open("ab", buffering=0) as file:
        for _ in range(times):
            start = time.perf_counter()
            file.write(bytes(4096))
            os.fdatasync(file.fileno())
            taken.append(time.perf_counter() - start)
    return statistics.median(taken) * 1000
