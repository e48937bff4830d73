"""An address that can not work is refused when it is read; a server that is no scheduler, at once and in words."""

import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import dask
import pytest
from click.testing import CliRunner

from features.protocol.problems import InputRefusedError
from tests.places import ROOT
from training.cli.app import main
from training.execution.scheduler_address import is_exposed, require_address, require_security

WRONG = {
    "nonsense": "no protocol",
    "host:8786": "no protocol",
    "foo://host:1": "another protocol",
    "ucx://host:8786": "another protocol",
    "inproc://x": "another protocol",
    "TLS://host:8786": "another protocol",
    "tcp://127.0.0.1:abc": "no host and port",
    "tcp://host": "no host and port",
    "tcp://:8786": "no host and port",
    "tcp://host:8786/path": "no host and port",
    "tcp://somebody:word@host:8786": "no host and port",
    "tcp://host:8786\n": "no host and port",
    "tcp://[1:2]:8786": "no host and port",
    "tcp://host:0": "a port outside 1 to 65535",
    "tcp://host:65536": "a port outside 1 to 65535",
}


@pytest.mark.parametrize(("address", "found"), WRONG.items())
def test_what_is_no_address_is_refused_and_it_is_said_why(address: str, found: str) -> None:
    with pytest.raises(InputRefusedError) as refused:
        require_address(address)
    (problem,) = refused.value.problems
    assert found in problem.found
    assert "tls://host:8786" in problem.required


@pytest.mark.parametrize(
    "address", ["local", "tcp://host:1", "tls://host.example.org:65535", "tls://[::1]:8786", "tcp://10.0.0.1:8786"]
)
def test_addresses_of_schedulers_are_taken(address: str) -> None:
    require_address(address)


def test_an_address_of_the_environment_is_refused_too_although_nothing_would_run_there() -> None:
    done = CliRunner().invoke(main, ["cohort", "check", "nowhere"], env={"KAP_CLUSTER": "foo://host:1"})
    assert done.exit_code == 2
    assert "option --cluster: required local, or the address of a scheduler" in done.stderr


def test_tls_without_certificates_names_the_settings_that_it_needs() -> None:
    done = CliRunner().invoke(main, ["cohort", "check", "nowhere", "--cluster", "tls://host:8786"])
    assert done.exit_code == 2
    for name in ("ca-file", "client.cert", "client.key"):
        assert f"distributed.comm.tls.{name}" in done.stderr


def test_certificates_that_can_not_be_read_are_said() -> None:
    files = {"ca-file": "/nowhere/ca.pem", "client.cert": "/nowhere/cert.pem", "client.key": "/nowhere/key.pem"}
    with (
        dask.config.set({f"distributed.comm.tls.{name}": path for name, path in files.items()}),
        pytest.raises(InputRefusedError) as refused,
    ):
        require_security("tls://host:8786")
    assert "readable PEM files" in refused.value.problems[0].required


def test_tcp_is_refused_where_dask_is_set_to_encrypt() -> None:
    with dask.config.set({"distributed.comm.require-encryption": True}), pytest.raises(InputRefusedError) as refused:
        require_security("tcp://host:8786")
    assert "require-encryption" in refused.value.problems[0].required


@pytest.mark.parametrize(
    ("address", "exposed"),
    [
        ("tcp://host:8786", True),
        ("tcp://10.0.0.1:8786", True),
        ("tcp://[2001:db8::1]:8786", True),
        ("tcp://127.0.0.1:8786", False),
        ("tcp://localhost:8786", False),
        ("tcp://[::1]:8786", False),
        ("tls://host:8786", False),
        ("local", False),
    ],
)
def test_records_can_be_read_on_the_way_by_tcp_to_another_machine(address: str, exposed: bool) -> None:
    assert is_exposed(address) is exposed


SCRIPT = """
import sys
from training.execution import cluster
from training.execution.side_by_side import side_by_side
from training.failures import ClusterFailedError

cluster.PATIENCE_SECONDS = 1
try:
    with cluster.on_cluster(sys.argv[1], 1):
        list(side_by_side(len, [("",)], 1))
except ClusterFailedError as error:
    print(error)
"""


@contextmanager
def server(answer: bytes) -> Iterator[int]:
    """The port of a server that takes every connection and answers so, whatever it is asked."""
    kept: list[socket.socket] = []

    def serve() -> None:
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            kept.append(connection)
            connection.sendall(answer)

    with socket.create_server(("127.0.0.1", 0)) as listening:
        threading.Thread(target=serve, daemon=True).start()
        yield listening.getsockname()[1]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("answer", "said"),
    [(b"", "no scheduler answers within 1 s"), (b"HTTP/1.1 400 Bad Request\r\n\r\n" * 9, "is no Dask scheduler")],
    ids=["silent", "of-the-web"],
)
def test_a_server_that_is_no_scheduler_ends_the_command_in_a_sentence(answer: bytes, said: str) -> None:
    with server(answer) as port:
        done = subprocess.run(
            [sys.executable, "-c", SCRIPT, f"tcp://127.0.0.1:{port}"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
    assert said in done.stdout
    assert (done.returncode, done.stderr) == (0, "")
