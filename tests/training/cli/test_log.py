"""`kap audit log`, `kap log erase` and `kap log prune`: the log is checked, and erasures are recorded."""

import json
import shutil
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from serving.log import append as log_append
from serving.log import overwriting
from serving.log.queries import read_entries
from serving.storage import log_location
from serving.storage.settings import Settings
from serving.storage.state import open_state
from tests.serving.logs import SECRET, draft, logged
from tests.training.commands import Workplace
from tests.training.decisions.authority import authority
from tests.training.prediction_logs import PredictionLog
from training.cli.app import main

REFERENCE = "patient-1"
ERASE = ("log", "erase", REFERENCE, "--by", "Ada", "--reason", "asked for")
MARKER = "hunter" * 2


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> PredictionLog:
    """Six predictions about three patients, by two writers; the log of the settings."""
    for name in Settings.model_fields:
        monkeypatch.delenv(f"KAP_{name.upper()}", raising=False)
    kept = PredictionLog(tmp_path / "kap-state")
    kept.folder.mkdir()
    kept.add(*(draft(number) for number in range(3)))
    kept.add(*(draft(number) for number in range(3, 6)))
    monkeypatch.setenv("KAP_STATE", str(kept.folder))
    return kept


def kap(*arguments: str | Path, stdin: str | None = None) -> Result:
    return CliRunner().invoke(main, [str(part) for part in arguments], input=stdin, catch_exceptions=False)


def checked(*options: str | Path) -> dict[str, object]:
    done = kap("audit", "log", "--json", *options)
    assert done.exit_code in (0, 4), done.output
    document: dict[str, object] = json.loads(done.stdout)
    assert (done.exit_code == 0) == (document["findings"] == [])
    return document


WHOLE = {
    "predictions": 6,
    "erased": 0,
    "erasures": 0,
    "feedback": 0,
    "what_ifs": 0,
    "writers": 2,
    "findings": [],
    "remarks": [],
}


def test_a_log_as_it_was_written_passes_however_it_is_named(
    log: PredictionLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert checked() == checked(log.file) == WHOLE
    said = kap("audit", "log").stdout
    assert said.startswith("6 predictions by 2 writers; 0 erasures removed the content of 0 predictions\npassed")
    monkeypatch.setenv("KAP_LOG", f"sqlite:///{log.file}")
    assert checked() == WHOLE


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        (
            "UPDATE entries SET ciphertext = CAST('XMARKERX' AS BLOB) WHERE prediction_id = 'p4'",
            "writer 2, entry 2 (p4): its content was changed",
        ),
        ("DELETE FROM entries WHERE prediction_id = 'p1'", "writer 1: entry 2 is missing"),
        ("DELETE FROM entries WHERE writer = 2", "writer 2: entries 1 to 3 are missing"),
    ],
)
def test_whatever_was_changed_is_named_by_its_place_and_not_by_its_content(
    log: PredictionLog, statement: str, expected: str
) -> None:
    log.sql(statement)
    done = kap("audit", "log")
    assert done.exit_code == 4
    assert f"FAILED  {expected}" in done.stdout
    assert done.stdout.endswith("the log was changed\n")
    assert "XMARKERX" not in done.stdout
    assert checked()["findings"] != []


def test_a_seal_finds_a_log_that_was_put_back_to_an_earlier_day(log: PredictionLog, tmp_path: Path) -> None:
    shutil.copytree(log.folder, tmp_path / "earlier")
    log.add(draft(6))
    seal = tmp_path / "seal.json"
    assert kap("audit", "log", "--seal", seal).exit_code == 0
    log.add(draft(7))
    assert checked("--since", seal)["findings"] == []
    put_back = tmp_path / "earlier" / "predictions.db"
    assert checked(put_back)["findings"] == []
    assert checked(put_back, "--since", seal)["findings"] == ["writer 3, entry 1: sealed, but missing from the log"]


def test_a_log_that_does_not_hold_is_not_sealed(log: PredictionLog, tmp_path: Path) -> None:
    log.change("p1", answer="{}")
    assert kap("audit", "log", "--seal", tmp_path / "seal.json").exit_code == 4
    assert not (tmp_path / "seal.json").exists()


def test_a_file_that_is_no_seal_is_the_users_matter(log: PredictionLog, tmp_path: Path) -> None:
    (tmp_path / "seal.json").write_text("{}")
    done = kap("audit", "log", "--since", tmp_path / "seal.json")
    assert done.exit_code == 2
    assert "a file that kap audit log --seal has written" in done.stderr
    assert kap("audit", "log", "--since", tmp_path / "nowhere.json").exit_code == 2


