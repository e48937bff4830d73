"""A long load at 70% of the peak: no error, memory flat, every answer in the log."""

import shutil
from collections.abc import Iterator

from tests.benchmarks.measure import say
from tests.benchmarks.serve.measures import CALLERS, MOST_CALLERS, ServingBenchmark
from tests.benchmarks.serve.memory import FLAT, Memory, Watch
from tests.benchmarks.serve.plan import LoadTimes
from tests.benchmarks.serve.servers import Service, kap_serve
from tests.benchmarks.table import BenchmarkLine

SHARE_OF_PEAK = 0.7
LOOK_SECONDS = 2.0
SPARE = 2
"""The log may take one in so many bytes that are free."""


def soak(bench: ServingBenchmark, seconds: float, workers: int) -> Iterator[BenchmarkLine]:
    """Find the peak, then put 70% of it on the same server for so long."""
    say(f"the peak, {workers} worker(s)")
    with kap_serve(bench.folder, workers) as service:
        peak = max(bench.one(service, callers).per_second for callers in (CALLERS, MOST_CALLERS))
        yield BenchmarkLine(f"peak, {workers} worker(s)", f"{peak:,.0f} a second", "", None)
        rate = SHARE_OF_PEAK * peak
        needed = rate * seconds * service.log_bytes() / service.logged() * SPARE
        free = shutil.disk_usage(bench.folder).free
        if needed > free:
            why = f"left out: {needed / 1e9:.0f} GB of disk are required, {free / 1e9:.0f} GB are free"
            yield BenchmarkLine("soak", why, "", None)
            return
        yield from _soaked(bench, service, rate, seconds)
        yield from bench.check_log("soak", service)


def _soaked(bench: ServingBenchmark, service: Service, rate: float, seconds: float) -> Iterator[BenchmarkLine]:
    say(f"{rate:,.0f} requests a second for {seconds:,.0f} s")
    busy = service.running.cpu_seconds()
    with Watch(service.running, LOOK_SECONDS) as memory:
        taken = bench.one(service, MOST_CALLERS, seconds, rate)
    busy = (service.running.cpu_seconds() - busy) / seconds
    name = f"{seconds / 60:.1f} minutes at {rate:,.0f} a second"
    errors = sum(taken.faults.values()) + len(memory.ended)
    yield BenchmarkLine(
        f"{name}: errors", f"{errors:,} in {sum(taken.statuses.values()):,} requests", "none", errors == 0
    )
    yield BenchmarkLine(f"{name}: p50, p99, longest", _times(taken), "", None)
    yield BenchmarkLine(
        f"{name}: cores used", f"{busy:.2f} by the service, {taken.cores:.2f} by the generator", "", None
    )
    yield from _memory(name, memory)
    if memory.ended:
        bench.faults.append(f"{len(memory.ended)} server process(es) ended during the soak")


def _times(taken: LoadTimes) -> str:
    return f"{taken.p50:.1f}, {taken.p99:.1f}, {taken.longest:.0f} ms from when each was due"


def _memory(name: str, memory: Memory) -> Iterator[BenchmarkLine]:
    growths = memory.growth().values()
    before, after = sum(growth.before for growth in growths), sum(growth.after for growth in growths)
    flat = bool(growths) and not memory.ended and all(growth.flat for growth in growths)
    figure = f"{before:,.0f} MB, then {after:,.0f} MB in {len(growths)} processes"
    yield BenchmarkLine(f"{name}: memory, first and last third", figure, f"{FLAT}, each process", flat)
