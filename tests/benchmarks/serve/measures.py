"""What is measured: each part starts its servers, puts loads on them, and gives lines for the table.

Whatever is compared is measured in turns (A, B, A, B, ...), so that a ratio is of one run on one machine in one mood.
"""

import statistics
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.benchmarks.measure import say
from tests.benchmarks.serve.answers import BATCH, NOTHING_ROUTE
from tests.benchmarks.serve.plan import Bodies, Expected, LoadTimes, Plan
from tests.benchmarks.serve.preparation import PreparedFolder
from tests.benchmarks.serve.servers import (
    Service,
    drive,
    flush_milliseconds,
    kap_serve,
    kap_serve_beside_nothing,
    mlflow_serve,
)
from tests.benchmarks.table import BenchmarkLine

PREDICT, PREDICT_BATCH, INVOCATIONS = "/v1/predict", "/v1/predict_batch", "/invocations"
CALLERS = 8
MOST_CALLERS = 32
"""Enough to keep every worker busy: what they get is the peak."""
TURNS = 5
MOST_TIMES = 2
"""One caller's median time, in those of an empty answer and one flush together."""
FEWEST_TIMES = {1: 15, 2: 10}
"""By workers: eight callers' requests a second, in those of `mlflow models serve` with as many."""
MOST_P99 = 30
"""Milliseconds."""


@dataclass
class ServingBenchmark:
    """Measures the service of ``prepared``; each load lasts ``seconds``. ``faults`` are all wrong answers."""

    prepared: PreparedFolder
    seconds: float
    faults: list[str] = field(default_factory=list)

    @property
    def folder(self) -> Path:
        """Where all is."""
        return self.prepared.folder

    def one_caller(self) -> Iterator[BenchmarkLine]:
        """The full path beside an endpoint that does nothing, and a flush of the same disk."""
        say("one caller, in turns with an endpoint that does nothing and with a flush")
        with kap_serve_beside_nothing(self.folder) as service:
            turns = [
                (self._nothing(service).p50, flush_milliseconds(self.folder), self.one(service, 1).p50)
                for _ in range(TURNS)
            ]
            yield from self.check_log("one caller", service)
        nothing, flush, one = (statistics.median(side) for side in zip(*turns, strict=True))
        times = statistics.median(taken / (idle + flushed) for idle, flushed, taken in turns)
        yield BenchmarkLine("one caller, nothing done: p50", f"{nothing:.2f} ms", "", None)
        yield BenchmarkLine("a flush to disk, by itself: p50", f"{flush:.2f} ms", "", None)
        figure = f"{one:.2f} ms, {times:.1f} times both"
        yield BenchmarkLine(
            "one caller, full path: p50", figure, f"at most {MOST_TIMES} times both", times <= MOST_TIMES
        )

    def eight_callers(self) -> Iterator[BenchmarkLine]:
        """The slowest of eight callers' answers, and requests a second beside MLflow."""
        for workers, fewest in FEWEST_TIMES.items():
            say(f"{CALLERS} callers, {_workers(workers)}, in turns with mlflow models serve")
            with kap_serve(self.folder, workers) as service, mlflow_serve(self.folder, workers) as mlflow:
                turns = [(self.one(service, CALLERS), self._mlflow(mlflow.port)) for _ in range(TURNS)]
                yield from self.check_log(f"{CALLERS} callers, {_workers(workers)}", service)
            p99 = statistics.median(ours.p99 for ours, _ in turns)
            ours, theirs = (statistics.median(taken.per_second for taken in side) for side in zip(*turns, strict=True))
            times = statistics.median(our.per_second / their.per_second for our, their in turns)
            name = f"{CALLERS} callers, {_workers(workers)}"
            yield BenchmarkLine(f"{name}: p99", f"{p99:.1f} ms", f"at most {MOST_P99} ms", p99 <= MOST_P99)
            yield BenchmarkLine(f"{name}: mlflow models serve", f"{theirs:,.0f} a second", "", None)
            figure = f"{ours:,.0f} a second, {times:.1f} times"
            yield BenchmarkLine(f"{name}: requests", figure, f"at least {fewest} times", times >= fewest)
            cores = statistics.median(taken.cores for taken, _ in turns)
            yield BenchmarkLine(f"{name}: used by the generator", f"{cores:.0%} of a core", "", None)

    def batch(self) -> Iterator[BenchmarkLine]:
        """Patients a second of one worker, when a thousand are asked about at once."""
        say(f"batches of {BATCH:,}")
        with kap_serve(self.folder, 1) as service:
            yield self._batches(service, "many", 1, 10_000)
            yield self._batches(service, "many", 2, None)
            yield self._batches(service, "many-in-full", 1, 4_000)
            yield from self.check_log("batches", service)

    def _batches(self, service: Service, bodies: Bodies, callers: int, bar: int | None) -> BenchmarkLine:
        expected: Expected = "predicted_batch_in_full" if bodies == "many-in-full" else "predicted_batch"
        taken = self._load(service, PREDICT_BATCH, bodies, expected, callers)
        rate = callers * BATCH / taken.p50 * 1000
        how = " in full" if bodies == "many-in-full" else ""
        name = f"predict_batch of {BATCH:,}{how}, {callers} caller{'s' * (callers > 1)}, 1 worker"
        figure = f"{rate:,.0f} patients a second ({taken.p50:.0f} ms)"
        return BenchmarkLine(name, figure, f"at least {bar:,}" if bar else "", rate >= bar if bar else None)

    def one(self, service: Service, callers: int, seconds: float | None = None, rate: float | None = None) -> LoadTimes:
        """One patient after another, by so many callers, or at a rate."""
        return self._load(service, PREDICT, "one", "predicted", callers, seconds=seconds, rate=rate)

    def check_log(self, part: str, service: Service) -> Iterator[BenchmarkLine]:
        """Whether the log holds what was answered, no less and no more; a wrong answer otherwise."""
        logged = service.logged()
        if logged != service.answered:
            self.faults.append(f"{part}: {service.answered} predictions answered, {logged} in the log")
        megabytes = service.log_bytes() / 2**20
        figure = f"{logged:,} of {service.answered:,} answers, {megabytes:,.0f} MB"
        yield BenchmarkLine(f"{part}: in the log", figure, "all", logged == service.answered)

    def _nothing(self, service: Service) -> LoadTimes:
        return self._load(service, NOTHING_ROUTE, "nothing", "nothing", 1)

    def _mlflow(self, port: int) -> LoadTimes:
        plan = Plan(port, INVOCATIONS, self.prepared.bodies("frames"), "mlflow", CALLERS, self.seconds, keyed=False)
        return self._evaluated(plan, drive(plan, self.folder))

    def _load(
        self,
        service: Service,
        path: str,
        bodies: Bodies,
        expected: Expected,
        callers: int,
        *,
        seconds: float | None = None,
        rate: float | None = None,
    ) -> LoadTimes:
        plan = Plan(
            port=service.running.port,
            path=path,
            bodies=self.prepared.bodies(bodies),
            expected=expected,
            callers=callers,
            seconds=self.seconds if seconds is None else seconds,
            headers=service.headers,
            rate=rate,
        )
        return self._evaluated(plan, service.drive(plan, self.folder))

    def _evaluated(self, plan: Plan, taken: LoadTimes) -> LoadTimes:
        self.faults += [f"{plan.path}: {count} times {wrong}" for wrong, count in taken.faults.items()]
        return taken


def _workers(number: int) -> str:
    return "1 worker" if number == 1 else f"{number} workers"
