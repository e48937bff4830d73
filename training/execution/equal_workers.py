"""Whether the workers of a cluster give the numbers that this process would give.

A worker must run this software with the same versions and the same arithmetic: a model fitted elsewhere would differ in
its last digits from one fitted here.
"""

import json
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

from training.failures import ClusterFailedError
from training.provenance import collect_provenance


@cache
def own_arithmetic() -> str:
    """All of this process on which numbers depend: code, versions, arithmetic and machine; as JSON."""
    own = collect_provenance()
    return json.dumps([own.sources_digest, own.python, own.machine, own.blas, own.packages])


def checked_call(expected: str, function: Callable[..., Any], *arguments: Any) -> Any:
    """Call the function if this worker, which may have joined later, is as `require_equal_workers` asks."""
    from distributed import get_worker

    worker = get_worker()
    if worker.state.nthreads != 1:
        raise _several_jobs_at_once([worker.address])
    if own_arithmetic() != expected:
        raise ClusterFailedError("a worker that joined the cluster has other versions or arithmetic than this process")
    return function(*arguments)


def require_equal_workers(client: Any) -> None:
    """Raise ``ClusterFailedError`` unless every worker runs one job at a time and gives the same numbers.

    The scheduler must have the same software, to read the jobs.
    """
    threads = {worker: state["nthreads"] for worker, state in client.scheduler_info(n_workers=-1)["workers"].items()}
    several = sorted(worker for worker, number in threads.items() if number != 1)
    if several:
        raise _several_jobs_at_once(several)
    try:
        found = {"the scheduler": client.run_on_scheduler(own_arithmetic), **client.run(own_arithmetic)}
    except ModuleNotFoundError:  # the scheduler reads the jobs too
        raise ClusterFailedError("kap-outcomes is not installed where the scheduler and each worker run") from None
    others = sorted(worker for worker, own in found.items() if own != own_arithmetic())
    if others:
        raise ClusterFailedError(
            f"{_listed(others)} would give other numbers: {_difference(found[others[0]])}; install the same version"
        )


def _several_jobs_at_once(workers: Sequence[str]) -> ClusterFailedError:
    return ClusterFailedError(f"a worker must run one job at a time (--nthreads 1); {_listed(workers)} runs several")


def _difference(own: str) -> str:
    """What a worker has otherwise than this process, in words."""
    names = ("the code", "Python", "the machine", "the linear algebra")
    *theirs, their_packages = json.loads(own)
    *ours, packages = json.loads(own_arithmetic())
    others = [name for name, one, other in zip(names, theirs, ours, strict=True) if one != other]
    installed = dict(their_packages)
    return ", ".join(others + [name for name, version in packages if installed.get(name) != version])


def _listed(workers: Sequence[str]) -> str:
    more = f" and {len(workers) - 3} more" if len(workers) > 3 else ""
    return ", ".join(workers[:3]) + more
