"""A launch opens one answer for some minutes; the database alone opens nothing, and an erasure leaves nothing."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, inspect, select, update
from sqlalchemy.engine import make_url

from serving.log.erasure import erase_patient, prune
from serving.storage.database import open_database, reading, writing
from serving.storage.launches import MOST_WHAT_IFS, Launch, Launches, expiry_of, launches
from serving.storage.pseudonyms import Secret
from tests.serving.databases import SECRET, begun
from tests.serving.logs import draft, logged

MARKER = "XMARKERX"
LAUNCH = Launch("prediction-0", b'{"patient": "XMARKERX"}', "2026-10-01", b'{"outcome": "XMARKERX"}')
START = datetime(2026, 11, 29, 9, 0, tzinfo=UTC)


@dataclass
class ManualClock:
    """A clock that a test turns on."""

    now: datetime = field(default=START)

    def __call__(self) -> datetime:
        return self.now


def rows(engine: Engine) -> list[tuple[object, ...]]:
    with reading(engine) as connection:
        return [tuple(row) for row in connection.execute(select(launches))]


def test_a_launch_opens_what_it_was_made_of_in_every_process_with_the_secret(engine: Engine) -> None:
    token = Launches(engine, SECRET, 15).create(LAUNCH)
    assert Launches(engine, SECRET, 15).open(token) == LAUNCH
    assert Launches(engine, Secret(bytes(32)), 15).open(token) is None
    assert Launches(engine, Secret(bytes(32)), 15).status(token) == "unknown"


@pytest.mark.parametrize(("seconds", "status"), [(899, "valid"), (900, "expired"), (901, "expired")])
def test_a_launch_of_15_minutes_is_valid_for_900_seconds(engine: Engine, seconds: int, status: str) -> None:
    clock = ManualClock()
    held = Launches(engine, SECRET, 15, clock)
    token = held.create(LAUNCH)
    assert expiry_of(token) == START + timedelta(minutes=15)
    clock.now = START + timedelta(seconds=seconds)
    assert held.status(token) == status
    assert (held.open(token) == LAUNCH) == (status == "valid")
    held.delete_expired()
    assert len(rows(engine)) == (status == "valid")


def test_two_launches_of_one_answer_have_different_tokens(engine: Engine) -> None:
    held = Launches(engine, SECRET, 15)
    assert held.create(LAUNCH) != held.create(LAUNCH)


@pytest.mark.parametrize("place", [0, 10, 45, 50, 60, 90])
def test_a_token_with_one_letter_changed_is_unknown(engine: Engine, place: int) -> None:
    held = Launches(engine, SECRET, 15)
    token = held.create(LAUNCH)
    changed = token[:place] + ("A" if token[place] != "A" else "B") + token[place + 1 :]
    assert held.status(changed) == "unknown"
    assert held.open(changed) is None


@pytest.mark.parametrize("text", ["", "A", "A" * 96, "A" * 95, "A" * 97, "ä" * 96, "A" * 96 + "\n", "=" * 96])
def test_every_other_text_is_unknown(engine: Engine, text: str) -> None:
    assert Launches(engine, SECRET, 15).status(text) == "unknown"


def test_the_database_holds_neither_token_nor_record_nor_a_key_to_them(tmp_path: Path) -> None:
    path = tmp_path / "predictions.db"
    engine = next(begun(open_database(make_url(f"sqlite:///{path}"))))
    token = Launches(engine, SECRET, 15).create(LAUNCH)
    engine.dispose()
    written = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    for secret in (MARKER, token, token[:40], "2026-10-01"):
        assert secret.encode() not in written


def test_a_row_that_was_changed_opens_nothing(engine: Engine) -> None:
    held = Launches(engine, SECRET, 15)
    token = held.create(LAUNCH)
    with writing(engine) as connection:
        connection.execute(update(launches).values(ciphertext=b"\0" * 80))
    assert held.open(token) is None


def test_a_launch_has_so_many_what_ifs_and_no_more(engine: Engine) -> None:
    first, second = Launches(engine, SECRET, 15), Launches(engine, SECRET, 15)
    token, other = first.create(LAUNCH), first.create(LAUNCH)
    taken = [held.take_what_if(token) for held in (first, second) * (MOST_WHAT_IFS // 2)]
    assert all(taken)
    assert not first.take_what_if(token)
    assert first.take_what_if(other)


def test_erasing_a_patient_deletes_the_launches_and_no_others(engine: Engine) -> None:
    held = Launches(engine, SECRET, 15)
    logged(engine, [draft(0), draft(1)])
    ids = [draft(number).prediction_id for number in (0, 1)]
    own, other = (held.create(Launch(name, b"{}", None, b"{}")) for name in ids)
    erase_patient(engine, SECRET, "patient-0", by="the clinic", reason="asked for")
    assert held.open(own) is None
    assert held.open(other) is not None
    assert len(rows(engine)) == 1
    prune(engine, SECRET, "2999", by="the clinic")
    assert rows(engine) == []


def test_a_log_from_before_launches_gets_their_table_at_the_next_start_and_can_be_erased_before(
    tmp_path: Path,
) -> None:
    """No version of the tables changes: an earlier service goes on with the log, too."""
    url = make_url(f"sqlite:///{tmp_path / 'predictions.db'}")
    before = next(begun(open_database(url)))
    logged(before, [draft(0)])
    with writing(before) as connection:
        launches.drop(connection)
    assert erase_patient(before, SECRET, "patient-0", by="the clinic", reason="asked for") == 1
    before.dispose()
    after = next(begun(open_database(url)))
    with reading(after) as connection:
        assert inspect(connection).has_table("launches")
    held = Launches(after, SECRET, 15)
    assert held.open(held.create(LAUNCH)) == LAUNCH
    after.dispose()
