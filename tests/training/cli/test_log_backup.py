"""`kap log backup`, `kap log upgrade` and copies of a log: what a copy lost is found, and what must be done is said."""

import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.engine import make_url

from serving.log import append as log_append
from serving.log.backup import pg_dump_command
from serving.storage.database import open_database, writing
from tests.serving.databases import postgresql_database
from tests.serving.log.schema_1 import put_back_to_schema_1
from tests.serving.logs import draft, logged, writing_to
from tests.training.cli.test_log import WHOLE, checked, kap, log
from tests.training.prediction_logs import PredictionLog

__all__ = ["log"]
NOBODY = 65534


def test_a_backup_of_a_running_log_is_whole_sealed_and_private(
    log: PredictionLog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = tmp_path / "backup" / "monday.db"
    with log.open() as state, writing_to(state.engine):  # as the service has it open
        logged(state.engine, [draft(10)])
        done = kap("log", "backup", copy)
    assert done.exit_code == 0, done.output
    assert "backed up 7 predictions" in done.stderr
    assert copy.stat().st_mode & 0o777 == 0o600
    assert sorted(path.name for path in copy.parent.iterdir()) == ["monday.db", "monday.db.seal.json"]
    said = done.stderr.partition("check a copy with ")[2].split()
    assert said == [f"KAP_SECRET_FILE={log.folder}/secret", *f"kap audit log {copy} --since {copy}.seal.json".split()]
    refused = kap(*said[2:])
    assert (refused.exit_code, "set KAP_SECRET_FILE to the file" in refused.stderr) == (3, True)
    monkeypatch.setenv(*said[0].split("="))
    assert kap(*said[2:]).exit_code == 0
    assert checked(copy, "--since", f"{copy}.seal.json") == WHOLE | {"predictions": 7, "writers": 3}
    again = kap("log", "backup", copy)
    assert again.exit_code == 2
    assert "required the name of a new file" in again.stderr


def test_a_plain_copy_that_lost_entries_is_found_by_a_seal(
    log: PredictionLog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The entries written last are in the write-ahead log, which a copy of the file leaves behind."""
    monkeypatch.setenv("KAP_SECRET_FILE", str(log.folder / "secret"))
    copy, backup = tmp_path / "copy.db", tmp_path / "backup.db"
    with log.open() as state:
        logged(state.engine, *([draft(number)] for number in range(100, 120)))
        shutil.copy(log.file, copy)
        assert kap("log", "backup", backup).exit_code == 0
    assert checked(copy)["findings"] == []
    found = checked(copy, "--since", f"{backup}.seal.json")
    assert found["findings"] == ["writer 3, entry 20: sealed, but missing from the log"]


def test_a_log_that_was_changed_is_copied_and_not_sealed(log: PredictionLog, tmp_path: Path) -> None:
    log.change("p2", caller="another")
    done = kap("log", "backup", tmp_path / "copy.db")
    assert done.exit_code == 4
    assert "The copy is written, but no seal" in done.stderr
    assert not (tmp_path / "copy.db.seal.json").exists()


def test_for_postgresql_the_command_to_type_makes_a_copy(
    log: PredictionLog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KAP_SECRET_FILE", str(log.folder / "secret"))
    with postgresql_database() as url:
        engine = open_database(url)
        logged(engine, [draft(1)], [draft(2)])
        engine.dispose()
        named = url.set(drivername="postgresql").render_as_string()
        done = kap("log", "backup", tmp_path / "log.dump", "--log", named)
        assert done.exit_code == 0, done.output
        subprocess.run(done.stdout, shell=True, check=True, timeout=60)  # noqa: S602 - as a person types it
        assert (tmp_path / "log.dump").stat().st_mode & 0o777 == 0o600
        seal = tmp_path / "log.dump.seal.json"
        with postgresql_database() as restored:
            into = restored.set(drivername="postgresql").render_as_string()
            words = ["pg_restore", f"--dbname={into}", str(tmp_path / "log.dump")]
            subprocess.run(words, check=True, timeout=60)
            found = checked(into, "--since", seal)
            assert (found["predictions"], found["findings"]) == (2, [])


VERIFIED = "sslmode=verify-full&sslrootcert="


@pytest.mark.parametrize(
    ("given", "printed"),
    [
        ("u@db.example/kap", f"u@db.example/kap?{VERIFIED}system"),
        ("u@db.example:5433/kap?sslrootcert=ca.pem", f"u@db.example:5433/kap?{VERIFIED}ca.pem"),
        ("u@10.0.0.7/kap?sslmode=require", "u@10.0.0.7/kap?sslmode=require"),
        ("u@127.0.0.1:5433/kap", "u@127.0.0.1:5433/kap?sslmode=disable"),
        ("u@[::1]/kap?sslmode=verify-full&sslrootcert=ca.pem", f"u@[::1]/kap?{VERIFIED}ca.pem"),
        ("u@/kap", "u@localhost/kap?sslmode=disable"),
        ("u@/kap?unix_sock=/run/pg/.s.PGSQL.5433", "u@/kap?host=%2Frun%2Fpg&port=5433"),
    ],
)
def test_the_printed_command_encrypts_as_the_service_does_and_makes_a_private_file(given: str, printed: str) -> None:
    command = pg_dump_command(make_url(f"postgresql://{given}"), Path("log.dump"))
    words = shlex.split(command.removeprefix("(umask 077 && ").removesuffix(")"))
    assert words == ["pg_dump", "--format=custom", "--file=log.dump", f"postgresql://{printed}"]
    assert command.startswith("(umask 077 && pg_dump ")


def test_a_log_of_an_earlier_version_is_copied_before_its_upgrade_unsealed(log: PredictionLog, tmp_path: Path) -> None:
    with log.open() as state:
        put_back_to_schema_1(state.engine)
    copy = tmp_path / "before" / "predictions.db"
    done = kap("log", "backup", copy)
    assert (done.exit_code, done.stdout) == (0, f"copied the log to {copy}\n")
    assert "neither checked nor sealed, because an earlier version made the log" in done.stderr
    assert (copy.stat().st_mode & 0o777, [one.name for one in copy.parent.iterdir()]) == (0o600, [copy.name])
    shutil.copy(log.folder / "secret", copy.parent / "secret")
    assert kap("log", "upgrade", "--log", copy).exit_code == 0
    assert checked(copy) == WHOLE


@pytest.fixture
def read_only(log: PredictionLog) -> Iterator[PredictionLog]:
    """A copy that this user, or the one whom root becomes, may only read; pytest's folders are closed to others."""
    with tempfile.TemporaryDirectory() as scratch:
        Path(scratch).chmod(0o755)
        folder = Path(scratch) / "copy"
        folder.mkdir()
        shutil.copy(log.file, folder)
        shutil.copy(log.folder / "secret", folder)
        for path in (folder / "predictions.db", folder / "secret", folder):
            if os.geteuid() == 0:
                os.chown(path, NOBODY, NOBODY)
            path.chmod(0o500 if path.is_dir() else 0o400)
        yield PredictionLog(folder)
        folder.chmod(0o700)


PROGRAM = f"""
import os, sys
from click.testing import CliRunner
from training.cli.app import main
CliRunner().invoke(main, ["audit", "log", sys.argv[1]])  # root's Python is read as long as root may
if os.geteuid() == 0:
    os.setgroups([])
    os.setgid({NOBODY})
    os.setuid({NOBODY})
main(["audit", "log", sys.argv[2]])
"""


def audited(log: PredictionLog, copy: PredictionLog) -> subprocess.CompletedProcess[str]:
    words = [sys.executable, "-c", PROGRAM, str(log.file), str(copy.file)]
    return subprocess.run(words, capture_output=True, text=True, check=False, timeout=60)


def test_a_copy_in_a_folder_that_may_only_be_read_is_checked(log: PredictionLog, read_only: PredictionLog) -> None:
    done = audited(log, read_only)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("6 predictions by 2 writers")


def test_a_read_only_copy_that_needs_its_write_ahead_log_says_what_to_copy(
    log: PredictionLog, read_only: PredictionLog
) -> None:
    read_only.folder.chmod(0o700)
    (read_only.folder / "predictions.db-wal").write_bytes(b"not empty")
    read_only.folder.chmod(0o500)
    done = audited(log, read_only)
    assert done.returncode == 3
    assert "copy predictions.db and predictions.db-wal together to a folder that you can write" in done.stderr


def test_times_that_run_backwards_are_remarked_on_and_are_no_failure(
    log: PredictionLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    times = iter([f"2030-01-0{day}T00:00:00.000000+00:00" for day in (1, 3, 2, 2)])
    monkeypatch.setattr(log_append, "now", lambda: next(times))
    with log.open() as state:
        logged(state.engine, [draft(10)], [draft(11)], [draft(12)])
    monkeypatch.undo()
    found = checked(log.file)
    assert found["findings"] == []
    assert found["remarks"] == [
        "writer 3, entry 2 (p11): its time is before that of the previous entry; was the clock set back?"
    ]
    said = kap("audit", "log", log.file)
    assert said.exit_code == 0
    assert "remark  writer 3, entry 2" in said.stdout


def test_an_earlier_log_is_upgraded_by_the_command_that_the_refusal_names(log: PredictionLog) -> None:
    with log.open() as state:
        put_back_to_schema_1(state.engine)
    refused = kap("audit", "log")
    assert (refused.exit_code, "then run kap log upgrade" in refused.stderr) == (3, True)
    done = kap("log", "upgrade")
    assert (done.exit_code, done.stdout) == (0, "upgraded the log: 6 entries migrated; check it with kap audit log\n")
    assert checked() == WHOLE
    assert kap("log", "upgrade").stdout == "the log has this version already\n"


def test_a_log_of_a_later_version_is_not_touched(log: PredictionLog) -> None:
    with log.open() as state, writing(state.engine) as connection:
        connection.execute(text("UPDATE meta SET value = '3' WHERE name = 'schema'"))
    for command in (("audit", "log"), ("log", "upgrade")):
        done = kap(*command)
        assert done.exit_code == 3
        assert "use the software that made it" in done.stderr
