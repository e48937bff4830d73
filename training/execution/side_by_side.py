"""Independent calls of one function, wherever they run: in this machine's processes, or on a cluster in use."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from importlib import import_module
from typing import Any, Protocol

from training.execution.local_processes import begun, drop, local_results

Job = tuple[Any, ...]
"""The arguments of one call."""


class Engine(Protocol):
    """What runs jobs."""

    @property
    def description(self) -> str:
        """What it is, for the record."""
        ...  # pragma: no cover - a protocol

    def results(self, function: Callable[..., Any], jobs: Iterable[Job]) -> Iterator[Any]:
        """What the function returns for each job, in the order of the jobs."""
        ...  # pragma: no cover - a protocol


_IN_USE: ContextVar[Engine | None] = ContextVar("engine", default=None)


@contextmanager
def running_on(engine: Engine) -> Iterator[None]:
    """Within the block, jobs run there and not in processes of this machine."""
    token = _IN_USE.set(engine)
    try:
        yield
    finally:
        _IN_USE.reset(token)


def where_jobs_run(workers: int) -> str:
    """What runs jobs now, for the record; ``workers`` as `side_by_side` has them."""
    engine = _IN_USE.get()
    here = "1 process" if workers == 1 else f"{workers} processes"
    return f"{here} of this machine" if engine is None else engine.description


@contextmanager
def meanwhile(function: Callable[..., Any], jobs: Sequence[Job], workers: int) -> Iterator[Iterator[Any]]:
    """As `side_by_side`, of jobs that begin at once; those that are not done at the end of the block are dropped.

    Without processes of this machine, also on a cluster, a job begins when its result is asked for.
    """
    results = (function(*job) for job in jobs)
    if _has_processes(workers):
        with suppress(OSError):  # no process can be started
            results = begun(function, jobs, workers)
    try:
        yield results
    finally:
        drop(results)


@contextmanager
def importing(workers: int, *modules: str) -> Iterator[None]:
    """Let processes of this machine start and import what jobs will need, while the block does something else.

    After the block they are ready. They are ended at once if it fails: then nobody needs them. A cluster's workers run
    already, and one process needs no others.
    """
    jobs = [modules] * workers if _has_processes(workers) else []
    with meanwhile(_import, jobs, workers) as imports:
        yield
        with suppress(Exception):  # a process was lost; the next jobs start another
            deque(imports, maxlen=0)


def _import(*modules: str) -> None:
    """Import modules; one that can't be imported is reported when a job needs it."""
    for name in modules:
        with suppress(Exception):
            import_module(name)


def _has_processes(workers: int) -> bool:
    return _IN_USE.get() is None and workers > 1


def side_by_side(function: Callable[..., Any], jobs: Iterable[Job], workers: int) -> Iterator[Any]:
    """What the function returns for each job, in the order of the jobs, as soon as it is there.

    A job must not depend on another. Of a sequence all jobs are at hand, and all results may wait for an earlier one:
    no process is idle. An iterator is asked for jobs as results are taken, so that at most four for each process are
    under way or wait, and neither jobs nor results need fit into memory. ``workers`` is the number of this machine's
    processes, if no cluster is in use. Function, arguments and results travel by pickle; what a ``functools.partial``
    binds reaches a cluster's workers once.
    """
    engine = _IN_USE.get()
    return local_results(function, jobs, workers) if engine is None else engine.results(function, jobs)
