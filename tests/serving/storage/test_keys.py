"""A key opens what it was made for until it expires or is revoked; nothing else does, and it can be read nowhere."""

import hmac
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, text
from sqlalchemy.engine import make_url

from features.protocol.problems import InputRefusedError
from serving.contract.failures import LogUnavailableError
from serving.storage.database import create_tables, open_database, writing
from serving.storage.keys import SCOPES, ApiKey, KeyRing, create_key, list_keys, revoke_key
from serving.storage.pseudonyms import Secret
from tests.serving.databases import SECRET, begun

TOKEN = re.compile(r"kap_[0-9a-f]{8}_[A-Za-z0-9_-]{43}")
LETTERS = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_"


@pytest.fixture
def file(tmp_path: Path) -> Iterator[Engine]:
    yield from begun(open_database(make_url(f"sqlite:///{tmp_path / 'predictions.db'}"), patience_seconds=0.1))


def make(engine: Engine, name: str = "ward 3", *scopes: str) -> tuple[ApiKey, str]:
    return create_key(engine, SECRET, name, scopes or ("predict",), per_minute=60, expires_in_days=30)


def ring_of(engine: Engine, secret: Secret = SECRET) -> KeyRing:
    ring = KeyRing(engine, secret)
    ring.refresh()
    return ring


def test_a_key_is_known_by_its_token_and_listed_without_it(engine: Engine) -> None:
    first, token = make(engine, "ward 3", "read", "predict")
    second, _ = make(engine, "ward 4", "admin")
    assert TOKEN.fullmatch(token)
    assert (first.name, first.scopes, first.per_minute) == ("ward 3", ("predict", "read"), 60)
    assert first.expires_at - first.created_at == timedelta(days=30)
    assert list_keys(engine) == [first, second]
    assert ring_of(engine).verify(token) == first


def test_a_revoked_key_is_refused_from_the_next_look_on_and_stays_refused(engine: Engine) -> None:
    (key, token), (other, other_token) = make(engine), make(engine)
    ring = ring_of(engine)
    revoked = revoke_key(engine, SECRET, key.id)
    assert revoked.revoked_at is not None
    ring.refresh()
    assert ring.verify(token) is None
    assert ring.verify(other_token) == other
    assert revoke_key(engine, SECRET, key.id) == revoked, "the first time stands"


def test_every_key_has_a_place_of_its_own_among_the_limits(engine: Engine) -> None:
    made = [make(engine)[0] for _ in range(3)]
    revoke_key(engine, SECRET, made[2].id)
    assert [key.slot for key in (*made, make(engine)[0])] == [1, 2, 3, 4]


def test_another_secret_opens_nothing(file: Engine) -> None:
    _, token = make(file)
    assert ring_of(file, Secret(bytes(32))).verify(token) is None


def test_nothing_is_known_before_the_first_look_and_a_key_once_made_is_always_required(file: Engine) -> None:
    ring = KeyRing(file, SECRET)
    assert (ring.known, ring.any_active) == (False, False)
    ring.refresh()
    assert (ring.known, ring.any_active) == (True, False)
    key, token = make(file)
    assert ring.verify(token) is None, "only a look at the database makes it known"
    revoke_key(file, SECRET, key.id)
    ring.refresh()
    assert (ring.known, ring.any_active) == (True, True)


def test_keys_stay_known_while_the_database_is_away(file: Engine, tmp_path: Path) -> None:
    key, token = make(file)
    ring = ring_of(file)
    (tmp_path / "predictions.db").rename(tmp_path / "away")
    with pytest.raises(LogUnavailableError):
        ring.refresh()
    assert (ring.known, ring.verify(token)) == (True, key)


@pytest.mark.parametrize(("seconds", "good"), [(-1, True), (0, False), (1, False)])
def test_a_key_is_good_until_it_expires(file: Engine, seconds: int, good: bool) -> None:
    key, token = make(file)
    ring = KeyRing(file, SECRET, clock=lambda: key.expires_at + timedelta(seconds=seconds))
    ring.refresh()
    assert ring.verify(token) == (key if good else None)
    assert key.status(key.expires_at + timedelta(seconds=seconds)) == ("active" if good else "expired")


@pytest.mark.parametrize("scope", SCOPES)
def test_a_key_allows_what_it_was_made_for(file: Engine, scope: str) -> None:
    key, _ = make(file, "ward 3", scope)
    assert {other for other in SCOPES if key.allows(other)} == (set(SCOPES) if scope == "admin" else {scope})


@dataclass(frozen=True)
class Lock:
    """A ring with one good key among others."""

    ring: KeyRing
    token: str
    other: str


