"""A service with keys, over real HTTP: a key opens what it is for, as often as it may, until it is revoked."""

import json
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from tests.serving.requests import EXAMPLE
from tests.serving.servers import KAP, Server, environment_in, running

SOON_SECONDS = 120
"""Keys are read again every two seconds; a busy machine may take longer."""


def kap(server_or_environment: Server | dict[str, str], *words: str) -> str:
    given = server_or_environment
    environment = given if isinstance(given, dict) else given.environment
    done = subprocess.run([KAP, *words], env=environment, capture_output=True, text=True, timeout=300, check=True)
    return done.stdout


def make_key(environment: dict[str, str], *options: str) -> tuple[str, str]:
    """The id and the token of a new key."""
    printed = kap(environment, "keys", "create", "--name", "test", "--expires-in-days", "1", *options)
    token = next(word for word in printed.split() if word.startswith("kap_"))
    return token.split("_", 2)[1], token


def until(true: Callable[[], bool], seconds: float = SOON_SECONDS) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.1)


@pytest.fixture(scope="module")
def keyed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, str, str]]:
    folder = tmp_path_factory.mktemp("keyed")
    environment = environment_in(folder, KAP_CORS_ORIGINS="https://clinic.example")
    _, predict = make_key(environment, "--scope", "predict")
    _, read = make_key(environment, "--scope", "read")
    with running(folder, environment=environment) as server:
        yield server, predict, read


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def post(server: Server, token: str) -> httpx.Response:
    return server.client.post("/v1/predict", json=EXAMPLE, headers=bearer(token))


def test_a_key_opens_what_it_is_for_and_nothing_else(keyed: tuple[Server, str, str]) -> None:
    server, predict, read = keyed
    assert post(server, predict).status_code == 200
    assert post(server, read).status_code == 403
    assert server.client.get("/v1/model", headers=bearer(read)).status_code == 200
    assert server.client.get("/v1/model", headers=bearer(predict)).status_code == 403
    assert server.client.get("/metrics", headers=bearer(read)).status_code == 200
    assert server.client.get("/metrics").status_code == 401
    assert server.client.get("/readyz").status_code == 200
    assert server.client.post("/v1/predict", json=EXAMPLE).status_code == 401
    assert post(server, predict[:-1] + ("A" if predict[-1] != "A" else "B")).status_code == 401


def test_the_log_says_which_key_asked(keyed: tuple[Server, str, str]) -> None:
    server, predict, _ = keyed
    prediction_id = post(server, predict).json()["prediction_id"]
    traced = subprocess.run(
        [KAP, "audit", "log", "--json"],
        env=server.environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert traced.returncode == 0
    assert json.loads(traced.stdout)["findings"] == []
    from serving.log.queries import find_entry
    from serving.storage.log_location import open_log

    log = open_log(str(server.state / "predictions.db"))
    found = find_entry(log.engine, log.secret, prediction_id)
    assert found is not None
    assert found.caller == predict.split("_", 2)[1]


def test_keys_are_made_limited_and_revoked_while_the_server_runs(keyed: tuple[Server, str, str]) -> None:
    server, _, _ = keyed
    identity, token = make_key(server.environment, "--scope", "predict", "--per-minute", "5")
    until(lambda: post(server, token).status_code == 200)
    answers = [post(server, token) for _ in range(6)]
    assert answers[-1].status_code == 429
    assert 1 <= int(answers[-1].headers["retry-after"]) <= 12
    kap(server, "keys", "revoke", identity)
    until(lambda: post(server, token).status_code == 401)


def test_only_configured_origins_may_read_an_answer_in_a_browser(keyed: tuple[Server, str, str]) -> None:
    server, predict, _ = keyed
    asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization,content-type"}
    allowed = server.client.options("/v1/predict", headers={"Origin": "https://clinic.example", **asked})
    assert allowed.status_code == 200
    assert allowed.headers["access-control-allow-origin"] == "https://clinic.example"
    other = server.client.options("/v1/predict", headers={"Origin": "https://other.example", **asked})
    assert other.status_code == 400
    assert "access-control-allow-origin" not in other.headers
    answer = server.client.post(
        "/v1/predict", json=EXAMPLE, headers={"Origin": "https://clinic.example", **bearer(predict)}
    )
    assert answer.headers["access-control-allow-origin"] == "https://clinic.example"


def test_no_key_stands_in_the_log_or_on_a_command_line(keyed: tuple[Server, str, str]) -> None:
    server, predict, read = keyed
    post(server, predict)
    secret = (server.state / "secret").read_text(encoding="ascii").strip()
    written = server.written() + server.client.get("/metrics", headers=bearer(read)).text
    lines = [Path(f"/proc/{pid}/cmdline").read_text() for pid in (server.process.pid, *server.workers())]
    for text in (written, *lines):
        for hidden in (predict, read, predict.split("_", 2)[2], secret):
            assert hidden not in text
