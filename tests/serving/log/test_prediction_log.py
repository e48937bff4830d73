"""The log keeps every answer once, in chains in which whatever is changed, removed or swapped is found and named."""

import asyncio
import json
import os
import random
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import Engine, event

from features.protocol.problems import InputRefusedError
from serving.contract.failures import LogUnavailableError, SecretMismatchError
from serving.log.append import EntryChangedError, KeyReusedError, LoggedReply
from serving.log.check import LogReport, check_log, read_seal, write_seal
from serving.log.erasure import erase_patient, prune
from serving.log.queries import entries, find_entry, read_entries
from serving.storage.database import open_database
from serving.storage.pseudonyms import Secret
from tests.serving.logs import SECRET, draft, log_in, logged, writing_to

CHANGES = int(os.environ.get("KAP_LOG_CHANGES", "60"))


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Engine]:
    engine = log_in(tmp_path)
    yield engine
    engine.dispose()


def found(engine: Engine, seal: bytes | None = None) -> tuple[str, ...]:
    return check_log(engine, SECRET, read_seal(seal) if seal else ()).findings


def test_what_was_logged_is_read_again_as_it_was(log: Engine) -> None:
    (results,) = logged(log, [draft(1), draft(2, row=None, landmark=None, landmark_day=None)])
    assert results == [LoggedReply("p1", draft(1).answer), LoggedReply("p2", draft(2).answer)]
    first, second = read_entries(log, SECRET)
    for entry, written in ((first, draft(1)), (second, draft(2, row=None, landmark=None, landmark_day=None))):
        for name, value in vars(written).items():
            assert getattr(entry, name) == value
    assert find_entry(log, SECRET, "p2") == second
    assert find_entry(log, SECRET, "p3") is None


def test_a_whole_log_of_several_writers_is_in_order(log: Engine) -> None:
    for start in (0, 10, 20):
        logged(log, [draft(start + number) for number in range(4)], [draft(start + 5)])
    assert check_log(log, SECRET) == LogReport(15, 0, 0, (), check_log(log, SECRET).reached)
    assert [(one.writer, one.entries) for one in check_log(log, SECRET).reached] == [(1, 5), (2, 5), (3, 5)]


def test_an_idempotency_key_gives_one_entry_and_the_first_answer(log: Engine) -> None:
    first = draft(1, idempotency="k", input_digest="same")
    again = draft(2, idempotency="k", input_digest="same")
    third = draft(3, idempotency="k", input_digest="same")
    results = logged(log, [first, again], [third], [draft(4, idempotency="other", input_digest="same")])
    assert results[0] == [LoggedReply("p1", first.answer), LoggedReply("p1", first.answer)]
    assert results[1] == [LoggedReply("p1", first.answer)]
    assert results[2] == [LoggedReply("p4", draft(4).answer)]
    assert [entry.prediction_id for entry in read_entries(log, SECRET)] == ["p1", "p4"]
    assert found(log) == ()


def test_an_idempotency_key_with_another_request_is_reported(log: Engine) -> None:
    results = logged(log, [draft(1, idempotency="k")], [draft(2, idempotency="k"), draft(5)])
    assert isinstance(results[1][0], KeyReusedError)
    assert results[1][1] == LoggedReply("p5", draft(5).answer)
    assert [entry.prediction_id for entry in read_entries(log, SECRET)] == ["p1", "p5"]


def _flip_a_byte(database: sqlite3.Connection) -> None:
    (stored,) = database.execute("SELECT ciphertext FROM entries WHERE prediction_id = 'p3'").fetchone()
    changed = stored[:-1] + bytes([stored[-1] ^ 1])
    database.execute("UPDATE entries SET ciphertext = ? WHERE prediction_id = 'p3'", [changed])


def _remove_the_entry(database: sqlite3.Connection) -> None:
    database.execute("DELETE FROM entries WHERE prediction_id = 'p3'")


def _swap_fingerprints(database: sqlite3.Connection) -> None:
    (other,) = database.execute("SELECT idempotency FROM content_keys WHERE number = 11").fetchone()
    database.execute("DELETE FROM content_keys WHERE number = 4")
    database.execute("UPDATE content_keys SET idempotency = NULL WHERE number = 11")
    database.execute("INSERT INTO content_keys SELECT 1, 4, seed, NULL, NULL FROM content_keys WHERE number = 1")
    database.execute("UPDATE content_keys SET idempotency = ? WHERE number = 4", [other])


