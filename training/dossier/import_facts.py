"""What a dossier states of the import that made a cohort, from the stored ``import.json``."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from training.plausibility.import_agreement import imported_digest

Fact = tuple[str, str]
"""A statement and its value."""


def import_facts(record: bytes, cohort_digest: str) -> list[Fact]:
    """The digests of cohort, mapping and sources, and every conversion; what the record lacks is left out.

    ``cohort_digest`` is the cohort's of the training, with which the import's is compared.
    """
    try:
        document = json.loads(record)
    except ValueError:
        return []
    if not isinstance(document, dict):
        return []
    return [*_digests(record, document, cohort_digest), *_conversions(document.get("conversions"))]


def _digests(record: bytes, document: Mapping[str, Any], cohort_digest: str) -> Iterator[Fact]:
    imported = imported_digest(record)
    if imported is not None:
        agrees = "that" if imported == cohort_digest else "NOT that"
        yield "digest of the cohort as imported", f"{imported}, {agrees} of the training"
    if "mapping_digest" in document:
        yield "digest of the mapping", str(document["mapping_digest"])
    source = document.get("source")
    digests = source.get("digests") if isinstance(source, dict) else None
    if isinstance(digests, dict):
        for name, digest in digests.items():
            yield f"digest of {name}, a source", str(digest)


def _conversions(recorded: Any) -> Iterator[Fact]:
    kinds = [each for each in recorded if isinstance(each, dict)] if isinstance(recorded, list) else []
    number = sum(each["count"] for each in kinds if isinstance(each.get("count"), int))
    if isinstance(recorded, list):
        words = f"{number:,} of {len(kinds)} kind{'' if len(kinds) == 1 else 's'}" if kinds else "none"
        yield "conversions of the import", words
    for place, each in enumerate(kinds, start=1):
        if "sentence" in each:
            yield f"conversion {place}", str(each["sentence"])
