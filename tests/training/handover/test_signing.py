"""A copy is signed by a key, a certificate or hardware, and what can't sign is refused before anything is done."""

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, NoEncryption, PrivateFormat

from features.protocol.problems import InputRefusedError
from models.signature import verify_signature
from tests.models.test_signature import certificate, key_pair
from training.decisions.keys import PASSPHRASE
from training.handover.signing import CopySigner


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    found = tmp_path / "copy"
    found.mkdir()
    (found / "promotion.json").write_text("{}")
    return found


def refusal(signer: CopySigner) -> str:
    """What is required instead of a signer that can't sign."""
    with pytest.raises(InputRefusedError) as refused:
        signer.prepared()
    return "; ".join(f"{problem.column}: {problem.required}" for problem in refused.value.problems)


def test_a_key_signs_a_copy(folder: Path, tmp_path: Path) -> None:
    key_pair(tmp_path, "lead")
    CopySigner(str(tmp_path / "lead.key")).prepared()(folder)
    assert "lead.pub" in verify_signature(folder, tmp_path / "lead.pub")


def test_a_key_with_a_passphrase_signs_if_it_is_there(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = key_pair(tmp_path, "lead")
    locked = tmp_path / "locked.key"
    locked.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"open")))
    assert PASSPHRASE in refusal(CopySigner(str(locked)))
    monkeypatch.setenv(PASSPHRASE, "open")
    CopySigner(str(locked)).prepared()(folder)
    verify_signature(folder, tmp_path / "lead.pub")
    monkeypatch.setenv(PASSPHRASE, "wrong")
    assert "--sign" in refusal(CopySigner(str(locked)))


def test_a_passphrase_for_another_key_does_not_stop_one_without(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`kap promote --by Ada --sign lead.key` uses two keys, of which one may be locked."""
    key_pair(tmp_path, "lead")
    monkeypatch.setenv(PASSPHRASE, "open")
    CopySigner(str(tmp_path / "lead.key")).prepared()(folder)
    verify_signature(folder, tmp_path / "lead.pub")


@pytest.mark.parametrize("with_chain", [False, True])
def test_a_certificate_names_who_signed(folder: Path, tmp_path: Path, with_chain: bool) -> None:
    keys = {name: key_pair(tmp_path, name) for name in ("authority", "lead")}
    own = certificate("authority", keys["authority"], "authority", keys["authority"], authority=True)
    (tmp_path / "authority.crt").write_bytes(own)
    mine = certificate("lead", keys["lead"], "authority", keys["authority"], authority=False)
    (tmp_path / "lead.crt").write_bytes(mine)
    chain = (tmp_path / "authority.crt",) if with_chain else ()
    CopySigner(str(tmp_path / "lead.key"), tmp_path / "lead.crt", chain).prepared()(folder)
    assert "authority.crt" in verify_signature(folder, tmp_path / "authority.crt")


def test_what_can_not_sign_is_refused_and_what_would_is_said(tmp_path: Path) -> None:
    key_pair(tmp_path, "lead")
    other = ed25519.Ed25519PrivateKey.generate()
    (tmp_path / "other.key").write_bytes(other.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    key_pair(tmp_path, "bitcoin", ec.SECP256K1())
    for name in ("absent.key", "lead.pub", "other.key", "bitcoin.key"):
        assert "curves P-256" in refusal(CopySigner(str(tmp_path / name))), name
    key = key_pair(tmp_path, "stranger")
    (tmp_path / "stranger.crt").write_bytes(certificate("s", key, "s", key, authority=True))
    assert "--sign-certificate" in refusal(CopySigner(str(tmp_path / "lead.key"), tmp_path / "stranger.crt"))


def test_a_key_in_hardware_needs_a_part_that_the_user_installs() -> None:
    """It is under the GPL, so that this package does not bring it along."""
    assert "model-signing[pkcs11]" in refusal(CopySigner("pkcs11:token=kap;object=lead"))
