"""DataFrames in the place of a cohort's files: the same reader, told what pandas holds instead of what a file does."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from features.protocol.columns import TABLES
from features.protocol.document import Protocol
from features.protocol.problems import Problem
from training.cohort.file_names import meant_table
from training.cohort.reader import CohortReading, assemble_reading
from training.cohort.table import FORGIVING, STRICT, ArrowArray, TableFile, TableRules, table_of


def read_frames(
    frames: Mapping[str, pd.DataFrame], protocol: Protocol | None = None, *, strict: bool = False
) -> CohortReading:
    """The cohort in DataFrames by the name of their table, read and checked as Parquet files with these columns are.

    A missing value of pandas is not recorded. The index is not read. Without a ``protocol`` it is the default one.
    Raises ``CohortRefusedError`` with every problem found; places are names of tables, and rows count from 0.
    """
    protocol = Protocol() if protocol is None else protocol
    rules = STRICT if strict else FORGIVING
    problems = list(_wrong_tables(frames))
    wrong = {problem.place for problem in problems}
    present = [name for name in TABLES if name in frames and name not in wrong]
    tables = {name: _table(name, frames[name], protocol, rules) for name in present}
    return assemble_reading(tables, protocol, problems, strict=strict)


def _wrong_tables(frames: Mapping[str, pd.DataFrame]) -> Iterator[Problem]:
    for name, frame in frames.items():
        if name not in TABLES:
            meant = meant_table(f"{name}.csv")
            found = "another name" + (f" (did you mean {meant}?)" if meant else "")
            yield Problem("frames", None, None, f"tables named {', '.join(TABLES)}", found)
        elif not isinstance(frame, pd.DataFrame):
            yield Problem(name, None, None, "a pandas DataFrame", "another object")
    if "patients" not in frames:
        yield Problem("patients", None, None, "this table", "none")


def _table(name: str, frame: pd.DataFrame, protocol: Protocol, rules: TableRules) -> TableFile:
    """The frame as the content of a file; a column of lists or other objects is a problem."""
    if not frame.columns.is_unique or not all(isinstance(column, str) for column in frame.columns):
        required = "one text per column as its name, each once"
        found = "names that repeat, or are no text"
        return TableFile(name, problems=(Problem(name, None, None, required, found),), complete=False)
    columns = {str(column): _array(frame[column]) for column in frame.columns}
    arrays = {column: pa.nulls(len(frame)) if array is None else array for column, array in columns.items()}
    table = table_of(name, pa.table(arrays), protocol.tables[name], rules)
    required = "numbers, texts, or true and false"
    mixed = {column for column, array in columns.items() if array is None and column in table.columns}
    problems = [table.problem(required, "lists or other objects", column=column) for column in sorted(mixed)]
    wrong = {(None, column) for column in mixed}
    return replace(table, problems=(*table.problems, *problems), wrong=table.wrong | wrong)


def _array(values: "pd.Series[Any]") -> ArrowArray:
    """A column as Arrow has it, missing values as nulls: text where numbers stand beside text; ``None`` for others."""
    try:
        return pa.array(values, from_pandas=True)
    except (pa.ArrowException, TypeError, ValueError):
        cells = [None if missing else cell for cell, missing in zip(values, values.isna(), strict=True)]
        if not all(cell is None or isinstance(cell, str | bool | int | float | np.generic) for cell in cells):
            return None
        return pa.array([None if cell is None else str(cell) for cell in cells], pa.string())
