"""One connection that stays open: hand-made HTTP/1.1, one request at a time, as little work as will do.

The generator shares two cores with what it measures, so that whatever it spends is taken from the service.
"""

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*(\d+)", re.IGNORECASE)
_CHUNKED = re.compile(rb"\r\ntransfer-encoding:[ \t]*chunked", re.IGNORECASE)
_HEAD_ENDS = b"\r\n\r\n"
LOST = 0
"""The status of a request whose connection broke before the answer was there."""


@dataclass(frozen=True)
class RawAnswer:
    """What came back: the status (``LOST``: nothing did) and the body."""

    status: int
    body: bytes


class Connection(asyncio.Protocol):
    """Sends a request, and hands its answer to the sender; a connection that breaks hands over ``LOST``."""

    def __init__(self) -> None:
        """Not connected yet; asyncio makes it so."""
        self.open = False
        self._transport: asyncio.Transport | None = None
        self._done: Callable[[RawAnswer], None] | None = None
        self._parts: list[bytes] = []
        self._size = 0
        self._complete: int | None = None
        self._head = 0
        self._status = LOST

    def send(self, request: bytes, done: Callable[[RawAnswer], None]) -> None:
        """Send a whole request; ``done`` is called once, later."""
        self._done = done
        if self._transport is None or not self.open:
            asyncio.get_running_loop().call_soon(self._hand_over, RawAnswer(LOST, b""))
            return
        self._transport.write(request)

    def close(self) -> None:
        """Close without waiting."""
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Be ready."""
        self._transport = cast(asyncio.Transport, transport)
        self.open = True

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell the waiting sender."""
        self.open = False
        if self._done is not None:
            self._hand_over(RawAnswer(LOST, b""))

    def data_received(self, data: bytes) -> None:
        """Gather until the answer is whole."""
        self._parts.append(data)
        self._size += len(data)
        if self._complete is None and not self._head:
            self._read_head()
        if self._complete is not None:
            if self._size >= self._complete:
                self._hand_over(RawAnswer(self._status, b"".join(self._parts)[self._head : self._complete]))
        elif self._head:
            body = dechunked(b"".join(self._parts)[self._head :])
            if body is not None:
                self._hand_over(RawAnswer(self._status, body))

    def _read_head(self) -> None:
        whole = b"".join(self._parts)
        end = whole.find(_HEAD_ENDS)
        if end < 0:
            return
        self._parts, self._head, self._status = [whole], end + len(_HEAD_ENDS), int(whole[9:12])
        length = _LENGTH.search(whole, 0, end)
        if length is not None:
            self._complete = self._head + int(length.group(1))
        elif _CHUNKED.search(whole, 0, end) is None:
            self.close()  # nothing says where the answer ends: it counts as lost

    def _hand_over(self, answer: RawAnswer) -> None:
        done, self._done = self._done, None
        self._parts, self._size, self._complete, self._head = [], 0, None, 0
        if done is not None:
            done(answer)


def dechunked(sent: bytes) -> bytes | None:
    """The body that came in chunks; ``None`` while the last one is not there."""
    parts: list[bytes] = []
    start = 0
    while (end := sent.find(b"\r\n", start)) >= 0:
        size = int(sent[start:end].partition(b";")[0], 16)
        if size == 0:
            return b"".join(parts) if sent.endswith(_HEAD_ENDS) else None
        start = end + 2 + size + 2
        if start > len(sent):
            return None
        parts.append(sent[end + 2 : end + 2 + size])
    return None
