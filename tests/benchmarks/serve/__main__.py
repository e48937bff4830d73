"""`make bench-serve`: what an answer over HTTP costs, beside what it may cost; prints one table.

Every server and the load generator are processes of their own, on loopback, in a temporary folder that is removed. A
missed bar does not fail the command, for a figure depends on the machine and on what else it does; a wrong answer does,
and a part that could not be measured.
"""

import argparse
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from tests.benchmarks.parts import end, measured
from tests.benchmarks.serve.measures import ServingBenchmark
from tests.benchmarks.serve.preparation import prepare
from tests.benchmarks.serve.soak import soak
from tests.benchmarks.table import BenchmarkLine

PARTS = ("one_caller", "eight_callers", "batch", "soak")
PACKAGES = ("numpy", "xgboost-cpu", "bentoml", "uvicorn", "pydantic", "sqlalchemy", "mlflow")
SECONDS, QUICK_SECONDS = 4.0, 1.5
SOAK_SECONDS, QUICK_SOAK_SECONDS = 600.0, 20.0


def main() -> None:
    """Measure what was asked for, print the table, and say which answers were wrong."""
    asked = _asked()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # so that every server is ended
    with _scratch(asked.folder) as folder:
        bench = ServingBenchmark(prepare(folder), QUICK_SECONDS if asked.quick else SECONDS)
        report = measured({part: partial(_measured, bench, part, asked) for part in asked.only or PARTS}, PACKAGES)
    end(report, bench.faults)


@contextmanager
def _scratch(kept: Path | None) -> Iterator[Path]:
    """The folder asked for, which stays; or one that is removed afterwards."""
    if kept is not None:
        yield kept.resolve()
        return
    with tempfile.TemporaryDirectory(prefix="kap-bench-serve-") as scratch:
        yield Path(scratch)


def _measured(bench: ServingBenchmark, part: str, asked: argparse.Namespace) -> Iterator[BenchmarkLine]:
    if part == "soak":
        default = QUICK_SOAK_SECONDS if asked.quick else SOAK_SECONDS
        return soak(bench, default if asked.soak_seconds is None else asked.soak_seconds, asked.soak_workers)
    measures = {"one_caller": bench.one_caller, "eight_callers": bench.eight_callers, "batch": bench.batch}
    return measures[part]()


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.serve", description=__doc__)
    parser.add_argument("--only", action="append", choices=PARTS, help="measure this part; may be repeated")
    parser.add_argument("--quick", action="store_true", help="a short look")
    parser.add_argument("--folder", type=Path, help="work here, stay, and take up the model that was left here before")
    parser.add_argument("--soak-seconds", type=float, help="how long the soak lasts; 600 when absent")
    parser.add_argument("--soak-workers", type=int, default=2, help="worker processes in the soak; 2 when absent")
    return parser.parse_args()


if __name__ == "__main__":
    main()
