"""The log's database: private, durable, begun once, and when it is not there that is said and nothing else breaks."""

import socket
import sqlite3
import stat
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import URL, Engine, event, insert, select, text, update
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError

from serving import database, postgresql
from serving.database import (
    check_log,
    create_tables,
    has_begun,
    meta,
    open_database,
    reading,
    unavailable,
    writing,
)
from serving.failures import DuplicateError, LogRefusedError, LogUnavailableError, SecretMismatchError
from serving.pseudonyms import Secret
from tests.serving.databases import Wire, postgresql_database

SECRET, ANOTHER = Secret(bytes(range(32))), Secret(bytes(32))
PATIENCE = 0.3
MARKER = "hunter" * 2
ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Place:
    """Where a database is or will be, and how its server can be made to go away."""

    url: URL
    go: Callable[[], None]
    come_back: Callable[[], None]


def sqlite_place(folder: Path) -> Place:
    path, away = folder / "state" / "predictions.db", folder / "away.db"

    def go() -> None:
        path.replace(away)

    def come_back() -> None:
        away.replace(path)

    return Place(make_url(f"sqlite:///{path}"), go, come_back)


@pytest.fixture(scope="module")
def postgresql_url() -> Iterator[URL]:
    with postgresql_database() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    if request.param == "sqlite":
        yield sqlite_place(tmp_path)
        return
    url: URL = request.getfixturevalue("postgresql_url")
    wire = Wire(url.host or "localhost", url.port or 5432)
    yield Place(url.set(host="127.0.0.1", port=wire.port), wire.cut, wire.mend)
    wire.close()
    engine = open_database(url)
    with writing(engine) as connection:
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))
    engine.dispose()


@pytest.fixture
def engine(place: Place) -> Iterator[Engine]:
    opened = open_database(place.url, patience_seconds=PATIENCE)
    create_tables(opened, SECRET)
    yield opened
    opened.dispose()


def put(engine: Engine, name: str, value: str = "") -> None:
    with writing(engine) as connection:
        connection.execute(insert(meta).values(name=name, value=value))


def names(engine: Engine) -> set[str]:
    with reading(engine) as connection:
        return set(connection.execute(select(meta.c.name)).scalars()) - {"schema", "secret"}


def test_what_was_written_is_read(engine: Engine, place: Place) -> None:
    put(engine, "a")
    again = open_database(place.url)
    assert names(again) == {"a"}
    again.dispose()


def test_a_transaction_that_fails_leaves_nothing(engine: Engine) -> None:
    def fail() -> None:
        with writing(engine) as connection:
            connection.execute(insert(meta).values(name="a", value=""))
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert names(engine) == set()


def test_opening_makes_nothing_and_reading_begins_no_log(place: Place) -> None:
    opened = open_database(place.url, patience_seconds=PATIENCE)
    assert not has_begun(opened)
    with pytest.raises((LogRefusedError, LogUnavailableError)):
        check_log(opened, SECRET)
    assert place.url.get_backend_name() != "sqlite" or not Path(str(place.url.database)).parent.exists()
    opened.dispose()


def test_a_log_is_not_used_with_another_secret(engine: Engine, place: Place) -> None:
    assert has_begun(engine)
    check_log(engine, SECRET)
    another = open_database(place.url)
    for use in (check_log, create_tables):
        with pytest.raises(SecretMismatchError, match="another secret"):
            use(another, ANOTHER)
    another.dispose()


def test_a_log_of_another_version_is_refused(engine: Engine) -> None:
    with writing(engine) as connection:
        connection.execute(update(meta).where(meta.c.name == "schema").values(value="99"))
    with pytest.raises(LogRefusedError, match="another version"):
        check_log(engine, SECRET)


def test_any_number_of_processes_may_begin_it_at_once(place: Place) -> None:
    program = (
        "import sys; from sqlalchemy.engine import make_url; from serving.pseudonyms import Secret\n"
        "from serving.database import create_tables, open_database\n"
        "engine = open_database(make_url(sys.argv[1])); print('ready', flush=True); sys.stdin.readline()\n"
        "create_tables(engine, Secret(bytes(range(32))))\n"
    )
    command = [sys.executable, "-c", program, place.url.render_as_string(hide_password=False)]
    begun = [
        subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for _ in range(3)
    ]
    for process in begun:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
    for process in begun:
        assert process.stdin is not None
        process.stdin.write(b"\n")
        process.stdin.flush()
    for process in begun:
        _, wrong = process.communicate(timeout=30)
        assert process.returncode == 0, wrong.decode()
    engine = open_database(place.url)
    check_log(engine, SECRET)
    engine.dispose()


def test_a_database_that_went_away_is_told_and_used_again_when_it_comes_back(engine: Engine, place: Place) -> None:
    put(engine, "before")
    place.go()
    for use in (lambda: put(engine, "lost"), lambda: names(engine), lambda: create_tables(engine, SECRET)):
        with pytest.raises(LogUnavailableError):
            use()
    place.come_back()
    put(engine, "after")
    assert names(engine) == {"before", "after"}


@pytest.mark.parametrize("place", ["postgresql"], indirect=True)  # an open file does not go away
def test_a_database_that_goes_away_amid_a_transaction_has_nothing_of_it(engine: Engine, place: Place) -> None:
    def lose() -> None:
        with writing(engine) as connection:
            connection.execute(insert(meta).values(name="half", value=""))
            place.go()
            connection.execute(insert(meta).values(name="other half", value=""))

    with pytest.raises(LogUnavailableError):
        lose()
    place.come_back()
    assert names(engine) == set()