@pytest.mark.parametrize(
    ("damage", "key"), [(_flip_a_byte, "k3"), (_remove_the_entry, "k3"), (_swap_fingerprints, "k10")]
)
def test_a_changed_entry_refuses_only_the_draft_with_its_key(
    log: Engine,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    damage: Callable[[sqlite3.Connection], None],
    key: str,
) -> None:
    logged(log, [draft(number, idempotency=f"k{number}") for number in range(11)])
    with closing(sqlite3.connect(tmp_path / "predictions.db")) as database, database:
        damage(database)
    groups = [
        [draft(start + number, idempotency=key if number == 3 else None) for number in range(10)]
        for start in (100, 200)
    ]
    for results, group in zip(logged(log, *groups), groups, strict=True):
        assert isinstance(results.pop(3), EntryChangedError)
        assert results == [LoggedReply(one.prediction_id, one.answer) for one in group if one.idempotency is None]
    (line,) = (record.getMessage() for record in caplog.records)  # once, and no outage
    assert line == "the prediction log was changed: entry 4 of writer 1 can't be read; run kap audit log"


def test_those_who_wait_together_share_one_transaction(log: Engine) -> None:
    begun: list[str] = []

    async def log_many() -> None:
        with writing_to(log) as writer:
            await writer.append([draft(0)])
            event.listen(log, "commit", lambda _: begun.append("commit"))
            await asyncio.gather(*(writer.append([draft(number)]) for number in range(1, 101)))

    asyncio.run(log_many())
    assert len(list(read_entries(log, SECRET))) == 101
    assert len(begun) < 50
    assert found(log) == ()


def test_another_secret_can_neither_write_nor_check(log: Engine) -> None:
    logged(log, [draft(1)])

    async def log_with_another() -> None:
        with writing_to(log, Secret(bytes(32))) as writer:
            await writer.append([draft(2)])

    with pytest.raises(SecretMismatchError):
        asyncio.run(log_with_another())
    assert check_log(log, Secret(bytes(32))).findings


