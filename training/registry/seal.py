"""The seal of a training: digests of everything in its record, so that any later change is found and named.

This module decides which difference breaks a seal; `audit` reads the record from MLflow.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

FORMAT = 1
SEAL = "seal.json"
SEAL_DIGEST = "seal_digest"
SET_AFTER_SEALING = (SEAL_DIGEST, "decision_head", "promoted_", "promotion ")
"""Prefixes of tags that are set after sealing, and are checked by the seal's digest and the decisions."""
WRITTEN_BY_LOADING = "registered_model_meta"
"""A file of name and version, without code, that MLflow writes into the folder of a model in a local store."""


@dataclass(frozen=True, order=True)
class SealedItem:
    """One item of a record: ``kind`` (run, parameter, metric, tag, dataset, artifact, version), ``name`` and owner.

    ``owner`` is the id of a run or model, or a registered version.
    """

    owner: str
    kind: str
    name: str


@dataclass(frozen=True)
class Record:
    """Everything recorded of a training: SHA-256 by item; ``owners`` gives readable names of the owners."""

    run_id: str
    owners: Mapping[str, str]
    digests: Mapping[SealedItem, str]

    @property
    def texts(self) -> dict[SealedItem, str]:
        """The texts that digests are of, where they are known; a seal has none."""
        return {item: digest.text for item, digest in self.digests.items() if isinstance(digest, TextDigest)}

    def described(self, item: SealedItem) -> str:
        """The item as a text."""
        return f"{item.kind} {item.name} of {self.owners.get(item.owner, item.owner)}"


@dataclass(frozen=True)
class SealDifference:
    """A difference from the seal; ``harmless`` if no sealed item is affected."""

    item: SealedItem
    what: str
    harmless: bool


class SealRefusedError(Exception):
    """A seal can't be read; the message says why."""


class TextDigest(str):
    """The SHA-256 of a text, which keeps the ``text``: an audit package holds it, so that others compute the digest."""

    __slots__ = ("text",)
    text: str

    @classmethod
    def of(cls, text: str) -> TextDigest:
        """The digest of a text as UTF-8."""
        digest = cls(hashlib.sha256(text.encode()).hexdigest())
        digest.text = text
        return digest


def digest_of(value: str | bytes) -> str:
    """SHA-256 of a value, texts as UTF-8; that of a text keeps it."""
    return TextDigest.of(value) if isinstance(value, str) else hashlib.sha256(value).hexdigest()


def digest_of_numbers(rows: Iterable[tuple[int, int, float]]) -> str:
    """SHA-256 of a metric's history, rows of (step, milliseconds, value) in any order; every bit of a value counts."""
    return digest_of(json.dumps(sorted((step, at, value.hex()) for step, at, value in rows)))


def seal_document(record: Record) -> bytes:
    """The seal as a JSON document; equal records give equal bytes."""
    digests: dict[str, dict[str, dict[str, str]]] = {}
    for item, digest in sorted(record.digests.items()):
        if _set_after_sealing(item):
            continue
        digests.setdefault(item.owner, {}).setdefault(item.kind, {})[item.name] = digest
    document = {"format": FORMAT, "run_id": record.run_id, "owners": dict(record.owners), "digests": digests}
    return (json.dumps(document, indent=1, sort_keys=True) + "\n").encode()


def read_seal(document: bytes) -> Record:
    """The record that a seal describes; raises ``SealRefusedError`` if the document is not a seal."""
    try:
        parsed = json.loads(document)
        digests = {
            SealedItem(owner, kind, name): str(digest)
            for owner, kinds in parsed["digests"].items()
            for kind, names in kinds.items()
            for name, digest in names.items()
        }
        record = Record(str(parsed["run_id"]), dict(parsed["owners"]), digests)
        number = parsed["format"]
    except (ValueError, KeyError, TypeError, AttributeError):
        raise SealRefusedError(f"{SEAL} is not a seal") from None
    if number != FORMAT:
        raise SealRefusedError(f"{SEAL} has another format than {FORMAT}, which this installation reads")
    return record


def compare(sealed: Record, found: Record) -> list[SealDifference]:
    """The differences between the sealed record and the record now.

    Anything changed, lost or added breaks the seal, except an added tag, a further registered version, or the note that
    MLflow writes beside a model when it loads it by its registered name.
    """
    changed = [
        SealDifference(item, "lost" if item not in found.digests else "changed", harmless=False)
        for item, digest in sealed.digests.items()
        if found.digests.get(item) != digest
    ]
    added = [
        SealDifference(item, "added", _may_be_added(item, sealed))
        for item in found.digests.keys() - sealed.digests.keys()
        if not _set_after_sealing(item)
    ]
    return sorted(changed + added, key=lambda difference: difference.item)


def _set_after_sealing(item: SealedItem) -> bool:
    return item.kind == "tag" and item.name.startswith(SET_AFTER_SEALING)


def _may_be_added(item: SealedItem, sealed: Record) -> bool:
    known = {then.owner for then in sealed.digests if then.kind == "version"}
    if item.kind == "artifact":
        return item.owner.startswith("m-") and item.name == WRITTEN_BY_LOADING
    return item.kind == "tag" or (item.kind == "version" and item.owner not in known)
