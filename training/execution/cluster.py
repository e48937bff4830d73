"""A Dask cluster that runs jobs: one that people already have, or one of this machine's processes.

A worker must run this software with the same versions and the same arithmetic: a model fitted elsewhere would differ in
its last digits from one fitted here. A worker that ends in the middle costs time only, for its jobs are run again.
"""

import json
import logging
import sys
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from functools import cache
from typing import Any

from features.protocol.problems import InputRefusedError, Problem
from training.execution.local_processes import import_from
from training.execution.side_by_side import Job, running_on
from training.failures import ClusterFailedError
from training.provenance import collect_provenance

LOCAL = "local"
PATIENCE_SECONDS = 30
"""So long a scheduler has to answer, and a cluster to have a worker."""
_SMALL = (int, float, str, bytes, bool, type(None))


@contextmanager
def on_cluster(address: str, workers: int) -> Iterator["DaskEngine"]:
    """Within the block, jobs run on the cluster with this scheduler, such as ``tls://host:8786``.

    ``local`` starts one of so many processes of this machine, which ends with the block.
    Raises ``InputRefusedError`` if Dask is not installed or the address is none, and ``ClusterFailedError`` if the
    cluster does not answer, has no workers, or has any that would give other numbers.
    """
    with _client(address, workers) as client:
        _require_equal_workers(client)
        engine = DaskEngine(client)
        with running_on(engine):
            yield engine


class DaskEngine:
    """Runs jobs on the workers of a Dask ``client``."""

    def __init__(self, client: Any) -> None:
        """Keep the client."""
        self.client = client

    def results(self, function: Callable[..., Any], jobs: Sequence[Job]) -> Iterator[Any]:
        """What the function returns for each job, in the order of the jobs; see `side_by_side`.

        Raises ``ClusterFailedError`` if workers end again and again.
        """
        from distributed import CancelledError, KilledWorker
        from distributed.comm.core import CommClosedError

        shared = self._shared(jobs)
        futures = [
            self.client.submit(
                _checked, own_arithmetic(), function, *(shared.get(id(one), one) for one in job), pure=False
            )
            for job in jobs
        ]
        try:
            for future in futures:
                yield future.result()
        except (KilledWorker, CancelledError, CommClosedError) as error:
            raise ClusterFailedError(f"the cluster lost its workers in the middle: {type(error).__name__}") from None
        finally:
            self.client.cancel([future for future in futures if not future.done()])

    def _shared(self, jobs: Sequence[Job]) -> Mapping[int, Any]:
        """What several jobs have in common, by its id: sent once, and made again if the worker that has it ends."""
        used = Counter(id(one) for job in jobs for one in job if not isinstance(one, _SMALL))
        objects = {id(one): one for job in jobs for one in job if used[id(one)] > 1}
        return {number: self.client.submit(_itself, one, pure=False) for number, one in objects.items()}


def _itself(value: object) -> object:
    return value


def _checked(expected: str, function: Callable[..., Any], *arguments: Any) -> Any:
    """Call the function if this worker, which may have joined later, gives the same numbers."""
    if own_arithmetic() != expected:
        raise ClusterFailedError("a worker that joined the cluster has other versions or arithmetic than this process")
    return function(*arguments)


@cache
def own_arithmetic() -> str:
    """All of this process on which numbers depend: code, versions, arithmetic and machine; as JSON."""
    own = collect_provenance()
    return json.dumps([own.sources_digest, own.python, own.machine, own.blas, own.packages])


@contextmanager
def _client(address: str, workers: int) -> Iterator[Any]:
    try:
        from distributed import Client
    except ModuleNotFoundError:
        required = "the libraries of the extra [cluster]: pip install 'kap-outcomes[cluster]'"
        raise _refused(required, "an installation without Dask") from None
    with warnings.catch_warnings(), ExitStack() as stack:
        warnings.filterwarnings("ignore", message="Sending large graph")
        started = stack.enter_context(_local_cluster(workers)) if address == LOCAL else None
        try:
            client = stack.enter_context(Client(started or address, timeout=PATIENCE_SECONDS, set_as_default=False))
            client.wait_for_workers(1, timeout=PATIENCE_SECONDS)
        except ValueError:
            raise _refused("local, or the address of a scheduler such as tls://host:8786", "another text") from None
        except (OSError, TimeoutError):
            raise ClusterFailedError(f"no cluster with workers answers within {PATIENCE_SECONDS} s") from None
        if started is not None:
            client.run(import_from, tuple(sys.path))
        yield client


def _local_cluster(workers: int) -> Any:
    """Processes of this machine that nobody else can reach: they speak TLS with a key of their own, on loopback."""
    from distributed import LocalCluster

    return LocalCluster(
        n_workers=workers,
        threads_per_worker=1,
        host="127.0.0.1",
        dashboard_address="127.0.0.1:0",
        security=True,
        silence_logs=logging.CRITICAL,
    )


def _refused(required: str, found: str) -> InputRefusedError:
    return InputRefusedError([Problem("cluster", None, "--cluster", required, found)])


def _require_equal_workers(client: Any) -> None:
    """Raise ``ClusterFailedError`` unless every worker runs one job at a time and gives the same numbers.

    The scheduler must have the same software, to read the jobs.
    """
    threads = {worker: state["nthreads"] for worker, state in client.scheduler_info(n_workers=-1)["workers"].items()}
    several = sorted(worker for worker, number in threads.items() if number != 1)
    if several:
        raise ClusterFailedError(
            f"workers of a cluster must run one job at a time (--nthreads 1); {_listed(several)} run several"
        )
    try:
        found = {"the scheduler": client.run_on_scheduler(own_arithmetic), **client.run(own_arithmetic)}
    except ModuleNotFoundError:  # the scheduler reads the jobs too
        raise ClusterFailedError("kap-outcomes is not installed where the scheduler and each worker run") from None
    others = sorted(worker for worker, own in found.items() if own != own_arithmetic())
    if others:
        raise ClusterFailedError(
            f"{_listed(others)} would give other numbers: {_difference(found[others[0]])}; install the same version"
        )


def _difference(own: str) -> str:
    """What a worker has otherwise than this process, in words."""
    names = ("the code", "Python", "the machine", "the linear algebra", "the versions of libraries")
    pairs = zip(names, json.loads(own), json.loads(own_arithmetic()), strict=True)
    return ", ".join(name for name, theirs, ours in pairs if theirs != ours)


def _listed(workers: Sequence[str]) -> str:
    more = f" and {len(workers) - 3} more" if len(workers) > 3 else ""
    return ", ".join(workers[:3]) + more
