"""A connection before its encryption is agreed on: counted from the first moment, and ended in time.

A loop's own servers call a protocol only after the handshake: callers who never finish it would count nowhere.
"""

import asyncio
import ssl
from asyncio.sslproto import SSLProtocol
from collections.abc import Callable
from typing import Any

import uvicorn.config
from uvicorn.loops.auto import auto_loop_factory

from serving.server.connection_register import ConnectionRegister


class TlsHandshake(SSLProtocol):
    """The encryption of one connection, as asyncio has it, which is counted until both sides agree on it."""

    def __init__(
        self,
        protocol: Callable[[], asyncio.Protocol],
        context: ssl.SSLContext,
        register: ConnectionRegister,
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        """A connection that is counted in ``register``; once it is encrypted, ``protocol`` goes on with it."""
        nobody_waits: Any = None  # as in asyncio's own servers; typeshed asks for a future, and for whole seconds below
        head_seconds: Any = register.limits.head_seconds
        super().__init__(
            loop,
            _FirstProtocol(protocol, self._agreed),
            context,
            nobody_waits,
            server_side=True,
            ssl_handshake_timeout=head_seconds,
        )
        self._register = register
        self._counted_loop = loop
        self._raw: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Count the connection, and begin."""
        raw: Any = transport
        self._raw = raw
        super().connection_made(raw)
        peer = raw.get_extra_info("peername")
        if not self._register.add(self, peer[0] if peer else "", self._counted_loop):
            raw.abort()

    def connection_lost(self, exc: BaseException | None) -> None:
        """Count the connection no longer."""
        self._register.leave(self)
        super().connection_lost(exc)

    def look(self, now: float) -> None:
        """Leave the time limit to the handshake itself."""

    def make_room(self) -> None:
        """End this connection in favour of another."""
        if self._raw is not None:
            self._raw.abort()

    def _agreed(self) -> None:
        self._register.leave(self)


class _FirstProtocol(asyncio.Protocol):
    """Hands an encrypted connection over to the protocol that is meant, which counts it from then on."""

    def __init__(self, protocol: Callable[[], asyncio.Protocol], agreed: Callable[[], None]) -> None:
        self._protocol = protocol
        self._agreed = agreed

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Hand over."""
        self._agreed()
        following = self._protocol()
        transport.set_protocol(following)
        following.connection_made(transport)


def count_handshakes(register: ConnectionRegister) -> None:
    """Let the loop that uvicorn starts in this process count connections before their handshake."""

    def make_loop() -> asyncio.AbstractEventLoop:
        loop: Any = auto_loop_factory()()
        create_server = loop.create_server

        async def counting(protocol: Any, *places: Any, ssl: ssl.SSLContext | None = None, **options: Any) -> Any:
            made = protocol if ssl is None else lambda: TlsHandshake(protocol, ssl, register, loop)
            return await create_server(made, *places, **options)

        loop.create_server = counting
        counted: asyncio.AbstractEventLoop = loop
        return counted

    factories: dict[str, Any] = uvicorn.config.LOOP_FACTORIES
    factories["auto"] = lambda use_subprocess: make_loop  # noqa: ARG005 - uvicorn's signature
