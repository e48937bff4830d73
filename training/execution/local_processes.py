"""The processes that fit side by side: joblib's, which it keeps for the next use, for minutes.

They import from where this process did when they were started.
"""

import os
import signal
import sys
import warnings
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import suppress
from itertools import islice
from typing import Any

ROUNDS, JOBS_OF_A_ROUND = 2, 2
"""Of an iterator, so many rounds are begun, each with so many jobs for each process: four are unfinished or wait."""


def local_results(function: Callable[..., Any], jobs: Iterable[tuple[Any, ...]], workers: int) -> Iterator[Any]:
    """What the function returns for each job, in the order of the jobs.

    The processes are begun anew if this process imports from elsewhere by now. A sequence is begun as a whole, so that
    no process waits. An iterator is asked for a round of jobs at a time, in this thread, as it may read a database: so
    few that results need not fit into memory, while processes have the jobs of the next round before one ends.
    """
    path = tuple(sys.path)  # once: joblib ends the processes, and waits, if it changes while jobs are under way
    if isinstance(jobs, Sequence):
        yield from begun(function, jobs, workers, path)
        return
    left, rounds = iter(jobs), deque[Generator[Any]]()
    try:
        while True:
            while len(rounds) < ROUNDS and (taken := list(islice(left, JOBS_OF_A_ROUND * workers))):
                rounds.append(begun(function, taken, workers, path, pre_dispatch="n_jobs"))
            if not rounds:
                return
            yield from rounds[0]
            rounds.popleft()
    finally:
        for unfinished in rounds:
            drop(unfinished)


def begun(
    function: Callable[..., Any],
    jobs: Sequence[tuple[Any, ...]],
    workers: int,
    path: tuple[str, ...] | None = None,
    pre_dispatch: str = "2 * n_jobs",
) -> Generator[Any]:
    """Give jobs to the processes at once; the results come in the order of the jobs.

    The processes import from ``path``, by default where this process does. All that use them may give them no more than
    twice their number at once: loky prints a traceback if it must forget more, because a job failed.
    """
    from joblib import Parallel, delayed

    parallel = Parallel(
        n_jobs=workers,
        return_as="generator",
        batch_size=1,
        pre_dispatch=pre_dispatch,
        initializer=import_from,
        initargs=(tuple(sys.path) if path is None else path,),
    )
    results: Generator[Any] = parallel([delayed(function)(*job) for job in jobs])
    return results


def drop(results: Generator[Any]) -> None:
    """End jobs whose results nobody asks for any more, without joblib's warning that they were for nothing."""
    with warnings.catch_warnings(action="ignore"):
        results.close()


def import_from(path: tuple[str, ...]) -> None:
    """Import from these folders and no others from now on."""
    sys.path[:] = path


def end_processes() -> None:
    """Kill the processes, which otherwise outlive this one by minutes and keep what they have imported.

    What they shared is removed when this process ends.
    """
    executor = running_executor()
    if executor is None:
        return
    try:
        executor.shutdown(wait=True, kill_workers=True)
    except RuntimeError:  # it was only about to start, and its thread can't be waited for
        kill_processes()


def kill_processes() -> None:
    """Kill the processes without a word to joblib."""
    for process in list((getattr(running_executor(), "_processes", None) or {}).values()):
        with suppress(ProcessLookupError):  # it has ended
            os.kill(process.pid, signal.SIGKILL)  # process.kill() fails: loky's Popen has none


def running_executor() -> Any:
    """joblib's executor of this process; ``None`` if there is none: joblib itself would start one."""
    if "joblib" not in sys.modules:
        return None
    from joblib.externals.loky import reusable_executor

    return getattr(reusable_executor, "_executor", None)
