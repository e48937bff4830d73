"""The signature of a served copy: what a trusted key signed is accepted as it is, and nothing else."""

import datetime as dt
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from model_signing import hashing, signing

from models.bundle import BundleRefusedError
from models.signature import NOT_SIGNED, SIGNATURE, signer_of, trusted_keys, verify_signature

FILES = ("bundle/manifest.json", "performance.json", "promotion.json", "model.yaml")


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A folder with the files of a copy in BentoML's store."""
    folder = tmp_path / "copy"
    for name in FILES:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(f"{name}\n")
    return folder


def key_pair(folder: Path, name: str, curve: ec.EllipticCurve | None = None) -> ec.EllipticCurvePrivateKey:
    """A key, written as NAME.key and its public half as NAME.pub."""
    key = ec.generate_private_key(curve or ec.SECP256R1())
    (folder / f"{name}.key").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    (folder / f"{name}.pub").write_bytes(public)
    return key


def sign(copy: Path, key: Path, ignored: tuple[str, ...] = NOT_SIGNED) -> None:
    config = signing.Config().use_elliptic_key_signer(private_key=key)
    config.set_hashing_config(hashing.Config().set_ignored_paths(paths=ignored)).sign(copy, copy / SIGNATURE)


def certificate(
    subject: str, key: ec.EllipticCurvePrivateKey, issuer: str, signer: ec.EllipticCurvePrivateKey, *, authority: bool
) -> bytes:
    """A certificate in PEM, valid today: of an authority, or for signing code."""
    now = dt.datetime.now(dt.UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=30))
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
    )
    if not authority:
        builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CODE_SIGNING]), critical=False)
    return builder.sign(signer, hashes.SHA256()).public_bytes(Encoding.PEM)


@pytest.mark.parametrize("curve", [ec.SECP256R1(), ec.SECP384R1(), ec.SECP521R1()], ids=lambda curve: curve.name)
def test_a_copy_that_a_trusted_key_signed_is_accepted_and_the_key_named(
    copy: Path, tmp_path: Path, curve: ec.EllipticCurve
) -> None:
    key_pair(tmp_path, "lead", curve)
    sign(copy, tmp_path / "lead.key")
    assert "lead.pub" in verify_signature(copy, tmp_path / "lead.pub")
    (copy / "model.yaml").write_text("written again by BentoML\n")
    verify_signature(copy, tmp_path / "lead.pub")


def test_one_of_several_trusted_keys_is_enough(copy: Path, tmp_path: Path) -> None:
    trusted = tmp_path / "trusted"
    trusted.mkdir()
    for name in ("anna", "bea", "carl"):
        key_pair(trusted, name)
        (trusted / f"{name}.key").rename(tmp_path / f"{name}.key")
    sign(copy, tmp_path / "bea.key")
    assert "bea.pub" in verify_signature(copy, trusted)
    together = tmp_path / "all.pem"
    together.write_bytes(b"".join(path.read_bytes() for path in sorted(trusted.iterdir())))
    assert len(trusted_keys(together)) == 3
    verify_signature(copy, together)


@pytest.mark.parametrize("name", [name for name in FILES if name not in NOT_SIGNED])
@pytest.mark.parametrize("how", ["a byte is changed", "the file is removed"])
def test_a_signed_copy_is_refused_after_a_change(copy: Path, tmp_path: Path, name: str, how: str) -> None:
    key_pair(tmp_path, "lead")
    sign(copy, tmp_path / "lead.key")
    if how == "the file is removed":
        (copy / name).unlink()
    else:
        (copy / name).write_text(f"{name}!")
    with pytest.raises(BundleRefusedError, match="changed, added or removed"):
        verify_signature(copy, tmp_path / "lead.pub")


@pytest.mark.parametrize("name", ["bundle/extra.json", ".gitignore", "bundle/.git/config"])
def test_a_file_that_was_added_to_a_signed_copy_is_refused(copy: Path, tmp_path: Path, name: str) -> None:
    key_pair(tmp_path, "lead")
    sign(copy, tmp_path / "lead.key")
    (copy / name).parent.mkdir(exist_ok=True)
    (copy / name).write_text("more")
    with pytest.raises(BundleRefusedError):
        verify_signature(copy, tmp_path / "lead.pub")


