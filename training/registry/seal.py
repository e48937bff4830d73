"""The seal of a training: digests of everything in its record, so that any later change is found and named.

This module decides which difference breaks a seal; `audit` reads the record from MLflow.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

FORMAT = 2
"""What is written. Format 1 lacks the experiment, the descriptions and the user, and is still read."""
READ = (1, FORMAT)
SEAL = "seal.json"
SEAL_DIGEST = "seal_digest"
SET_AFTER_SEALING = (SEAL_DIGEST,)
"""Prefixes of tags of a run or version that are set after sealing, and are checked against the seal."""
SET_ON_VERSIONS = ("decision_head", "promoted_", "promotion ")
"""Prefixes of tags that are set on versions only, and are checked against the decisions."""
LOADING_NOTE = "note of a load"
"""Kind of the file of name and version that MLflow writes into a model's folder; its content was checked."""
FOREIGN_METRIC = "metric of another run"
"""Kind of a metric that somebody else's run logged about the model: no part of the record, and noted."""
FACTS = ("run", "model", "version", "experiment")
"""Kinds of which every seal of a format has the same names: an earlier format lacks some."""
DESCRIPTION = "description"
RUN_NOTE = "mlflow.note.content"
"""The tag that MLflow's pages show as a run's description."""
STAGE = "stage"
"""A version's stage, which MLflow keeps beside aliases, and which decides nothing here."""
FOR_PEOPLE = frozenset({("tag", RUN_NOTE), ("run", "ended"), ("experiment", "name"), ("version", STAGE)})
"""What people change in MLflow's pages, besides descriptions: a run opened again ends later. It is sealed and noted."""


@dataclass(frozen=True, order=True)
class SealedItem:
    """One item of a record: ``kind`` (run, parameter, metric, tag, dataset, artifact, version ...), ``name``, owner.

    ``owner`` is the id of a run or model, or a registered version, model or experiment.
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
    """A difference from the seal; ``harmless`` if it is noted only (`compare`)."""

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
        if _is_no_part(item):
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
    if number not in READ:
        raise SealRefusedError(f"{SEAL} has another format than {READ[0]} and {READ[1]}, which this installation reads")
    return record


def compare(sealed: Record, found: Record) -> list[SealDifference]:
    """The differences between the sealed record and the record now.

    What was sealed and is changed or lost breaks the seal; a description, the end of a run that was opened again and
    the name of the experiment are noted. What somebody added is noted, except a file and a run. training/README.md has
    the table.
    """
    changed = [
        SealDifference(item, "lost" if item not in found.digests else "changed", harmless=_is_for_people(item))
        for item, digest in sealed.digests.items()
        if found.digests.get(item) != digest
    ]
    added = [
        SealDifference(item, "added", _may_be_added(item))
        for item in found.digests.keys() - sealed.digests.keys()
        if not _set_after_sealing(item) and not _is_unsealed_fact(item, sealed)
    ]
    return sorted(changed + added, key=lambda difference: difference.item)


def _is_no_part(item: SealedItem) -> bool:
    return _set_after_sealing(item) or item.kind in (LOADING_NOTE, FOREIGN_METRIC)


def _set_after_sealing(item: SealedItem) -> bool:
    of_versions = SET_ON_VERSIONS if item.owner.startswith("version ") else ()
    return item.kind == "tag" and item.name.startswith(SET_AFTER_SEALING + of_versions)


def _is_for_people(item: SealedItem) -> bool:
    return item.kind == DESCRIPTION or (item.kind, item.name) in FOR_PEOPLE


def _is_unsealed_fact(item: SealedItem, sealed: Record) -> bool:
    """Whether a fact or description is new only because the seal has an earlier format that lacks it."""
    known = {then.owner for then in sealed.digests if then.kind in FACTS}
    return item.kind in (*FACTS, DESCRIPTION) and (item.owner in known or item.kind != "version")


def _may_be_added(item: SealedItem) -> bool:
    return item.kind != "artifact"
