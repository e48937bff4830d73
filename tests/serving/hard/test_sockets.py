"""Another user of the machine reaches the service's own port, and no other socket of any of its processes."""

import json
import os
import secrets
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from tests.serving.server.bento import make_bento
from tests.serving.servers import environment_in, promote_toy, running

BENTOML = str(Path(sys.executable).with_name("bentoml"))
NOBODY = 65534
REACH = """
import json, os, socket, sys
os.setgroups([]); os.setgid(int(sys.argv[1])); os.setuid(int(sys.argv[1]))
reached = []
for family, address in json.load(sys.stdin):
    with socket.socket(family) as asking:
        asking.settimeout(5)
        try:
            asking.connect(tuple(address) if isinstance(address, list) else address.replace("@", "\\0", 1))
        except OSError:
            continue
        reached.append(address)
print(json.dumps(reached))
"""
"""Which of these addresses accept a connection from another user; an abstract name is written with ``@``."""
OPEN_ABSTRACT = """
import socket, sys, time
opened = socket.socket(socket.AF_UNIX)
opened.bind("\\0" + sys.argv[1])
opened.listen()
print("open", flush=True)
time.sleep(600)
"""


def listening(pid: int) -> list[tuple[int, list[object] | str]]:
    """Every socket of a process and its children that may accept connections: family and address."""
    main = psutil.Process(pid)
    found: list[tuple[int, list[object] | str]] = []
    for process in (main, *main.children(recursive=True)):
        inet = [one for one in process.net_connections("inet") if not one.raddr]
        found += [(one.family, [one.laddr.ip, one.laddr.port]) for one in inet]
        found += [(one.family, one.laddr) for one in process.net_connections("unix") if one.laddr]
    return found


def reached_by_another(pid: int) -> list[object]:
    command = [sys.executable, "-I", "-c", REACH, str(NOBODY)]
    asked = json.dumps(listening(pid))
    done = subprocess.run(command, input=asked, capture_output=True, text=True, timeout=120, check=True)
    reached: list[object] = json.loads(done.stdout)
    return reached


def started_by(command: tuple[str, ...], folder: Path) -> dict[str, str]:
    environment = environment_in(folder)
    promote_toy(environment)
    if "kap-outcomes:latest" in command:
        assert make_bento(environment).returncode == 0
    return environment


needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can try as another user")


@needs_root
def test_a_socket_without_a_file_is_found_and_reached() -> None:
    """Without this the test below could be blind to such sockets, which have no owner and no mode."""
    name = f"kap-test-{secrets.token_hex(8)}"
    command = [sys.executable, "-I", "-c", OPEN_ABSTRACT, name]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == b"open\n"
            assert reached_by_another(process.pid) == [f"@{name}"]
        finally:
            process.kill()


@needs_root
@pytest.mark.parametrize(
    "command",
    [
        (str(Path(sys.executable).with_name("kap")), "serve", "--workers", "2"),
        (BENTOML, "serve", "serving.service:KapOutcomes"),
        (BENTOML, "serve", "serving.service:KapOutcomes", "--reload"),
        (BENTOML, "serve", "kap-outcomes:latest"),
    ],
    ids=["kap serve", "bentoml serve", "bentoml serve --reload", "the built Bento"],
)
def test_another_user_reaches_the_services_own_port_only(tmp_path: Path, command: tuple[str, ...]) -> None:
    environment = started_by(command, tmp_path)
    with running(tmp_path, environment=environment, command=command) as server:
        own = ["127.0.0.1", server.client.base_url.port]
        assert own in [address for _, address in listening(server.process.pid)]
        reached = reached_by_another(server.process.pid)
        assert reached
        assert all(address == own for address in reached)
