"""What a draft does not use of a source, for the comment at its end."""

from collections import defaultdict
from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import Any

from training.intake.drafting.drafted import DraftedBlock
from training.intake.source import Source


def unused_columns(source: Source, blocks: Sequence[DraftedBlock], identifier: str | None) -> list[str]:
    """A line per table with the columns that no block names."""
    named: dict[str, set[str]] = defaultdict(set)
    everywhere: set[str] = {identifier} if identifier else set()
    for block in blocks:
        values = {key.key: key.value for key in block.keys}
        for name in source.tables:
            if fnmatchcase(name, str(values["from"])):
                named[name] |= set(texts_of(values))
        everywhere |= set(_of_patients(values))
    lines = []
    for name, table in source.tables.items():
        rest = [column for column in table.columns if column not in named[name] | everywhere]
        lines += [f"{name}: {', '.join(rest)}"] if rest else []
    return [*lines, *source.not_read]


def texts_of(node: Any) -> list[str]:
    """Every text among the values, and every key of a filter, which may name columns."""
    if isinstance(node, dict):
        own = list(node["where"]) if isinstance(node.get("where"), dict) else []
        return own + [text for value in node.values() for text in texts_of(value)]
    if isinstance(node, list):
        return [text for value in node for text in texts_of(value)]
    return [node.strip('"')] if isinstance(node, str) else []


def _of_patients(node: Any) -> list[str]:
    if isinstance(node, dict):
        own = [str(node["patients"])] if "patients" in node else []
        return own + [text for value in node.values() for text in _of_patients(value)]
    return [text for value in node for text in _of_patients(value)] if isinstance(node, list) else []