def test_a_signature_that_leaves_a_file_out_does_not_vouch_for_the_copy(copy: Path, tmp_path: Path) -> None:
    key_pair(tmp_path, "lead")
    sign(copy, tmp_path / "lead.key", ignored=(*NOT_SIGNED, "promotion.json"))
    with pytest.raises(BundleRefusedError, match=r"does not cover promotion\.json"):
        verify_signature(copy, tmp_path / "lead.pub")


def test_another_key_an_absent_signature_and_a_damaged_one_are_distinguished(copy: Path, tmp_path: Path) -> None:
    for name in ("lead", "stranger"):
        key_pair(tmp_path, name)
    with pytest.raises(BundleRefusedError, match="not signed"):
        verify_signature(copy, tmp_path / "lead.pub")
    assert signer_of(copy) is None
    sign(copy, tmp_path / "stranger.key")
    with pytest.raises(BundleRefusedError, match="none of the trusted keys"):
        verify_signature(copy, tmp_path / "lead.pub")
    assert "the key" in str(signer_of(copy))
    for damaged in ("", "{}", "[]", '{"verificationMaterial": {}, "dsseEnvelope": {"payload": "e30="}}'):
        (copy / SIGNATURE).write_text(damaged)
        with pytest.raises(BundleRefusedError, match="not a signature"):
            verify_signature(copy, tmp_path / "lead.pub")


def test_a_place_without_a_key_is_no_trust(copy: Path, tmp_path: Path) -> None:
    key_pair(tmp_path, "lead")
    sign(copy, tmp_path / "lead.key")
    (tmp_path / "empty").mkdir()
    for place, wrong in ((tmp_path / "empty", "no public key"), (tmp_path / "absent", "can't be read")):
        with pytest.raises(BundleRefusedError, match=wrong):
            verify_signature(copy, place)
    with pytest.raises(BundleRefusedError, match="no public key"):
        verify_signature(copy, tmp_path / "lead.key")


def test_a_certificate_of_a_trusted_authority_is_accepted_and_one_of_another_is_not(copy: Path, tmp_path: Path) -> None:
    keys = {name: key_pair(tmp_path, name) for name in ("authority", "lead", "other")}
    for name in ("authority", "other"):
        own = certificate(name, keys[name], name, keys[name], authority=True)
        (tmp_path / f"{name}.crt").write_bytes(own)
    mine = certificate("lead", keys["lead"], "authority", keys["authority"], authority=False)
    (tmp_path / "lead.crt").write_bytes(mine)
    config = signing.Config().use_certificate_signer(
        private_key=tmp_path / "lead.key",
        signing_certificate=tmp_path / "lead.crt",
        certificate_chain=[tmp_path / "authority.crt"],
    )
    covered = hashing.Config().set_ignored_paths(paths=NOT_SIGNED)
    config.set_hashing_config(covered).sign(copy, copy / SIGNATURE)
    assert "authority.crt" in verify_signature(copy, tmp_path / "authority.crt")
    assert signer_of(copy) == "the certificate of lead"
    for untrusted in ("other.crt", "lead.pub"):
        with pytest.raises(BundleRefusedError, match="none of the trusted keys"):
            verify_signature(copy, tmp_path / untrusted)


def test_the_program_of_model_signing_accepts_the_same_copy_and_refuses_a_changed_byte(
    copy: Path, tmp_path: Path
) -> None:
    key_pair(tmp_path, "lead")
    sign(copy, tmp_path / "lead.key")
    elsewhere = shutil.copytree(copy, tmp_path / "elsewhere")
    words = ["verify", "key", str(elsewhere), "--signature", str(elsewhere / SIGNATURE), "--public_key"]
    command = [sys.executable, "-m", "model_signing", *words, str(tmp_path / "lead.pub")]
    assert subprocess.run(command, capture_output=True, check=False).returncode == 0
    (elsewhere / "promotion.json").write_text("{}")
    assert subprocess.run(command, capture_output=True, check=False).returncode != 0
