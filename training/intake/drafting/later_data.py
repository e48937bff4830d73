"""What a mapping from an earlier month does not know of a source: rows and columns that a draft of today would take."""

import tomllib
from collections.abc import Iterator, Sequence
from typing import Any

from features.protocol.problems import CohortRefusedError, Problem
from training.intake.drafting.later_columns import fitting_tables, unknown_columns
from training.intake.drafting.mapping_draft import draft_mapping
from training.intake.mapping import Block, CohortMapping
from training.intake.source import Source

_Drafted = tuple[str, dict[str, Any]]
"""The name of a cohort's table, and a block of it as the draft's TOML has it."""


def refuse_unknown_data(source: Source, mapping: CohortMapping) -> None:
    """Raise ``CohortRefusedError`` where a draft takes rows or columns that no block of the mapping names.

    An event, a form, a sheet or a scale that is new since the mapping was made is not lost in silence so. Who does
    not want them lists them under ``[[not_read]]``.
    """
    draft = tomllib.loads(draft_mapping(source))
    known = (*mapping.blocks, *(block for block in mapping.not_read if not block.columns))
    blocks = [(table, block) for table, listed in draft.items() if isinstance(listed, list) for block in listed]
    problems = [
        Problem(mapping.name, None, table, _required(source, name, column, value), "rows that it does not know")
        for table, name, column, value in _drafted_values(blocks, source)
        if not any(_takes(block, name, column, value) for block in known)
    ]
    problems += [
        Problem(mapping.name, None, table, _whole_table(name), "a table that it does not know")
        for table, block in blocks
        for name in fitting_tables(source, block["from"])
        if not any(block.reads(name) for block in known)
    ]
    of_new_rows = {problem.column for problem in problems}
    problems += [one for one in unknown_columns(source, mapping, draft) if one.column not in of_new_rows]
    if problems:
        raise CohortRefusedError(list(dict.fromkeys(problems)))


def _drafted_values(blocks: Sequence[_Drafted], source: Source) -> Iterator[tuple[str, str, str, str]]:
    """Table of the cohort, table of the source, column and value by which the blocks of a draft take rows."""
    for table, block in blocks:
        for column, values in block.get("where", {}).items():
            for name in fitting_tables(source, block["from"]):
                yield from ((table, name, column, value) for value in values if value not in ("", "?"))


def _takes(block: Block, name: str, column: str, value: str) -> bool:
    """Whether a block reads the table, and takes or passes over rows with this value on purpose."""
    texts = {text.strip().casefold() for text in block.where.get(column, (value,))}
    return block.reads(name) and value.strip().casefold() in texts


def _whole_table(name: str) -> str:
    return f"a block that takes rows of {name}, or [[not_read]] with from for it"


def _required(source: Source, name: str, column: str, value: str) -> str:
    label = source.tables[name].columns[column].labels.get(value, "")
    kind = f"{column} {value}" + (f" ({label})" if label else "")
    return f"a block that takes the rows of {name} with {kind}, or [[not_read]] with from and where for them"
