"""What of a source a mapping does not read: tables, columns of tables that it reads, and rows that no block takes."""

import re
from collections import Counter, defaultdict
from collections.abc import Mapping
from fnmatch import fnmatchcase

from features.records.timeline import Indices
from training.intake.mapping import Block, CohortMapping, RowRule, ValueRule
from training.intake.source import Source, SourceTable, text_of


def unread_columns(source: Source, mapping: CohortMapping) -> tuple[str, ...]:
    """A sentence per table with what is not read of it: ``visits.csv: columns note, phone``."""
    read: dict[str, set[str]] = defaultdict(set)
    of_patients = {name for block in mapping.blocks for rule in block.rows for name in _of_patient(rule)}
    for block in mapping.blocks:
        for name in source.tables:
            if _reads(block, name):
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


def unread_rows(source: Source, mapping: CohortMapping, untaken: Mapping[str, Indices]) -> list[str]:
    """A sentence per table and kind of row that no block takes: ``x.csv: 3 rows with form note``.

    The kinds are the values of the columns by which the mapping divides the table's rows. What a reader has joined to
    the rows of another table, in a column that the mapping reads, such as ``linked_4188539``, is read.
    """
    joined = {
        match[1]
        for block in mapping.blocks
        for column in _columns_of(block, mapping)
        if (match := re.fullmatch(r"(?:linked|same_day|weight)_(\d+)", column))
    }
    found = []
    for name, rows in untaken.items():
        columns = dict.fromkeys(column for block in mapping.blocks if _reads(block, name) for column in block.where)
        texts = [_texts_of(source.tables[name], column, rows) for column in columns]
        kinds = Counter(zip(*texts, strict=True))
        shown: Counter[str] = Counter()
        for kind, count in kinds.items():
            if not joined.intersection(kind):
                words = " and ".join(_described(source.tables[name], *one) for one in zip(columns, kind, strict=True))
                shown[words] += count
        found += [f"{name}: {count:,} row{'' if count == 1 else 's'} with {words}" for words, count in shown.items()]
    return found


def _reads(block: Block, name: str) -> bool:
    return name == block.source or fnmatchcase(name.casefold(), block.source.casefold())


def _texts_of(table: SourceTable, name: str, rows: Indices) -> list[str]:
    column = table.columns[name]
    texts = [*(text_of(value) for value in column.values), ""]
    return [texts[code] for code in column.codes[rows].tolist()]


def _described(table: SourceTable, name: str, text: str) -> str:
    """A column with its value where it names a kind of rows; a text that may tell of a patient is not shown."""
    label = table.columns[name].labels.get(text, "")
    is_kind = len(table.columns[name].values) <= _MOST_KINDS and re.fullmatch(_KIND, text)
    if text and not label and not is_kind and not name.endswith("concept_id"):
        return f"another {name}"
    return f"{name} {text or 'empty'}" + (f" ({label})" if label else "")


_MOST_KINDS = 60
_KIND = re.compile(r"(?!.*\d{4})\w[\w.+/-]*(?: [\w.+/-]+){0,2}")
"""At most three words, without the digits of a year."""
