"""Decodes the cells of one column: text or typed Arrow values become codes and floats, and nothing is guessed.

This is the strict reader; the forgiving one repairs the cells first, into what is decoded here. Distinct texts are
decoded once and spread over the rows, so that a million ratings cost as much as their few scores.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from features.protocol.columns import Column
from features.records.coded import CodedColumn
from features.records.timeline import Floats, Mask
from training.cohort.coded_arrays import Codes, coded_array, coded_column, codes_of
from training.cohort.table import ArrowArray, TableFile, as_text, is_text

IDENTIFIER_LIMIT = 200
"""Longest identifier, in characters: an array of ids is as wide as the longest one."""

PLAIN_NUMBER = r"\A-?\d{1,15}(\.\d{1,20})?\z"
IDENTIFIER = r"\A[^\pZ\pC]([^\pC\p{Zl}\p{Zp}]*[^\pZ\pC])?\z"
FLAGS = {"true": 1.0, "false": 0.0}
BINARY = FLAGS | {"1": 1.0, "0": 0.0, "1.0": 1.0, "0.0": 0.0}
_MISSING_MARKERS = {
    "nan",
    "na",
    "n/a",
    "n.a.",
    "null",
    "none",
    "nil",
    "missing",
    "unknown",
    "<na>",
    "#n/a",
    "-",
    ".",
    "?",
}
_KINDS_OF_NUMBER = (
    (r"[+-]?inf(inity)?", "an infinite number"),
    (r"[+-]?\d*\.?\d*e[+-]?\d+", "a number in exponent notation; write it as a plain decimal"),
    (r"[+-]?\d+(,\d+)+(\.\d+)?", "a number with a comma; write a point, and no thousands separator"),
    (r"-?\d+(\.\d+)?", "a number with too many digits"),
    (r"[+-]?\d*\.?\d*", "a number that is not a plain decimal such as -1.5"),
)
_KINDS_OF_TEXT = (
    (r"[+-]?\d*[.,]?\d*(e[+-]?\d+)?", "a number"),
    (r"\d{1,4}([-/.])\d{1,2}\1\d{1,4}.*", "a date"),
    (r"true|false|yes|no|y|n", "a yes or no in another spelling"),
)
_LONGEST_KIND = 60


class CellReader:
    """Decodes the columns of one file.

    ``wrong`` holds (row in the file, column) of the cells that could not be decoded, row ``None`` for a whole column;
    it begins with those that the file's problems are about already, which are not reported twice.
    """

    def __init__(self, table: TableFile, binary_covariates: frozenset[str] = frozenset()) -> None:
        self.table = table
        self.binary_covariates = binary_covariates
        self.problems = list(table.problems)
        self.wrong: set[tuple[int | None, str]] = set(table.wrong)

    def numbers(self, column: Column) -> Floats:
        """A column of numbers, days or flags as floats, NaN where empty or wrong; shape (rows,)."""
        array = self.table.columns[column.name]
        if self._is_csv() or isinstance(array, pa.DictionaryArray):
            codes, values = self._distinct_numbers(column, array)
            return values[codes]
        return self._typed_numbers(column, array)

    def categories(self, column: Column) -> NDArray[np.int16]:
        """Codes into the column's categories, -1 where empty or wrong; shape (rows,)."""
        codes, values = self._distinct_categories(column)
        return values[codes]

    def coded(self, column: Column) -> CodedColumn:
        """What ``numbers`` or ``categories`` gives, with each distinct value once."""
        if column.kind == "category":
            return coded_column(*self._distinct_categories(column))
        array = self.table.columns[column.name]
        encoded = array if self._is_csv() or isinstance(array, pa.DictionaryArray) else coded_array([array])
        if encoded is None:
            self._typed_numbers(column, array)
            return CodedColumn.repeated(np.float64(np.nan), len(array))
        return coded_column(*self._distinct_numbers(column, encoded))

    def identifiers(self, column: Column) -> tuple[Codes, ArrowArray]:
        """Codes (-1 where empty or wrong) into the distinct identifiers; shape (rows,)."""
        codes, texts = self._texts(column)
        sound = pc.and_(
            pc.match_substring_regex(texts, IDENTIFIER), pc.less_equal(pc.utf8_length(texts), IDENTIFIER_LIMIT)
        )
        wrong = ~sound.to_numpy(zero_copy_only=False)
        self._note_texts(column, codes, texts, wrong)
        if column.required and (None, column.name) not in self.wrong:
            empty = _empty(texts)[:-1]
            if empty.any() or (len(codes) and codes.min() < 0):
                self._note(column, np.flatnonzero(np.append(empty, True)[codes]), "an empty cell")
        return np.where(np.append(wrong, True)[codes], -1, codes) if wrong.any() else codes, texts

    def _is_csv(self) -> bool:
        return self.table.name.endswith(".csv")

    def _texts(self, column: Column) -> tuple[Codes, ArrowArray]:
        array = self.table.columns[column.name]
        if is_text(array):
            return as_text(array)
        if not pa.types.is_null(array.type):
            self._refuse_type(column, "text", array)
        return np.full(len(array), -1, dtype=np.intp), pa.array([], pa.string())

    def _distinct_numbers(self, column: Column, array: ArrowArray) -> tuple[Codes, Floats]:
        """The code of every row into the distinct numbers; the code -1 of a null picks the NaN at the end."""
        if not self._is_csv():
            return codes_of(array), np.append(self._typed_numbers(column, array), np.nan)
        codes, texts = as_text(array)
        values = self._flag_texts(column, texts) if column.kind == "flag" else number_texts(texts)
        self._note_texts(column, codes, texts, np.isnan(values))
        return codes, np.append(values, np.nan)

    def _distinct_categories(self, column: Column) -> tuple[Codes, NDArray[np.int16]]:
        codes, texts = self._texts(column)
        found = pc.fill_null(pc.index_in(texts, value_set=pa.array(column.categories, pa.string())), -1)
        values = found.to_numpy(zero_copy_only=False).astype(np.int16)
        self._note_texts(column, codes, texts, values == -1)
        return codes, np.append(values, np.int16(-1))

    def _flag_texts(self, column: Column, texts: ArrowArray) -> Floats:
        return flag_texts(texts, BINARY if column.name in self.binary_covariates else FLAGS)

    def _typed_numbers(self, column: Column, array: ArrowArray) -> Floats:
        """The numbers of a typed column of a Parquet file, or the distinct ones of a dictionary-encoded one.

        A null is not recorded; a NaN, perhaps a failed sum, is refused.
        """
        coded = isinstance(array, pa.DictionaryArray)
        distinct = array.dictionary if coded else array
        kind = distinct.type
        is_number = pa.types.is_integer(kind) or pa.types.is_floating(kind)
        is_flag = pa.types.is_boolean(kind)
        may_be_number = column.kind != "flag" or column.name in self.binary_covariates
        if pa.types.is_null(kind) or not ((is_number and may_be_number) or (is_flag and column.kind == "flag")):
            if not pa.types.is_null(kind):
                self._refuse_type(column, "true and false" if column.kind == "flag" else "numbers", array)
            return np.full(len(distinct), np.nan)

        def note(wrong: Mask, found: str) -> None:
            if wrong.any():
                self._note(column, np.flatnonzero(np.append(wrong, False)[codes_of(array)] if coded else wrong), found)

        values = np.array(pc.cast(distinct, pa.float64(), safe=False).to_numpy(zero_copy_only=False))
        null = pc.is_null(distinct).to_numpy(zero_copy_only=False)
        note(np.isnan(values) & ~null, "NaN; write a null where nothing was recorded")
        note(np.isinf(values), "an infinite number")
        values[np.isinf(values)] = np.nan
        if column.kind == "flag":
            other = ~np.isnan(values) & (values != 0) & (values != 1)
            note(other, "another number")
            values[other] = np.nan
        return values

    def _refuse_type(self, column: Column, required: str, array: ArrowArray) -> None:
        found = "a column of " + _kind_of_type(array.type)
        if column.kind == "day" and pa.types.is_temporal(array.type):
            found += "; write days from day 0"
        self.problems.append(self.table.problem(f"a column of {required}", found, column=column.name))
        self.wrong.add((None, column.name))

    def _note_texts(self, column: Column, codes: Codes, texts: ArrowArray, wrong: NDArray[np.bool_]) -> None:
        """Problems for the rows whose distinct text is wrong and not empty."""
        wrong = wrong & ~_empty(texts)[:-1]
        if wrong.any():
            kinds = {int(code): kind_of_text(texts[int(code)].as_py(), column) for code in np.flatnonzero(wrong)}
            for row in np.flatnonzero(np.append(wrong, False)[codes]):
                self._note(column, [row], kinds[int(codes[row])])

    def _note(self, column: Column, rows: Any, found: str) -> None:
        required = requirement(column, self.binary_covariates)
        for row in self.table.rows[rows]:
            if (int(row), column.name) not in self.wrong:
                self.wrong.add((int(row), column.name))
                self.problems.append(self.table.problem(required, found, row=int(row), column=column.name))


