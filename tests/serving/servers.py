"""Real servers on loopback, each with a model store and a state folder of its own, ended by process id."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil
import pytest

from tests.places import ROOT

KAP = Path(sys.executable).with_name("kap")
READY_WITHIN_SECONDS = 300


@dataclass(frozen=True)
class Server:
    """A running server: a client of it, its environment, its process, and the file that holds all it wrote."""

    client: httpx.Client
    environment: dict[str, str]
    process: subprocess.Popen[bytes]
    log: Path
    state: Path

    def written(self) -> str:
        return self.log.read_text(encoding="utf-8")

    def workers(self) -> list[int]:
        """Process ids of the workers, which the server's own process has started."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        return [int(pid) for pid in children if b"worker.service" in _command_line(pid)]

    def listeners(self) -> set[tuple[str, int]]:
        """The addresses on which the server's processes accept connections from the network."""
        main = psutil.Process(self.process.pid)
        opened = [one for process in (main, *main.children(recursive=True)) for one in process.net_connections("inet")]
        return {
            (one.laddr.ip, one.laddr.port) for one in opened if one.status in (psutil.CONN_LISTEN, psutil.CONN_NONE)
        }


def _command_line(pid: str) -> bytes:
    """How a process was started; nothing of one that has ended meanwhile."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def environment_in(folder: Path, **more: str) -> dict[str, str]:
    """An environment whose stores and state lie in a folder, and in which nothing else is set up."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("KAP_")}
    return own | {
        "BENTOML_HOME": str(folder / "bentoml"),
        "BENTOML_DO_NOT_TRACK": "True",
        "KAP_STATE": str(folder / "state"),
        "PYTHONPATH": str(ROOT),
        **more,
    }


def promote_toy(environment: Mapping[str, str], version: str = "3", *how: str) -> None:
    """Put a toy bundle into the model store, as a promotion does; ``damaged`` with one byte changed."""
    command = [sys.executable, "-m", "tests.serving.server.promote_toy", version, *how]
    subprocess.run(command, env=environment, cwd=ROOT, check=True)


@contextmanager
def running(
    folder: Path,
    *options: str,
    environment: dict[str, str] | None = None,
    command: Sequence[str] = (str(KAP), "serve"),
    scheme: str = "http",
    port: int | None = None,
    **client: object,
) -> Iterator[Server]:
    """`kap serve` (or another command) with a toy model, from the moment it is ready; whatever happens it is ended."""
    environment = environment or environment_in(folder)
    if not (folder / "bentoml").exists():
        promote_toy(environment)
    log, port = folder / "server.log", port or free_port()
    base = f"{scheme}://127.0.0.1:{port}"
    with log.open("ab") as output, httpx.Client(base_url=base, timeout=120, **client) as asking:  # type: ignore[arg-type]
        process = subprocess.Popen(
            [*command, "--port", str(port), *options],
            env=environment,
            cwd=folder,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        server = Server(asking, environment, process, log, folder / "state")
        try:
            wait_until_ready(server)
            yield server
        finally:
            end(process)


def wait_until_ready(server: Server, seconds: float = READY_WITHIN_SECONDS) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and server.process.poll() is None:
        try:
            if server.client.get("/readyz").status_code == 200:
                return
        except httpx.TransportError:
            pass  # nothing listens yet; the deadline ends the wait
        time.sleep(0.05)
    pytest.fail(f"the server was not ready in time:\n{server.written()}")


def end(process: subprocess.Popen[bytes]) -> None:
    """End a server and its workers, which share its process group."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(timeout=40)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
