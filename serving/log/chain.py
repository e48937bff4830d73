"""The chain of one writer's entries, and the code of each entry.

Every code is a keyed hash (HMAC-SHA-256): someone who can write to the database but lacks the secret can't repair the
chain after a change. `append` stores entries, `check` checks a whole log.
"""

from hashlib import sha256
from typing import NamedTuple

import orjson

from serving.storage.pseudonyms import Secret

BEGINNING = ""
"""The code before the first entry of a chain."""


class Content(NamedTuple):
    """The part of an entry that can be erased; ``nonce`` prevents guessing it from the code that stays.

    ``shadow`` has the answers that were computed and not given; entries of versions before 0.10 have none.
    """

    nonce: str | None
    patient: str | None
    input_digest: str | None
    row: str | None
    answer: str | None
    idempotency: str | None
    shadow: str | None = None


NO_CONTENT = Content(None, None, None, None, None, None)
"""What is left once it is erased."""


class Stub(NamedTuple):
    """The part of an entry that is never erased; ``content`` is the code of the rest."""

    writer: int
    number: int
    kind: str
    prediction_id: str
    at: str
    caller: str
    model_digest: str
    model_version: str
    run_id: str
    landmark: str | None
    landmark_day: int | None
    latency_us: int
    content: str


def content_code(secret: Secret, content: Content) -> str:
    """The code of an entry's erasable content; without a shadow it is that of earlier versions."""
    large = [None if part is None else _digest(part) for part in (content.row, content.answer)]
    small = [content.nonce, content.patient, content.input_digest, content.idempotency]
    shadow = [] if content.shadow is None else [_digest(content.shadow)]
    return secret.mac("content", orjson.dumps(small + large + shadow))


def entry_code(secret: Secret, before: str, stub: Stub) -> str:
    """The code of an entry, given the previous code in the chain (``BEGINNING`` for the first)."""
    return secret.mac("entry", orjson.dumps([before, *stub]))


def head_code(secret: Secret, writer: int, entries: int, head: str) -> str:
    """The code of a chain's length: ``entries`` entries, the last with the code ``head``."""
    return secret.mac("head", orjson.dumps([writer, entries, head]))


def writer_code(secret: Secret, writer: int, started_at: str, before: str) -> str:
    """The code of a writer's beginning, given the code of the previous writer."""
    return secret.mac("writer", orjson.dumps([writer, started_at, before]))


def writers_code(secret: Secret, writers: int) -> str:
    """The code of the number of writers."""
    return secret.mac("writers", orjson.dumps([writers]))


def _digest(text: str) -> str:
    return sha256(text.encode("utf-8", "surrogateescape")).hexdigest()
