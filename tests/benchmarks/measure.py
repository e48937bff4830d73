"""What a command costs: seconds and peak memory of a process of its own; and what machine it ran on.

The measuring process must stay small, so it imports nothing large: Linux counts the memory of a process from the
moment it is split off its parent.
"""

import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from tests.places import ROOT

PACKAGES = ("numpy", "pandas", "pyarrow", "scikit-learn", "xgboost-cpu", "mlflow")


@dataclass(frozen=True)
class Usage:
    """What a process took: ``seconds`` by the clock, its peak resident memory in ``megabytes``, and what it printed."""

    seconds: float
    megabytes: float
    output: str


def environment(folder: Path) -> dict[str, str]:
    """The environment of a process that works in a scratch folder, whatever this one was started with.

    Compiled bytecode is kept in the folder, so that a second start is that of an installation in use.
    """
    dropped = ("MLFLOW_TRACKING_URI", "PYTHONDONTWRITEBYTECODE")
    kept = {key: value for key, value in os.environ.items() if key not in dropped and not key.startswith("KAP_")}
    return kept | {
        "BENTOML_HOME": str(folder / "bentoml"),
        "PYTHONPATH": str(ROOT),
        "PYTHONPYCACHEPREFIX": str(folder / "bytecode"),
    }


def run(command: Sequence[str | Path], folder: Path) -> Usage:
    """Run a command in a scratch folder; raises RuntimeError with the end of its complaints when it fails."""
    printed, complaints = folder / "stdout.txt", folder / "stderr.txt"
    with printed.open("wb") as output, complaints.open("wb") as errors:
        start = time.perf_counter()
        process = subprocess.Popen(command, cwd=folder, env=environment(folder), stdout=output, stderr=errors)
        _, status, used = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{' '.join(map(str, command))}\n{complaints.read_text()[-2000:]}")
    return Usage(seconds, used.ru_maxrss / 1024, printed.read_text())


def middle(usages: Sequence[Usage]) -> Usage:
    """The run of median duration, with the greatest memory of all."""
    seconds = statistics.median_low(usage.seconds for usage in usages)
    chosen = next(usage for usage in usages if usage.seconds == seconds)
    return Usage(seconds, max(usage.megabytes for usage in usages), chosen.output)


def machine(packages: Sequence[str] = PACKAGES) -> str:
    """The machine and the versions on which the figures hang."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    versions = ", ".join(f"{name} {version(name)}" for name in packages)
    cores = len(os.sched_getaffinity(0))
    load = os.getloadavg()[0]
    return (
        f"{cores} cores of {_processor()}, {memory:.0f} GB, load {load:.1f} at the end; {platform.system()} "
        f"{platform.machine()}\nPython {platform.python_version()}, {versions}"
    )


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown make")


def say(progress: str) -> None:
    """Progress, on standard error."""
    print(progress, file=sys.stderr, flush=True)
