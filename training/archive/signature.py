"""The signature of a package: Ed25519 over its manifest, as `openssl pkeyutl -verify -rawin` checks it."""

from collections.abc import Mapping
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from features.protocol.problems import InputRefusedError
from training.archive.layout import MANIFEST, SIGNATURE, SIGNER
from training.decisions.keys import key_id_of, parsed_public_key, public_pem, read_public_key
from training.verdicts import Verdict, does_not_apply, failed, not_checked, passed


def load_public_key(path: Path) -> Ed25519PublicKey:
    """The key in a PEM file; raises ``InputRefusedError``."""
    return parsed_public_key(read_public_key(path))


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
        return parsed_public_key(pem.decode("ascii"))
    except (UnicodeDecodeError, InputRefusedError):
        return None


def _key_id(key: Ed25519PublicKey) -> str:
    return key_id_of(public_pem(key))
