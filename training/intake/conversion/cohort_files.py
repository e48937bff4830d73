"""Writes the converted tables as a new cohort folder, reads them back strictly, and leaves nothing where it is refused.

A problem that the cohort's own checks find is told by the file, row and column of the source.
"""

import csv
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import numpy as np

from features.protocol.columns import DAY_LIMIT, Column
from features.protocol.document import Protocol
from features.protocol.problems import CohortRefusedError, Problem
from features.records.cohort import Cohort
from training.cohort.file_names import PROTOCOL_FILE
from training.cohort.reader import read_with_repairs
from training.intake.conversion.cell_values import OR_MISSING, may_be_missing
from training.intake.conversion.target_rows import TargetRows
from training.intake.mapping import CohortMapping


@contextmanager
def new_folder(directory: Path) -> Iterator[Path]:
    """A folder to write into, which takes its name at the end; after an error nothing is left.

    Raises ``CohortRefusedError`` where the name is taken by a file or by a folder with files.
    """
    if os.path.lexists(directory) and (not directory.is_dir() or directory.is_symlink() or any(directory.iterdir())):
        found = "a file, or a folder with files"
        required = f"a folder that is new or empty; name another one, such as {_free_name(directory)}"
        raise CohortRefusedError([Problem(directory.name, None, None, required, found)])
    directory.parent.mkdir(parents=True, exist_ok=True)
    written = Path(tempfile.mkdtemp(prefix=f".{directory.name}-", dir=directory.parent))
    try:
        yield written
        written.chmod(0o777 & ~_umask())
        written.replace(directory)
    except BaseException:
        shutil.rmtree(written, ignore_errors=True)
        raise


def _free_name(directory: Path) -> str:
    """The first of ``cohort-2``, ``cohort-3``... that nothing has yet."""
    names = (f"{directory.name}-{number}" for number in count(2))
    return next(name for name in names if not os.path.lexists(directory.with_name(name)))


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def write_tables(
    folder: Path, tables: Mapping[str, TargetRows], patient_ids: Sequence[str], mapping: CohortMapping
) -> None:
    """Write each table as CSV, and the protocol where the mapping brings one."""
    for name, rows in tables.items():
        _write_table(folder / f"{name}.csv", rows, patient_ids, mapping.protocol.tables[name])
    if mapping.protocol_text is not None:
        (folder / PROTOCOL_FILE).write_text(mapping.protocol_text, encoding="utf-8")


def _write_table(path: Path, rows: TargetRows, patient_ids: Sequence[str], declared: Sequence[Column]) -> None:
    written = [column for column in declared if column.required or column.name in rows.columns]
    columns = [
        [patient_ids[patient] for patient in rows.patient]
        if column.name == "patient_id"
        else _texts(column, rows.columns.get(column.name), len(rows))
        for column in written
    ]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([column.name for column in written])
        writer.writerows(zip(*columns, strict=True))


def _texts(column: Column, values: np.ndarray | None, count: int) -> list[str]:
    if values is None:
        return [""] * count
    if values.dtype == object:
        return ["" if value is None else str(value) for value in values]
    if column.kind == "flag":
        return ["" if np.isnan(value) else "true" if value else "false" for value in values]
    distinct, codes = np.unique(values, return_inverse=True)
    texts = np.array(["" if np.isnan(value) else _plain(value) for value in distinct.tolist()], dtype=object)
    return list(texts[codes]) if len(texts) else []


def _plain(number: float) -> str:
    """The shortest decimal that reads back as the same number, without an exponent."""
    return np.format_float_positional(number + 0.0, trim="-")


def read_back(folder: Path, tables: Mapping[str, TargetRows], protocol: Protocol) -> Cohort:
    """The cohort as the strict reader sees it; its problems are told by the file and row of the source."""
    try:
        return read_with_repairs(folder, protocol, strict=True).cohort
    except CohortRefusedError as error:
        raise CohortRefusedError([_of_source(problem, tables, protocol) for problem in error.problems]) from None


_OUTSIDE = "a number out of range"
"""What the cohort's checks find in a number outside its column's range."""


def _of_source(problem: Problem, tables: Mapping[str, TargetRows], protocol: Protocol) -> Problem:
    """A problem of a written table as one of the row of the source that it comes from."""
    name = problem.place.removesuffix(".csv")
    if problem.row is None or name not in tables:
        return problem
    rows = tables[name]
    origin = rows.origins[rows.origin[problem.row]]
    shown = int(origin.table.rows[rows.position[problem.row]])
    if problem.column is None:
        return origin.table.problem(problem.required, problem.found, row=shown)
    column = origin.source_column(problem.column) or problem.column
    number = float(rows.columns[problem.column][problem.row]) if problem.found == _OUTSIDE else np.nan
    kind = next(one.kind for one in protocol.tables[name] if one.name == problem.column)
    of_table = f" (for {problem.column} of {name})"
    if kind == "day" and abs(number) > DAY_LIMIT:
        required = f"a date within {DAY_LIMIT:,} days of the first dose"
        return origin.table.problem(required + of_table, "a date too far from the first dose", row=shown, column=column)
    code = OR_MISSING if kind != "day" and may_be_missing(number) else ""
    return origin.table.problem(problem.required + of_table + code, problem.found, row=shown, column=column)
