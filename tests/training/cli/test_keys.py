"""`kap keys`: a token once, a list without it, sentences for mistakes; once in processes of their own."""

import json
import re
from pathlib import Path

import pytest

from serving.storage.keys import KeyRing
from serving.storage.settings import Settings
from serving.storage.state import open_state
from tests.training.commands import SameProcess, Workplace, refused

TOKEN = re.compile(r"kap_([0-9a-f]{8})_[A-Za-z0-9_-]{43}")
MARKER = "hunter" * 2


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workplace:
    for name in Settings.model_fields:
        monkeypatch.delenv(f"KAP_{name.upper()}", raising=False)
    return SameProcess(tmp_path)


def ring(place: Workplace) -> KeyRing:
    state = open_state(Settings(state=place.folder / "kap-state"))
    known = KeyRing(state.engine, state.secret)
    known.refresh()
    return known


def test_a_key_is_made_listed_and_revoked(place: Workplace) -> None:
    place = Workplace(place.folder)
    made = place.kap("keys", "create", "--name", "ward 3", "--scope", "predict", "--per-minute", "5")
    assert made.returncode == 0, made.stderr
    token = made.stdout.strip()
    shape = TOKEN.fullmatch(token)
    assert shape, "the token stands alone on standard output"
    assert token not in made.stderr
    key = ring(place).verify(token)
    assert key is not None
    assert (key.id, key.name, key.scopes, key.per_minute) == (shape.group(1), "ward 3", ("predict",), 5)

    (listed,) = json.loads(place.kap("keys", "list", "--json").stdout)
    assert (listed["id"], listed["scopes"], listed["status"]) == (key.id, ["predict"], "active")
    shown = place.kap("keys", "list").stdout
    assert all(part in shown for part in (key.id, "ward 3", "active", "5/min", "predict"))
    assert token[13:] not in shown + json.dumps(listed)

    assert place.kap("keys", "revoke", key.id).returncode == 0
    assert ring(place).verify(token) is None
    assert "revoked" in place.kap("keys", "list").stdout


def test_a_mistake_is_answered_in_sentences(place: Workplace) -> None:
    said = refused(place.kap("keys", "create", "--name", "x", "--scope", "write", "--expires-in-days", "0"), 2)
    assert "--scope: required one or more of predict, read, admin" in said
    assert "--expires-in-days: required a number from 1 to 3650" in said
    assert place.kap("keys", "create", "--name", "x").returncode == 0
    assert "ID: required the id of a key" in refused(place.kap("keys", "revoke", "00000000"), 2)


def test_where_nothing_was_begun_nothing_is_made_by_looking(place: Workplace) -> None:
    place = Workplace(place.folder)
    assert "or KAP_STATE to the service's folder" in refused(place.kap("keys", "list"), 3)
    assert list(place.folder.iterdir()) == []


def test_a_lost_secret_is_not_replaced(place: Workplace) -> None:
    assert place.kap("keys", "create", "--name", "x", "--state", "elsewhere").returncode == 0
    (place.folder / "elsewhere" / "secret").unlink()
    said = refused(place.kap("keys", "create", "--name", "y", "--state", "elsewhere"), 3)
    assert "put back" in said
    assert not (place.folder / "elsewhere" / "secret").exists()


def test_a_database_that_does_not_answer_is_reported_without_its_password(
    place: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KAP_LOG", f"postgresql://kap:{MARKER}@127.0.0.1:1/kap")
    said = refused(place.kap("keys", "create", "--name", "x"), 3)
    assert "does not answer" in said
    assert MARKER not in said
    monkeypatch.setenv("KAP_LOG", f"oracle://kap:{MARKER}@127.0.0.1/kap")
    said = refused(place.kap("keys", "create", "--name", "x"), 2)
    assert "KAP_LOG: required sqlite:////FOLDER/FILE or postgresql://USER@HOST/DATABASE" in said
    assert MARKER not in said


def test_a_url_is_no_folder(place: Workplace) -> None:
    said = refused(place.kap("keys", "list", "--state", f"postgresql://kap:{MARKER}@127.0.0.1/kap"), 2)
    assert "KAP_LOG" in said
    assert MARKER not in said