def requirement(column: Column, binary_covariates: frozenset[str]) -> str:
    """What a cell of the column must hold, for an error message."""
    return column.requirement() + (", or 1 or 0" if column.name in binary_covariates else "")


def flag_texts(texts: ArrowArray, accepted: Mapping[str, float]) -> Floats:
    """Accepted spellings of a flag as 1 and 0, NaN for every other text; shape (texts,)."""
    position = pc.index_in(texts, value_set=pa.array(accepted, pa.string()))
    codes = pc.fill_null(position, -1).to_numpy(zero_copy_only=False)
    return np.array([*accepted.values(), np.nan])[codes]


def number_texts(texts: ArrowArray) -> Floats:
    """Plain decimals as floats, NaN for every other text; shape (texts,)."""
    plain = pc.if_else(pc.match_substring_regex(texts, PLAIN_NUMBER), texts, pa.scalar(None, pa.string()))
    return np.array(pc.cast(plain, pa.float64()).to_numpy(zero_copy_only=False))


def _empty(texts: ArrowArray) -> NDArray[np.bool_]:
    """Which distinct texts are empty; one more at the end, false, stands for the code -1 of a null."""
    return np.append(pc.equal(texts, "").to_numpy(zero_copy_only=False), False)


def kind_of_text(text: str, column: Column) -> str:
    """What kind of text stands where something else is required; never the text itself."""
    return next(_kinds_of_text(text, column))


