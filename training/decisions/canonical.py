"""The one text of a document, over which hashes and signatures are made, and of the bytes of a signature."""

import base64
import hashlib
import json
from typing import Any


def canonical(document: Any) -> str:
    """The one JSON text of a document: keys sorted, no spaces, ASCII, no NaN."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)


def digest_of(document: Any) -> str:
    """SHA-256 of a document's canonical JSON."""
    return hashlib.sha256(canonical(document).encode("ascii")).hexdigest()


def from_base64(text: str) -> bytes:
    """The bytes that a text in Base64 stands for; raises ``ValueError`` unless it is the text of exactly these bytes.

    The last letter has bits that decoding passes over (RFC 4648, section 3.5), so several texts would do.
    """
    content = base64.b64decode(text, validate=True)
    if base64.b64encode(content).decode("ascii") != text:
        raise ValueError("another text of the same bytes")
    return content
