"""Over TLS, connections count before their handshake is over, and those that never finish it are ended."""

import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
import uvicorn.config

from serving.server.connection_register import ConnectionRegister
from serving.server.tls_handshake import count_handshakes
from tests.serving.certificates import Pair, make_certificate
from tests.serving.server.test_http_connection import (
    GET,
    LARGE,
    SHORT,
    connected,
    everything,
    is_problem,
    serving,
    status_of,
)

CLOSING = GET + b"Connection: close\r\n\r\n"


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Pair:
    return make_certificate(tmp_path_factory.mktemp("certificate"))


@pytest.fixture(scope="module", params=["uvloop", "asyncio"])
def port(pair: Pair, request: pytest.FixtureRequest) -> Iterator[int]:
    register, before = ConnectionRegister(SHORT), dict(uvicorn.config.LOOP_FACTORIES)
    with pytest.MonkeyPatch.context() as patch:
        if request.param == "asyncio":
            patch.setitem(__import__("sys").modules, "uvloop", None)
        count_handshakes(register)
        try:
            with serving(register, ssl_certfile=pair.certificate, ssl_keyfile=pair.key) as given:
                yield given
        finally:
            uvicorn.config.LOOP_FACTORIES.update(before)


def encrypted(opened: socket.socket) -> ssl.SSLSocket:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context.wrap_socket(opened)


def ask(port: int, sent: bytes, address: str = "127.0.0.1") -> bytes:
    with connected(port, address) as opened, encrypted(opened) as secured:
        secured.sendall(sent)
        return everything(secured)


def test_a_request_is_answered(port: int) -> None:
    assert status_of(ask(port, CLOSING)) == 200


def test_many_requests_are_answered_whatever_comes_with_the_handshake(port: int) -> None:
    for _ in range(30):
        assert status_of(ask(port, CLOSING)) == 200


def test_a_large_body_is_taken(port: int) -> None:
    head = b"POST /livez HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3000000\r\nConnection: close\r\n\r\n"
    assert ask(port, head + b"a" * 3_000_000).endswith(b"3000000 host,content-length,connection")


def read_slowly(port: int) -> int:
    """How many bytes arrive for a caller who reads all the time, and takes two seconds."""
    with connected(port) as opened, encrypted(opened) as secured:
        secured.sendall(b"GET /large HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        size, started = 0, time.monotonic()
        while part := secured.recv(2**20):
            size += len(part)
            time.sleep(max(0.0, 2 * size / len(LARGE) - (time.monotonic() - started)))
        return size


def test_a_caller_who_reads_slowly_gets_the_whole_answer(port: int) -> None:
    """A busy machine may keep the caller from reading for longer than an answer may be unread."""
    assert any(read_slowly(port) > len(LARGE) for _ in range(5))


def test_a_refusal_is_a_problem_document_that_asks_for_tls_from_now_on(port: int) -> None:
    answer = ask(port, b"nonsense\r\n\r\n")
    assert is_problem(answer, 400)
    assert b"strict-transport-security: " in answer


@pytest.mark.parametrize("sent", [b"", b"\x16\x03\x01", GET + b"\r\n"], ids=["nothing", "a beginning", "plain http"])
def test_a_handshake_that_never_ends_is_ended(port: int, sent: bytes) -> None:
    with connected(port) as opened:
        opened.settimeout(3)
        opened.sendall(sent)
        everything(opened)


def test_handshakes_that_never_end_do_not_keep_a_caller_out(port: int) -> None:
    with ExitStack() as many:
        for last in range(2, 42):
            many.enter_context(connected(port, f"127.0.0.{last}"))
        for _ in range(40):
            many.enter_context(connected(port, "127.0.0.2"))
        assert status_of(ask(port, CLOSING)) == 200
