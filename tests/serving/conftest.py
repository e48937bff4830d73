"""One real server for all the tests of a session, on loopback, with a model store of its own."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

ROOT = Path(__file__).parents[2]
BENTOML = Path(sys.executable).with_name("bentoml")
READY_WITHIN_SECONDS = 60


@dataclass(frozen=True)
class Server:
    """A running server: a client of it, its environment, and the file that holds all it wrote."""

    client: httpx.Client
    environment: dict[str, str]
    log: Path

    def written(self) -> str:
        return self.log.read_text(encoding="utf-8")


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def _wait_until_ready(process: subprocess.Popen[bytes], client: httpx.Client, log: Path) -> None:
    deadline = time.monotonic() + READY_WITHIN_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        try:
            if client.get("/readyz").status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.1)  # nothing listens yet; the deadline ends the wait
    pytest.fail(f"the server was not ready in time:\n{log.read_text(encoding='utf-8')}")


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    home = tmp_path_factory.mktemp("bentoml")
    environment = os.environ | {"BENTOML_HOME": str(home), "BENTOML_DO_NOT_TRACK": "True", "PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, "-m", "tests.serving.promote_toy"], env=environment, cwd=ROOT, check=True)
    log, port = home / "server.log", _free_port()
    command = [str(BENTOML), "serve", "serving.service:KapOutcomes", "--port", str(port)]
    with log.open("wb") as output, httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:
        process = subprocess.Popen(command, env=environment, cwd=ROOT, stdout=output, stderr=subprocess.STDOUT)
        try:
            _wait_until_ready(process, client, log)
            yield Server(client, environment, log)
        finally:
            process.terminate()
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
