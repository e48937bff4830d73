"""What of a source a mapping does not read: whole tables, and columns of the tables that it does read."""

from collections import defaultdict
from fnmatch import fnmatchcase

from training.intake.mapping import Block, CohortMapping, RowRule, ValueRule
from training.intake.source import Source


def unread_columns(source: Source, mapping: CohortMapping) -> tuple[str, ...]:
    """A sentence per table with what is not read of it: ``visits.csv: columns note, phone``."""
    read: dict[str, set[str]] = defaultdict(set)
    of_patients = {name for block in mapping.blocks for rule in block.rows for name in _of_patient(rule)}
    for block in mapping.blocks:
        for name in source.tables:
            if name == block.source or fnmatchcase(name.casefold(), block.source.casefold()):
                read[name] |= _columns_of(block, mapping) | (of_patients if block.table == "patients" else set())
    sentences = []
    for name, table in source.tables.items():
        rest = [column for column in table.columns if column not in read[name]]
        if name not in read or not read[name]:
            sentences.append(f"{name}: all of it")
        elif rest:
            sentences.append(f"{name}: column{'s' if len(rest) > 1 else ''} {', '.join(rest)}")
    return tuple(sentences)


def _columns_of(block: Block, mapping: CohortMapping) -> set[str]:
    found = {block.identifier, *block.where}
    for row in block.rows:
        found |= {*row.items, *([row.total] if row.total else ())}
        for rule in (*row.values.values(), *([row.when] if row.when else ())):
            found |= _names(rule)
    if block.table == "patients" and mapping.index is not None:
        found |= _names(mapping.index)
    return found


def _names(rule: ValueRule) -> set[str]:
    own = {rule.column} if rule.column and not rule.of_patient else set()
    return (
        own
        | {one.column for one in rule.operands.values() if not one.of_patient}
        | ({rule.time} if rule.time else set())
    )


def _of_patient(row: RowRule) -> set[str]:
    rules = row.values.values()
    operands = {one.column for rule in rules for one in rule.operands.values() if one.of_patient}
    return operands | {str(rule.column) for rule in rules if rule.of_patient}
