"""The one JSON text of a document, over which hashes and signatures are made."""

import hashlib
import json
from typing import Any


def canonical(document: Any) -> str:
    """The one JSON text of a document: keys sorted, no spaces, ASCII, no NaN."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)


def digest_of(document: Any) -> str:
    """SHA-256 of a document's canonical JSON."""
    return hashlib.sha256(canonical(document).encode("ascii")).hexdigest()
