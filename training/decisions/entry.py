"""An entry of the decision store: a document with its place in the chain, its signer's key and the signature."""

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Any, Literal, get_args

from training.decisions.canonical import canonical, from_base64
from training.decisions.keys import Signer, is_signed

Kind = Literal["person", "taken over", "proposal", "approval", "decision", "clock"]
KINDS: tuple[str, ...] = get_args(Kind)
FIRST = "0" * 64
"""The previous hash of the first entry."""
FORM = "%Y-%m-%dT%H:%M:%SZ"
"""Times are UTC, in whole seconds."""


@dataclass(frozen=True)
class ChainEntry:
    """An entry of the chain of one model: ``document`` is the canonical JSON of what is recorded, ``at`` is UTC.

    ``hash`` is the SHA-256 of `signed_bytes`. ``key_id`` names the Ed25519 key of who signed, ``signature`` is the
    signature of the same bytes, in Base64.
    """

    store: str
    model: str
    number: int
    kind: str
    at: str
    document: str
    previous: str
    hash: str
    key_id: str
    signature: str

    @property
    def signed_bytes(self) -> bytes:
        """What is hashed and signed: canonical JSON of everything except hash and signature."""
        content = {key: value for key, value in asdict(self).items() if key not in ("hash", "signature")}
        return canonical(content).encode("ascii")

    @property
    def content(self) -> dict[str, Any]:
        """The document; empty if its text can't be read, which `is_whole` tells."""
        try:
            read = json.loads(self.document)
        except (ValueError, RecursionError):
            return {}
        return read if isinstance(read, dict) else {}

    @property
    def is_whole(self) -> bool:
        """Whether document and hash are as they were written."""
        try:
            own = canonical(self.content) == self.document and self.kind in KINDS
            return own and hashlib.sha256(self.signed_bytes).hexdigest() == self.hash
        except (ValueError, UnicodeError):
            return False

    def is_signed_by(self, public_key: str) -> bool:
        """Whether the signature is that of a public key (PEM) over these bytes."""
        try:
            signature = from_base64(self.signature)
        except ValueError:
            return False
        return is_signed(public_key, signature, self.signed_bytes)


@dataclass(frozen=True)
class ChainEnd:
    """Where the next entry goes: the store's id, the model, and number and hash of the last entry."""

    store: str
    model: str
    number: int = 0
    hash: str = FIRST


def signed_entry(end: ChainEnd, kind: Kind, document: Mapping[str, Any], at: str, signer: Signer) -> ChainEntry:
    """The next entry of a chain, signed."""
    draft = ChainEntry(
        store=end.store,
        model=end.model,
        number=end.number + 1,
        kind=kind,
        at=at,
        document=canonical(document),
        previous=end.hash,
        hash="",
        key_id=signer.key_id,
        signature="",
    )
    content = draft.signed_bytes
    signature = base64.b64encode(signer.sign(content)).decode("ascii")
    return replace(draft, hash=hashlib.sha256(content).hexdigest(), signature=signature)


def now() -> str:
    """The present time as entries have it."""
    return datetime.now(UTC).strftime(FORM)


def parsed_time(text: str) -> datetime | None:
    """The time in an entry's text; ``None`` if it is none."""
    try:
        return datetime.strptime(text, FORM).replace(tzinfo=UTC)
    except (ValueError, TypeError):
        return None
