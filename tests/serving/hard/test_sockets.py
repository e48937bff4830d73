"""Another user of the machine reaches the service's own port, and no other socket of any of its processes."""

import json
import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from tests.serving.server.bento import make_bento
from tests.serving.servers import Server, environment_in, promote_toy, running

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
            asking.connect(tuple(address) if isinstance(address, list) else address)
        except OSError:
            continue
        reached.append(address)
print(json.dumps(reached))
"""
"""Which of these addresses accept a connection from another user."""


def listening(server: Server) -> list[tuple[int, list[object] | str]]:
    """Every socket of the server's processes that may accept connections: family and address."""
    main = psutil.Process(server.process.pid)
    found: list[tuple[int, list[object] | str]] = []
    for process in (main, *main.children(recursive=True)):
        inet = [one for one in process.net_connections("inet") if not one.raddr]
        found += [(one.family, [one.laddr.ip, one.laddr.port]) for one in inet]
        found += [(one.family, one.laddr) for one in process.net_connections("unix") if one.laddr]
    return found


def reached_by_another(server: Server) -> list[object]:
    command = [sys.executable, "-I", "-c", REACH, str(NOBODY)]
    asked = json.dumps(listening(server))
    done = subprocess.run(command, input=asked, capture_output=True, text=True, timeout=120, check=True)
    reached: list[object] = json.loads(done.stdout)
    return reached


def started_by(command: tuple[str, ...], folder: Path) -> dict[str, str]:
    environment = environment_in(folder)
    promote_toy(environment)
    if "kap-outcomes:latest" in command:
        assert make_bento(environment).returncode == 0
    return environment


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can try as another user")
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
        assert own in [address for _, address in listening(server)]
        reached = reached_by_another(server)
        assert reached
        assert all(address == own for address in reached)
