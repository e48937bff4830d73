"""Connections that send too much, too slowly or nothing are ended, and the others are answered meanwhile.

The real protocol in uvicorn's own server, over loopback, with limits that are short enough for a test.
"""

import json
import re
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any

import pytest
import uvicorn
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from serving.server.connection_register import ConnectionLimits, ConnectionRegister, network_of
from serving.server.http_connection import HttpConnection

REQUEST_ID = re.compile(rb"\r\nx-request-id: ([0-9a-f]{32})\r\n")
SHORT = ConnectionLimits(in_all=12, per_address=8, head_seconds=0.4, unread_seconds=0.6, close_seconds=0.3)
GET = b"GET /livez HTTP/1.1\r\nHost: localhost\r\n"
LARGE = b"x" * 30_000_000


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers with the number of bytes in the body, and the names of the headers; ``/large`` with megabytes."""
    if scope["type"] != "http":
        return
    size, more = 0, True
    while more and scope["path"] != "/early":
        message = await receive()
        size, more = size + len(message.get("body", b"")), message.get("more_body", False)
    names = b",".join(name for name, _ in scope["headers"]).decode()
    text = LARGE.decode() if scope["path"] == "/large" else f"{size} {names}"
    await PlainTextResponse(text)(scope, receive, send)


@contextmanager
def serving(register: ConnectionRegister, **options: Any) -> Iterator[int]:
    """A server in a thread, and its port."""
    protocol: Any = partial(HttpConnection, register=register)
    config = uvicorn.Config(
        application, http=protocol, lifespan="off", log_config=None, timeout_graceful_shutdown=2, **options
    )
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
        thread.start()
        try:
            yield int(listener.getsockname()[1])
        finally:
            server.should_exit = True
            thread.join(timeout=10)


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with serving(ConnectionRegister(SHORT)) as given:
        yield given


@contextmanager
def connected(port: int, address: str = "127.0.0.1") -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", port), timeout=10, source_address=(address, 0)) as opened:
        yield opened


def everything(opened: socket.socket) -> bytes:
    """All that arrives until the server ends the connection."""
    read = b""
    try:
        while part := opened.recv(65536):
            read += part
    except ConnectionError:
        pass
    return read


def ask(port: int, sent: bytes, address: str = "127.0.0.1") -> bytes:
    with connected(port, address) as opened:
        try:
            opened.sendall(sent)
        except ConnectionError:
            return b""
        return everything(opened)


def status_of(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1])


def is_problem(answer: bytes, status: int) -> bool:
    """Whether an answer is a problem document with an id and the security headers, and ends the connection."""
    head, _, body = answer.partition(b"\r\n\r\n")
    wanted = (b"content-type: application/problem+json", b"x-content-type-options: nosniff", b"connection: close")
    named = REQUEST_ID.search(answer) is not None and (b"\r\nretry-after: 1\r\n" in answer) == (status == 503)
    return named and status_of(answer) == status == json.loads(body)["status"] and all(line in head for line in wanted)


def test_a_request_is_answered(port: int) -> None:
    answer = ask(port, GET + b"Connection: close\r\n\r\n")
    assert status_of(answer) == 200
    assert answer.endswith(b"0 host,connection")


@pytest.mark.parametrize(
    "head",
    [
        GET + b"X-Long: " + b"a" * 40_000 + b"\r\n\r\n",
        GET + b"".join(b"X-%d: a\r\n" % number for number in range(101)) + b"\r\n",
        b"GET /" + b"a" * 40_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
        GET + b"X-Endless: " + b"a" * 20_000_000,
        GET + b"a" * 20_000_000,
        b"\r\n" * 10_000_000,
    ],
    ids=["a long header", "many headers", "a long address", "an endless value", "an endless name", "empty lines"],
)
def test_a_head_that_is_too_large_is_refused_at_once(port: int, head: bytes) -> None:
    started = time.monotonic()
    answer = ask(port, head)
    assert not answer or is_problem(answer, 431)
    assert answer or len(head) > 1_000_000, "a small head can be answered"
    assert time.monotonic() - started < 2


def test_a_head_just_within_the_limits_is_answered(port: int) -> None:
    filled = b"".join(b"X-%02d: %s\r\n" % (number, b"a" * 320) for number in range(98))
    answer = ask(port, GET + filled + b"Connection: close\r\n\r\n")
    assert status_of(answer) == 200


def test_trailers_are_limited_as_headers_are_and_never_taken_for_headers(port: int) -> None:
    chunked = b"POST /livez HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n"
    body = b"3\r\nabc\r\n0\r\n"
    short = ask(port, chunked + b"Connection: close\r\n\r\n" + body + b"Authorization: Bearer kap_1\r\n\r\n")
    assert short.endswith(b"3 host,transfer-encoding,connection")
    started = time.monotonic()
    assert b" 200 " not in ask(port, chunked + b"\r\n" + body + b"X-Long: " + b"a" * 20_000_000)
    assert time.monotonic() - started < 2


def test_a_large_body_is_taken(port: int) -> None:
    head = b"POST /livez HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3000000\r\nConnection: close\r\n\r\n"
    assert ask(port, head + b"a" * 3_000_000).endswith(b"3000000 host,content-length,connection")


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"nonsense\r\n\r\n", 400),
        (b"GET /livez HTTP/1.1\r\n\r\n", 400),
        (GET + b"Host: other\r\n\r\n", 400),
        (b"GET /livez HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n", 400),
        (b"CONNECT other:443 HTTP/1.1\r\nHost: other\r\n\r\n", 400),
        (GET + b"Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\nabc", 400),
        (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nnonsense\r\n", 400),
        (GET + b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\r\n", 404),
    ],
)
def test_what_is_no_request_of_this_service_gets_a_problem_document(port: int, sent: bytes, status: int) -> None:
    assert is_problem(ask(port, sent), status)


def test_every_refusal_has_an_id_of_its_own(port: int) -> None:
    assert len({match.group(1) for _ in range(3) for match in REQUEST_ID.finditer(ask(port, b"nonsense\r\n\r\n"))}) == 3


def test_http_1_0_needs_no_host(port: int) -> None:
    assert status_of(ask(port, b"GET /livez HTTP/1.0\r\n\r\n")) == 200


def test_an_offer_to_use_another_protocol_is_passed_over(port: int) -> None:
    offer = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n\r\n"
    assert status_of(ask(port, GET + offer)) == 200


def test_a_request_before_a_bad_one_is_answered(port: int) -> None:
    answer = ask(port, GET + b"\r\n" + b"nonsense\r\n\r\n")
    assert status_of(answer) == 200
    assert answer.count(b"HTTP/1.1 ") == 1


def test_a_flood_of_requests_on_one_connection_ends(port: int) -> None:
    assert 50 < ask(port, (GET + b"\r\n") * 5_000).count(b"HTTP/1.1 200") < 1_000


def test_a_head_that_drips_is_ended(port: int) -> None:
    with connected(port) as opened:
        started = time.monotonic()
        opened.sendall(GET)
        while time.monotonic() - started < 3:
            try:
                opened.sendall(b"X: a\r\n")
                opened.settimeout(0.05)
                answer = opened.recv(65536)
                break
            except TimeoutError:
                continue
    assert is_problem(answer, 408)


def test_a_second_head_that_drips_is_ended_too(port: int) -> None:
    with connected(port) as opened:
        opened.sendall(GET + b"\r\n")
        assert status_of(opened.recv(65536)) == 200
        opened.sendall(GET)
        assert is_problem(everything(opened), 408)


def test_a_silent_connection_is_closed_without_an_answer(port: int) -> None:
    assert ask(port, b"") == b""


def test_a_body_that_drips_after_its_answer_is_ended(port: int) -> None:
    with connected(port) as opened:
        opened.sendall(b"POST /early HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n")
        assert status_of(opened.recv(65536)) == 200
        started, opened_for = time.monotonic(), 0.0
        opened.settimeout(0.05)
        while opened_for < 3:
            opened_for = time.monotonic() - started
            try:
                opened.sendall(b"a")
                if opened.recv(65536) == b"":
                    break
            except TimeoutError:
                continue
            except ConnectionError:
                break
    assert opened_for < 3


def read_after(port: int, pause: float) -> int:
    """Bytes of a large answer that arrive for a caller who reads nothing for a while."""
    with connected(port) as opened:
        opened.sendall(b"GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n")
        time.sleep(pause)
        return len(everything(opened))


def test_a_caller_who_does_not_read_the_answer_is_left(port: int) -> None:
    """All pauses are longer than an answer may be unread; a busy machine may need more to notice."""
    assert any(read_after(port, pause) < len(LARGE) for pause in (2, 8, 30))


def read_slowly(port: int) -> int:
    """How many bytes arrive for a caller who reads all the time, and takes two seconds."""
    size, pause = 0, 2 / (len(LARGE) / 2**20)
    with connected(port) as opened:
        opened.sendall(b"GET /large HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        while part := opened.recv(2**20, socket.MSG_WAITALL):
            size += len(part)
            time.sleep(pause)
    return size


def test_a_caller_who_reads_slowly_gets_the_whole_answer(port: int) -> None:
    """A busy machine may keep the caller from reading for longer than an answer may be unread."""
    assert any(read_slowly(port) > len(LARGE) for _ in range(5))


def test_one_address_can_not_take_the_place_of_another(port: int) -> None:
    with ExitStack() as many:
        silent = [many.enter_context(connected(port, "127.0.0.2")) for _ in range(40)]
        assert status_of(ask(port, GET + b"Connection: close\r\n\r\n")) == 200
        assert sum(everything(one) == b"" for one in silent) == 40


def test_all_addresses_together_do_not_keep_a_caller_out(port: int) -> None:
    with ExitStack() as many:
        for last in range(2, 42):
            many.enter_context(connected(port, f"127.0.0.{last}"))
        assert status_of(ask(port, GET + b"Connection: close\r\n\r\n")) == 200


def test_where_all_connections_are_answered_another_one_is_refused(port: int) -> None:
    unfinished = b"POST /livez HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n"
    with ExitStack() as many:
        for _ in range(SHORT.per_address):
            many.enter_context(connected(port)).sendall(unfinished)
        time.sleep(0.2)
        refused = ask(port, b"")
        assert is_problem(refused, 503)
        assert b"retry-after: 1\r\n" in refused
        assert status_of(ask(port, GET + b"Connection: close\r\n\r\n", "127.0.0.3")) == 200
    time.sleep(0.2)
    assert status_of(ask(port, GET + b"Connection: close\r\n\r\n")) == 200


def test_addresses_that_one_caller_has_many_of_count_as_one() -> None:
    assert network_of("2001:db8::1") == network_of("2001:db8::ffff:0:1") != network_of("2001:db9::1")
    assert network_of("::ffff:192.0.2.1") == network_of("192.0.2.1") != network_of("192.0.2.2")
