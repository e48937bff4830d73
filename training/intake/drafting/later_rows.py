"""What a mapping from an earlier month does not know of a source: kinds of rows that a draft of today would take."""

import tomllib
from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase

from features.protocol.problems import CohortRefusedError, Problem
from training.intake.drafting.mapping_draft import draft_mapping
from training.intake.mapping import Block, CohortMapping
from training.intake.source import Source


def refuse_unknown_rows(source: Source, mapping: CohortMapping) -> None:
    """Raise ``CohortRefusedError`` where a draft takes rows by a value that no block of the mapping names.

    An event or a form that is new since the mapping was made is not lost in silence so. Who does not want such rows
    lists them under ``[[not_read]]``.
    """
    known = (*mapping.blocks, *mapping.not_read)
    problems = [
        Problem(mapping.name, None, table, _required(source, name, column, value), "rows that it does not know")
        for table, name, column, value in _drafted_values(source)
        if not any(_takes(block, name, column, value) for block in known)
    ]
    if problems:
        raise CohortRefusedError(list(dict.fromkeys(problems)))


def _drafted_values(source: Source) -> Iterator[tuple[str, str, str, str]]:
    """Table of the cohort, table of the source, column and value by which the blocks of a draft take rows."""
    for table, blocks in tomllib.loads(draft_mapping(source)).items():
        for block in blocks if isinstance(blocks, list) else ():
            for column, values in block.get("where", {}).items():
                for name in _fitting(source, block["from"]):
                    yield from ((table, name, column, value) for value in values if value not in ("", "?"))


def _fitting(source: Source, pattern: str) -> Sequence[str]:
    return [name for name in source.tables if fnmatchcase(name, pattern)]


def _takes(block: Block, name: str, column: str, value: str) -> bool:
    """Whether a block reads the table, and takes or passes over rows with this value on purpose."""
    reads = name == block.source or fnmatchcase(name.casefold(), block.source.casefold())
    texts = {text.strip().casefold() for text in block.where.get(column, (value,))}
    return reads and value.strip().casefold() in texts


def _required(source: Source, name: str, column: str, value: str) -> str:
    label = source.tables[name].columns[column].labels.get(value, "")
    kind = f"{column} {value}" + (f" ({label})" if label else "")
    return f"a block that takes the rows of {name} with {kind}, or [[not_read]] with from and where for them"