@pytest.fixture(scope="module")
def lock(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lock]:
    engine = open_database(make_url(f"sqlite:///{tmp_path_factory.mktemp('keys') / 'predictions.db'}"))
    create_tables(engine, SECRET)
    (_, token), (_, other) = make(engine), make(engine)
    yield Lock(ring_of(engine), token, other)
    engine.dispose()


@given(text=st.one_of(st.text(), st.from_regex(TOKEN, fullmatch=True)))
def test_no_other_text_is_a_key(lock: Lock, text: str) -> None:
    assert lock.ring.verify(text) is None


@given(place=st.integers(0, 55), letter=st.sampled_from(LETTERS))
def test_no_change_of_one_letter_is_a_key(lock: Lock, place: int, letter: str) -> None:
    changed = lock.token[:place] + letter + lock.token[place + 1 :]
    assert (lock.ring.verify(changed) is not None) == (changed == lock.token)


def test_one_keys_id_with_anothers_bits_is_no_key(lock: Lock) -> None:
    assert lock.ring.verify(lock.token[:13] + lock.other[13:]) is None


@pytest.mark.parametrize("change", [" {}", "{} ", "{}\n", "{}=", "Bearer {}", "{}{}", "{:.55}"])
def test_nothing_around_a_key_is_overlooked(lock: Lock, change: str) -> None:
    assert lock.ring.verify(change.format(lock.token, lock.token)) is None


def test_an_id_that_does_not_exist_is_compared_as_well(lock: Lock, monkeypatch: pytest.MonkeyPatch) -> None:
    compared = []

    def compare(one: str, other: str) -> bool:
        compared.append((len(one), len(other)))
        return one == other

    monkeypatch.setattr(hmac, "compare_digest", compare)
    for token in (lock.token, lock.token[:-1] + "_", "kap_00000000_" + "A" * 43):
        lock.ring.verify(token)
    assert compared == [(64, 64)] * 3


def test_no_key_can_be_read_where_it_is_kept_or_shown(file: Engine, tmp_path: Path) -> None:
    key, token = make(file)
    secret_part = token[13:]
    ring = ring_of(file)
    file.dispose()
    kept = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert key.id.encode() in kept
    for shown in (token, secret_part):
        assert shown.encode() not in kept
        assert shown not in f"{key!r} {ring!r} {vars(ring)} {list_keys(file)}"


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"name": ""}, "--name"),
        ({"name": " ward"}, "--name"),
        ({"name": "x" * 65}, "--name"),
        ({"name": "ward\n3"}, "--name"),
        ({"name": "ward\x1b[2J"}, "--name"),
        ({"scopes": ()}, "--scope"),
        ({"scopes": ("predict", "write")}, "--scope"),
        ({"per_minute": 0}, "--per-minute"),
        ({"per_minute": 1_000_001}, "--per-minute"),
        ({"expires_in_days": 0}, "--expires-in-days"),
        ({"expires_in_days": 3_651}, "--expires-in-days"),
    ],
)
def test_what_no_key_can_have_is_refused(file: Engine, change: dict[str, object], place: str) -> None:
    wanted = {"name": "x" * 64, "scopes": SCOPES, "per_minute": 1_000_000, "expires_in_days": 3_650}
    create_key(file, SECRET, **wanted)  # type: ignore[arg-type]
    with pytest.raises(InputRefusedError) as refused:
        create_key(file, SECRET, **(wanted | change))  # type: ignore[arg-type]
    assert [problem.place for problem in refused.value.problems] == [place]
    assert len(list_keys(file)) == 1


def test_revoking_what_is_no_key_is_refused(file: Engine) -> None:
    with pytest.raises(InputRefusedError):
        revoke_key(file, SECRET, "00000000")


def test_times_are_kept_to_the_second_with_their_zone(file: Engine) -> None:
    key, _ = make(file)
    (kept,) = list_keys(file)
    assert kept.created_at == key.created_at
    assert kept.created_at.utcoffset() == timedelta(0)
    assert isinstance(kept.expires_at, datetime)


@pytest.mark.parametrize(
    "change",
    [
        "scopes = 'predict read admin'",
        "per_minute = 9999",
        "revoked_at = NULL",
        "expires_at = '2099-01-01T00:00:00+00:00'",
    ],
)
def test_a_key_that_was_widened_or_revived_in_the_table_opens_nothing(file: Engine, change: str) -> None:
    key, token = create_key(file, SECRET, "ward 3", ["predict"], per_minute=60, expires_in_days=1)
    if "revoked" in change:
        revoke_key(file, SECRET, key.id)
    else:
        ring = KeyRing(file, SECRET)
        ring.refresh()
        assert ring.verify(token) is not None
    with writing(file) as connection:
        connection.execute(text(f"UPDATE api_keys SET {change}"))
    ring = KeyRing(file, SECRET)
    ring.refresh()
    assert ring.verify(token) is None
    assert ring.any_active
