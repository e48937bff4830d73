"""What a mapping from an earlier month does not know of a source: kinds of rows that a draft of today would take."""

import tomllib
from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from typing import Any

from features.protocol.problems import CohortRefusedError, Problem
from training.intake.drafting.mapping_draft import draft_mapping
from training.intake.mapping import Block, CohortMapping
from training.intake.source import Source

_Drafted = tuple[str, dict[str, Any]]
"""The name of a cohort's table, and a block of it as the draft's TOML has it."""


def refuse_unknown_rows(source: Source, mapping: CohortMapping) -> None:
    """Raise ``CohortRefusedError`` where a draft takes rows by a value, or of a table, that no block names.

    An event, a form, a sheet or a file that is new since the mapping was made is not lost in silence so. Who does not
    want such rows lists them under ``[[not_read]]``.
    """
    known = (*mapping.blocks, *mapping.not_read)
    draft = tomllib.loads(draft_mapping(source))
    blocks = [(table, block) for table, listed in draft.items() if isinstance(listed, list) for block in listed]
    problems = [
        Problem(mapping.name, None, table, _required(source, name, column, value), "rows that it does not know")
        for table, name, column, value in _drafted_values(blocks, source)
        if not any(_takes(block, name, column, value) for block in known)
    ]
    problems += [
        Problem(mapping.name, None, table, _whole_table(name), "a table that it does not know")
        for table, name in _drafted_tables(blocks, source)
        if not any(_reads(block, name) for block in known)
    ]
    if problems:
        raise CohortRefusedError(list(dict.fromkeys(problems)))


def _drafted_values(blocks: Sequence[_Drafted], source: Source) -> Iterator[tuple[str, str, str, str]]:
    """Table of the cohort, table of the source, column and value by which the blocks of a draft take rows."""
    for table, block in blocks:
        for column, values in block.get("where", {}).items():
            for name in _fitting(source, block["from"]):
                yield from ((table, name, column, value) for value in values if value not in ("", "?"))


def _drafted_tables(blocks: Sequence[_Drafted], source: Source) -> Iterator[tuple[str, str]]:
    """Table of the cohort and table of the source of each block of a draft."""
    for table, block in blocks:
        yield from ((table, name) for name in _fitting(source, block["from"]))


def _fitting(source: Source, pattern: str) -> Sequence[str]:
    return [name for name in source.tables if name == pattern or fnmatchcase(name, pattern)]


def _takes(block: Block, name: str, column: str, value: str) -> bool:
    """Whether a block reads the table, and takes or passes over rows with this value on purpose."""
    texts = {text.strip().casefold() for text in block.where.get(column, (value,))}
    return _reads(block, name) and value.strip().casefold() in texts


def _reads(block: Block, name: str) -> bool:
    return name == block.source or fnmatchcase(name.casefold(), block.source.casefold())


def _whole_table(name: str) -> str:
    return f"a block that takes rows of {name}, or [[not_read]] with from for it"


def _required(source: Source, name: str, column: str, value: str) -> str:
    label = source.tables[name].columns[column].labels.get(value, "")
    kind = f"{column} {value}" + (f" ({label})" if label else "")
    return f"a block that takes the rows of {name} with {kind}, or [[not_read]] with from and where for them"
