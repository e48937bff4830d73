"""Turns a folder of tables and a protocol into a cohort, or refuses it with every problem at once.

The forgiving reader repairs what has one meaning into what the strict reader takes, counts the repairs, and refuses
what has two. `table` splits a file into cells, the modules of repairs rewrite them and `cells` decodes them. No message
repeats the content of a cell.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from features.protocol.columns import CHILD_TABLES, TABLES
from features.protocol.document import Protocol
from features.protocol.problems import CohortRefusedError, Problem, ProtocolRefusedError, has_header_row
from features.protocol_reading import parse_protocol
from features.records.assemble import assemble_cohort
from features.records.cohort import Cohort, RawCohort, RawTable, Values
from features.records.timeline import Indices
from training.cohort.cell_repairs import repair_cells
from training.cohort.cells import CellReader
from training.cohort.coded_arrays import Codes
from training.cohort.file_names import (
    PROTOCOL_FILE,
    ignored_files,
    refuse_another_protocol,
    require_folder,
    table_paths,
)
from training.cohort.identifier_repairs import repair_identifiers
from training.cohort.large_cohort import large_cohort
from training.cohort.repairs import Repair
from training.cohort.table import FORGIVING, STRICT, ArrowArray, TableFile
from training.cohort.table_reader import read_table

THREADS = 2
"""Files read side by side."""
_Readers: TypeAlias = dict[str, CellReader]


@dataclass(frozen=True, eq=False)
class CohortReading:
    """A cohort, the repairs that reading it took, and the columns and files of its folder that are not read."""

    cohort: Cohort
    repairs: tuple[Repair, ...]
    columns_not_read: tuple[str, ...]
    files_not_read: tuple[str, ...]

    @property
    def not_read(self) -> tuple[str, ...]:
        """Columns, then files."""
        return self.columns_not_read + self.files_not_read


def read_cohort(directory: Path, protocol: Protocol | None = None, *, strict: bool = False) -> Cohort:
    """The cohort in a folder, under its own protocol or the given one; see ``read_with_repairs``."""
    return read_with_repairs(directory, protocol, strict=strict).cohort


def read_with_repairs(directory: Path, protocol: Protocol | None = None, *, strict: bool = False) -> CohortReading:
    """The cohort in a folder, under its own protocol or the given one, and what was repaired to read it.

    A repaired cohort has the digest of the same cohort without anything to repair. ``strict`` repairs nothing and
    refuses what would need it.

    Raises ``ProtocolRefusedError`` or ``CohortRefusedError`` with every problem found; the latter's rows count from
    0 below the header. ``describe_problems`` makes them sentences.
    """
    require_folder(directory)
    protocol = read_protocol(directory) if protocol is None else protocol
    paths, problems = table_paths(directory)
    rules = STRICT if strict else FORGIVING
    present = [name for name in TABLES if name in paths]
    with ThreadPoolExecutor(THREADS) as threads:
        read = threads.map(lambda name: read_table(paths[name], protocol.tables[name], rules), present)
        tables = dict(zip(present, read, strict=True))
    reading = assemble_reading(tables, protocol, problems, strict=strict)
    return replace(reading, files_not_read=ignored_files(directory))


def assemble_reading(
    tables: dict[str, TableFile], protocol: Protocol, problems: Sequence[Problem], *, strict: bool
) -> CohortReading:
    """The cohort of tables that were split into columns, repaired unless ``strict``.

    Raises ``CohortRefusedError`` with the ``problems`` found before and with every other one.
    """
    binary = frozenset(covariate.name for covariate in protocol.covariates if covariate.kind == "binary")
    tables = tables if strict else _repaired(tables, protocol, binary)
    repairs = tuple(repair for table in tables.values() for repair in table.repairs)
    columns = tuple(column for table in tables.values() for column in table.not_read)
    cohort = None if problems else large_cohort(tables, protocol, binary)
    if cohort is not None:
        return CohortReading(cohort, repairs, columns, ())
    problems = list(problems)
    readers = {name: CellReader(table, binary if name == "patients" else frozenset()) for name, table in tables.items()}
    cohort, assembled = assemble_cohort(_raw_cohort(readers, protocol), protocol)
    for reader in readers.values():
        problems += reader.problems
    unread = {problem.place.casefold().partition(".")[0] for problem in problems}
    problems += _without_echoes(assembled, readers, unread)
    if problems:
        order = {name: position for position, name in enumerate(TABLES)}
        raise CohortRefusedError(sorted(problems, key=lambda problem: _position(problem, order)))
    return CohortReading(cohort, repairs, columns, ())


def read_protocol(directory: Path) -> Protocol:
    """The protocol of a cohort's folder; the default KAP protocol if there is no such file.

    Raises ``ProtocolRefusedError`` with every problem found; its rows are lines, from 0.
    """
    refuse_another_protocol(directory)
    path = directory / PROTOCOL_FILE
    return read_protocol_file(path) if path.exists() or path.is_symlink() else Protocol()


def read_protocol_file(path: Path) -> Protocol:
    """The protocol in a file; raises ``ProtocolRefusedError`` with every problem found, as ``read_protocol`` does."""
    if path.is_symlink() or not path.is_file():
        raise ProtocolRefusedError([Problem(PROTOCOL_FILE, None, None, "a file", "a link, a folder or another thing")])
    try:
        content = path.read_bytes()
    except OSError:
        found = "a file that can't be opened"
        raise ProtocolRefusedError([Problem(PROTOCOL_FILE, None, None, "a file that can be read", found)]) from None
    return protocol_in(content)


def protocol_in(content: bytes) -> Protocol:
    """The protocol in the bytes of its file; raises ``ProtocolRefusedError`` as ``read_protocol`` does."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start)
        raise ProtocolRefusedError([Problem(PROTOCOL_FILE, line, None, "text in UTF-8", "other bytes")]) from None
    return parse_protocol(text)