def test_another_secret_or_none_is_for_the_operator_of_the_log(log: PredictionLog) -> None:
    secret = log.folder / "secret"
    secret.write_text("0" * 64)
    done = kap("audit", "log")
    assert done.exit_code == 3
    assert "created with another secret" in done.stderr
    secret.unlink()
    assert kap("audit", "log").exit_code == 3


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("nowhere.db", "a file that is not there"),
        (f"postgresql://kap:{MARKER}@127.0.0.1/kap", "a URL with a password"),
        ("://", "another text"),
    ],
)
def test_what_names_no_log_is_the_users_matter(log: PredictionLog, name: str, expected: str) -> None:
    done = kap("audit", "log", name)
    assert done.exit_code == 2
    assert expected in done.stderr
    assert MARKER not in done.stderr


def rows(log: PredictionLog) -> dict[str, str | None]:
    with log.open() as state:
        return {entry.prediction_id: entry.row for entry in read_entries(state.engine, state.secret)}


@pytest.mark.parametrize("piped", [False, True])
def test_what_is_held_of_a_patient_is_erased_and_the_log_still_holds(log: PredictionLog, piped: bool) -> None:
    arguments = [*ERASE]
    if piped:
        arguments[2] = "-"
    done = kap(*arguments, stdin=f"{REFERENCE}\n" if piped else None)
    assert (done.exit_code, done.stdout) == (0, "erased the content of 2 entries\n")
    assert [name for name, row in rows(log).items() if row is None] == ["p1", "p4"]
    assert checked() == WHOLE | {"erased": 2, "erasures": 1, "writers": 3}
    with log.open() as state:
        (erasure,) = read_entries(state.engine, state.secret, kind="erasure")
    assert json.loads(erasure.answer or "") == {
        "outcome": "erased",
        "erased": ["p1", "p4"],
        "by": "Ada",
        "reason": "asked for",
    }
    content = b"".join(path.read_bytes() for path in log.folder.iterdir())
    assert REFERENCE.encode() not in content
    assert SECRET.patient(REFERENCE).encode() not in content


def test_of_whom_nothing_is_held_that_is_said_and_nothing_is_written(log: PredictionLog) -> None:
    kap(*ERASE)
    for reference in (REFERENCE, "patient-9"):
        done = kap("log", "erase", reference, "--by", "Ada", "--reason", "asked for")
        assert done.exit_code == 2
        assert "the reference spelled as the clinic's software sends it; found no entry of this patient" in done.stderr
        assert reference not in done.stdout
    assert checked()["erasures"] == 1


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (("--by", "Ada"), "--reason"),
        (("--reason", "asked for"), "--by"),
        (("--by", " ", "--reason", "asked for"), "option --by: required the name of the person who erases"),
        (("--by", "Ada", "--reason", " "), "--reason"),
        (("--by", "Ada", "--reason", "two\nlines"), "--reason"),
        (
            ("--by", "Ada", "--reason", f"{REFERENCE} asked"),
            "option --reason: required a text without the patient's reference",
        ),
        (("--by", REFERENCE, "--reason", "asked for"), "option --by: required a text without the patient's reference"),
    ],
)
def test_an_erasure_needs_a_name_and_a_reason_that_can_be_stored(
    log: PredictionLog, options: tuple[str, ...], expected: str
) -> None:
    done = kap("log", "erase", REFERENCE, *options)
    assert done.exit_code == 2
    assert expected in done.stderr
    assert REFERENCE not in done.stderr
    assert None not in rows(log).values()


def test_an_erasure_whose_traces_could_not_be_overwritten_is_completed_by_repeating_it(
    log: PredictionLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_location, "open_state", partial(open_state, patience_seconds=0.2))
    with closing(sqlite3.connect(log.file)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM entries").fetchone()
        interrupted = kap(*ERASE)
        assert interrupted.exit_code == 3
        assert "the content is erased, but another process reads the file" in interrupted.stderr
    done = kap(*ERASE)
    assert done.exit_code == 0, done.output
    assert done.stdout.startswith("no entry of this patient is in the log; what earlier erasures left in its files is")
    assert kap(*ERASE).exit_code == 2, "nothing is left to do"
    assert checked()["erasures"] == 1


@pytest.mark.parametrize("command", [ERASE, ("log", "prune", "--older-than-days", "365", "--by", "Ada")])
def test_what_stays_elsewhere_is_said_by_both_commands_that_erase(
    log: PredictionLog, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]
) -> None:
    monkeypatch.setattr(overwriting, "kept_elsewhere", lambda _: "a replication slot keeps parts of it")
    assert kap(*command).stderr == "a replication slot keeps parts of it\n"


