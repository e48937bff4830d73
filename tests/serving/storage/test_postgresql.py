"""A log on a server: never waited for in vain, used again when it is back, reached by no way that others can read."""

import socket
import threading
import time
import traceback
from collections.abc import Iterator

import pytest
from sqlalchemy import URL, text
from sqlalchemy.engine import make_url

from serving.contract.failures import LogUnavailableError
from serving.storage import database, postgresql
from serving.storage.database import create_tables, open_database, reading
from tests.serving.databases import MARKER, PATIENCE, SECRET, Wire, names, postgresql_database, put


@pytest.fixture(scope="module")
def postgresql_url() -> Iterator[URL]:
    with postgresql_database() as url:
        yield url


def test_a_server_that_falls_silent_is_not_waited_for(postgresql_url: URL) -> None:
    wire = Wire(postgresql_url.host or "localhost", postgresql_url.port or 5432)
    engine = open_database(postgresql_url.set(host="127.0.0.1", port=wire.port), patience_seconds=PATIENCE)
    create_tables(engine, SECRET)
    put(engine, "before")
    wire.fall_silent()
    started = time.monotonic()
    with pytest.raises(LogUnavailableError, match="does not answer"):
        put(engine, "lost")
    assert time.monotonic() - started < 20  # far longer than it should take, but finite
    wire.restore()
    put(engine, "after")
    assert {"before", "after"} <= names(engine)
    engine.dispose()
    wire.close()


def test_a_commit_is_on_the_servers_disk_and_statements_end(postgresql_url: URL) -> None:
    engine = open_database(postgresql_url, patience_seconds=PATIENCE)
    with reading(engine) as connection:
        assert connection.exec_driver_sql("SHOW synchronous_commit").scalar() == "on"
    with pytest.raises(LogUnavailableError, match="too slow"), reading(engine) as connection:
        connection.exec_driver_sql("SELECT pg_sleep(60)")
    engine.dispose()


def _end_connections(url: URL) -> None:
    """What a server does to all its connections when it is stopped."""
    other = open_database(url)
    others = "SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
    with reading(other) as connection:
        assert connection.execute(text(f"{others} AND datname = current_database()")).scalar_one() > 0
    other.dispose()


def test_one_transaction_tells_that_the_server_was_restarted_and_the_next_is_answered(postgresql_url: URL) -> None:
    engine = open_database(postgresql_url)
    create_tables(engine, SECRET)
    _end_connections(postgresql_url)
    with pytest.raises(LogUnavailableError):
        names(engine)
    names(engine)
    engine.dispose()


def test_no_transaction_is_lost_to_a_restart_while_nothing_happened(
    postgresql_url: URL, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "IDLE_SECONDS", 0.0)
    engine = open_database(postgresql_url)
    create_tables(engine, SECRET)
    _end_connections(postgresql_url)
    names(engine)
    engine.dispose()


def test_a_server_that_may_only_be_read_is_left_for_the_one_that_took_over(postgresql_url: URL) -> None:
    engine = open_database(postgresql_url)
    create_tables(engine, SECRET)
    with reading(engine) as connection:
        connection.exec_driver_sql("SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY")
    with pytest.raises(LogUnavailableError, match="only be read"):
        put(engine, "x")
    put(engine, "y")
    engine.dispose()


def test_a_database_that_does_not_exist_is_reported(postgresql_url: URL) -> None:
    engine = open_database(postgresql_url.set(database="no_such_database"))
    with pytest.raises(LogUnavailableError, match="it does not exist on this server"):
        names(engine)


def test_the_way_to_another_machine_is_encrypted_and_checked() -> None:
    for host in ("localhost", "127.0.0.1", "::1"):
        assert postgresql.encryption(host, {}) is None
    strict = postgresql.encryption("db.example", {})
    assert strict is not None
    assert strict.check_hostname
    loose = postgresql.encryption("db.example", {"sslmode": "require"})
    assert loose is not None
    assert not loose.check_hostname
    assert postgresql.encryption("db.example", {"sslmode": "disable"}) is None


def test_a_server_that_does_not_encrypt_is_refused() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def refuse() -> None:
            client, _ = listener.accept()
            with client:
                client.recv(8)
                client.sendall(b"N")
                client.recv(1)

        threading.Thread(target=refuse, daemon=True).start()
        port = listener.getsockname()[1]
        engine = open_database(make_url(f"postgresql+pg8000://kap:{MARKER}@127.0.0.1:{port}/kap?sslmode=verify-full"))
        with pytest.raises(LogUnavailableError, match="does not encrypt") as refused:
            names(engine)
    assert MARKER not in "".join(traceback.format_exception(refused.value)) + repr(engine)
