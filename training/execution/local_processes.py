"""The processes that fit side by side: joblib's, which it keeps for the next use, for minutes.

They import from where this process did when they were started.
"""

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

JOBS_OF_A_PROCESS = 4
"""Jobs that are taken from an iterator at once, for each process."""


def local_results(function: Callable[..., Any], jobs: Iterable[tuple[Any, ...]], workers: int) -> Iterator[Any]:
    """What the function returns for each job, in the order of the jobs.

    The processes are begun anew if this process imports from elsewhere by now. An iterator of jobs is asked for the
    next ones while some run, and in this thread: it may read a database.
    """
    from joblib import Parallel, delayed

    parallel = Parallel(
        n_jobs=workers, return_as="generator", batch_size=1, initializer=import_from, initargs=(tuple(sys.path),)
    )
    left = iter(jobs)
    number = len(jobs) if isinstance(jobs, Sequence) else JOBS_OF_A_PROCESS * workers
    taken = list(islice(left, number))
    while taken:
        results = parallel([delayed(function)(*job) for job in taken])
        taken = list(islice(left, number))
        yield from results


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
        process.kill()


def running_executor() -> Any:
    """joblib's executor of this process; ``None`` if there is none: joblib itself would start one."""
    if "joblib" not in sys.modules:
        return None
    from joblib.externals.loky import reusable_executor

    return getattr(reusable_executor, "_executor", None)