def describe_problems(problems: Sequence[Problem], *, all_rows: bool = False) -> list[str]:
    """Every problem as a sentence, with rows numbered as in a spreadsheet or an editor; equal problems share a line.

    A line names the first ten rows or runs of rows, and how many more there are, unless ``all_rows``.
    """
    rows: dict[Problem, list[int]] = defaultdict(list)
    for problem in problems:
        shared = Problem(problem.place, None, problem.column, problem.required, problem.found)
        rows[shared] += [] if problem.row is None else [problem.row]
    most = None if all_rows else SHOWN_RUNS
    return [_describe(shared, sorted(numbers), most) for shared, numbers in rows.items()]


SHOWN_RUNS = 10
"""Of the rows with one problem; who corrects them sees the next ones after the next try."""


def _describe(problem: Problem, rows: Sequence[int], most: int | None) -> str:
    in_protocol = problem.place.endswith(".toml")
    parts = [problem.place]
    if rows:
        # A spreadsheet numbers the header of a CSV file 1; a Parquet file has no such row; pandas counts from 0.
        in_frame = problem.place in TABLES
        first = 2 if has_header_row(problem.place) else 0 if in_frame else 1
        unit = "line" if in_protocol else "row" if first != 1 else "data row"
        numbers = unit + ("s " if len(rows) > 1 else " ") + _ranges([row + first for row in rows], most)
        parts.append(numbers + (" (counted from 0)" if in_frame else ""))
    if problem.column is not None:
        is_option = problem.column.startswith("--")
        is_key = problem.place.endswith(".toml") or problem.place in ("policy", "settings")
        parts.append(f"{'key' if is_key else 'option' if is_option else 'column'} {problem.column}")
    return f"{', '.join(parts)}: required {problem.required}; found {problem.found}"


def _ranges(numbers: Sequence[int], most: int | None) -> str:
    """Ascending numbers, with runs of three and more written as first-last; of ``most`` runs, and a count of the rest.

    Example: ``2-4, 7, 10, 11 and 1,990 more``.
    """
    steps = np.flatnonzero(np.diff(numbers) != 1) + 1
    runs = [run.tolist() for run in np.split(np.asarray(numbers), steps)]
    shown = runs[:most]
    texts = [
        text for run in shown for text in ([f"{run[0]}-{run[-1]}"] if len(run) > 2 else [str(number) for number in run])
    ]
    rest = len(numbers) - sum(map(len, shown))
    return ", ".join(texts) + (f" and {rest:,} more" if rest else "")


