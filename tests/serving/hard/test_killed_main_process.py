"""The main process is killed under load: its workers finish and end, the next one takes the port, nothing is lost."""

import os
import signal
import time
from contextlib import ExitStack
from pathlib import Path

import psutil

from serving.log.check import check_log
from serving.log.queries import read_entries
from serving.storage.log_location import open_log
from tests.serving.hard.patients import CallResults, asking
from tests.serving.server.test_service_keys import until
from tests.serving.servers import Server, running

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


def test_the_main_process_is_killed_five_times_and_leaves_no_orphan_and_no_gap(tmp_path: Path) -> None:
    with ExitStack() as servers:
        server = servers.enter_context(running(tmp_path, "--workers", "2"))
        with asking(str(server.client.base_url)) as asked:
            for turn in range(KILLS):
                kill_main_process(server, asked, turn)
                again = running(tmp_path, "--workers", "2", port=server.client.base_url.port)
                server = servers.enter_context(again)
            reached = len(asked.answered)
            until(lambda: len(asked.answered) > reached + 100, 60)
        assert asked.failed == []
    state = open_log(str(tmp_path / "state" / "predictions.db"))
    logged = {entry.prediction_id for entry in read_entries(state.engine)}
    assert len(set(asked.answered)) == len(asked.answered)
    assert set(asked.answered) <= logged
    assert check_log(state.engine, state.secret).findings == ()
