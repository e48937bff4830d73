"""The connections of one worker: how many there may be, which one makes room, and which have taken too long.

`http_connection` reads what arrives on them.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address
from typing import Protocol

LOG = logging.getLogger("bentoml.kap.access")
REPORT_SECONDS = 10.0
"""How often a line of the log says what was ended, however much it was."""
MOST_IDS = 20
"""How many refusals such a line names by their ``X-Request-Id``."""
LOOK_SECONDS = 0.5
"""How often the connections are looked at: a limit in seconds is kept to within this time."""


@dataclass(frozen=True)
class ConnectionLimits:
    """What one worker allows; times in seconds.

    ``head_seconds``: for the head of a request, from the connection or from its first byte. ``unread_seconds``: for a
    caller to take the next part of an answer. ``slow_seconds``: to take all of it. ``close_seconds``: to close a
    connection that ends.
    """

    in_all: int
    per_address: int
    head_bytes: int = 32 * 1024
    headers: int = 100
    head_seconds: float = 10.0
    unread_seconds: float = 60.0
    slow_seconds: float = 600.0
    close_seconds: float = 2.0


class LimitedConnection(Protocol):
    """A connection as the register needs it, such as `http_connection.HttpConnection`."""

    def look(self, now: float) -> None:
        """End the connection if a time limit is over; ``now`` is the loop's time."""
        ...

    def make_room(self) -> None:
        """End a connection that waits for a request."""
        ...


class ConnectionRegister:
    """All connections of a worker, and in the order of their waiting those without a request that is being answered."""

    def __init__(self, limits: ConnectionLimits, count: Callable[[str], None] = lambda _: None) -> None:
        """``count`` is called with the reason for every connection that is ended."""
        self.limits = limits
        self._count = count
        self._networks: dict[LimitedConnection, str] = {}
        self._counts: Counter[str] = Counter()
        self._waiting: dict[str, dict[LimitedConnection, None]] = {}
        self._all_waiting: dict[LimitedConnection, None] = {}
        self._next_look: asyncio.TimerHandle | None = None
        self._ended: Counter[str] = Counter()
        self._ids: list[str] = []
        self._next_report = 0.0

    def add(self, connection: LimitedConnection, address: str, loop: asyncio.AbstractEventLoop) -> bool:
        """Add a new connection, which waits; whether there is room for it.

        It takes the place of the one that has waited longest. There is no room where all have requests to be answered.
        """
        network = network_of(address)
        if self._counts[network] >= self.limits.per_address:
            self._make_room(self._waiting.get(network, {}))
        if len(self._networks) >= self.limits.in_all:
            self._make_room(self._all_waiting)
        room = self._counts[network] < self.limits.per_address and len(self._networks) < self.limits.in_all
        self._networks[connection] = network
        self._counts[network] += 1
        if room:
            self.waits(connection)
        if self._next_look is None:
            self._next_look = loop.call_later(LOOK_SECONDS, self._look, loop)
        return room

    def waits(self, connection: LimitedConnection) -> None:
        """Note that a connection waits for a request."""
        network = self._networks.get(connection)
        if network is not None:
            self._waiting.setdefault(network, {})[connection] = None
            self._all_waiting[connection] = None

    def works(self, connection: LimitedConnection) -> None:
        """Note that a connection's request is being answered, or that the connection ends."""
        self._all_waiting.pop(connection, None)
        alike = self._waiting.get(self._networks.get(connection, ""), {})
        alike.pop(connection, None)

    def leave(self, connection: LimitedConnection) -> None:
        """Count a connection no longer; it is still looked at until it is removed."""
        self.works(connection)
        network = self._networks.pop(connection, None)
        if network is None:
            return
        self._counts[network] -= 1
        if not self._counts[network]:
            del self._counts[network]
            self._waiting.pop(network, None)

    def ended(self, reason: str, request_id: str | None = None) -> None:
        """Count a connection that is ended before its request was read; ``request_id`` is that of its answer."""
        self._ended[reason] += 1
        self._count(reason)
        if request_id is not None and len(self._ids) < MOST_IDS:
            self._ids.append(request_id)

    def _make_room(self, waiting: dict[LimitedConnection, None]) -> None:
        longest = next(iter(waiting), None)
        if longest is not None:
            longest.make_room()
            self.leave(longest)
            self.ended("to make room")

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        now = loop.time()
        for connection in list(self._networks):
            connection.look(now)
        if self._ended and (now > self._next_report or not self._networks):
            self._report()
            self._next_report = now + REPORT_SECONDS
        self._next_look = loop.call_later(LOOK_SECONDS, self._look, loop) if self._networks else None

    def _report(self) -> None:
        reasons = ", ".join(f"{reason}: {number}" for reason, number in self._ended.items())
        named = f" request={','.join(self._ids)}" if self._ids else ""
        LOG.info("connections ended without a request: %s%s", reasons, named)
        self._ended.clear()
        self._ids.clear()


def network_of(address: str) -> str:
    """What is counted as one address: an IPv4 address, or the 64-bit network of an IPv6 address."""
    try:
        read = ip_address(address)
    except ValueError:
        return address
    if not isinstance(read, IPv6Address):
        return address
    return str(read.ipv4_mapped) if read.ipv4_mapped else read.packed[:8].hex()
