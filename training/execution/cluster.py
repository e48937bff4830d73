"""A Dask cluster that runs jobs: one that people already have, or one of this machine's processes.

It is connected when there are jobs for it. A worker that ends in the middle costs time only: its jobs are run again.
"""

import logging
import re
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from importlib.util import find_spec
from typing import Any

from features.protocol.problems import InputRefusedError, Problem
from training.execution.dask_engine import DaskEngine
from training.execution.equal_workers import require_equal_workers
from training.execution.local_processes import import_from
from training.execution.side_by_side import Job, running_on
from training.failures import ClusterFailedError

LOCAL = "local"
PATIENCE_SECONDS = 30
"""So long a scheduler has to answer, and a cluster to have a worker."""
TRIMMING = "MALLOC_TRIM_THRESHOLD_"
"""A variable of the C library, by which Dask makes its workers return memory to the system."""
_ADDRESS = re.compile(r"[a-z]+://\S+|[^\s/]+:\d+")
"""A protocol and a place, or a host and its port."""


@contextmanager
def on_cluster(address: str, workers: int) -> Iterator["Cluster"]:
    """Within the block, jobs run on the cluster with this scheduler, such as ``tls://host:8786``.

    ``local`` starts one of so many processes of this machine, which ends with the block. Without any job the cluster is
    neither started nor connected.
    Raises ``InputRefusedError`` if Dask is not installed or the address is none. The first jobs raise
    ``ClusterFailedError`` if the cluster does not answer, has no workers, or has any that would give other numbers.
    """
    _require_address(address)
    with ExitStack() as stack:
        cluster = Cluster(address, workers, stack)
        with running_on(cluster):
            yield cluster


class Cluster:
    """Runs jobs on a cluster, which it connects for the first ones; ``stack`` disconnects it."""

    def __init__(self, address: str, workers: int, stack: ExitStack) -> None:
        """Connect nothing yet."""
        self._address, self._workers, self._stack = address, workers, stack
        self._engine: DaskEngine | None = None

    @property
    def is_connected(self) -> bool:
        """Whether there were jobs."""
        return self._engine is not None

    @property
    def client(self) -> Any:
        """Dask's client of the connected cluster."""
        return self.connected().client

    def connected(self) -> DaskEngine:
        """What runs the jobs, connected by now."""
        if self._engine is None:
            client = self._stack.enter_context(_client(self._address, self._workers))
            require_equal_workers(client)
            self._engine = DaskEngine(client)
        return self._engine

    def results(self, function: Callable[..., Any], jobs: Iterable[Job]) -> Iterator[Any]:
        """What the function returns for each job, in the order of the jobs; see `side_by_side`."""
        return self.connected().results(function, jobs)


def _require_address(address: str) -> None:
    if find_spec("distributed") is None:
        required = "the libraries of the extra [cluster]: pip install 'kap-outcomes[cluster]'"
        raise _refused(required, "an installation without Dask")
    if address != LOCAL and not _ADDRESS.fullmatch(address):
        raise _no_address()


@contextmanager
def _client(address: str, workers: int) -> Iterator[Any]:
    from distributed import Client

    with warnings.catch_warnings(), ExitStack() as stack:
        warnings.filterwarnings("ignore", message="Sending large graph")
        started = stack.enter_context(_local_cluster(workers)) if address == LOCAL else None
        # The workers of another machine's cluster may be out of reach: their results come by the scheduler.
        direct = True if started is not None else None
        try:
            client = stack.enter_context(
                Client(started or address, timeout=PATIENCE_SECONDS, set_as_default=False, direct_to_workers=direct)
            )
            client.wait_for_workers(1, timeout=PATIENCE_SECONDS)
        except ValueError:
            raise _no_address() from None
        except (OSError, TimeoutError):
            raise ClusterFailedError(f"no cluster with workers answers within {PATIENCE_SECONDS} s") from None
        if started is not None:
            client.run(import_from, tuple(sys.path))
        yield client


def _local_cluster(workers: int) -> Any:
    """Processes of this machine that nobody else can reach: they speak TLS with a key of their own, on loopback.

    Dask would have them give memory back after every large array, which takes more time than the arithmetic.
    """
    import dask
    from distributed import LocalCluster

    with dask.config.set({f"distributed.nanny.pre-spawn-environ.{TRIMMING}": None}):
        return LocalCluster(
            n_workers=workers,
            threads_per_worker=1,
            host="127.0.0.1",
            dashboard_address="127.0.0.1:0",
            security=True,
            silence_logs=logging.CRITICAL,
        )


def _no_address() -> InputRefusedError:
    return _refused("local, or the address of a scheduler such as tls://host:8786", "another text")


def _refused(required: str, found: str) -> InputRefusedError:
    return InputRefusedError([Problem("cluster", None, "--cluster", required, found)])
