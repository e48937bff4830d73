"""Repairs typed columns of a Parquet file: what pandas makes of flags, whole numbers and ids on their way through it.

Dates and times stay as they are, and the strict reader refuses them.
"""

from collections import Counter
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from features.protocol.columns import Column
from features.records.timeline import Floats, Mask
from training.cohort.spellings import DATE_OF_SPREADSHEET, FIRST_DATE_OF_SPREADSHEETS
from training.cohort.table import ArrowArray

_EXACT = 2.0**53
"""Whole numbers from here on are not all told apart by a float."""


@dataclass(frozen=True, eq=False)
class RepairedColumn:
    """A column as the strict reader takes it, how many cells each repair changed, and why cells are refused.

    ``refused`` maps a position in the column to what was found there; that cell is empty in ``array``.
    """

    array: ArrowArray
    repairs: Counter[str] = field(default_factory=Counter)
    refused: dict[int, str] = field(default_factory=dict)


def repair_coded(column: Column, array: ArrowArray, *, may_be_number: bool) -> RepairedColumn:
    """What `repair_typed` gives; a dictionary-encoded column that has nothing to repair stays one."""
    if isinstance(array, pa.DictionaryArray):
        distinct = repair_typed(column, array.dictionary, may_be_number=may_be_number)
        if distinct.array.type == array.type.value_type and not (distinct.repairs or distinct.refused):
            return RepairedColumn(array)
    return repair_typed(column, array, may_be_number=may_be_number)


def repair_typed(column: Column, array: ArrowArray, *, may_be_number: bool = False) -> RepairedColumn:
    """A column of numbers or flags as the type that the strict reader takes for it, where nothing is lost.

    ``may_be_number``: the strict reader takes 1 and 0 in this column of flags.
    """
    repairs: Counter[str] = Counter()
    array = _plain(column, array, repairs)
    if not (pa.types.is_integer(array.type) or pa.types.is_floating(array.type)):
        return RepairedColumn(array, repairs)
    if pa.types.is_floating(array.type):
        array = _without_nan(array, repairs)
    if array.null_count == len(array):
        return RepairedColumn(pa.nulls(len(array)), repairs)
    if column.kind == "identifier":
        return _digits(array, repairs, "identifiers")
    if any(category.isdigit() for category in column.categories):
        return _digits(array, repairs, "categories")
    if column.kind == "flag" and not may_be_number:
        return _flags(array, repairs)
    return _days(array, repairs) if column.kind == "day" else RepairedColumn(array, repairs)


def _plain(column: Column, array: ArrowArray, repairs: Counter[str]) -> ArrowArray:
    """The values of a dictionary, and decimals of fixed precision as floats; counted where they become numbers."""
    array = array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array
    array = array.cast(array.type.value_type) if pa.types.is_dictionary(array.type) else array
    if not pa.types.is_decimal(array.type):
        return array
    if column.kind in ("number", "whole", "day"):
        repairs["read decimals of fixed precision as numbers"] += len(array) - array.null_count
    return array.cast(pa.float64())


def _without_nan(array: ArrowArray, repairs: Counter[str]) -> ArrowArray:
    nan = pc.fill_null(pc.is_nan(array), fill_value=False)
    number = pc.sum(nan).as_py() or 0
    if not number:
        return array
    repairs["read NaN as not recorded"] += number
    return pc.if_else(nan, pa.scalar(None, array.type), array)


def _digits(array: ArrowArray, repairs: Counter[str], meant: str) -> RepairedColumn:
    """Whole numbers as their digits; a column with other numbers stays, and the strict reader refuses it."""
    there = pc.is_valid(array).to_numpy(zero_copy_only=False)
    refused: dict[int, str] = {}
    if pa.types.is_floating(array.type):
        values = _floats(array)
        if np.any(values[there] != np.floor(values[there])):
            return RepairedColumn(array, repairs)
        long = np.abs(values) >= _EXACT
        refused = dict.fromkeys(
            np.flatnonzero(long & there).tolist(), "a number too long to be exact; export the ids again as text"
        )
        array = pc.cast(_where(array, ~long), pa.int64())
    repairs[f"read whole numbers as {meant}"] += int(there.sum()) - len(refused)
    return RepairedColumn(array.cast(pa.string()).dictionary_encode(), repairs, refused)


def _flags(array: ArrowArray, repairs: Counter[str]) -> RepairedColumn:
    values = _floats(array)
    there = ~np.isnan(values)
    other = there & (values != 0) & (values != 1)
    for number, flag in ((1, "true"), (0, "false")):
        count = int(np.sum(values == number))
        if count:
            repairs[f"read '{number}' as {flag}"] += count
    flags = pa.array(values == 1, mask=~there | other)
    return RepairedColumn(flags, repairs, dict.fromkeys(np.flatnonzero(other).tolist(), "another number"))


def _days(array: ArrowArray, repairs: Counter[str]) -> RepairedColumn:
    values = _floats(array)
    late = np.flatnonzero(values >= FIRST_DATE_OF_SPREADSHEETS)
    refused = dict.fromkeys(late.tolist(), DATE_OF_SPREADSHEET)
    if not refused:
        return RepairedColumn(array, repairs)
    sound = np.ones(len(values), dtype=np.bool_)
    sound[list(refused)] = False
    return RepairedColumn(_where(array, sound), repairs, refused)


def _floats(array: ArrowArray) -> Floats:
    """The numbers as floats, NaN where null; shape (rows,)."""
    return np.asarray(pc.cast(array, pa.float64(), safe=False).to_numpy(zero_copy_only=False), dtype=np.float64)


def _where(array: ArrowArray, kept: Mask) -> ArrowArray:
    """The array, null where not kept."""
    return pc.if_else(pa.array(kept), array, pa.scalar(None, array.type))
