"""Repairs the cells of one file into what the strict reader takes, and refuses those that have two meanings.

Distinct texts are read once. A column that the strict reader takes is left as it is, without a look at its rows.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from features.protocol.columns import Column
from features.protocol.problems import Problem
from features.records.timeline import Mask
from training.cohort.cells import BINARY, FLAGS, IDENTIFIER, PLAIN_NUMBER, flag_texts, number_texts, requirement
from training.cohort.coded_arrays import Codes
from training.cohort.repairs import Repair
from training.cohort.spellings import FIRST_DATE_OF_SPREADSHEETS, MISSING_MARKS, CellReading, called_like, read_cell
from training.cohort.table import ArrowArray, TableFile, as_text, encoded_text, is_text
from training.cohort.text.conventions import Conventions, conventions
from training.cohort.text.file_text import WINDOWS, without_blanks
from training.cohort.typed_repairs import RepairedColumn, repair_coded

NUMERIC = ("number", "whole", "day")
_MARKS = "|".join(re.escape(mark) for mark in sorted(MISSING_MARKS))
_SUSPECT_IDENTIFIER = rf"(?i)\A(\d([.,]\d+)?e\+\d+|{_MARKS})\z"
_OPEN_LETTERS = re.compile("[^\x00-\x7f\xa0\xc0-\xd6\xd8-\xf6\xf8-\xff]|[\xc0-\xff]{3}")
"""What encodings of single bytes read in different ways: a sign where a letter should be, or nothing but accented
letters. Windows-1252 is not sure then."""


def repair_cells(table: TableFile, declared: Sequence[Column], binary_covariates: frozenset[str]) -> TableFile:
    """The file with every cell repaired that has one meaning, and a problem for every one that has two."""
    present = [column for column in declared if column.name in table.columns]
    sound = {
        column.name: _is_sound(column, table, BINARY if column.name in binary_covariates else FLAGS)
        for column in present
        if is_text(table.columns[column.name])
    }
    file = Conventions() if all(texts.all() for texts in sound.values()) else _conventions(table, present)
    columns, repairs, problems = dict(table.columns), list(table.repairs), list(table.problems)
    wrong = set(table.wrong)
    for column in present:
        if column.name in sound:
            repaired = _repair_texts(table, column, sound[column.name], file)
        else:
            array, may_be_number = table.columns[column.name], column.name in binary_covariates
            repaired = repair_coded(column, array, may_be_number=may_be_number)
        columns[column.name] = repaired.array
        repairs += [Repair(table.name, column.name, what, cells) for what, cells in repaired.repairs.items()]
        required = requirement(column, binary_covariates)
        for position, found in repaired.refused.items():
            row = int(table.rows[position])
            wrong.add((row, column.name))
            problems.append(Problem(table.name, row, column.name, required, found))
    return replace(table, columns=columns, repairs=tuple(repairs), problems=tuple(problems), wrong=frozenset(wrong))


def _conventions(table: TableFile, columns: Sequence[Column]) -> Conventions:
    """What the distinct texts of the file's numbers, flags and categories show; a category called NA shows nothing."""
    numbers: list[str] = []
    others: list[str] = []
    for column in columns:
        if column.kind != "identifier" and called_like("NA", column) is None and is_text(table.columns[column.name]):
            texts = [without_blanks(text) for text in encoded_text(table.columns[column.name]).dictionary.to_pylist()]
            (numbers if column.kind in NUMERIC else others).extend(texts)
    return conventions(numbers, others, table.separator)


def _repair_texts(table: TableFile, column: Column, is_sound: Mask, file: Conventions) -> RepairedColumn:
    """A column of text with those of its distinct texts read that are not sound."""
    array = encoded_text(table.columns[column.name])
    typed = not table.name.endswith(".csv") and column.kind in ("flag", *NUMERIC)
    if is_sound.all() and not typed:
        return RepairedColumn(array)
    codes, texts = as_text(array)
    counts = np.bincount(codes[codes >= 0], minlength=len(texts))
    replaced, repairs, refused = texts.to_pylist(), Counter[str](), dict[int, str]()
    for code in np.flatnonzero(~is_sound & (counts > 0)).tolist():
        reading = _read(replaced[code], column, file, table.encoding)
        repairs.update(dict.fromkeys(reading.repairs, int(counts[code])))
        if reading.refused is not None:
            refused[code] = reading.refused
        replaced[code] = reading.text
    refused_rows = np.flatnonzero(np.isin(codes, list(refused))) if refused else ()
    rows = {int(row): refused[int(codes[row])] for row in refused_rows}
    texts = pa.array(replaced, pa.string())
    if typed:
        return RepairedColumn(_as_typed(column, codes, texts, repairs), repairs, rows)
    indices = pa.array(codes, mask=codes < 0)
    return RepairedColumn(pa.DictionaryArray.from_arrays(indices, texts), repairs, rows)


def _read(text: str, column: Column, file: Conventions, encoding: str) -> CellReading:
    if encoding == WINDOWS and column.kind == "identifier" and _OPEN_LETTERS.search(without_blanks(text)):
        return CellReading(refused="a letter that more than one encoding could mean; save the file as UTF-8")
    return read_cell(text, column, file)


def _as_typed(column: Column, codes: Codes, texts: ArrowArray, repairs: Counter[str]) -> ArrowArray:
    """Text of a Parquet file as the type that the strict reader takes for the column."""
    is_flag = column.kind == "flag"
    values = flag_texts(texts, BINARY) if is_flag else number_texts(texts)
    cells = np.append(values, np.nan)[codes]  # the code -1 picks the NaN at the end
    missing = np.isnan(cells)
    repairs["read text as true and false" if is_flag else "read text as numbers"] += int(np.sum(~missing))
    return pa.array(cells == 1 if is_flag else cells, mask=missing)


def _is_sound(column: Column, table: TableFile, accepted: Mapping[str, float]) -> Mask:
    """Which distinct texts of a column the strict reader takes, and nothing speaks against; an empty one is sound.

    ``accepted`` are the spellings of a flag that need no repair. Shape (distinct texts,).
    """
    texts = encoded_text(table.columns[column.name]).dictionary
    if column.kind == "category":
        sound = pc.is_in(texts, value_set=pa.array(column.categories, pa.string()))
    elif column.kind == "flag":
        sound = pc.is_in(texts, value_set=pa.array(accepted, pa.string()))
    elif column.kind == "identifier":
        suspect = pc.match_substring_regex(texts, _SUSPECT_IDENTIFIER)
        if table.encoding == WINDOWS:
            suspect = pc.or_(suspect, pc.invert(pc.string_is_ascii(texts)))
        sound = pc.and_not(pc.match_substring_regex(texts, IDENTIFIER), suspect)
    else:
        sound = pc.match_substring_regex(texts, PLAIN_NUMBER)
        if table.separator != ",":
            sound = pc.and_not(sound, pc.match_substring(texts, "."))
        if column.kind == "day":
            late = number_texts(texts) >= FIRST_DATE_OF_SPREADSHEETS
            sound = pc.and_not(sound, pa.array(late))
    return np.asarray(pc.or_(sound, pc.equal(texts, "")).to_numpy(zero_copy_only=False))