def test_a_row_that_is_there_already_is_told_without_its_values(engine: Engine) -> None:
    put(engine, MARKER, MARKER)
    with pytest.raises(DuplicateError) as refused:
        put(engine, MARKER, MARKER)
    assert MARKER not in "".join(traceback.format_exception(refused.value))
    assert not unavailable(refused.value)


def test_a_defect_of_ours_is_no_trouble_of_the_database_and_tells_no_value(engine: Engine) -> None:
    wrong = [
        ("SELECT no_such_column, :value FROM meta", DBAPIError),
        ("INSERT INTO meta VALUES (:value, NULL)", DBAPIError),
    ]
    if engine.dialect.name == "postgresql":
        wrong.append(("SELECT CAST(CAST(:value AS text) AS integer)", DBAPIError))
    for statement, kind in wrong:
        with pytest.raises(kind) as defect, reading(engine) as connection:
            connection.execute(text(statement), {"value": MARKER})
        assert not unavailable(defect.value)
        assert MARKER not in "".join(traceback.format_exception(defect.value))
    assert names(engine) == set()


def test_reading_waits_for_nobody_who_writes(engine: Engine) -> None:
    with writing(engine) as connection:
        connection.execute(insert(meta).values(name="not yet", value=""))
        assert names(engine) == set()
    assert names(engine) == {"not yet"}


def test_too_many_transactions_at_once_are_told(engine: Engine) -> None:
    with pytest.raises(LogUnavailableError, match="in use"):
        _nest(engine, 100)
    assert names(engine) == set()


def _nest(engine: Engine, depth: int) -> None:
    with reading(engine):
        if depth:
            _nest(engine, depth - 1)


# SQLite


@pytest.fixture
def file(tmp_path: Path) -> Iterator[Engine]:
    opened = open_database(sqlite_place(tmp_path).url, patience_seconds=PATIENCE)
    create_tables(opened, SECRET)
    yield opened
    opened.dispose()


def test_the_file_and_its_folder_are_for_the_owner_alone(file: Engine, tmp_path: Path) -> None:
    put(file, "a")
    assert stat.S_IMODE((tmp_path / "state").stat().st_mode) == 0o700
    found = {entry.name: stat.S_IMODE(entry.stat().st_mode) for entry in (tmp_path / "state").iterdir()}
    assert found == dict.fromkeys(["predictions.db", "predictions.db-wal", "predictions.db-shm"], 0o600)


def test_a_commit_is_on_the_disk_and_what_is_erased_is_overwritten(file: Engine) -> None:
    with reading(file) as connection:
        found = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "secure_delete")
        }
    assert found == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "secure_delete": 1}


def test_a_writer_waits_for_another_and_is_told_when_that_takes_too_long(file: Engine) -> None:
    with writing(file), pytest.raises(LogUnavailableError, match="locked"):
        put(file, "a")
    put(file, "b")
    assert names(file) == {"b"}


def test_writers_take_turns(file: Engine) -> None:
    threads = [threading.Thread(target=put, args=(file, f"{number}")) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(names(file)) == 8


def test_a_full_disk_is_told_and_loses_nothing(tmp_path: Path) -> None:
    engine = open_database(sqlite_place(tmp_path).url)
    room = {"pages": 1_000}

    @event.listens_for(engine, "begin", insert=False)
    def _limit(connection: object) -> None:
        connection.exec_driver_sql(f"PRAGMA max_page_count={room['pages']}")  # type: ignore[attr-defined]

    create_tables(engine, SECRET)
    put(engine, "before")
    room["pages"] = 10
    with pytest.raises(LogUnavailableError, match="full"):
        put(engine, "too much", "x" * 100_000)
    assert names(engine) == {"before"}
    room["pages"] = 1_000
    put(engine, "after", "x" * 100_000)
    assert names(engine) == {"before", "after"}
    engine.dispose()


def test_a_damaged_file_is_told(file: Engine, tmp_path: Path) -> None:
    file.dispose()
    (tmp_path / "state" / "predictions.db").write_bytes(b"no database " * 1000)
    with pytest.raises(LogUnavailableError, match="damaged"):
        names(file)


def test_a_file_put_in_the_place_of_the_log_is_not_taken_for_it(file: Engine, tmp_path: Path) -> None:
    path = tmp_path / "state" / "predictions.db"
    path.replace(tmp_path / "away.db")
    with closing(sqlite3.connect(path)) as empty:
        empty.execute("CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT)")
        empty.commit()
    with pytest.raises(LogRefusedError, match="no log"):
        create_tables(file, SECRET)


def test_a_place_where_no_file_can_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "state").touch()
    with pytest.raises(LogUnavailableError, match="can't be made"):
        create_tables(open_database(sqlite_place(tmp_path).url), SECRET)


# PostgreSQL


def test_a_server_that_falls_silent_is_not_waited_for(postgresql_url: URL) -> None:
    wire = Wire(postgresql_url.host or "localhost", postgresql_url.port or 5432)
    engine = open_database(postgresql_url.set(host="127.0.0.1", port=wire.port), patience_seconds=PATIENCE)
    create_tables(engine, SECRET)
    put(engine, "before")
    wire.fall_silent()
    started = time.monotonic()
    with pytest.raises(LogUnavailableError, match="does not answer"):
        put(engine, "lost")
    assert time.monotonic() - started < 20  # far above what it should take, far below for ever
    wire.mend()
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


def test_a_database_that_does_not_exist_is_told(postgresql_url: URL) -> None:
    engine = open_database(postgresql_url.set(database="no_such_database"))
    with pytest.raises(LogUnavailableError, match="none by this name"):
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
