"""How many answers a second processes can log in one database: `python -m tests.benchmarks.log_writers`.

Each process logs turns of so many answers one after the other, each turn in one transaction and one flush, as a worker
of the service does; all begin together. With `python -m tests.postgresql` before it, PostgreSQL is measured too.
"""

import argparse
import multiprocessing
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from multiprocessing.synchronize import Barrier
from os import environ
from pathlib import Path
from uuid import uuid4

from sqlalchemy import URL
from sqlalchemy.engine import make_url

from serving.log.append import append, begin_writer, lock, lock_beside_others
from serving.prediction.predictor import PredictionReply, Predictor
from serving.storage.database import create_tables, open_database
from serving.storage.persistent_connection import PersistentConnection
from serving.storage.pseudonyms import Secret
from tests.benchmarks.log_answers import drafted
from tests.benchmarks.measure import machine
from tests.benchmarks.table import BenchmarkLine, table
from tests.serving.bundles import toy_bundle
from tests.serving.databases import VARIABLE, postgresql_database
from tests.serving.requests import EXAMPLE, read

SECRET = Secret(bytes(range(32)))
SECONDS = 3.0
SHAPES = ((1, 1), (1, 8), (1, 25), (2, 8))
"""Processes, and answers in a turn of each."""
OF_A_SERVER = ((8, 1), (8, 8), (8, 25))
"""As many processes are on several hosts, which a file can't serve."""


@dataclass(frozen=True)
class Written:
    """What a process has logged: the median milliseconds of a turn, and what the process itself wrote to disk."""

    answers: int
    seconds: float
    turn_ms: float
    kilobytes: float


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=SECONDS)
    seconds = parser.parse_args().seconds
    with tempfile.TemporaryDirectory(prefix="kap-bench-writers-") as scratch, ExitStack() as stack:
        databases = {"SQLite": URL.create("sqlite", database=str(Path(scratch) / "predictions.db"))}
        if environ.get(VARIABLE):
            databases["PostgreSQL"] = make_url(stack.enter_context(postgresql_database()))
        print(table([line for name, url in databases.items() for line in _measured(name, url, seconds)]))
    print(machine(("sqlalchemy", "pg8000", "cryptography", "backports.zstd")))


def _measured(name: str, url: URL, seconds: float) -> Iterator[BenchmarkLine]:
    engine = open_database(url)
    create_tables(engine, SECRET)
    engine.dispose()
    for processes, answers in SHAPES if url.get_backend_name() == "sqlite" else SHAPES + OF_A_SERVER:
        written = _write(url, processes, answers, seconds)
        rate = sum(one.answers / one.seconds for one in written)
        turn = statistics.median(one.turn_ms for one in written)
        figure = f"{rate:,.0f} answers a second in {rate / answers:,.0f} flushes, a turn in {turn:.1f} ms"
        if url.get_backend_name() == "sqlite":  # a server writes by itself
            figure += f", {sum(one.kilobytes for one in written) / sum(one.answers for one in written):,.0f} kB each"
        what = f"{name}, {processes} process{'es' * (processes > 1)}, turns of {answers}"
        yield BenchmarkLine(what, figure, "", None)


def _write(url: URL, processes: int, answers: int, seconds: float) -> list[Written]:
    context = multiprocessing.get_context("fork")  # the libraries are there already
    begin, results = context.Barrier(processes), context.SimpleQueue()
    address = url.render_as_string(hide_password=False)
    running = [context.Process(target=_log, args=(address, answers, seconds, begin, results)) for _ in range(processes)]
    for one in running:
        one.start()
    for one in running:
        one.join()
    if any(one.exitcode for one in running):
        raise RuntimeError(f"a process could not log: {url.get_backend_name()}, {processes} processes")
    return [results.get() for _ in running]


def _log(
    address: str, answers: int, seconds: float, begin: Barrier, results: "multiprocessing.SimpleQueue[Written]"
) -> None:
    engine = open_database(make_url(address))
    connection, reply = PersistentConnection(engine), _reply()
    with connection.writing() as opened:
        lock(opened)
        writer = begin_writer(opened, SECRET)
    begin.wait()
    before = _written_kilobytes()
    start, turns = time.perf_counter(), []
    while time.perf_counter() - start < seconds:
        drafts = [drafted(SECRET, reply, f"patient-{uuid4()}", str(uuid4())) for _ in range(answers)]
        began = time.perf_counter()
        with connection.writing() as opened:
            lock_beside_others(opened)
            writer, _ = append(opened, SECRET, writer, drafts)
        turns.append(time.perf_counter() - began)
    taken = time.perf_counter() - start
    connection.close()
    engine.dispose()
    kilobytes = _written_kilobytes() - before
    results.put(Written(answers * len(turns), taken, statistics.median(turns) * 1000, kilobytes))


def _written_kilobytes() -> float:
    """What this process has sent to disks so far (see proc(5))."""
    counted = Path("/proc/self/io").read_text(encoding="ascii")
    return int(counted.partition("\nwrite_bytes: ")[2].split()[0]) / 1000


def _reply() -> PredictionReply:
    """A full answer of a small model."""
    (reply,) = Predictor(toy_bundle(), "3").answer_many([read(EXAMPLE)], ["0" * 36])
    if not isinstance(reply, PredictionReply):
        raise TypeError("an answer is required, the record was refused")
    return reply


if __name__ == "__main__":
    sys.exit(main())
