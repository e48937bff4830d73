"""The erasable content of an entry as it is stored: compressed, then encrypted with a key that no other entry shares.

The key follows from the service's secret and a random seed. Only the seed is stored, in a table of its own: without
it, not even the secret opens the content. The codes of the chain are computed from the content before compression.
"""

import json
import re
import sys
import threading
from collections.abc import Sequence
from functools import cache, cached_property
from importlib.resources import files
from itertools import accumulate
from secrets import token_bytes
from typing import NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from serving.log.chain import Content
from serving.storage.pseudonyms import Secret

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

SEED_BYTES = 32
FINGERPRINT_BYTES = 16
FORMAT = b"\1"
"""First byte of what is stored; it stands for the text below and the layout, which must never change."""
ANSWER_TEXTS = "answer_texts_1.json"
"""A made-up patient's row and answer: what most answers have in common."""
_LEVEL = 10
"""Of a million entries, this makes 3.9 GB, level 6 in two thirds of the time 4.1."""
_NONCE = bytes(12)
"""Always the same, because each key encrypts once."""
_NUMBER = re.compile(rb"([:,\[])(-?\d[\d.eE+-]*)")
"""What stands before a number, and the number; to look behind each place would take half as long again."""


class ContentChangedError(Exception):
    """Stored content is not what was encrypted with this seed and secret."""


class EncryptedContent(NamedTuple):
    """Content as it is stored, and the seed of its key."""

    seed: bytes
    ciphertext: bytes


def encrypt(secret: Secret, content: Content) -> EncryptedContent:
    """The content under a new key."""
    seed = token_bytes(SEED_BYTES)
    compressed = _OF_THREAD.compressor.compress(_joined(content), zstd.ZstdCompressor.FLUSH_FRAME)
    return EncryptedContent(seed, FORMAT + _cipher(secret, seed).encrypt(_NONCE, compressed, FORMAT))


def decrypt(secret: Secret, stored: EncryptedContent) -> Content:
    """The content that `encrypt` was given; raises ``ContentChangedError``."""
    if stored.ciphertext[:1] != FORMAT or len(stored.seed) != SEED_BYTES:
        raise ContentChangedError
    try:
        compressed = _cipher(secret, stored.seed).decrypt(_NONCE, stored.ciphertext[1:], FORMAT)
        return _parted(zstd.decompress(compressed, zstd_dict=_common_text()))
    except (InvalidTag, zstd.ZstdError, ValueError, TypeError):
        raise ContentChangedError from None


def fingerprint(secret: Secret, kind: str, value: str | None) -> bytes | None:
    """What stands in the table of keys for a ``patient`` or ``idempotency`` value, so that its entries are found."""
    if value is None:
        return None
    return secret.digest(f"fingerprint {kind}", value.encode("utf-8", "surrogateescape"))[:FINGERPRINT_BYTES]


def _cipher(secret: Secret, seed: bytes) -> AESGCM:
    return AESGCM(secret.digest("content key", seed))


class _ThreadCompressor(threading.local):
    """A compressor of each thread, which keeps its memory: a new one for every entry takes half as long again."""

    @cached_property
    def compressor(self) -> zstd.ZstdCompressor:
        """For one entry after another, each a frame of its own."""
        return zstd.ZstdCompressor(level=_LEVEL, zstd_dict=_common_text().as_digested_dict)


_OF_THREAD = _ThreadCompressor()


@cache
def _common_text() -> zstd.ZstdDict:
    text = files("serving.log").joinpath(ANSWER_TEXTS).read_bytes()
    return zstd.ZstdDict(_without_numbers(text)[0], is_raw=True)


def _joined(content: Content) -> bytes:
    """The content as bytes: a line for the short values and the lengths, a line for the numbers, and the texts.

    There are two lengths, those of row and answer, and a third if there is a shadow.
    """
    parts = [content.row, content.answer, *([] if content.shadow is None else [content.shadow])]
    texts = [None if part is None else part.encode("utf-8", "surrogateescape") for part in parts]
    lengths = [None if text is None else len(text) for text in texts]
    short = [content.nonce, content.patient, content.input_digest, content.idempotency]
    text, numbers = _without_numbers(b"".join(part or b"" for part in texts))
    return b"\n".join([json.dumps([*short, *lengths]).encode("ascii"), numbers, text])


def _parted(joined: bytes) -> Content:
    """The inverse of `_joined`."""
    line, numbers, text = joined.split(b"\n", 2)
    nonce, patient, input_digest, idempotency, *lengths = json.loads(line)
    row, answer, *shadow = _texts(_with_numbers(text, numbers), lengths)
    return Content(nonce, patient, input_digest, row, answer, idempotency, *shadow)


def _texts(joined: bytes, lengths: Sequence[int | None]) -> list[str | None]:
    """The texts that were joined, by their lengths; raises ``ValueError`` if these are not all of it."""
    if sum(length or 0 for length in lengths) != len(joined):
        raise ValueError
    ends = accumulate(length or 0 for length in lengths)
    return [
        None if length is None else joined[end - length : end].decode("utf-8", "surrogateescape")
        for length, end in zip(lengths, ends, strict=True)
    ]


def _without_numbers(text: bytes) -> tuple[bytes, bytes]:
    """A JSON text with a zero byte in place of each number, and the numbers: apart, both become smaller."""
    parts = _NUMBER.split(text)
    numbers = parts[2::3]
    parts[2::3] = [b"\0"] * len(numbers)
    return b"".join(parts), b",".join(numbers)


def _with_numbers(text: bytes, numbers: bytes) -> bytes:
    """The inverse of `_without_numbers`; raises ``ValueError`` if the number of numbers is another."""
    parts = text.split(b"\0")
    both = [b""] * (2 * len(parts) - 1)
    both[::2], both[1::2] = parts, numbers.split(b",") if numbers else []
    return b"".join(both)
