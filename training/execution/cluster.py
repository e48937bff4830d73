"""A Dask cluster that runs jobs: one that people already have, or one of this machine's processes.

It is connected when there are jobs for it. A worker that ends in the middle costs time only: its jobs are run again.
"""

import asyncio
import logging
import sys
import threading
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from importlib.util import find_spec
from typing import Any

from training.execution.dask_engine import DaskEngine
from training.execution.equal_workers import require_equal_workers
from training.execution.local_processes import import_from
from training.execution.scheduler_address import (
    LOCAL,
    cluster_refused,
    is_exposed,
    is_known_host,
    require_address,
    require_security,
)
from training.execution.side_by_side import Job, running_on
from training.failures import ClusterFailedError

PATIENCE_SECONDS = 30
"""So long a scheduler has to answer, and a cluster may be without a worker."""
TRIMMING = "MALLOC_TRIM_THRESHOLD_"
"""A variable of the C library, by which Dask makes its workers return memory to the system."""
EXPOSED = "--cluster tcp://: records of patients travel unencrypted and could be read or changed; use tls://\n"


@contextmanager
def on_cluster(address: str, workers: int) -> Iterator["Cluster"]:
    """Within the block, jobs run on the cluster with this scheduler, such as ``tls://host:8786``.

    ``local`` starts one of so many processes of this machine, which ends with the block. Without any job the cluster is
    neither started nor connected.
    Raises ``InputRefusedError`` at once if Dask is not installed, the address is none, or Dask's settings lack the
    certificates for ``tls://``. The first jobs raise ``ClusterFailedError`` if the cluster does not answer, has no
    workers, or has any that would give other numbers.
    """
    _require_dask()
    require_address(address)
    require_security(address)
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
        self._connecting = threading.Lock()

    @property
    def is_connected(self) -> bool:
        """Whether there were jobs."""
        return self._engine is not None

    @property
    def description(self) -> str:
        """Which cluster it is, and how many workers it has."""
        if self._engine is None:
            return f"the Dask cluster {self._address}, without any job"
        workers = len(self._engine.client.nthreads())
        return f"the Dask cluster {self._address} with {workers} worker{'' if workers == 1 else 's'}"

    @property
    def client(self) -> Any:
        """Dask's client of the connected cluster."""
        return self.connected().client

    def connected(self) -> DaskEngine:
        """What runs the jobs, connected by now; also for several threads it is connected once."""
        with self._connecting:
            if self._engine is None:
                client = self._stack.enter_context(_client(self._address, self._workers))
                require_equal_workers(client)
                self._engine = DaskEngine(client, PATIENCE_SECONDS)
                sys.stderr.write(f"on {self.description}\n")
            return self._engine

    def results(self, function: Callable[..., Any], jobs: Iterable[Job]) -> Iterator[Any]:
        """What the function returns for each job, in the order of the jobs; see `side_by_side`."""
        return self.connected().results(function, jobs)


def _require_dask() -> None:
    if find_spec("distributed") is None:
        required = "the libraries of the extra [cluster]: pip install 'kap-outcomes[cluster]'"
        raise cluster_refused(required, "an installation without Dask")


@contextmanager
def _client(address: str, workers: int) -> Iterator[Any]:
    from distributed import Client

    with warnings.catch_warnings(), ExitStack() as stack:
        warnings.filterwarnings("ignore", message="Sending large graph")
        if address == LOCAL:
            started = stack.enter_context(_local_cluster(workers))
        else:
            started = None
            _require_scheduler(address)
        # The workers of another machine's cluster may be out of reach: their results come by the scheduler.
        direct = True if started is not None else None
        try:
            client = stack.enter_context(
                Client(started or address, timeout=PATIENCE_SECONDS, set_as_default=False, direct_to_workers=direct)
            )
            client.wait_for_workers(1, timeout=PATIENCE_SECONDS)
        except (OSError, TimeoutError):
            raise ClusterFailedError(f"no cluster with workers answers within {PATIENCE_SECONDS} s") from None
        if started is not None:
            client.run(import_from, tuple(sys.path))
        yield client


def _require_scheduler(address: str) -> None:
    """Ask what is there for its name, and warn if that can be read on the way.

    A ``Client`` would wait forever for a server that accepts and is silent, and when it fails it takes as long again to
    close. Bytes of another kind of server may end in any error.
    """
    if not is_known_host(address):
        raise ClusterFailedError("the host in --cluster is not known here; correct its name")
    if is_exposed(address):
        sys.stderr.write(EXPOSED)
    try:
        kind = asyncio.run(_kind_of_server(address))
    except TimeoutError:
        why = f"no scheduler answers within {PATIENCE_SECONDS} s; start it (dask scheduler), or correct --cluster"
        raise ClusterFailedError(why) from None
    except Exception as error:  # noqa: BLE001 - as said above
        raise _no_scheduler(type(error).__name__) from None
    if kind != "Scheduler":
        raise _no_scheduler(f"it is a {kind}")


async def _kind_of_server(address: str) -> str:
    from distributed.core import rpc
    from distributed.security import Security

    secured = Security().get_connection_args("client")
    longer = 2 * PATIENCE_SECONDS  # so that it is the block that ends, whose error says why
    async with asyncio.timeout(PATIENCE_SECONDS), rpc(address, timeout=longer, connection_args=secured) as server:
        return str((await server.identity())["type"])


def _no_scheduler(why: str) -> ClusterFailedError:
    return ClusterFailedError(
        f"what answers is no Dask scheduler, or one with another protocol (tcp:// or tls://) or certificate ({why})"
    )


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
