"""Jobs on the workers of a Dask cluster: which are sent, when a result is fetched, and what they share.

A worker has the job that it runs and the next. Results are fetched as soon as they are there, whatever their order: a
worker that ends in the middle loses no more than the job it runs, and keeps no results that fill its memory. Of an
iterator's jobs, only a few are under way or wait for an earlier one: the results need not fit into memory.
"""

from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from time import monotonic
from typing import Any

from training.execution.equal_workers import checked_call, own_arithmetic
from training.execution.side_by_side import Job
from training.failures import ClusterFailedError

JOBS_OF_A_WORKER = 2
"""Unfinished jobs that a worker has: the one that it runs, and the next."""
HELD_JOBS_OF_A_WORKER = 4
"""Jobs from an iterator that are unfinished or whose results wait for an earlier one, for each worker."""
LOOK_SECONDS = 1.0
"""So often it is looked whether there are workers while none of the jobs ends."""
_SMALL = (int, float, str, bytes, bool, type(None))


class DaskEngine:
    """Runs jobs on the workers of a Dask ``client``, and waits ``patience_seconds`` for a cluster without any."""

    def __init__(self, client: Any, patience_seconds: float) -> None:
        """Keep the client."""
        self.client = client
        self._patience_seconds = patience_seconds

    def results(self, function: Callable[..., Any], jobs: Iterable[Job]) -> Iterator[Any]:
        """What the function returns for each job, in the order of the jobs; see `side_by_side`.

        Raises ``ClusterFailedError`` if workers end again and again, or all of them and none comes.
        """
        from distributed import CancelledError, KilledWorker
        from distributed.comm.core import CommClosedError

        submitted, calls = self._submitted(function, jobs), deque[_Call]()
        try:
            while True:
                calls += islice(submitted, self._room(calls, holds_all=isinstance(jobs, Sequence)))
                if not calls:
                    return
                if not calls[0].is_finished:
                    self._wait([call.future for call in calls if not call.is_finished])
                    for call in calls:
                        call.fetch()
                else:
                    yield calls.popleft().result()
        except (KilledWorker, CancelledError, CommClosedError) as error:
            raise ClusterFailedError(f"the cluster lost its workers in the middle: {type(error).__name__}") from None
        finally:
            if self.client.status == "running":
                self.client.cancel([call.future for call in calls if not call.is_finished])

    def _wait(self, futures: list[Any]) -> None:
        """Return when one of them is done."""
        from distributed import wait

        last_worker = monotonic()
        while True:
            try:
                with self.client.as_current():
                    wait(futures, timeout=LOOK_SECONDS, return_when="FIRST_COMPLETED")
            except TimeoutError:
                now = monotonic()
                if self.client.nthreads():
                    last_worker = now
                elif now - last_worker >= self._patience_seconds:
                    raise ClusterFailedError(
                        f"the cluster has had no worker for {self._patience_seconds} s; start workers and repeat"
                    ) from None
            else:
                return

    def _room(self, calls: "Sequence[_Call]", *, holds_all: bool) -> int:
        """How many more jobs the workers can have."""
        workers = max(len(self.client.nthreads()), 1)
        room = JOBS_OF_A_WORKER * workers - sum(not call.is_finished for call in calls)
        return max(room if holds_all else min(room, HELD_JOBS_OF_A_WORKER * workers - len(calls)), 0)

    def _submitted(self, function: Callable[..., Any], jobs: Iterable[Job]) -> "Iterator[_Call]":
        """The calls, each sent when it is asked for."""
        bound = function if isinstance(function, partial) else partial(function)
        shared = self._sent([*bound.args, *(_in_common(jobs) if isinstance(jobs, Sequence) else ())])
        called = partial(bound.func, **bound.keywords)
        for number, job in enumerate(jobs):
            arguments = [shared.get(id(one), one) for one in (*bound.args, *job)]
            call = (checked_call, own_arithmetic(), called, *arguments)
            yield _Call(self.client.submit(*call, pure=False, priority=-number))

    def _sent(self, objects: Sequence[Any]) -> Mapping[int, Any]:
        """What jobs share, by its id: sent once, and made again if the worker that has it ends."""
        large = {id(one): one for one in objects if not isinstance(one, _SMALL)}
        return {number: self.client.submit(_itself, one, pure=False) for number, one in large.items()}


@dataclass(eq=False)
class _Call:
    """A call on a worker; when it has finished, ``value`` is what it returned, or ``future`` has its error."""

    future: Any
    value: Any = None
    is_finished: bool = False

    def fetch(self) -> None:
        """Fetch the value if it is there, and let the worker forget it."""
        if self.is_finished or not self.future.done():
            return
        if self.future.status == "finished":
            self.value = self.future.result()
            self.future.release()  # by name: what waited for it may still refer to it
            self.future = None
        self.is_finished = True

    def result(self) -> Any:
        """The value; raises the error of the call."""
        return self.value if self.future is None else self.future.result()


def _itself(value: object) -> object:
    return value


def _in_common(jobs: Sequence[Job]) -> list[Any]:
    """What several jobs have as an argument."""
    used = Counter(id(one) for job in jobs for one in job)
    return [one for job in jobs for one in job if used[id(one)] > 1]
