"""The signature of a package: Ed25519 over its manifest, as `openssl pkeyutl -verify -rawin` checks it."""

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from features.protocol.problems import InputRefusedError, Problem
from training.archive.layout import MANIFEST, SIGNATURE, SIGNER
from training.decisions.keys import PASSPHRASE, needs_passphrase
from training.verdicts import Verdict, does_not_apply, failed, not_checked, passed


def load_private_key(path: Path) -> Ed25519PrivateKey:
    """The key in a PEM file; raises ``InputRefusedError``."""
    passphrase = os.environ.get(PASSPHRASE) if needs_passphrase(path) else None
    try:
        key = load_pem_private_key(path.read_bytes(), passphrase.encode() if passphrase else None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        found = f"a file that can't be read as one, or another passphrase than {PASSPHRASE}"
        raise _refused(path, "a private key in PEM", found) from None
    if not isinstance(key, Ed25519PrivateKey):
        raise _refused(path, "an Ed25519 key", "a key of another kind")
    return key


def load_public_key(path: Path) -> Ed25519PublicKey:
    """The key in a PEM file; raises ``InputRefusedError``."""
    key = _public_key(path.read_bytes())
    if key is None:
        raise _refused(path, "an Ed25519 public key in PEM", "another file")
    return key


def public_pem(key: Ed25519PublicKey) -> bytes:
    """A public key as PEM."""
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def signature_verdict(files: Mapping[str, bytes], by: str, trusted: Ed25519PublicKey | None) -> Verdict:
    """The manifest is signed by the key of the package, which is the ``trusted`` one.

    Without a trusted key nothing tells whose key it is.
    """
    check = "signature"
    if SIGNATURE not in files and SIGNER not in files:
        unsigned = "the package has no signature"
        return failed(check, unsigned) if trusted else does_not_apply(check, unsigned)
    key = _public_key(files.get(SIGNER, b""))
    if key is None:
        return failed(check, f"{SIGNER} is missing, or no Ed25519 public key")
    if trusted is not None and public_pem(trusted) != public_pem(key):
        return failed(check, f"signed with another key, {_key_id(key)}, than the given one")
    try:
        key.verify(files.get(SIGNATURE, b""), files.get(MANIFEST, b""))
    except InvalidSignature:
        return failed(check, f"{SIGNATURE} is no signature of {MANIFEST} by the key {_key_id(key)}")
    said = f"{by}, with the key {_key_id(key)}"
    if trusted is None:
        return not_checked(check, f"valid; the package says by {said}. Give the key of that person with --trusted-key")
    return passed(check, f"by {said}, which is the given one")


def _public_key(pem: bytes) -> Ed25519PublicKey | None:
    try:
        key = load_pem_public_key(pem)
    except (ValueError, UnsupportedAlgorithm):
        return None
    return key if isinstance(key, Ed25519PublicKey) else None


def _key_id(key: Ed25519PublicKey) -> str:
    """SHA-256 of a key's DER form: `openssl pkey -pubin -outform DER | sha256sum`."""
    return hashlib.sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()


def _refused(path: Path, required: str, found: str) -> InputRefusedError:
    return InputRefusedError([Problem(path.name, None, None, required, found)])
