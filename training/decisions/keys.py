"""Keys of people: Ed25519, in PEM files (PKCS#8) that OpenSSL reads too, each with mode 0600.

A key's id is the SHA-256 of its public part in DER: `openssl pkey -in KEY -pubout -outform DER | sha256sum`.
"""

import hashlib
import os
import re
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from features.protocol.problems import InputRefusedError, Problem

FOLDER = "KAP_SIGNING_KEYS"
"""Environment variable: the folder of key files; default ``~/.config/kap/keys``."""
PASSPHRASE = "KAP_KEY_PASSPHRASE"  # noqa: S105 - a name
"""Environment variable: the passphrase of a key file that has one."""
REQUIRED = "a private Ed25519 key in PEM, such as kap people add makes"
REQUIRED_PUBLIC = "a public Ed25519 key in PEM, such as openssl pkey -pubout writes"


@dataclass(frozen=True, repr=False)
class Signer:
    """A person's name and private key."""

    name: str
    key: Ed25519PrivateKey

    @property
    def public_key(self) -> str:
        """The public key, in PEM."""
        return public_pem(self.key.public_key())

    @property
    def key_id(self) -> str:
        """The id of the key."""
        return key_id_of(self.public_key)

    def sign(self, content: bytes) -> bytes:
        """The signature of these bytes."""
        return self.key.sign(content)


def public_pem(key: Ed25519PublicKey) -> str:
    """A public key as PEM text."""
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode("ascii")


def key_id_of(public_key: str) -> str:
    """The id of a public key (PEM); raises ``InputRefusedError`` if it is no Ed25519 key."""
    der = parsed_public_key(public_key).public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(der).hexdigest()


def is_signed(public_key: str, signature: bytes, content: bytes) -> bool:
    """Whether a signature is that of a public key (PEM) over these bytes."""
    try:
        parsed_public_key(public_key).verify(signature, content)
    except (InputRefusedError, InvalidSignature):
        return False
    return True


def read_public_key(path: Path) -> str:
    """The public key in a file, as PEM; raises ``InputRefusedError``."""
    try:
        return public_pem(parsed_public_key(path.read_bytes().decode("ascii")))
    except (UnicodeDecodeError, InputRefusedError):
        raise InputRefusedError([Problem(path.name, None, None, REQUIRED_PUBLIC, "another file")]) from None


def key_file(name: str) -> Path:
    """The default place of a person's key."""
    folder = os.environ.get(FOLDER) or Path(os.environ.get("XDG_CONFIG_HOME") or "~/.config") / "kap" / "keys"
    plain = re.sub(r"[^\w.-]+", "_", name.strip()).strip(".") or "key"
    short = hashlib.sha256(name.strip().encode("utf-8", "surrogateescape")).hexdigest()[:8]
    return Path(folder).expanduser() / (f"{plain}.pem" if plain == name.strip() else f"{plain}-{short}.pem")


def make_key(name: str, path: Path, passphrase: str | None = None) -> Signer:
    """A new key in a new file (mode 0600); raises ``InputRefusedError`` if the file exists."""
    key = Ed25519PrivateKey.generate()
    how: KeySerializationEncryption = BestAvailableEncryption(passphrase.encode()) if passphrase else NoEncryption()
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        opened = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise InputRefusedError(
            [Problem(path.name, None, None, "the name of a new file", "an existing file")]
        ) from None
    with os.fdopen(opened, "wb") as file:
        file.write(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, how))
    return Signer(name, key)


def read_key(name: str, path: Path) -> Signer:
    """The key in a file, for the person ``name``; the passphrase is that of `PASSPHRASE`.

    Raises ``InputRefusedError`` if the file is missing, open to others, locked by another passphrase, or no such key.
    """
    if not path.is_file():
        raise InputRefusedError([Problem("--key", None, None, f"the key of {name}, a file", f"none at {path}")])
    if os.name == "posix" and path.stat().st_mode & 0o077:
        required, found = f"a key that only its owner may read: chmod 600 {path}", "one that others may read"
        raise InputRefusedError([Problem(path.name, None, None, required, found)])
    return Signer(name, private_key(path))


def needs_passphrase(path: Path) -> bool:
    """Whether a key file is locked."""
    return path.is_file() and b"ENCRYPTED" in path.read_bytes()


def private_key(path: Path) -> Ed25519PrivateKey:
    """The private key in a PEM file; raises ``InputRefusedError`` for another file, or a passphrase that lacks."""
    given = os.environ.get(PASSPHRASE)
    locked = needs_passphrase(path)
    if locked and not given:
        raise InputRefusedError([Problem(path.name, None, None, f"its passphrase, in {PASSPHRASE}", "none")])
    try:
        key = load_pem_private_key(path.read_bytes(), given.encode() if locked and given else None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        found = f"a key of another passphrase than that of {PASSPHRASE}" if locked else "another file"
        raise InputRefusedError([Problem(path.name, None, None, REQUIRED, found)]) from None
    if not isinstance(key, Ed25519PrivateKey):
        raise InputRefusedError([Problem(path.name, None, None, REQUIRED, "a key of another kind")])
    return key


def parsed_public_key(text: str) -> Ed25519PublicKey:
    """The public key in a text (PEM); raises ``InputRefusedError`` for another text."""
    try:
        key = load_pem_public_key(text.encode("ascii"))
    except (ValueError, UnsupportedAlgorithm, UnicodeEncodeError):
        raise InputRefusedError([Problem("key", None, None, REQUIRED_PUBLIC, "another text")]) from None
    if not isinstance(key, Ed25519PublicKey):
        raise InputRefusedError([Problem("key", None, None, REQUIRED_PUBLIC, "a key of another kind")])
    return key
