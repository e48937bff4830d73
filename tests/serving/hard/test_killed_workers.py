"""Workers are killed while they answer: what a clinic was answered is in the log, and it sees no more than a wait."""

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import psutil

from serving.log.check import check_log
from serving.log.queries import read_entries, read_writers
from serving.storage.database import reading
from serving.storage.state import State
from tests.serving.databases import postgresql_database
from tests.serving.hard.patients import asking
from tests.serving.server.test_service_keys import until
from tests.serving.servers import Server, environment_in, running

KILLS, FEWER_KILLS = 20, 6
PATIENCE_SECONDS = 90.0
"""A worker takes seconds to start, and longer on a busy machine."""
MARKER = "XMARKERX"


def callers_of(pid: int, port: int | None) -> int:
    """How many callers keep a connection to a worker."""
    try:
        open_now = psutil.Process(pid).net_connections()
    except psutil.NoSuchProcess:
        return 0
    return sum(one.status == psutil.CONN_ESTABLISHED and one.laddr.port == port for one in open_now)


def busiest(server: Server) -> int:
    """The worker that most callers ask just now: they keep their connections, so that one may have all."""
    return max(server.workers(), key=lambda pid: callers_of(pid, server.client.base_url.port))


def kill_one(server: Server, workers: int) -> None:
    """Kill a worker that answers, without a chance to tidy up, and wait until there are as many as there were."""
    killed = busiest(server)
    os.kill(killed, signal.SIGKILL)
    until(lambda: killed not in server.workers() and len(server.workers()) == workers, PATIENCE_SECONDS)


def kill_under_load(server: Server, state: State, kills: int) -> None:
    """Kill workers one after the other, each once it has answered; then see what the log holds."""
    workers = len(server.workers())
    with asking(str(server.client.base_url)) as asked:
        for turn in range(kills):
            reached = len(asked.answered)
            until(lambda reached=reached: len(asked.answered) > reached + 10, PATIENCE_SECONDS)  # type: ignore[misc]
            time.sleep(0.05 * (turn % 5))  # at another moment of the work each time
            kill_one(server, workers)
        reached = len(asked.answered)
        until(lambda: len(asked.answered) > reached + 50, PATIENCE_SECONDS)
    assert asked.failed == []
    assert_all_logged(state, asked.answered, kills)
    assert killed_while_writing(state) >= kills // 2
    assert MARKER not in server.written()
    assert "Traceback" not in server.written()


def assert_all_logged(state: State, answered: list[str], kills: int) -> None:
    logged = [entry.prediction_id for entry in read_entries(state.engine, state.secret)]
    assert len(set(answered)) == len(answered) > 10 * kills
    assert set(answered) <= set(logged)
    assert len(set(logged)) == len(logged)
    checked = check_log(state.engine, state.secret)
    assert checked.findings == ()


def killed_while_writing(state: State) -> int:
    """How many workers had written before they were killed; the last ones were not."""
    with reading(state.engine) as connection:
        return len(read_writers(connection)) - 1


def test_a_worker_is_killed_twenty_times_and_nothing_answered_is_lost(
    tmp_path: Path, log_of: Callable[[Server], State]
) -> None:
    with running(tmp_path) as server:
        kill_under_load(server, log_of(server), KILLS)


def test_two_workers_on_one_file_are_killed_in_turn(tmp_path: Path, log_of: Callable[[Server], State]) -> None:
    with running(tmp_path, "--workers", "2") as server:
        kill_under_load(server, log_of(server), FEWER_KILLS)


def test_two_workers_on_postgresql_are_killed_in_turn(tmp_path: Path, log_of: Callable[[Server], State]) -> None:
    with postgresql_database() as url:
        address = url.set(drivername="postgresql").render_as_string(hide_password=False)
        environment = environment_in(tmp_path, KAP_LOG=address)
        with running(tmp_path, "--workers", "2", environment=environment) as server:
            state = log_of(server)
            kill_under_load(server, state, KILLS)
            state.engine.dispose()
