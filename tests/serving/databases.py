"""Databases for tests: a SQLite file, a PostgreSQL database of its own, and a wire to it that can be cut."""

import os
import secrets
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import URL, Engine, create_engine, insert, select, text
from sqlalchemy.engine import make_url
from sqlalchemy.pool import NullPool

from serving.storage.database import create_tables, meta, reading, writing
from serving.storage.pseudonyms import Secret

VARIABLE = "KAP_TEST_POSTGRES_URL"
SECRET = Secret(bytes(range(32)))
PATIENCE = 0.3
"""Seconds that a test's database may take; short, for some tests wait for its end."""
MARKER = "hunter" * 2
"""A value that must show up nowhere."""


@dataclass(frozen=True)
class DatabasePlace:
    """Where a database is or will be, and how it can be made to go away."""

    url: URL
    go: Callable[[], None]
    come_back: Callable[[], None]


def sqlite_place(folder: Path) -> DatabasePlace:
    """A file that can be moved away."""
    path, away = folder / "state" / "predictions.db", folder / "away.db"

    def go() -> None:
        path.replace(away)

    def come_back() -> None:
        away.replace(path)

    return DatabasePlace(make_url(f"sqlite:///{path}"), go, come_back)


def put(engine: Engine, name: str, value: str = "") -> None:
    """Write one row."""
    with writing(engine) as connection:
        connection.execute(insert(meta).values(name=name, value=value))


def names(engine: Engine) -> set[str]:
    """Which rows were put there."""
    with reading(engine) as connection:
        return set(connection.execute(select(meta.c.name)).scalars()) - {"schema", "secret"}


@contextmanager
def disposed(engine: Engine) -> Iterator[Engine]:
    """An engine whose connections are closed after the block."""
    try:
        yield engine
    finally:
        engine.dispose()


@contextmanager
def postgresql_database() -> Iterator[URL]:
    """An empty database on the server of KAP_TEST_POSTGRES_URL, dropped at the end; skips where there is none."""
    named = os.environ.get(VARIABLE)
    if not named:
        pytest.skip(f"{VARIABLE} names no PostgreSQL server")
    url = make_url(named).set(drivername="postgresql+pg8000")
    name = f"kap_test_{secrets.token_hex(6)}"
    server = create_engine(url, isolation_level="AUTOCOMMIT", poolclass=NullPool)  # it may be started anew meanwhile
    with server.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    try:
        yield url.set(database=name)
    finally:
        with server.connect() as connection:
            connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))


class Wire:
    """A port of this machine that leads to a server, as long as it is not cut."""

    def __init__(self, host: str, port: int) -> None:
        self._server = (host, port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = []
        self._flows = threading.Event()
        self._flows.set()
        self._cut = False
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def port(self) -> int:
        return int(self._listener.getsockname()[1])

    def cut(self) -> None:
        """End every connection, and refuse new ones."""
        self._cut = True
        for end in self._open:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        self._open.clear()

    def restore(self) -> None:
        self._cut = False
        self._flows.set()

    def fall_silent(self) -> None:
        """Keep the connections, and let nothing through."""
        self._flows.clear()

    def close(self) -> None:
        self.cut()
        self._flows.set()
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                if self._cut:
                    client.close()
                    continue
                server = socket.create_connection(self._server)
                self._open += [client, server]
                for source, sink in ((client, server), (server, client)):
                    threading.Thread(target=self._carry, args=(source, sink), daemon=True).start()

    def _carry(self, source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                self._flows.wait()
                sink.sendall(data)
        with suppress(OSError):
            sink.shutdown(socket.SHUT_RDWR)


def begun(engine: Engine) -> Iterator[Engine]:
    """The database with the service's tables, closed afterwards."""
    create_tables(engine, SECRET)
    yield engine
    engine.dispose()
