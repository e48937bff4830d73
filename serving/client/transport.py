"""The client's connections, on which no wait lasts beyond the deadline of its call.

httpx limits each wait for bytes, not their sum: a server that sends one byte a second would hold a call endlessly. Here
the time left until the deadline limits every wait.
"""

import math
import ssl
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import httpcore
import httpx

_DEADLINE: ContextVar[float] = ContextVar("deadline", default=math.inf)
_SLICE = 16_384
"""Bytes written at once; the time left is checked in between."""


@contextmanager
def ends_by(deadline: float) -> Iterator[None]:
    """All sending and receiving inside ends by the deadline, in seconds of the transport's clock."""
    token = _DEADLINE.set(deadline)
    try:
        yield
    finally:
        _DEADLINE.reset(token)


class DeadlineTransport(httpx.HTTPTransport):
    """httpx's own transport over connections that keep to deadlines; it uses no proxy.

    The deadline does not hold for the system's lookup of a name. If a name has several addresses, each gets the time
    that was left when the first was tried.
    """

    def __init__(self, tls: ssl.SSLContext, clock: Callable[[], float]) -> None:
        """Connect with these TLS settings; ``clock`` gives seconds, as deadlines do."""
        super().__init__(verify=tls, trust_env=False)
        self._pool = httpcore.ConnectionPool(ssl_context=tls, network_backend=_Backend(clock))


class _TimeLeft:
    """The time left of a call."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock

    def within(self, timeout: float | None, late: type[httpcore.TimeoutException]) -> float | None:
        """Seconds for one wait; raises ``late`` when the deadline is over."""
        left = _DEADLINE.get() - self._clock()
        if left <= 0:
            raise late("the deadline is over")
        if timeout is None:
            return None if left == math.inf else left
        return min(timeout, left)


class _Backend(httpcore.NetworkBackend):
    """Opens connections that keep to deadlines."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._left = _TimeLeft(clock)
        self._system = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        timeout = self._left.within(timeout, httpcore.ConnectTimeout)
        return _Stream(self._system.connect_tcp(host, port, timeout, local_address, socket_options), self._left)


class _Stream(httpcore.NetworkStream):
    """A connection that keeps to deadlines."""

    def __init__(self, stream: httpcore.NetworkStream, left: _TimeLeft) -> None:
        self._stream = stream
        self._left = left

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, self._left.within(timeout, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        for start in range(0, len(buffer), _SLICE):
            left = self._left.within(timeout, httpcore.WriteTimeout)
            self._stream.write(buffer[start : start + _SLICE], left)

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        timeout = self._left.within(timeout, httpcore.ConnectTimeout)
        return _Stream(self._stream.start_tls(ssl_context, server_hostname, timeout), self._left)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)
