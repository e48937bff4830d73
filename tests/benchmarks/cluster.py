"""`make bench-cluster`: a cohort in parts and a training, on this machine's processes and on a Dask cluster.

Both are of two workers here. A worker of the cluster is killed in the middle; if it was not at work, the part fails.
What differs by a byte fails the command, a missed bar does not.
"""

import argparse
import filecmp
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from tests.benchmarks.measure import Usage, run, say
from tests.benchmarks.parts import end, measured
from tests.benchmarks.table import BenchmarkLine

KAP = Path(sys.executable).with_name("kap")
PARTS, WORKERS = 16, 2
PATIENTS, FEW_PATIENTS = 4_000_000, 16_000
DEVELOPMENT, FEW_DEVELOPMENT = 2500, 400
DIGEST = """
import sys
from mlflow.tracking import MlflowClient
print(MlflowClient("sqlite:///mlflow.db").get_model_version("kap-outcomes", sys.argv[1]).tags["bundle_digest"])
"""
KILLED_AFTER = 0.4
"""So much of the time that two processes need has passed when a worker is killed."""


class ClusterBenchmark:
    """Measures in a scratch folder. ``faults`` says where bytes differ."""

    def __init__(self, folder: Path, patients: int, development: int) -> None:
        self.folder = folder
        self.patients = patients
        self.development = development
        self.faults: list[str] = []

    def train(self) -> Iterator[BenchmarkLine]:
        """The same model on both."""
        here, there = self.trained, self._trained("--cluster", "local")
        digests = [self._bundle_of(used) for used in (here, there)]
        self._compare("kap train", digests[0] == digests[1])
        name = f"kap train, {self.development:,} patients"
        yield BenchmarkLine(
            f"{name}, {WORKERS} processes", f"{here.seconds:.0f} s", "at most 90 s", self._met(here, 90)
        )
        figure = f"{there.seconds:.0f} s, {there.seconds / here.seconds:.2f} times"
        yield BenchmarkLine(
            f"{name}, a cluster of {WORKERS} workers", figure, "the same bundle", digests[0] == digests[1]
        )

    def score(self) -> Iterator[BenchmarkLine]:
        """The same file from both, although one worker is killed."""
        assert self.trained  # version 1 is registered
        say(f"predicting for {self.patients:,} patients in {PARTS} parts")
        here = run(
            [KAP, "score", self.cohort, "--out", "here.parquet", "--model", "1", "--workers", f"{WORKERS}"], self.folder
        )
        say("the same on a cluster that loses a worker")
        killed_after = f"{KILLED_AFTER * here.seconds:.1f}"
        there = run(
            [sys.executable, "-m", "tests.benchmarks.cluster", "--lose-a-worker", killed_after, self.cohort],
            self.folder,
        )
        same = filecmp.cmp(self.folder / "here.parquet", self.folder / "there.parquet", shallow=False)
        self._compare("kap score", same)
        name = f"kap score, {self.patients:,} patients in {PARTS} parts"
        yield BenchmarkLine(f"{name}, {WORKERS} processes", f"{here.seconds:.0f} s", "", None)
        yield BenchmarkLine(
            f"{name}: the largest process", f"{here.megabytes:,.0f} MB", "at most 1,500 MB", here.megabytes <= 1500
        )
        times = there.seconds / here.seconds
        figure = f"{there.seconds:.0f} s, {times:.2f} times"
        yield BenchmarkLine(
            f"{name}, a cluster of {WORKERS} workers, one killed", figure, "at most 1.2 times", times <= 1.2
        )
        yield BenchmarkLine(
            f"{name}, cluster: the largest process",
            f"{there.megabytes:,.0f} MB",
            "at most 1,500 MB",
            there.megabytes <= 1500,
        )
        yield BenchmarkLine(f"{name}: the files", "equal" if same else "different", "equal", same)

    @cached_property
    def cohort(self) -> Path:
        """The cohort in parts, each drawn by itself; the ids of a part have its number in front."""
        say(f"simulating {self.patients:,} patients in {PARTS} parts")
        folder = self.folder / "parts"
        for number in range(PARTS):
            drawn = self.folder / f"drawn-{number}"
            words = ["--patients", f"{self.patients // PARTS}", "--seed", f"{number}", "--format", "parquet"]
            run([KAP, "cohort", "simulate", drawn, *words], self.folder)
            for path in drawn.glob("*.parquet"):
                if path.stem != "truth":
                    _write_part(path, folder / path.stem / f"part-{number:02}.parquet", number)
                path.unlink()
        return folder

    @cached_property
    def trained(self) -> Usage:
        """A training on this machine's processes, which registers version 1."""
        return self._trained()

    def _trained(self, *options: str) -> Usage:
        cohort = self.folder / "development"
        if not cohort.exists():
            run([KAP, "cohort", "simulate", cohort, "--patients", f"{self.development}"], self.folder)
        say(f"training on {self.development:,} patients {' '.join(options)}")
        return run([KAP, "train", cohort, "--workers", f"{WORKERS}", "--json", *options], self.folder)

    def _bundle_of(self, training: Usage) -> str:
        """The digest of the bundle that a training registered."""
        version = json.loads(training.output.splitlines()[-1])["model_version"]
        return run([sys.executable, "-c", DIGEST, str(version)], self.folder).output.strip()

    def _compare(self, what: str, same: bool) -> None:
        if not same:
            self.faults.append(f"{what}: the cluster gives other bytes")

    def _met(self, used: Usage, seconds: float) -> bool | None:
        return used.seconds <= seconds if self.development == DEVELOPMENT else None


