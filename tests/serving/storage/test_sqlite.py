"""A log in one file: private, on the disk when a commit returns, and never lost without a word."""

import sqlite3
import stat
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import Engine, event

from serving.contract.failures import LogRefusedError, LogUnavailableError
from serving.storage.database import create_tables, open_database, reading, writing
from tests.serving.databases import PATIENCE, SECRET, names, put, sqlite_place


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


def test_a_writer_waits_for_another_and_is_reported_when_that_takes_too_long(file: Engine) -> None:
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


def test_a_full_disk_is_reported_and_loses_nothing(tmp_path: Path) -> None:
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


def test_a_damaged_file_is_reported(file: Engine, tmp_path: Path) -> None:
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


def test_a_place_where_no_file_can_be_made_is_reported(tmp_path: Path) -> None:
    (tmp_path / "state").touch()
    with pytest.raises(LogUnavailableError, match="can't be made"):
        create_tables(open_database(sqlite_place(tmp_path).url), SECRET)