def _repaired(tables: dict[str, TableFile], protocol: Protocol, binary: frozenset[str]) -> dict[str, TableFile]:
    """The tables with every cell that has one meaning as the strict reader takes it."""
    declared = protocol.tables
    return repair_identifiers(
        {
            name: repair_cells(table, declared[name], binary if name == "patients" else frozenset())
            for name, table in tables.items()
        }
    )


def _raw_cohort(readers: _Readers, protocol: Protocol) -> RawCohort:
    """The content of the files, as far as it could be decoded."""
    patients = readers.get("patients") or CellReader(TableFile("patients.csv"))
    codes, texts = _identifiers(patients, "patient_id", protocol)
    ids = _texts_at(codes, texts)
    known = pa.array(ids, pa.string())
    columns, tables = {}, {}
    for name in TABLES:
        columns[name] = _values(readers[name], name, protocol) if name in readers else {}
        if name in readers and name in CHILD_TABLES:
            rows = _rows_of(*_identifiers(readers[name], "patient_id", protocol), known)
            tables[name] = RawTable(rows, columns[name])
    sites = _texts_at(*_identifiers(patients, "site_id", protocol))
    return RawCohort(
        patient_ids=np.array([patient or "" for patient in ids], dtype=np.str_),
        sites=sites or [None] * len(ids),
        patients=columns["patients"],
        tables=tables,
    )


def _values(reader: CellReader, table: str, protocol: Protocol) -> dict[str, Values]:
    """The present columns of a table, except identifiers."""
    return {
        column.name: reader.categories(column) if column.kind == "category" else reader.numbers(column)
        for column in protocol.tables[table]
        if column.name in reader.table.columns and column.kind != "identifier"
    }


def _identifiers(reader: CellReader, name: str, protocol: Protocol) -> tuple[Codes, ArrowArray]:
    """Codes into distinct identifiers; all -1 if the column is missing."""
    column = next(column for column in protocol.tables["patients"] if column.name == name)
    if name in reader.table.columns:
        return reader.identifiers(column)
    return np.full(len(reader.table.rows), -1, dtype=np.intp), pa.array([], pa.string())


def _texts_at(codes: Codes, texts: ArrowArray) -> list[str | None]:
    """The text of each code, ``None`` for -1."""
    table = np.array([*texts.to_pylist(), None], dtype=object)
    values: list[str | None] = table[codes].tolist()
    return values


def _rows_of(codes: Codes, texts: ArrowArray, known: ArrowArray) -> Indices:
    """For each code the index of its patient, -1 for none."""
    patient = pc.fill_null(pc.index_in(texts, value_set=known, skip_nulls=True), -1).to_numpy(zero_copy_only=False)
    return np.append(patient, -1).astype(np.intp)[codes]


def _without_echoes(assembled: Iterable[Problem], readers: _Readers, unread: set[str]) -> list[Problem]:
    """Problems of the assembled cohort at their files and rows, except those that only follow from earlier ones."""
    ending = "" if any(reader.table.name in TABLES for reader in readers.values()) else ".csv"
    ids_known = "patients" in readers and not _ids_in_doubt(readers["patients"])
    kept = []
    for problem in assembled:
        reader = readers.get(problem.place)
        if reader is None:
            if problem.place not in unread and "events" not in unread:
                kept.append(Problem(f"{problem.place}{ending}", None, None, problem.required, problem.found))
            continue
        column = str(problem.column)
        row = None if problem.row is None else int(reader.table.rows[problem.row])
        follows = {(row, column), (None, column)} & reader.wrong or column not in reader.table.columns
        unknown_id = column == "patient_id" and problem.place != "patients"
        if not follows and (ids_known or not unknown_id):
            kept.append(Problem(reader.table.name, row, problem.column, problem.required, problem.found))
    return kept


def _ids_in_doubt(patients: CellReader) -> bool:
    """Whether patients may be missing from the cohort only because their rows or ids could not be read."""
    has_ids = "patient_id" in patients.table.columns
    return not (patients.table.complete and has_ids) or any(column == "patient_id" for _, column in patients.wrong)


def _position(problem: Problem, order: dict[str, int]) -> tuple[int, str, int, str]:
    table = order.get(problem.place.casefold().split(".")[0], len(order))
    return table, problem.place, -1 if problem.row is None else problem.row, problem.column or ""
