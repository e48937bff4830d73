"""Whether a source has the tables and columns that a mapping names; told before anything is converted.

A missing column is one problem, however many keys name it, and nothing that follows from it is listed beside it.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from features.protocol.problems import CohortRefusedError, Problem
from training.intake.mapping import Block, CohortMapping, RowRule, ValueRule
from training.intake.mapping_keys import did_you_mean
from training.intake.source import Source, SourceTable


@dataclass(frozen=True)
class NamedColumn:
    """A column that the key at ``path`` names; ``may_go`` where the import works without that key."""

    name: str
    path: str
    may_go: bool = False


def refuse_missing_columns(source: Source, mapping: CohortMapping) -> None:
    """Raise ``CohortRefusedError`` with each table and column that the mapping names and the source does not have."""
    problems = list(_missing_tables(source, mapping))
    named: dict[str, list[NamedColumn]] = defaultdict(list)
    for block in (*mapping.blocks, *mapping.not_read):
        if len(fitting := fitting_tables(source, block)) == 1:
            named[fitting[0].name] += named_columns(block, mapping)
    for name, columns in named.items():
        problems += _missing(source.tables[name], columns, mapping)
    if not problems:
        problems += _missing_of_patients(source, mapping)
    if problems:
        raise CohortRefusedError(list(dict.fromkeys(problems)))


def fitting_tables(source: Source, block: Block) -> list[SourceTable]:
    """The table that a block names, or those that fit its pattern; an import needs one."""
    if block.source in source.tables:
        return [source.tables[block.source]]
    return [one for name, one in source.tables.items() if fnmatchcase(name.casefold(), block.source.casefold())]


def _missing_tables(source: Source, mapping: CohortMapping) -> Iterator[Problem]:
    """A problem per name or pattern of a table that none or several fit."""
    paths: dict[str, list[str]] = defaultdict(list)
    found: dict[str, str] = {}
    for block in (*mapping.blocks, *mapping.not_read):
        if len(fitting := fitting_tables(source, block)) != 1:
            paths[block.source].append(f"{block.path}.from")
            names = [table.place or table.name for table in fitting]
            several = f"{len(names)} that fit: {', '.join(names)}; leave only the newest, or name it in from"
            found[block.source] = several if names else "none" + did_you_mean(block.source, source.tables)
    for name, keys in paths.items():
        required = "one table of the source, by its name or a pattern"
        yield Problem(mapping.name, None, keys[0], required, found[name] + _also(keys))


def _also(paths: Sequence[str]) -> str:
    """How many keys beside the first have the same problem."""
    more = len(paths) - 1
    return f" (under {more} more key{'' if more == 1 else 's'} too)" if more else ""


_COUNTED = "session_number"
"""Counted by date where the mapping does not name it."""


def named_columns(block: Block, mapping: CohortMapping) -> Iterator[NamedColumn]:
    """The columns of its own table that a block names, each with the path of the key."""
    if block in mapping.blocks:
        path = "patients_are.id" if block.identifier == mapping.identifier else f"{block.path}.id"
        yield NamedColumn(block.identifier, path)
    yield from (NamedColumn(name, f"{block.path}.where.{name}") for name in block.where)
    needed = {column.name for column in mapping.protocol.tables.get(block.table, ()) if column.required} - {_COUNTED}
    for row in block.rows:
        yield from _named_by_row(row, needed)


def _named_by_row(row: RowRule, needed: set[str]) -> Iterator[NamedColumn]:
    yield from (NamedColumn(name, f"{row.path}.items") for name in row.items)
    if row.total is not None:
        yield NamedColumn(row.total, f"{row.path}.total", may_go=bool(row.items))
    if row.when is not None:
        yield from _named_by(row.when, may_go=False)
    for name, rule in row.values.items():
        yield from _named_by(rule, may_go=name not in needed)


def _named_by(rule: ValueRule, *, may_go: bool) -> Iterator[NamedColumn]:
    if rule.column is not None and not rule.of_patient and rule.convert != "by_date":
        yield NamedColumn(rule.column, rule.path, may_go)
    for name, operand in rule.operands.items():
        if not operand.of_patient:
            yield NamedColumn(operand.column, f"{rule.path}.{name}")
    if rule.time is not None:
        yield NamedColumn(rule.time, f"{rule.path}.time", may_go=True)


def _missing(table: SourceTable, named: list[NamedColumn], mapping: CohortMapping) -> Iterator[Problem]:
    """A problem per column that a table lacks. A column that another key names already is not proposed."""
    taken = {one.name for one in named}
    free = [name for name in table.columns if name not in taken and not name.startswith(_REDCAP)]
    for name in dict.fromkeys(one.name for one in named if one.name not in table.columns):
        keys = list(dict.fromkeys(one for one in named if one.name == name))
        paths = list(dict.fromkeys(one.path for one in keys))
        remedies = ["restore it", "correct the name"] + (["remove this key"] if all(one.may_go for one in keys) else [])
        required = f"column {name} of {table.place or table.name}: {', '.join(remedies[:-1])} or {remedies[-1]}"
        found = f"no such column{_also(paths)}{did_you_mean(name, free)}"
        yield Problem(mapping.name, None, paths[0], required, found)


_REDCAP = "redcap_"
"""Begins the columns that REDCap names itself: none of them is another one renamed."""


def _missing_of_patients(source: Source, mapping: CohortMapping) -> Iterator[Problem]:
    """A problem per column that is taken from the patients' rows, and that no table of patients has."""
    tables = [table for block in mapping.of("patients") for table in fitting_tables(source, block)]
    columns = dict.fromkeys(name for table in tables for name in table.columns)
    index = [] if mapping.index is None else [mapping.index]
    rules = [rule for block in mapping.blocks for row in block.rows for rule in row.values.values()]
    named = [NamedColumn(str(rule.column), rule.path) for rule in (*index, *rules) if rule in index or rule.of_patient]
    for rule in rules:
        named += [
            NamedColumn(one.column, f"{rule.path}.{name}") for name, one in rule.operands.items() if one.of_patient
        ]
    places = ", ".join(dict.fromkeys(table.place or table.name for table in tables)) or "the tables of [[patients]]"
    for one in named:
        if one.name not in columns:
            required = f"column {one.name} of {places}: restore it or correct the name"
            yield Problem(mapping.name, None, one.path, required, f"no such column{did_you_mean(one.name, columns)}")
