"""`make bench-log`: what a large prediction log costs: its size, and time and memory of `kap audit log`.

Every entry is a full answer of a trained model, with curve and reasons, each under a new id and idempotency key. The
log lies in a temporary folder, which is removed. A missed bar does not fail the command.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.benchmarks.measure import machine, run, say
from tests.benchmarks.table import BenchmarkLine, table

KAP = Path(sys.executable).with_name("kap")
MILLION = 1_000_000
MOST_BYTES, MOST_SECONDS = 4e9, 300
"""For a million entries."""


def measured(folder: Path, entries: int) -> Iterator[BenchmarkLine]:
    """The lines of the table; bars hold at a million entries only."""
    say("a cohort of 1,200 patients, and a model of it")
    run([KAP, "cohort", "simulate", folder / "cohort", "--patients", "1200"], folder)
    log = folder / "predictions.db"
    say(f"{entries:,} entries")
    module = [sys.executable, "-m", "tests.benchmarks.log_answers", folder / "cohort", log, str(entries)]
    filled = json.loads(run(module, folder).output)
    size, met = log.stat().st_size, entries == MILLION
    yield BenchmarkLine("row and answer as text", f"{filled['answer_bytes'] / 1000:.1f} kB an entry", "", None)
    yield BenchmarkLine("logging in groups of 250", f"{filled['seconds_each'] * 1e6:,.0f} us an entry", "", None)
    yield BenchmarkLine(
        f"size of {entries:,} entries",
        f"{size / 1e9:.2f} GB, {size / entries / 1000:.2f} kB an entry",
        "at most 4 GB a million",
        size <= MOST_BYTES if met else None,
    )
    say("kap audit log")
    audit = run([KAP, "audit", "log", log], folder)
    figure = f"{audit.seconds:.0f} s, {audit.seconds / entries * 1e6:.0f} us an entry"
    yield BenchmarkLine(
        "kap audit log", figure, "at most 300 s a million", audit.seconds <= MOST_SECONDS if met else None
    )
    yield BenchmarkLine("kap audit log, peak memory", f"{audit.megabytes:.0f} MB", "", None)
    say("erasing one patient")
    erase = run([KAP, "log", "erase", "patient-7", "--log", log, "--by", "bench", "--reason", "bench"], folder)
    yield BenchmarkLine("kap log erase, 5 entries", f"{erase.seconds:.1f} s", "", None)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entries", type=int, default=MILLION)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="kap-bench-log-") as scratch:
        print(table(list(measured(Path(scratch), chosen.entries))))
    print(machine(("sqlalchemy", "cryptography", "backports.zstd")))


if __name__ == "__main__":
    main()