def _write_part(source: Path, target: Path, number: int) -> None:
    rows = pq.read_table(source)
    ids = pa.array([f"{number:02}-{one}" for one in rows["patient_id"].to_pylist()], pa.string())
    target.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(rows.set_column(rows.column_names.index("patient_id"), "patient_id", ids), target)


def lose_a_worker(cohort: Path, after_seconds: float) -> None:
    """Run `kap score` on a cluster of this process, and kill one of its workers in the middle.

    Raises ``AssertionError`` if the worker had no jobs by then.
    """
    import dask
    from distributed import Client, LocalCluster

    from tests.training.lost_worker import worker_lost_at_work
    from training.execution.cluster import TRIMMING

    options = {"host": "127.0.0.1", "dashboard_address": None, "threads_per_worker": 1, "n_workers": WORKERS}
    with (
        dask.config.set({f"distributed.nanny.pre-spawn-environ.{TRIMMING}": None}),
        LocalCluster(**options) as cluster,
        Client(cluster, set_as_default=False) as client,
        worker_lost_at_work(client, after_seconds),
    ):
        words = [KAP, "score", cohort, "--out", "there.parquet", "--model", "1", "--cluster", cluster.scheduler_address]
        subprocess.run(words, check=True)


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.cluster", description=__doc__)
    parser.add_argument("--only", action="append", choices=("train", "score"), help="measure this part")
    parser.add_argument("--quick", action="store_true", help="few patients; bars are not checked")
    parser.add_argument("--patients", type=int, help="patients in the cohort in parts; 4,000,000 when absent")
    parser.add_argument("--lose-a-worker", nargs=2, metavar=("SECONDS", "COHORT"), help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.lose_a_worker:
        seconds, cohort = asked.lose_a_worker
        lose_a_worker(Path(cohort), float(seconds))
        return
    patients = asked.patients or (FEW_PATIENTS if asked.quick else PATIENTS)
    with tempfile.TemporaryDirectory(prefix="kap-bench-cluster-") as scratch:
        bench = ClusterBenchmark(Path(scratch), patients, FEW_DEVELOPMENT if asked.quick else DEVELOPMENT)
        parts = {"train": bench.train, "score": bench.score}
        report = measured({name: part for name, part in parts.items() if name in (asked.only or parts)})
    end(report, bench.faults)


if __name__ == "__main__":
    main()