def test_a_log_that_cannot_be_written_is_reported_and_used_again_when_it_can(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    folder.write_text("a file where the folder should be", encoding="utf-8")
    engine = log_in(folder)

    async def log_before_and_after() -> None:
        with writing_to(engine) as writer:
            with pytest.raises(LogUnavailableError):
                await writer.append([draft(1)])
            folder.unlink()
            assert await writer.append([draft(2)]) == [LoggedReply("p2", draft(2).answer)]

    asyncio.run(log_before_and_after())
    assert found(engine) == ()


def test_a_commit_that_came_through_unheard_breaks_no_chain(log: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """The connection may be lost after the commit and before its reply: the entry exists, the caller gets an error."""
    from serving.log import writer as log_writer

    async def lose_one_answer() -> None:
        with writing_to(log) as writer:
            await writer.append([draft(1)])
            append = log_writer.append

            def lost(*arguments: object) -> object:
                monkeypatch.setattr(log_writer, "append", append)
                append(*arguments)  # type: ignore[arg-type]
                connection = arguments[0]
                connection.commit()  # type: ignore[attr-defined]
                raise LogUnavailableError("its connection was lost")

            monkeypatch.setattr(log_writer, "append", lost)
            with pytest.raises(LogUnavailableError):
                await writer.append([draft(2, idempotency="k")])
            retried = await writer.append([draft(3, input_digest="digest 2", idempotency="k")])
            assert retried == [LoggedReply("p2", draft(2).answer)]
            await writer.append([draft(4)])

    asyncio.run(lose_one_answer())
    assert [(entry.writer, entry.prediction_id) for entry in read_entries(log, SECRET)] == [
        (1, "p1"),
        (1, "p2"),
        (1, "p4"),
    ]
    assert found(log) == ()


def test_erasing_a_patient_leaves_nothing_of_theirs_and_a_whole_chain(log: Engine, tmp_path: Path) -> None:
    marked = {"row": '{"age_years":61.125}', "input_digest": "XMARKERX", "idempotency": "XMARKERX-key"}
    logged(log, [draft(number) for number in range(9)], [draft(10, **marked)])
    assert erase_patient(log, SECRET, "patient-1", by="the clinic", reason="asked for") == 4
    assert found(log) == ()
    checked = check_log(log, SECRET)
    assert (checked.predictions, checked.erased, checked.erasures) == (10, 4, 1)
    entry = find_entry(log, SECRET, "p10")
    assert entry is not None
    assert (entry.patient, entry.row, entry.answer, entry.nonce, entry.idempotency) == (None, None, None, None, None)
    assert entry.model_digest == "d" * 64
    log.dispose()
    written = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert b"XMARKERX" not in written
    assert b"61.125" not in written
    assert SECRET.patient("patient-1").encode() not in written
    (erasure,) = read_entries(log, SECRET, kind="erasure")
    reported = json.loads(erasure.answer or "")
    assert (reported["by"], reported["reason"]) == ("the clinic", "asked for")
    assert reported["erased"] == ["p1", "p4", "p7", "p10"]
    assert erase_patient(log, SECRET, "patient-1", by="the clinic", reason="again") == 0


def test_pruning_erases_what_is_old(log: Engine) -> None:
    logged(log, [draft(1)], [draft(2)])
    last = find_entry(log, SECRET, "p2")
    assert last is not None
    assert prune(log, SECRET, last.at, by="retention") == 1
    assert [entry.prediction_id for entry in read_entries(log, SECRET) if entry.row is None] == ["p1"]
    assert found(log) == ()


def test_content_taken_away_without_an_erasure_is_found(log: Engine, tmp_path: Path) -> None:
    logged(log, [draft(number) for number in range(3)])
    erase_patient(log, SECRET, "patient-0", by="x", reason="y")
    for erased_by in ("NULL", "(SELECT erased_by FROM entries WHERE prediction_id = 'p0')"):
        _sql(
            tmp_path,
            f"UPDATE entries SET ciphertext = NULL, erased_by = {erased_by} WHERE prediction_id = 'p1'",
            "DELETE FROM content_keys WHERE number = 2 AND writer = 1",
        )
        assert found(log) == ("p1: its content is missing, and no erasure names it",)


def test_a_log_put_back_to_an_earlier_day_is_found_by_a_seal(log: Engine, tmp_path: Path) -> None:
    logged(log, [draft(1)])
    database = tmp_path / "predictions.db"
    earlier = _copy(database)
    logged(log, [draft(2)])
    seal = write_seal(check_log(log, SECRET).reached).encode()
    logged(log, [draft(3)])
    assert found(log, seal) == ()
    _put_back(log, database, earlier)
    assert found(log) == ()
    assert found(log, seal) == ("writer 2, entry 1: sealed, but missing from the log",)


@pytest.mark.parametrize("document", [b"", b"{}", b"[]", b'{"reached": [{"writer": 1}]}'])
def test_a_file_that_is_no_seal_is_refused(document: bytes) -> None:
    with pytest.raises(InputRefusedError):
        read_seal(document)


def _sql(folder: Path, *statements: str) -> None:
    with sqlite3.connect(folder / "predictions.db") as database:
        for statement in statements:
            database.execute(statement)
    database.close()


def _copy(database: Path) -> bytes:
    with sqlite3.connect(database) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    return database.read_bytes()


def _put_back(engine: Engine, database: Path, content: bytes) -> None:
    engine.dispose()
    for path in database.parent.glob("predictions.db*"):
        path.unlink()
    database.write_bytes(content)
    database.chmod(0o600)


COLUMNS = [name for name in entries.c.keys() if name not in ("writer", "number")]  # noqa: SIM118 - no dictionary
TABLES = {
    "entries": COLUMNS,
    "content_keys": ["seed", "patient", "idempotency"],
    "writers": ["number", "started_at", "code", "entries", "head", "head_code"],
}


class LogChange:
    """One random change to what a log has stored: a value changed, a row removed, or two rows swapped."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)  # noqa: S311

    def make(self, database: sqlite3.Connection) -> str:
        while True:
            try:
                return self._try(database)
            except sqlite3.IntegrityError:  # the database itself does not take this one
                database.rollback()

    def _try(self, database: sqlite3.Connection) -> str:
        kind = self.random.choice(["value", "value", "value", "removed", "swapped"])
        table = self.random.choice(["entries", "entries", "content_keys", "writers"])
        rows = [row for (row,) in database.execute(f"SELECT rowid FROM {table}")]
        row, other = self.random.sample(rows, 2)
        if kind == "removed":
            database.execute(f"DELETE FROM {table} WHERE rowid = ?", [row])
            return f"{table}: row {row} removed"
        if kind == "swapped":
            return self._swap(database, table, row, other)
        column = self.random.choice(TABLES[table])
        (before,) = database.execute(f"SELECT {column} FROM {table} WHERE rowid = ?", [row]).fetchone()
        database.execute(f"UPDATE {table} SET {column} = ? WHERE rowid = ?", [self._other(before), row])
        return f"{table}: {column} of row {row} changed"

    def _swap(self, database: sqlite3.Connection, table: str, row: int, other: int) -> str:
        """The rows change places: all but the key of each goes to the other."""
        columns = [name for name in TABLES[table] if name not in ("number", "prediction_id")]
        listed = ", ".join(columns)
        one, two = (
            database.execute(f"SELECT {listed} FROM {table} WHERE rowid = ?", [which]).fetchone()
            for which in (row, other)
        )
        assign = ", ".join(f"{name} = ?" for name in columns)
        if table == "content_keys":
            database.execute("UPDATE content_keys SET idempotency = NULL WHERE rowid IN (?, ?)", [row, other])
        database.execute(f"UPDATE {table} SET {assign} WHERE rowid = ?", [*two, row])
        database.execute(f"UPDATE {table} SET {assign} WHERE rowid = ?", [*one, other])
        return f"{table}: rows {row} and {other} swapped"

    def _other(self, before: object) -> object:
        if isinstance(before, int):
            return self.random.choice([before - 1, before + 1, before + 1000, "abc", None])
        if before is None:
            return self.random.choice(["x", "", 0, b"\xff"])
        text = str(before)
        at = self.random.randrange(len(text) + 1)
        return self.random.choice([text[:at] + "~" + text[at + 1 :], text + "0", None, b"\xff\xfe", 7])


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    folder = tmp_path_factory.mktemp("original")
    engine = log_in(folder)
    for writer in range(3):
        drafts = [draft(100 * writer + number, idempotency=f"k{writer}-{number}") for number in range(8)]
        logged(engine, drafts[:5], drafts[5:])
    erase_patient(engine, SECRET, "patient-2", by="the clinic", reason="asked for")
    assert found(engine) == ()
    engine.dispose()
    return _copy(folder / "predictions.db")


@pytest.mark.parametrize("seed", range(CHANGES))
def test_any_single_change_to_the_stored_log_is_reported(seed: int, original: bytes, tmp_path: Path) -> None:
    path = tmp_path / "predictions.db"
    path.write_bytes(original)
    path.chmod(0o600)
    database = sqlite3.connect(path)
    before = list(database.iterdump())
    reported = LogChange(seed).make(database)
    database.commit()
    assert list(database.iterdump()) != before, reported
    database.close()
    engine = log_in(tmp_path)
    assert found(engine), reported
    engine.dispose()


def test_while_somebody_reads_what_is_to_go_the_erasure_says_so_and_ends_later(log: Engine, tmp_path: Path) -> None:
    logged(log, [draft(1, row='{"age_years":61.125}')])
    reader = sqlite3.connect(tmp_path / "predictions.db", isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT * FROM entries").fetchall()
    impatient = open_database(log.url, patience_seconds=0.1)
    with pytest.raises(LogUnavailableError, match="is erased, but another process reads the file"):
        erase_patient(impatient, SECRET, "patient-1", by="the clinic", reason="asked for")
    reader.execute("COMMIT")
    reader.close()
    assert erase_patient(impatient, SECRET, "patient-1", by="the clinic", reason="again") == 0
    impatient.dispose()
    log.dispose()
    assert b"61.125" not in b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert found(log) == ()


def test_erased_content_that_is_put_back_is_found(log: Engine, tmp_path: Path) -> None:
    logged(log, [draft(number) for number in range(3)])
    with sqlite3.connect(tmp_path / "predictions.db") as database:
        (ciphertext,) = database.execute("SELECT ciphertext FROM entries WHERE prediction_id = 'p0'").fetchone()
        key = database.execute("SELECT * FROM content_keys WHERE writer = 1 AND number = 1").fetchone()
    erase_patient(log, SECRET, "patient-0", by="x", reason="y")
    with sqlite3.connect(tmp_path / "predictions.db") as database:
        back = "UPDATE entries SET ciphertext = ?, erased_by = NULL WHERE prediction_id = 'p0'"
        database.execute(back, [ciphertext])
        database.execute("INSERT INTO content_keys VALUES (?, ?, ?, ?, ?)", key)
    assert found(log) == ("p0: it was erased, and its content is present again or the entry is missing",)


@pytest.mark.parametrize("table", ["entries", "writers"])
def test_bytes_that_are_no_text_are_reported_and_never_shown(log: Engine, tmp_path: Path, table: str) -> None:
    logged(log, [draft(1)])
    column = {"entries": "caller", "writers": "started_at"}[table]
    _sql(tmp_path, f"UPDATE {table} SET {column} = CAST(x'584d41524b455258ff' AS TEXT)")
    assert found(log)
    assert "XMARKERX" not in str(found(log))


def test_a_log_that_grows_while_it_is_checked_is_in_order(log: Engine) -> None:
    findings: list[tuple[str, ...]] = []

    async def grow() -> None:
        async def append() -> None:
            for number in range(1, 400):
                await writer.append([draft(number)])

        with writing_to(log) as writer:
            await writer.append([draft(0)])
            check = asyncio.to_thread(lambda: findings.extend(found(log) for _ in range(20)))
            await asyncio.gather(check, append())

    asyncio.run(grow())
    assert findings == [()] * 20
