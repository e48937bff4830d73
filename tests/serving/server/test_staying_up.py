"""What happens beside a running service does not end it: a new model, a damaged one, a log that goes and returns."""

import os
import re
import signal
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from serving.client import KapClient
from serving.log.check import check_log
from serving.log.queries import read_entries
from serving.storage.log_location import open_log
from tests.serving.loads import loaded
from tests.serving.requests import EXAMPLE
from tests.serving.server.test_service_keys import until
from tests.serving.servers import Server, promote_toy, running, wait_until_ready


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(tmp_path_factory.mktemp("staying-up")) as started:
        yield started


def post(server: Server) -> httpx.Response:
    return server.client.post("/v1/predict", json=EXAMPLE)


def readiness(server: Server) -> dict[str, object]:
    document: dict[str, object] = server.client.get("/readyz").json()
    return document


def test_a_promoted_model_is_taken_up_without_dropping_a_request(server: Server) -> None:
    with loaded(str(server.client.base_url)) as load:
        until(lambda: len(load.answered) > 20)
        promote_toy(server.environment, "4")
        until(lambda: "4" in load.versions)
        after = len(load.answered)
        until(lambda: len(load.answered) > after + 20)
    assert set(load.statuses) == {200}
    assert load.failures == []
    assert set(load.versions) == {"3", "4"}
    assert readiness(server)["model_version"] == "4"


def test_a_model_that_fails_its_checks_leaves_the_old_one_serving_and_readiness_says_so(server: Server) -> None:
    promote_toy(server.environment, "5", "damaged")
    until(lambda: readiness(server)["newest_model_refused"] is not None)
    ready = server.client.get("/readyz")
    assert ready.status_code == 200
    assert "its digest is not the one in manifest.json" in ready.json()["newest_model_refused"]
    assert ready.json()["model_version"] == "4"
    assert post(server).json()["model"]["version"] == "4"
    until(lambda: "kap_newest_model_refused 1.0" in server.client.get("/metrics").text)


def test_a_worker_that_dies_meanwhile_comes_back_with_the_last_good_model(server: Server) -> None:
    (killed,) = server.workers()
    os.kill(killed, signal.SIGKILL)
    until(lambda: server.workers() not in ([killed], []), 30)
    wait_until_ready(server, 60)
    assert readiness(server)["model_version"] == post(server).json()["model"]["version"] == "4"
    assert "its digest is not the one in manifest.json" in str(readiness(server)["newest_model_refused"])
    assert "version 4 of the model answers instead" in server.written()


def test_the_next_good_model_is_taken_up(server: Server) -> None:
    promote_toy(server.environment, "6")
    until(lambda: readiness(server)["model_version"] == "6")
    assert readiness(server)["newest_model_refused"] is None


def log_is_up(server: Server, up: bool) -> bool:
    return f"kap_log_up {float(up)}" in server.client.get("/metrics").text


def lines_of_outages(server: Server) -> list[str]:
    return [line for line in server.written().splitlines() if "the prediction log" in line]


def test_a_log_that_goes_away_stops_the_answers_until_it_is_back(server: Server) -> None:
    assert log_is_up(server, True)
    assert lines_of_outages(server) == []
    database = server.state / "predictions.db"
    renamed = {path: path.with_name("renamed-" + path.name) for path in server.state.glob("predictions.db*")}
    for path, elsewhere in renamed.items():
        path.rename(elsewhere)
    response = post(server)
    assert (response.status_code, response.headers["retry-after"]) == (503, "1")
    assert response.headers["content-type"] == "application/problem+json"
    until(lambda: server.client.get("/readyz").status_code == 503)
    with KapClient(str(server.client.base_url)) as kap:
        assert (kap.ready(), kap.readiness().ready, kap.readiness().model_version) == (False, False, "6")
        assert kap.readiness().log == "does not answer; no answer is sent unlogged"
    assert not database.exists()  # no new log is begun in its place
    assert server.client.get("/livez").status_code == 200
    refused = [post(server).status_code for _ in range(20)]
    assert refused == [503] * 20
    assert log_is_up(server, False)
    (began,) = lines_of_outages(server)  # not one for each request
    assert "can't be written: its file is missing or can't be opened; no request is answered" in began
    for path, elsewhere in renamed.items():
        elsewhere.rename(path)
    until(lambda: server.client.get("/readyz").status_code == 200)
    assert post(server).status_code == 200
    assert log_is_up(server, True)
    _, ended = lines_of_outages(server)
    assert re.search(r"the prediction log can be used again after \d+\.\d s; requests refused: 21$", ended)
    state = open_log(str(database))
    assert check_log(state.engine, state.secret).findings == ()
    assert len(list(read_entries(state.engine, state.secret))) > 40


def test_the_damaged_copy_is_never_answered_from(server: Server) -> None:
    state = open_log(str(server.state / "predictions.db"))
    assert {entry.model_version for entry in read_entries(state.engine, state.secret)} == {"3", "4", "6"}
    assert Path(state.engine.url.database or "").parent == server.state
