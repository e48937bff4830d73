"""A log that an earlier version made is upgraded in place, also after interruptions, and its chains verify across."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, func, inspect, select, text

from serving.contract.failures import LogRefusedError, LogUnavailableError, SecretMismatchError
from serving.log.check import check_log, read_seal, write_seal
from serving.log.erasure import erase_patient
from serving.log.overwriting import leftovers
from serving.log.queries import content_keys, read_entries
from serving.log.upgrade import upgrade
from serving.storage.database import create_tables, open_database, reading, writing
from serving.storage.pseudonyms import Secret
from tests.serving.databases import disposed, postgresql_database
from tests.serving.log.schema_1 import change_row, put_back_to_schema_1
from tests.serving.logs import SECRET, draft, log_in, logged

MARKED = '{"age_years":61.125}'


@pytest.fixture(params=["sqlite", "postgresql"])
def log(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    if request.param == "sqlite":
        engine = log_in(tmp_path)
        yield engine
        engine.dispose()
        return
    with postgresql_database() as url:
        engine = open_database(url)
        yield engine
        engine.dispose()


def filled(engine: Engine, number: int = 12) -> tuple[list[object], bytes]:
    """A log of schema 1 with several writers and an erasure; its entries and a seal of them."""
    third = number // 3
    for start in range(0, number, third):
        drafts = [draft(start + one, idempotency=f"k{start + one}") for one in range(third)]
        logged(engine, drafts[:2], drafts[2:])
    logged(engine, [draft(number, row=MARKED)])
    erase_patient(engine, SECRET, "patient-1", by="the clinic", reason="asked for")
    known, seal = list(read_entries(engine, SECRET, kind=None)), write_seal(check_log(engine, SECRET).reached)
    put_back_to_schema_1(engine)
    return known, seal.encode()


def test_an_earlier_log_is_refused_with_the_command_that_upgrades_it(log: Engine) -> None:
    filled(log)
    with pytest.raises(LogRefusedError, match="run kap log upgrade"):
        create_tables(log, SECRET)


def test_an_upgraded_log_holds_the_same_entries_and_its_chains_and_seals_verify(log: Engine) -> None:
    known, seal = filled(log)
    assert upgrade(log, SECRET) == len(known)
    create_tables(log, SECRET)
    assert list(read_entries(log, SECRET, kind=None)) == known
    logged(log, [draft(100)])
    checked = check_log(log, SECRET, read_seal(seal))
    assert checked.findings == ()
    assert (checked.predictions, checked.erased, checked.erasures) == (14, 4, 1)
    assert erase_patient(log, SECRET, "patient-2", by="x", reason="y") == 4
    assert upgrade(log, SECRET) is None


def test_an_upgraded_log_has_the_tables_of_a_new_one(log: Engine, tmp_path: Path) -> None:
    filled(log)
    upgrade(log, SECRET)
    if log.dialect.name == "sqlite":
        new = log_in(tmp_path / "new")
        create_tables(new, SECRET)
        assert described(log) == described(new)
        return
    with postgresql_database() as url, disposed(open_database(url)) as new:
        create_tables(new, SECRET)
        assert described(log) == described(new)


def described(engine: Engine) -> dict[str, object]:
    """Columns, keys and indexes of every table, and its revision."""
    found = inspect(engine)
    tables: dict[str, object] = {
        name: (
            [(column["name"], str(column["type"]), column["nullable"]) for column in found.get_columns(name)],
            found.get_pk_constraint(name)["constrained_columns"],
            sorted(str(one["column_names"]) for one in found.get_unique_constraints(name)),
            sorted((str(one["name"]), str(one["column_names"])) for one in found.get_indexes(name)),
        )
        for name in sorted(found.get_table_names())
    }
    with reading(engine) as connection:
        tables["revision"] = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
        tables["schema"] = connection.execute(text("SELECT value FROM meta WHERE name = 'schema'")).scalar()
        if engine.dialect.name == "sqlite":
            tables["pages"] = connection.execute(text("PRAGMA page_size")).scalar()
            tables["journal"] = connection.execute(text("PRAGMA journal_mode")).scalar()
        else:
            storage = (
                "SELECT attstorage FROM pg_attribute WHERE attrelid = 'entries'::regclass AND attname = 'ciphertext'"
            )
            tables["storage"] = connection.execute(text(storage)).scalar()
            statistics = (
                "SELECT attname, attstattarget FROM pg_attribute WHERE attrelid = 'content_keys'::regclass "
                "AND attstattarget = 0 AND attnum > 2 ORDER BY attnum"
            )
            tables["statistics"] = connection.execute(text(statistics)).all()
    return tables


def test_what_was_changed_before_the_upgrade_is_reported_after_it(log: Engine) -> None:
    filled(log)
    change_row(log, "p2", row='{"age_years":99}')
    change_row(log, "p3", nonce=None)
    change_row(log, "p5", at="2020-01-01T00:00:00.000000+00:00")
    upgrade(log, SECRET)
    named = [finding.partition(": ")[0].partition("(")[2].rstrip(")") for finding in check_log(log, SECRET).findings]
    assert named[:3] == ["p2", "p3", "p5"]


@pytest.mark.parametrize(
    ("column", "finding"),
    [
        ("caller", "a field was changed to another type"),
        ("prediction_id", "a field was changed to another type"),
        ("number", "a field was changed to another type"),
        ("nonce", "its content was changed"),
        ("row", "its content was changed"),
        ("idempotency", "its content was changed"),
    ],
)
def test_bytes_that_are_no_text_are_upgraded_and_reported(tmp_path: Path, column: str, finding: str) -> None:
    engine = log_in(tmp_path)
    known, _ = filled(engine)
    with writing(engine) as connection:
        connection.execute(text(f"UPDATE entries SET {column} = CAST(x'58ff' AS TEXT) WHERE prediction_id = 'p2'"))
    assert upgrade(engine, SECRET) == len(known)
    assert any(finding in one for one in check_log(engine, SECRET).findings)
    assert len(list(read_entries(engine, SECRET, kind=None))) == len(known)
    engine.dispose()


def test_a_secrets_check_value_that_is_no_text_is_another_secret(tmp_path: Path) -> None:
    engine = log_in(tmp_path)
    filled(engine)
    with writing(engine) as connection:
        connection.execute(text("UPDATE meta SET value = CAST(x'58ff' AS TEXT) WHERE name = 'secret'"))
    with pytest.raises(SecretMismatchError):
        upgrade(engine, SECRET)
    engine.dispose()


def test_an_upgrade_that_was_interrupted_before_the_overwriting_overwrites_when_it_runs_again(
    log: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled(log)
    with monkeypatch.context() as interrupted:
        interrupted.setattr("serving.log.upgrade.overwrite_erased", _interrupt)
        with pytest.raises(KeyboardInterrupt):
            upgrade(log, SECRET)
    assert leftovers(log) is not None
    assert upgrade(log, SECRET) is None
    assert leftovers(log) is None


def _interrupt(_: Engine) -> None:
    raise KeyboardInterrupt


def test_while_another_process_has_the_file_open_the_upgrade_says_so_and_ends_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("serving.storage.sqlite.REBUILD_SECONDS", 0.1)
    engine, other = log_in(tmp_path), log_in(tmp_path)
    known, _ = filled(engine)
    with reading(other) as connection:
        connection.execute(text("SELECT count(*) FROM meta")).scalar()
        with pytest.raises(LogUnavailableError, match="stop every other process"):
            upgrade(engine, SECRET)
    other.dispose()
    assert upgrade(engine, SECRET) == 0
    assert list(read_entries(engine, SECRET, kind=None)) == known
    engine.dispose()


def test_with_another_secret_nothing_is_upgraded(log: Engine) -> None:
    filled(log)
    with pytest.raises(SecretMismatchError):
        upgrade(log, Secret(bytes(32)))
    with pytest.raises(LogRefusedError, match="run kap log upgrade"):
        create_tables(log, SECRET)


def test_no_content_of_the_old_table_stays_readable_in_the_file(tmp_path: Path) -> None:
    engine = log_in(tmp_path)
    filled(engine)
    upgrade(engine, SECRET)
    engine.dispose()
    assert b"61.125" not in b"".join(path.read_bytes() for path in tmp_path.iterdir())


PROGRAM = """
import sys
from sqlalchemy.engine import make_url
from serving.log import upgrade
from serving.storage.database import open_database
from serving.storage.pseudonyms import Secret
upgrade.AT_ONCE = 20
print(upgrade.upgrade(open_database(make_url(sys.argv[1])), Secret(bytes(range(32)))))
"""


def migrated(engine: Engine) -> int:
    """How many entries with content have reached the new tables."""
    with reading(engine) as connection:
        if not inspect(connection).has_table("content_keys"):
            return 0
        return int(connection.execute(select(func.count()).select_from(content_keys)).scalar_one())


@pytest.mark.slow
def test_an_upgrade_that_is_killed_in_the_middle_goes_on_where_it_stopped(log: Engine) -> None:
    known, seal = filled(log, 1500)
    words = [sys.executable, "-c", PROGRAM, log.url.render_as_string(hide_password=False)]
    for at_least in (100, 500):
        with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
            deadline = time.monotonic() + 60
            while migrated(log) < at_least and running.poll() is None and time.monotonic() < deadline:
                time.sleep(0.005)
            os.kill(running.pid, signal.SIGKILL)
        assert running.returncode == -signal.SIGKILL, "it ended before it was killed"
        assert at_least <= migrated(log) < 1000
        with pytest.raises(LogRefusedError, match="run kap log upgrade"):
            create_tables(log, SECRET)
    log.dispose()
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    assert 0 < int(done.stdout) < len(known) - 500
    assert list(read_entries(log, SECRET, kind=None)) == known
    assert check_log(log, SECRET, read_seal(seal)).findings == ()
