"""A worker of a Dask cluster that is killed while it has jobs, with the scheduler's word that it had."""

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

LOOK_SECONDS = 0.05
"""So long a stopped worker's last messages are waited for."""


@contextmanager
def worker_lost_at_work(client: Any, after_seconds: float = 0) -> Iterator[None]:
    """Within the block a worker is killed after so long, once it has a job.

    Raises ``AssertionError`` if the block ends before, or the scheduler did not have to give the jobs to another.
    """
    address, pid = next(iter(client.run(os.getpid).items()))
    ended = threading.Event()
    killer = threading.Thread(target=_kill_at_work, args=(client, address, pid, after_seconds, ended))
    killer.start()
    try:
        yield
    finally:
        ended.set()
        killer.join()
    lost = [event for _, event in client.get_events(address) if event["action"] == "remove-worker"]
    assert lost, "the work ended before a worker was killed"
    assert any(_is_job(key) for event in lost for key in event["processing-tasks"]), "the worker had no job"


def _kill_at_work(client: Any, address: str, pid: int, after_seconds: float, ended: threading.Event) -> None:
    """A stopped worker ends no job between the look and the kill."""
    ended.wait(after_seconds)
    while not ended.is_set():
        if any(map(_is_job, client.processing([address])[address])):
            os.kill(pid, signal.SIGSTOP)
            time.sleep(LOOK_SECONDS)
            if any(map(_is_job, client.processing([address])[address])):
                os.kill(pid, signal.SIGKILL)
                return
            os.kill(pid, signal.SIGCONT)
        time.sleep(LOOK_SECONDS / 10)


def _is_job(key: object) -> bool:
    return str(key).startswith("checked_call")
