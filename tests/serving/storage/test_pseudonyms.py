"""The secret: made once, private, never shown; only with it can a hashed reference be found."""

import copy
import hashlib
import hmac
import os
import pickle
import stat
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.contract.failures import SecretRefusedError
from serving.storage.pseudonyms import Secret

A, B = Secret(bytes(range(32))), Secret(bytes(range(1, 33)))


def test_a_secret_is_made_once_for_the_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "new" / "folder" / "secret"
    made = Secret.load_or_create(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert [entry.name for entry in path.parent.iterdir()] == ["secret"], "nothing else is left"
    assert Secret.load_or_create(path).patient("c1-0042") == made.patient("c1-0042")
    assert Secret.load(path).patient("c1-0042") == made.patient("c1-0042")


def test_two_places_have_two_secrets(tmp_path: Path) -> None:
    first, second = (Secret.load_or_create(tmp_path / name) for name in "ab")
    assert first.patient("c1-0042") != second.patient("c1-0042")


def test_the_first_caller_makes_it_for_all(tmp_path: Path) -> None:
    together, pseudonyms = threading.Barrier(8), []

    def make() -> None:
        together.wait()
        pseudonyms.append(Secret.load_or_create(tmp_path / "secret").patient("x"))

    threads = [threading.Thread(target=make) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(pseudonyms) == 8
    assert len(set(pseudonyms)) == 1


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644, 0o610, 0o602])
def test_a_file_open_to_others_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "secret"
    Secret.load_or_create(path)
    path.chmod(mode)
    with pytest.raises(SecretRefusedError, match="open to others"):
        Secret.load(path)


@pytest.mark.parametrize("text", ["", "ab" * 31, "ab" * 33, "xy" * 32, "AB" * 32, "ab" * 32 + "\n\n", " " + "ab" * 32])
def test_a_file_with_anything_else_is_refused_and_not_repeated(tmp_path: Path, text: str) -> None:
    path = tmp_path / "secret"
    path.touch(mode=0o600)
    path.write_text(text)
    with pytest.raises(SecretRefusedError) as refused:
        Secret.load(path)
    assert "64 hexadecimal digits" in str(refused.value)
    assert not text.strip() or text.strip() not in str(refused.value)


def test_a_missing_secret_is_not_made_by_reading(tmp_path: Path) -> None:
    with pytest.raises(SecretRefusedError, match="there is no secret"):
        Secret.load(tmp_path / "secret")
    assert list(tmp_path.iterdir()) == []


def test_a_place_where_none_can_be_made_is_reported(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SecretRefusedError, match="can't be made"):
        Secret.load_or_create(tmp_path / "file" / "secret")


@given(st.text(), st.text())
def test_a_pseudonym_is_the_same_for_the_same_reference_and_secret_only(one: str, other: str) -> None:
    assert (A.patient(one) == A.patient(other)) == (one == other)
    assert A.patient(one) != B.patient(one)
    assert len(A.patient(one)) == 64


@given(st.text(), st.text(), st.binary())
def test_what_is_made_for_one_purpose_says_nothing_about_another(one: str, other: str, data: bytes) -> None:
    assert (A.mac(one, data) == A.mac(other, data)) == (one == other)


def test_the_hash_is_the_standard_one() -> None:
    """HMAC-SHA-256 (RFC 2104) under a key that is HMAC-SHA-256 of the purpose under the secret."""
    key = hmac.new(bytes(range(32)), b"kap-outcomes/patient", hashlib.sha256).digest()
    assert A.patient("c1-0042") == hmac.new(key, b"c1-0042", hashlib.sha256).hexdigest()


def test_nothing_shows_the_secret() -> None:
    shown = f"{A} {A!r} {[A]}"
    assert bytes(range(32)).hex() not in shown
    assert repr(bytes(range(32))) not in shown
    for take in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="not copied or pickled"):
            take(A)


def test_a_secret_of_another_size_is_refused() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        Secret(os.urandom(31))
