"""The main process and its workers: no port but the service's own, no password in an environment, no orphans."""

import base64
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest

from features.protocol.problems import InputRefusedError
from serving.server.main_process import STOP_SECONDS, require_encryption
from serving.server.start import serve
from serving.storage.settings import Settings
from tests.serving.loads import loaded
from tests.serving.requests import EXAMPLE
from tests.serving.server.test_service_keys import until
from tests.serving.servers import ROOT, Server, environment_in, promote_toy, running

BENTOML = str(Path(sys.executable).with_name("bentoml"))
PASSWORD, EVERYWHERE = "XPASSWORDX", "0.0.0.0"  # noqa: S104 - on a machine of the tests
HAND_OVER = """
import os, subprocess, sys
from serving.server.main_process import hide_password
from serving.storage.settings import load_settings
hide_password(load_settings())
assert sys.argv[1] not in str(dict(os.environ))
assert sys.platform != "linux" or os.readlink(os.environ["KAP_LOG_PASSWORD_FILE"]).startswith("/memfd:")
show = "from serving.storage.settings import load_settings; print(load_settings().log_url().password)"
for _ in range(2):  # a worker, and the one that takes its place
    subprocess.run([sys.executable, "-c", show], close_fds=False, check=True)
"""


@pytest.fixture(scope="module")
def bento(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """`bentoml serve` for a declared proxy, with a password in its environment; the last test that asks it kills it."""
    folder = tmp_path_factory.mktemp("bentoml-serve")
    environment = environment_in(folder, KAP_LOG_PASSWORD=PASSWORD, KAP_PLAIN_HTTP="behind-a-proxy")
    command = (BENTOML, "serve", "serving.service:KapOutcomes")
    with running(folder, "--host", EVERYWHERE, environment=environment, command=command) as started:
        yield started


def port_of(server: Server) -> int:
    assert server.client.base_url.port is not None
    return server.client.base_url.port


def test_kap_serve_listens_on_its_own_port_only(server: Server) -> None:
    assert server.listeners() == {("127.0.0.1", port_of(server))}


def test_bentoml_serve_listens_on_its_own_port_only(bento: Server) -> None:
    assert bento.listeners() == {(EVERYWHERE, port_of(bento))}


def test_no_worker_has_the_password_in_its_environment(bento: Server) -> None:
    (worker,) = bento.workers()
    environment = psutil.Process(worker).environ()
    assert "KAP_STATE" in environment
    assert PASSWORD not in str(environment)


@pytest.mark.parametrize(
    "given",
    [
        {"KAP_LOG": "postgresql://kap@db.example/kap", "KAP_LOG_PASSWORD": PASSWORD},
        {"KAP_LOG": f"postgresql://kap:{PASSWORD}@db.example/kap?sslmode=require"},
    ],
)
def test_the_password_reaches_every_worker_all_the_same(given: dict[str, str], tmp_path: Path) -> None:
    command = [sys.executable, "-c", HAND_OVER, PASSWORD]
    done = subprocess.run(
        command, env=environment_in(tmp_path, **given), cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.stdout.split() == [PASSWORD, PASSWORD], done.stderr


def test_a_websocket_is_refused_with_a_problem_document_and_no_error_in_the_log(server: Server) -> None:
    handshake = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Key": base64.b64encode(b"0123456789abcdef").decode(),
        "Sec-WebSocket-Version": "13",
    }
    before = server.written()
    for path in ("/", "/v1/predict", "/livez"):
        answer = httpx.get(f"{server.client.base_url}{path}", headers=handshake)
        assert answer.status_code == answer.json()["status"] == 404
        assert answer.headers["x-content-type-options"] == "nosniff"
    assert "ERROR" not in server.written().removeprefix(before)


def test_limits_hold_in_the_service_itself(server: Server) -> None:
    answer = httpx.get(f"{server.client.base_url}/livez", headers={"X-Long": "a" * 40_000})
    assert (answer.status_code, answer.json()["status"]) == (431, 431)
    said = re.compile(
        rf"connections ended without a request: .*431: [1-9].* request=\S*{answer.headers['x-request-id']}"
    )
    until(lambda: said.search(server.written()) is not None)
    assert re.search(r'kap_connections_refused_total\{reason="431"\} [1-9]', server.client.get("/metrics").text)


@pytest.mark.parametrize(
    ("host", "refused"), [("127.0.0.1", False), ("::1", False), (EVERYWHERE, True), ("::", True), ("192.0.2.1", True)]
)
def test_plain_http_is_for_this_machine_unless_a_proxy_is_declared(host: str, refused: bool, tmp_path: Path) -> None:
    require_encryption(Settings(plain_http="behind-a-proxy"), host)
    require_encryption(Settings(tls_certificate=tmp_path, tls_key=tmp_path), host)
    if not refused:
        require_encryption(Settings(), host)
        return
    with pytest.raises(InputRefusedError) as caught:
        serve(Settings(), host)
    assert [problem.place for problem in caught.value.problems] == ["--host"]


def test_bentoml_serve_refuses_plain_http_beyond_this_machine_too(tmp_path: Path) -> None:
    environment = environment_in(tmp_path)
    promote_toy(environment)
    command = [BENTOML, "serve", "serving.service:KapOutcomes", "--host", EVERYWHERE]
    ended = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert ended.returncode == 1
    assert "KAP_PLAIN_HTTP=behind-a-proxy" in ended.stdout + ended.stderr
    assert "Traceback" not in ended.stdout + ended.stderr


def test_a_declared_proxy_is_said_in_the_log(bento: Server) -> None:
    assert f"plain http on {EVERYWHERE}" in bento.written()


def refuses(port: int) -> bool:
    """Whether nobody can connect to a port of this machine."""
    try:
        socket.create_connection(("127.0.0.1", port), 5).close()
    except ConnectionRefusedError:
        return True
    return False


def test_a_stop_refuses_new_callers_at_once_and_answers_what_was_begun(tmp_path: Path) -> None:
    body = json.dumps(EXAMPLE).encode()
    head = (
        b"POST /v1/predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
    )
    with running(tmp_path, "--workers", "2") as server, socket.socket() as caller:
        caller.connect(("127.0.0.1", port_of(server)))
        caller.sendall(head % len(body) + body[:100])
        time.sleep(1)  # until a worker has it
        server.process.terminate()
        until(lambda: refuses(port_of(server)), 5)
        assert server.process.poll() is None, "it waits for what was begun"
        caller.sendall(body[100:])
        assert caller.recv(65_536).startswith(b"HTTP/1.1 200 OK\r\n")
        assert server.process.wait(STOP_SECONDS) == 0


def test_workers_end_with_their_killed_main_process_and_a_restart_takes_the_same_port(bento: Server) -> None:
    (worker,) = bento.workers()
    watched = psutil.Process(worker)
    with loaded(str(bento.client.base_url)) as load:
        until(lambda: len(load.answered) > 20)
        os.kill(bento.process.pid, signal.SIGKILL)
        bento.process.wait()
        until(lambda: not watched.is_running() or watched.status() == psutil.STATUS_ZOMBIE, 10)
    assert set(load.statuses) == {200}
    with socket.create_server(("127.0.0.1", port_of(bento))):
        pass


@pytest.mark.long
def test_a_caller_who_does_not_read_keeps_no_worker_alive_without_its_main_process(tmp_path: Path) -> None:
    command = (BENTOML, "serve", "serving.service:KapOutcomes")
    with running(tmp_path, command=command) as server, socket.socket() as caller:
        (worker,) = server.workers()
        watched = psutil.Process(worker)
        caller.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        caller.connect(("127.0.0.1", port_of(server)))
        caller.sendall(b"GET /openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n" * 90)
        time.sleep(2)  # until its answers fill every buffer between
        os.kill(server.process.pid, signal.SIGKILL)
        server.process.wait()
        time.sleep(STOP_SECONDS / 2)
        assert watched.is_running(), "the worker must wait for its caller a little, or this test shows nothing"
        until(lambda: not watched.is_running() or watched.status() == psutil.STATUS_ZOMBIE, 30)
