"""Which columns a draft of today takes that a mapping from an earlier month does not name."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from features.protocol.problems import Problem
from training.intake.conversion.unread import named_columns
from training.intake.mapping import CohortMapping
from training.intake.mapping_keys import OPEN
from training.intake.source import Source

_NO_VALUES = frozenset({"from", "id", "where", "rows", "several_on_one_day", "item_key", "ended", "total"})
_MOST_SHOWN = 10


@dataclass(frozen=True)
class _DraftedColumn:
    """A column of a source's table that a draft takes for one of the cohort; ``is_row`` if for a row of its own."""

    table: str
    source: str
    target: str
    column: str
    is_row: bool


def fitting_tables(source: Source, pattern: str) -> Sequence[str]:
    """The tables of a source that a drafted block reads."""
    return [name for name in source.tables if name == pattern or fnmatchcase(name, pattern)]


def unknown_columns(source: Source, mapping: CohortMapping, draft: Mapping[str, Any]) -> list[Problem]:
    """A problem per table with the columns that a draft takes and no block names.

    What a mapping takes from another column is answered: only ratings, treatments and events are more than one.
    """
    named = named_columns(source, mapping)
    found: dict[tuple[str, str], list[str]] = defaultdict(list)
    for one in _drafted_columns(source, mapping, draft):
        is_known = one.column in named.get(one.source, ()) or (not one.is_row and _is_given(one, mapping))
        if not is_known and not any(b.reads(one.source) and one.column in b.columns for b in mapping.not_read):
            found[one.table, one.source].append(one.column)
    return [
        Problem(mapping.name, None, table, _required(name, columns), "columns that map would take and it does not name")
        for (table, name), columns in found.items()
    ]


def _required(name: str, columns: Sequence[str]) -> str:
    distinct = list(dict.fromkeys(columns))
    shown = ", ".join(distinct[:_MOST_SHOWN]) + (" ..." if len(distinct) > _MOST_SHOWN else "")
    return f"keys or a block that take {shown} of {name}, or [[not_read]] with from and columns for them"


def _is_given(one: _DraftedColumn, mapping: CohortMapping) -> bool:
    """Whether the mapping gives the same column of the cohort, for the patients from any table, else from this one."""
    return any(
        one.target in row.values
        for block in mapping.of(one.table)
        if one.table == "patients" or block.reads(one.source)
        for row in block.rows
    )


def _drafted_columns(source: Source, mapping: CohortMapping, draft: Mapping[str, Any]) -> Iterator[_DraftedColumn]:
    for table, blocks in draft.items():
        for block in blocks if isinstance(blocks, list) and source.kind != "omop" else ():
            for name in fitting_tables(source, block["from"]):
                if not _is_unwanted(name, block.get("where", {}), mapping):
                    yield from _columns_of(table, name, block)


def _columns_of(table: str, name: str, block: Mapping[str, Any]) -> Iterator[_DraftedColumn]:
    columns = [*block.items(), *(item for row in block.get("rows", ()) for item in row.items())]
    for target, node in columns:
        given = node.get("column", OPEN) if isinstance(node, dict) else node
        is_row = target in _ROWS.get(table, ())
        for column in given if isinstance(given, list) else [given]:
            if target not in _NO_VALUES and isinstance(column, str) and column != OPEN:
                yield _DraftedColumn(table, name, target, column, is_row or ("rows" in block and target == "day"))


_ROWS = {
    "assessments": ("score", "items"),
    "prior_treatments": ("when", "treatment"),
    "events": ("event",),
}
"""Columns of the cohort that several columns of a source may give, each in rows of their own."""


def _is_unwanted(name: str, where: Mapping[str, Sequence[str]], mapping: CohortMapping) -> bool:
    """Whether the mapping lists the rows of a drafted block as not read."""
    return any(
        block.reads(name)
        and not block.columns
        and all(set(where.get(column, ("",))) <= set(texts) for column, texts in block.where.items())
        for block in mapping.not_read
    )
