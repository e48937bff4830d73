"""What happens beside a running service does not end it: a new model, a damaged one, a log that goes and returns."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from serving.log.check import check_log
from serving.log.queries import read_entries
from serving.storage.log_location import open_log
from tests.serving.loads import loaded
from tests.serving.requests import EXAMPLE
from tests.serving.server.test_service_keys import until
from tests.serving.servers import Server, promote_toy, running


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
    promote_toy(server.environment, "6")
    until(lambda: readiness(server)["model_version"] == "6")
    assert readiness(server)["newest_model_refused"] is None


def test_a_log_that_goes_away_stops_the_answers_until_it_is_back(server: Server) -> None:
    database = server.state / "predictions.db"
    moved = {path: path.with_name("moved-" + path.name) for path in server.state.glob("predictions.db*")}
    for path, elsewhere in moved.items():
        path.rename(elsewhere)
    response = post(server)
    assert (response.status_code, response.headers["retry-after"]) == (503, "1")
    assert response.headers["content-type"] == "application/problem+json"
    until(lambda: server.client.get("/readyz").status_code == 503)
    assert not database.exists()  # no new log is begun in its place
    assert server.client.get("/livez").status_code == 200
    for path, elsewhere in moved.items():
        elsewhere.rename(path)
    until(lambda: server.client.get("/readyz").status_code == 200)
    assert post(server).status_code == 200
    state = open_log(str(database))
    assert check_log(state.engine, state.secret).findings == ()
    assert len(list(read_entries(state.engine, state.secret))) > 40


def test_the_damaged_copy_is_never_answered_from(server: Server) -> None:
    state = open_log(str(server.state / "predictions.db"))
    assert {entry.model_version for entry in read_entries(state.engine, state.secret)} == {"3", "4", "6"}
    assert Path(state.engine.url.database or "").parent == server.state