def test_pruning_erases_what_is_older_than_so_many_days(log: PredictionLog, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        for days, number in ((400, 10), (364, 11)):
            at = (datetime.now(UTC) - timedelta(days=days)).isoformat(timespec="microseconds")
            patch.setattr(log_append, "now", lambda at=at: at)
            with log.open() as state:
                logged(state.engine, [draft(number)])
    done = kap("log", "prune", "--older-than-days", "365", "--by", "retention")
    assert done.exit_code == 0
    assert done.stdout.startswith("erased the content of 1 entry made before ")
    assert [name for name, row in rows(log).items() if row is None] == ["p10"]
    assert checked()["findings"] == []
    assert kap("log", "prune", "--older-than-days", "365", "--by", "retention").stdout.startswith(
        "erased the content of 0"
    )


@pytest.mark.parametrize(("days", "kept"), [(182, True), (183, False), (184, False)])
def test_logs_are_kept_for_183_days_unless_somebody_overrides_it(
    log: PredictionLog, monkeypatch: pytest.MonkeyPatch, days: int, kept: bool
) -> None:
    at = (datetime.now(UTC) - timedelta(days=200)).isoformat(timespec="microseconds")
    with monkeypatch.context() as patch, log.open() as state:
        patch.setattr(log_append, "now", lambda: at)
        logged(state.engine, [draft(10)])
    options = ("log", "prune", "--older-than-days", f"{days}", "--by", "Ada")
    done = kap(*options)
    assert done.exit_code == (2 if kept else 0)
    assert ("--older-than-days: required 183 or more, or --override" in done.stderr) == kept
    assert (rows(log)["p10"] is None) == (not kept)
    if kept:
        assert kap(*options, "--override").exit_code == 0
    assert rows(log)["p10"] is None
    with log.open() as state:
        (erasure,) = read_entries(state.engine, SECRET, kind="erasure")
    recorded = json.loads(erasure.answer or "")
    assert recorded["by"] == "Ada"
    assert recorded["reason"].startswith("retention, override of the 183 days" if kept else "retention: made before")


@pytest.mark.parametrize(
    "options",
    [
        ("--older-than-days", "0", "--by", "x"),
        ("--by", "x"),
        ("--older-than-days", "5"),
        ("--older-than-days", "5", "--by", ""),
    ],
)
def test_pruning_needs_days_and_a_name(log: PredictionLog, options: tuple[str, ...]) -> None:
    assert kap("log", "prune", *options).exit_code == 2


def test_the_real_commands_erase_and_check(log: PredictionLog) -> None:
    place = Workplace(log.folder.parent)
    done = place.kap("log", "erase", "-", "--by", "Ada", "--reason", "asked for", stdin=f"{REFERENCE}\n")
    assert (done.returncode, done.stdout) == (0, "erased the content of 2 entries\n")
    log.change("p2", caller="another")
    done = place.kap("audit", "log")
    assert (done.returncode, done.stderr) == (4, "")
    assert "FAILED  writer 1, entry 3 (p2)" in done.stdout


def test_a_seal_of_the_log_has_a_time_stamp_that_is_checked_with_it(log: PredictionLog, tmp_path: Path) -> None:
    seal = tmp_path / "seal.json"
    with authority(tmp_path / "authority") as own:
        assert kap("audit", "log", "--timestamp", own.url).exit_code == 2
        assert kap("audit", "log", "--seal", seal, "--timestamp", own.url).exit_code == 0
        log.add(draft(7))
        unchecked = kap("audit", "log", "--since", seal)
        assert unchecked.exit_code == 5
        assert "remark  time stamp seal.json.tsr: not checked" in unchecked.stdout
        roots = ("--timestamp-certificates", own.root)
        assert kap("audit", "log", "--since", seal, *roots).exit_code == 0
        seal.write_bytes(seal.read_bytes() + b" ")
        changed = kap("audit", "log", "--since", seal, *roots)
    assert changed.exit_code == 4
    assert "FAILED  time stamp seal.json.tsr: it is about another file" in changed.stdout
