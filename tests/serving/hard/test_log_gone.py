"""The log stops, or its disk is full, while clinics ask: nothing is answered unlogged, and it recovers by itself."""

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from serving.client import KapClient
from serving.log.check import check_log
from serving.log.queries import read_entries
from serving.storage.settings import Settings
from serving.storage.state import State, open_state
from tests import postgresql
from tests.serving.databases import postgresql_database
from tests.serving.hard.patients import asking
from tests.serving.requests import EXAMPLE
from tests.serving.server.test_service_keys import until
from tests.serving.servers import Server, environment_in, running

STOPS = 3
DISK_KIB = 131_072
"""Enough for all that is answered while there is room: only the test itself may fill it."""
MARKER = "XMARKERX"


def logged(state: State) -> set[str]:
    found = [entry.prediction_id for entry in read_entries(state.engine, state.secret)]
    assert len(set(found)) == len(found)
    assert check_log(state.engine, state.secret).findings == ()
    return set(found)


def assert_unavailable(server: Server) -> None:
    response = server.client.post("/v1/predict", json=EXAMPLE)
    assert (response.status_code, response.headers["content-type"]) == (503, "application/problem+json")
    assert response.headers["retry-after"] == "1"


def test_postgresql_is_stopped_and_started_under_load(tmp_path: Path) -> None:
    data = os.environ.get(postgresql.DATA)
    if not data:
        pytest.skip(f"{postgresql.DATA} names no PostgreSQL that may be stopped")
    with postgresql_database() as url:
        address = url.set(drivername="postgresql").render_as_string(hide_password=False)
        environment = environment_in(tmp_path, KAP_LOG=address)
        with running(tmp_path, "--workers", "2", environment=environment) as server:
            answered = stop_and_start(server, Path(data))
            state = open_state(Settings(state=server.state, log=address))
            assert set(answered) <= logged(state)
            state.engine.dispose()
            assert MARKER not in server.written()


def stop_and_start(server: Server, data: Path) -> list[str]:
    workers = server.workers()
    with asking(str(server.client.base_url)) as asked:
        for turn in range(STOPS):
            reached = len(asked.answered)
            until(lambda reached=reached: len(asked.answered) > reached + 20)  # type: ignore[misc]
            postgresql.control(data, "stop" if turn % 2 else "crash")
            try:
                until(lambda: server.client.get("/readyz").status_code == 503)
                assert_unavailable(server)
                silent = len(asked.answered)
                time.sleep(1)
                assert len(asked.answered) == silent
            finally:
                postgresql.control(data, "start")
        reached = len(asked.answered)
        until(lambda: len(asked.answered) > reached + 50)
    assert asked.failed == []
    assert server.workers() == workers  # no worker was restarted
    assert "the prediction log can't be" in server.written()
    assert ": it does not answer" in server.written()
    assert "the prediction log can be used again after" in server.written()
    return asked.answered


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "small-disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={DISK_KIB}k,mode=700", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(command, check=False, capture_output=True).returncode:
        pytest.skip("a disk of its own can't be mounted here")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def fill(path: Path) -> None:
    """Write until there is no room left."""
    with path.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(bytes(4_096))


def test_a_full_disk_stops_the_answers_until_there_is_room(tmp_path: Path, small_disk: Path) -> None:
    environment = environment_in(tmp_path, KAP_STATE=str(small_disk))
    filler = small_disk / "filler"
    with running(tmp_path, environment=environment) as server, asking(str(server.client.base_url)) as asked:
        until(lambda: len(asked.answered) > 20)
        fill(filler)
        until(lambda: server.client.post("/v1/predict", json=EXAMPLE).status_code == 503)
        assert_unavailable(server)
        until(lambda: server.client.get("/readyz").status_code == 503)
        with KapClient(str(server.client.base_url)) as kap:
            assert not kap.readiness().ready
        silent = len(asked.answered)
        time.sleep(1)
        assert len(asked.answered) == silent
        filler.unlink()
        until(lambda: len(asked.answered) > silent + 20)
        assert "the prediction log can't be written: its disk is full; no request is answered" in server.written()
        until(lambda: "the prediction log can be used again after" in server.written())
        workers = server.workers()
    assert asked.failed == []
    assert len(workers) == 1
    state = open_state(Settings(state=small_disk))
    assert set(asked.answered) <= logged(state)
    state.engine.dispose()
    assert MARKER not in server.written()