def _kinds_of_text(text: str, column: Column) -> Iterator[str]:
    if not text.strip():
        yield "blanks only; leave the cell empty where nothing was recorded"
    if column.kind == "identifier":
        yield from _kinds_of_identifier(text)
    lowered = text[:_LONGEST_KIND].casefold()
    if lowered.strip() in _MISSING_MARKERS:
        yield "a mark for a missing value; leave the cell empty"
    if text != text.strip():
        yield "blanks at an edge"
    numeric = column.kind in ("number", "whole", "day")
    for pattern, kind in (*(_KINDS_OF_NUMBER if numeric else ()), *_KINDS_OF_TEXT):
        if re.fullmatch(pattern, lowered, re.ASCII | re.DOTALL):
            yield kind
    if column.kind == "category" and lowered in column.categories:
        yield "upper-case letters"
    yield "another text"


def _kinds_of_identifier(text: str) -> Iterator[str]:
    if text != text.strip():
        yield "blanks at an edge"
    if len(text) > IDENTIFIER_LIMIT:
        yield f"more than {IDENTIFIER_LIMIT} characters"
    yield "a text with control or invisible characters"


def _kind_of_type(arrow_type: Any) -> str:
    kinds = (
        (pa.types.is_temporal, "dates or times"),
        (pa.types.is_boolean, "true and false"),
        (pa.types.is_integer, "whole numbers"),
        (pa.types.is_floating, "numbers"),
        (pa.types.is_decimal, "decimals of fixed precision"),
        (pa.types.is_nested, "lists or structures"),
    )
    if pa.types.is_dictionary(arrow_type):
        return _kind_of_type(arrow_type.value_type)
    text = pa.types.is_string(arrow_type) or pa.types.is_large_string(arrow_type)
    return "text" if text else next((name for holds, name in kinds if holds(arrow_type)), "another kind")
