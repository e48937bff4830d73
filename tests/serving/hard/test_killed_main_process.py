"""The main process is killed under load: its workers finish and end, the next one takes the port, nothing is lost."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psutil
import pytest

from serving.storage.state import State
from tests.serving.databases import postgresql_database
from tests.serving.hard.patients import CallResults, asking
from tests.serving.hard.test_killed_workers import assert_all_logged
from tests.serving.server.test_service_keys import until
from tests.serving.servers import Server, environment_in, running

KILLS = 5


def kill_main_process(server: Server, asked: CallResults, turn: int) -> None:
    """Kill it while its workers answer, without a chance to tidy up; none of its processes must be left."""
    until(lambda: len(server.workers()) == 2)
    processes = psutil.Process(server.process.pid).children(recursive=True)
    reached = len(asked.answered)
    until(lambda: len(asked.answered) > reached + 100, 60)
    time.sleep(0.05 * turn)  # at another moment of the work each time
    os.kill(server.process.pid, signal.SIGKILL)
    server.process.wait()
    _, alive = psutil.wait_procs(processes, timeout=20)
    assert alive == []


@contextmanager
def environment_for(database: str, folder: Path) -> Iterator[dict[str, str]]:
    """The environment of a server whose log is in a database of this kind."""
    if database == "sqlite":
        yield environment_in(folder)
        return
    with postgresql_database() as url:
        address = url.set(drivername="postgresql").render_as_string(hide_password=False)
        yield environment_in(folder, KAP_LOG=address)


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_the_main_process_is_killed_five_times_and_leaves_no_orphan_and_no_gap(
    tmp_path: Path, log_of: Callable[[Server], State], database: str
) -> None:
    with environment_for(database, tmp_path) as environment, ExitStack() as servers:
        server = servers.enter_context(running(tmp_path, "--workers", "2", environment=environment))
        with asking(str(server.client.base_url)) as asked:
            for turn in range(KILLS):
                kill_main_process(server, asked, turn)
                port = server.client.base_url.port
                again = running(tmp_path, "--workers", "2", environment=environment, port=port)
                server = servers.enter_context(again)
            reached = len(asked.answered)
            until(lambda: len(asked.answered) > reached + 100, 60)
        assert asked.failed == []
        assert_all_logged(log_of(server), asked.answered, KILLS)
