"""The signature of a promoted copy: which files it covers, and whether a trusted key made it.

It is one of OpenSSF Model Signing, so that its own program verifies it too. `training` signs when a version is
promoted; `serving` and the audit verify. The library is imported only when a signature is there to look at.
"""

import base64
import hashlib
import json
import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from models.bundle import BundleRefusedError

SIGNATURE = "model.sig"
"""The file of the signature, in the folder of the copy."""
NOT_SIGNED = (SIGNATURE, "model.yaml")
"""Files of the copy that the signature does not cover: itself, and BentoML's own description of the entry."""
_BLOCKS = re.compile(rb"-----BEGIN (PUBLIC KEY|CERTIFICATE)-----.*?-----END \1-----", re.DOTALL)
_MISMATCH = "Signature mismatch"
"""How the library begins its message on a valid signature over other files."""


@dataclass(frozen=True)
class TrustedKey:
    """A public key, or certificates of authorities, in PEM; ``name`` is what a message calls it."""

    name: str
    pem: bytes
    certificates: bool


def trusted_keys(place: Path) -> tuple[TrustedKey, ...]:
    """The keys in a PEM file, or in every file of a folder; all certificates of a file are one trusted authority.

    Raises ``BundleRefusedError`` where there is none.
    """
    try:
        files = sorted(path for path in place.iterdir() if path.is_file()) if place.is_dir() else [place]
        found = [key for path in files for key in _keys_of(path)]
    except OSError as error:
        raise BundleRefusedError(f"the trusted keys {place} can't be read: {error.strerror}") from None
    if not found:
        raise BundleRefusedError(f"the trusted keys {place}: they hold no public key and no certificate in PEM")
    return tuple(found)


def _keys_of(path: Path) -> Iterator[TrustedKey]:
    blocks = [(match[1] == b"CERTIFICATE", match[0] + b"\n") for match in _BLOCKS.finditer(path.read_bytes())]
    for certificate, pem in blocks:
        if not certificate:
            yield TrustedKey(f"the key {fingerprint(pem)[:16]} ({path.name})", pem, certificates=False)
    authorities = b"".join(pem for certificate, pem in blocks if certificate)
    if authorities:
        yield TrustedKey(f"a certificate that {path.name} vouches for", authorities, certificates=True)


def fingerprint(public_key: bytes) -> str:
    """SHA-256 of a public key in PEM, as a signature names its key; of the bytes as they are where it can't be read."""
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key

    try:
        read = load_pem_public_key(public_key)
    except ValueError:
        return hashlib.sha256(public_key).hexdigest()
    return hashlib.sha256(read.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)).hexdigest()


def verify_signature(folder: Path, trusted: Path) -> str:
    """Who signed the copy in ``folder``: the name of the first of the ``trusted`` keys that did.

    ``trusted`` is a place of `trusted_keys`. Raises ``BundleRefusedError`` if none of them did, if a file was changed,
    added or removed since, or if there is no signature.
    """
    keys = trusted_keys(trusted)
    signed = _signed_files(folder)
    with tempfile.TemporaryDirectory() as scratch:
        pem = Path(scratch) / "key.pem"
        for key in keys:
            pem.write_bytes(key.pem)
            if _signed_by(folder, pem, certificates=key.certificates):
                _require_all_covered(folder, signed)
                return key.name
    raise BundleRefusedError(f"{SIGNATURE}: none of the trusted keys in {trusted} made this signature")


def signer_of(folder: Path) -> str | None:
    """Whom the signature of a copy names, unchecked: a key by its digest, or a certificate; ``None`` without one.

    Raises ``BundleRefusedError`` for a file that is no signature.
    """
    if not (folder / SIGNATURE).is_file():
        return None
    material = _document(folder)["verificationMaterial"]
    if isinstance(material, dict) and "publicKey" in material:
        return f"the key {str(dict(material['publicKey']).get('hint'))[:16]}"
    return f"the certificate of {_subject(material)}"


def _subject(material: Any) -> str:
    """The common name of the first certificate in a signature."""
    from cryptography.x509 import load_der_x509_certificate
    from cryptography.x509.oid import NameOID

    try:
        first = material["x509CertificateChain"]["certificates"][0]["rawBytes"]
        named = load_der_x509_certificate(base64.b64decode(first)).subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    except (ValueError, KeyError, IndexError, TypeError):
        raise BundleRefusedError(f"{SIGNATURE}: it names no key and no certificate") from None
    return str(named[0].value) if named else "somebody without a common name"


def _document(folder: Path) -> dict[str, Any]:
    try:
        read = json.loads((folder / SIGNATURE).read_bytes())
        if isinstance(read, dict) and "verificationMaterial" in read and "dsseEnvelope" in read:
            return read
    except FileNotFoundError:
        raise BundleRefusedError(f"{SIGNATURE}: this copy is not signed; promote it with kap promote --sign") from None
    except (OSError, ValueError):
        pass
    raise BundleRefusedError(f"{SIGNATURE}: it is not a signature that can be read")


def _signed_files(folder: Path) -> set[str]:
    """The names of the files that a signature names; whether it is valid is not known yet."""
    try:
        payload = json.loads(base64.b64decode(_document(folder)["dsseEnvelope"]["payload"]))
        return {str(resource["name"]) for resource in payload["predicate"]["resources"]}
    except (ValueError, KeyError, TypeError):
        raise BundleRefusedError(f"{SIGNATURE}: it is not a signature of a model") from None


def _require_all_covered(folder: Path, signed: set[str]) -> None:
    """A valid signature may leave files out on purpose; one of a copy may not."""
    here = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    if here - signed - set(NOT_SIGNED):
        left_out = ", ".join(sorted(here - signed - set(NOT_SIGNED)))
        raise BundleRefusedError(f"{SIGNATURE}: the signature does not cover {left_out}")


def _signed_by(folder: Path, pem: Path, *, certificates: bool) -> bool:
    """Whether the key in ``pem`` signed the folder as it is; raises ``BundleRefusedError`` if it signed other files."""
    from model_signing import hashing, verifying

    covered, config = hashing.Config(), verifying.Config()  # type: ignore[no-untyped-call]  # the library's gap
    covered.set_ignored_paths(paths=NOT_SIGNED, ignore_git_paths=False)
    config.set_hashing_config(covered)
    try:
        if certificates:
            config.use_certificate_verifier(certificate_chain=[pem])
        else:
            config.use_elliptic_key_verifier(public_key=pem)
        config.verify(folder, folder / SIGNATURE)
    except Exception as error:  # noqa: BLE001 - the libraries below raise their own for a key or a signature of another kind
        if str(error).startswith(_MISMATCH):
            raise BundleRefusedError(f"{SIGNATURE}: files were changed, added or removed since it was signed") from None
        return False
    return True
