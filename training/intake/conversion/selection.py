"""Which rows of which source table each block of a mapping takes, and of which patient each of them is."""

import datetime as dt
import re
import unicodedata
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from features.records.timeline import Indices, Mask
from training.intake.conversion.conversion_log import ConversionLog
from training.intake.conversion.evaluation import CellEvaluation, SelectedRows
from training.intake.mapping import Block, CohortMapping
from training.intake.named_columns import fitting_tables
from training.intake.source import Cell, Source, SourceColumn, SourceTable, has_date, text_of

_TableRows = tuple[SourceTable, Indices]


@dataclass(frozen=True, eq=False)
class BlockRows:
    """The rows that a block takes, with their patients."""

    block: Block
    rows: SelectedRows


@dataclass(frozen=True, eq=False)
class Selection:
    """The patients by their ids in the source, in order of first appearance, and the rows of each block.

    ``untaken`` has the positions of the rows of each table that no block takes, by the table's name, without those
    that the mapping lists as not read.
    """

    patients: tuple[str, ...]
    blocks: tuple[BlockRows, ...]
    untaken: Mapping[str, Indices]

    def of(self, table: str) -> tuple[BlockRows, ...]:
        """The rows of the blocks of one table."""
        return tuple(one for one in self.blocks if one.block.table == table)

    @cached_property
    def patient_blocks(self) -> tuple[BlockRows, ...]:
        """The rows of the patients' own blocks."""
        return self.of("patients")


def select_rows(source: Source, mapping: CohortMapping, cells: CellEvaluation) -> Selection:
    """The rows of every block; each names one table. Rows without an id, or of a patient not listed, are problems."""
    chosen = [(block, table) for block in mapping.blocks for table in fitting_tables(source, block)]
    found = [(block, table, _rows_where(block, table, cells)) for block, table in chosen]
    identified = [(block, table, rows, _identifiers(block, table, rows, cells)) for block, table, rows in found]
    listing = [one for one in identified if one[0].table == "patients"] or identified
    known: dict[str, int] = {}
    for *_, ids in listing:
        for one in ids:
            if one is not None:
                known.setdefault(one, len(known))
    blocks = []
    for block, table, rows, ids in identified:
        patient = np.array([-1 if one is None else known.get(one, -1) for one in ids], dtype=np.intp)
        _report_unlisted(
            mapping,
            cells.log,
            block.identifier,
            table,
            rows[[p < 0 and i is not None for p, i in zip(patient, ids, strict=True)]],
        )
        blocks.append(BlockRows(block, SelectedRows(table, rows[patient >= 0], patient[patient >= 0])))
    listed = [block for block in mapping.not_read if not block.columns]
    unwanted = [(block, table) for block in listed for table in fitting_tables(source, block)]
    passed = [(table, _rows_where(block, table, cells)) for block, table in unwanted]
    return Selection(tuple(known), tuple(blocks), _untaken([(table, rows) for _, table, rows in found], passed))


def _untaken(taken: Sequence[_TableRows], passed: Sequence[_TableRows]) -> dict[str, Indices]:
    """The rows of each table that a block reads from which no block takes, where there are any."""
    left: dict[str, Mask] = {table.name: np.ones(len(table), dtype=np.bool_) for table, _ in taken}
    for table, rows in (*taken, *passed):
        if table.name in left:
            left[table.name][rows] = False
    return {name: np.flatnonzero(rows) for name, rows in left.items() if rows.any()}


def untaken_rows(block: Block, table: SourceTable, selection: Selection, known: Mapping[str, int]) -> SelectedRows:
    """The rows of known patients that no block takes of a block's table; ``known`` has their positions by id."""
    rows = selection.untaken.get(table.name, np.empty(0, dtype=np.intp))
    column = table.columns.get(block.identifier, SourceColumn("", np.full(len(table), -1, dtype=np.intp), ()))
    names = [known.get(name, -1) for name in _normal_identifiers(column)]
    patient = np.array([*names, -1], dtype=np.intp)[column.codes[rows]]
    return SelectedRows(table, rows[patient >= 0], patient[patient >= 0])


def _rows_where(block: Block, table: SourceTable, cells: CellEvaluation) -> Indices:
    kept = np.ones(len(table), dtype=np.bool_)
    for name, texts in block.where.items():
        kept &= _has_one_of(cells.column(table, name, f"{block.path}.where.{name}"), texts)
    return np.flatnonzero(kept)


def _has_one_of(column: SourceColumn, texts: Sequence[str]) -> Mask:
    """Which rows have one of the texts in a column; the empty text stands for an empty cell."""
    wanted = {text.strip().casefold() for text in texts}
    fits = [text_of(value).casefold() in wanted for value in column.values]
    found: Mask = np.array([*fits, "" in wanted], dtype=np.bool_)[column.codes]
    return found


def _identifiers(block: Block, table: SourceTable, rows: Indices, cells: CellEvaluation) -> list[str | None]:
    """The normalised id of each row's patient; a row without one is a problem."""
    column = cells.column(table, block.identifier, f"{block.path}.id")
    codes = column.codes[rows]
    if column.values:
        cells.log.refuse(table, rows[codes < 0], column.name, "the id of the row's patient", "an empty cell")
    refused = refused_values(column, is_written=not cells.mapping.pseudonyms)
    for (required, found), values in refused.items():
        cells.log.refuse(table, rows[np.isin(codes, values)], column.name, required, found)
    damaged = {code for values in refused.values() for code in values}
    names = _normal_identifiers(column)
    return [None if code < 0 or code in damaged else names[code] for code in codes.tolist()]


def _normal_identifiers(column: SourceColumn) -> list[str]:
    """The ids in one form; without ``.0`` where all end so, as software writes a column of numbers with gaps."""
    texts = [normal_identifier(text_of(value)) for value in column.values]
    is_float = texts and all(re.fullmatch(r"\d+\.0", text) for text in texts)
    return [text.removesuffix(".0") for text in texts] if is_float else texts


def refused_values(column: SourceColumn, *, is_written: bool) -> dict[tuple[str, str], list[int]]:
    """The positions of values that are no ids, by what is required and found instead."""
    texts = [text_of(value) for value in column.values]
    dated = [is_written and has_date(text) for text in texts]
    refused: dict[tuple[str, str], list[int]] = defaultdict(list)
    for code, (value, text) in enumerate(zip(column.values, texts, strict=True)):
        if found := _damage(value, text):
            refused[_AS_WRITTEN, found].append(code)
        elif dated[code] and (all(dated) or not text.isdigit()):
            refused["ids without a date, or pseudonyms = true under [patients_are]", "an id with a date in it"].append(
                code
            )
    return refused


_AS_WRITTEN = "the id as the clinic wrote it; format the column as text in the spreadsheet and export it again"
_EXACT_BELOW = 1e15
"""A spreadsheet keeps fifteen digits of a number."""


def _damage(value: Cell, text: str) -> str:
    """What a spreadsheet has made of an id; empty for an id as it was written."""
    if isinstance(value, dt.date | dt.time):
        return "a date or time, as spreadsheets make of ids such as 3-4"
    if isinstance(value, float) and abs(value) >= _EXACT_BELOW:
        return "a number with more digits than a spreadsheet keeps"
    damaged = re.fullmatch(r"\d([.,]\d+)?[eE]\+\d+", text) is not None
    return "a number in exponent notation, as spreadsheets make it" if damaged else ""


def normal_identifier(text: str) -> str:
    """An id without blanks at its edges, in one Unicode form: the same id is the same text in every file."""
    return unicodedata.normalize("NFC", text.strip())


def _report_unlisted(
    mapping: CohortMapping, log: ConversionLog, column: str, table: SourceTable, rows: Indices
) -> None:
    if not len(rows):
        return
    if mapping.unlisted == "leave_out":
        log.count_rows(f"rows of {table.name} of patients who are not listed: left out", len(rows))
        return
    required = 'the id of a patient in the blocks [[patients]], or unlisted = "leave_out" under [patients_are]'
    log.refuse(table, rows, column, required, "an id that is not there")
