"""A large cohort assembled from coded columns, some patients at a time, so that it takes little memory.

Each portion of the patients passes through `assemble_rows`, which checks and sorts it; the coded columns are then put
into that order. What is found wrong in a portion is not reported here: some sentences count the whole cohort.
"""

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from features.compilation.decorator import compiled
from features.protocol.columns import CHILD_TABLES
from features.protocol.document import Protocol
from features.records.assemble import assemble_rows
from features.records.coded import PORTION, CodedColumn, CodedColumns, narrow
from features.records.coded_rows import CodedRows
from features.records.cohort import Cohort, RawCohort, RawTable
from features.records.severity import turned
from features.records.timeline import Indices

THREADS = 2
"""Portions checked side by side."""


@dataclass(frozen=True, eq=False)
class CodedTable:
    """The rows of a table in the order of their patients, before any other order."""

    starts: Indices
    columns: CodedColumns


@dataclass(frozen=True, eq=False)
class CodedCohort:
    """The data of a cohort as read.

    A table has its columns, and a function from one number per patient as read, and one for an unknown patient, to the
    number of each row's patient: of a large table these take much memory.
    """

    patient_ids: NDArray[np.str_]
    sites: NDArray[np.object_]
    patients: CodedColumns
    tables: Mapping[str, tuple[Callable[[NDArray[np.int32]], NDArray[np.int32]], CodedColumns]]


def assemble_portions(read: CodedCohort, protocol: Protocol) -> Cohort | None:
    """The cohort that `assemble_cohort` gives, with coded columns; ``None`` if there is anything to report."""
    order = np.argsort(read.patient_ids, kind="stable")
    ids, sites, patients = read.patient_ids[order], read.sites[order], read.patients.at(order)
    if np.any(ids[1:] == ids[:-1]):
        return None
    position = np.full(len(order) + 1, -1, dtype=np.int32)
    position[order] = np.arange(len(order), dtype=np.int32)
    tables = {}
    for name, (of_rows, columns) in read.tables.items():
        table = _by_patient(of_rows(position), columns, len(order))
        if table is None:
            return None
        tables[name] = table
    whole = _WholeCohort(protocol, ids, patients, tables)
    parts = [slice(start, min(start + PORTION, len(ids))) for start in range(0, len(ids), PORTION)]

    def order_of(part: slice) -> Mapping[str, Indices] | None:
        raw = RawCohort(ids[part], sites[part].tolist(), dict(patients.at(part)), dict(_raw_tables(tables, part)))
        assembled = assemble_rows(raw, protocol)
        return None if assembled.problems else _out_of_order(assembled.read)

    with ThreadPoolExecutor(THREADS) as threads:
        for part, orders in zip(parts, threads.map(order_of, parts), strict=True):
            if orders is None:
                threads.shutdown(cancel_futures=True)
                return None
            whole.sort(part, orders)
    return whole.cohort(sites)


def _out_of_order(read: Mapping[str, Indices]) -> dict[str, Indices]:
    """The orders of those tables whose rows do not stand in order."""
    return {name: order for name, order in read.items() if np.any(order != np.arange(len(order)))}


def _by_patient(rank: NDArray[np.int32], columns: CodedColumns, patients: int) -> CodedTable | None:
    """The rows in the order of the patients, from the ``rank`` of each row's patient; ``None`` if one is unknown."""
    if len(rank) and rank.min() < 0:
        return None
    starts, order = rows_by_patient(rank, patients)
    del rank  # as large as several columns
    if order is None:
        return CodedTable(starts, columns)
    return CodedTable(starts, columns.at(order))


def rows_by_patient(rank: NDArray[np.int32], patients: int) -> tuple[Indices, NDArray[np.uint32] | None]:
    """Where each patient's rows start, shape (patients + 1,), and the rows in the order of their patients' ``rank``.

    Rows of one patient keep their order; ``None`` where all stand in order. NumPy's sort takes ten times as long, and
    four times the memory.
    """
    starts, order = np.zeros(patients + 1, dtype=np.intp), np.empty(len(rank), dtype=np.uint32)
    return starts, None if _write_order(rank, starts, order) else order


@compiled
def _write_order(rank: NDArray[np.int32], starts: Indices, order: NDArray[np.uint32]) -> bool:
    """Count the rows of each patient into ``starts``, zeros before, and write ``order``; whether rows stood in it."""
    in_order = True
    for row in range(rank.size):
        starts[rank[row] + 1] += 1
        in_order &= row == 0 or rank[row - 1] <= rank[row]
    for patient in range(1, starts.size):
        starts[patient] += starts[patient - 1]
    following = starts.copy()
    for row in range(rank.size):
        order[following[rank[row]]] = row
        following[rank[row]] += 1
    return in_order


def _raw_tables(tables: Mapping[str, CodedTable], part: slice) -> Iterator[tuple[str, RawTable]]:
    for name, table in tables.items():
        starts = table.starts[part.start : part.stop + 1]
        patient = np.repeat(np.arange(len(starts) - 1), np.diff(starts))
        yield name, RawTable(patient, dict(table.columns.at(slice(int(starts[0]), int(starts[-1])))))


@dataclass(frozen=True, eq=False)
class _WholeCohort:
    """The coded columns of all patients, which are put into order portion by portion."""

    protocol: Protocol
    ids: NDArray[np.str_]
    patients: CodedColumns
    tables: Mapping[str, CodedTable]

    def sort(self, part: slice, orders: Mapping[str, Indices]) -> None:
        """Put the rows of some patients into these orders, which give for each row its place among them."""
        for name, order in orders.items():
            table = self.tables[name]
            begin = int(table.starts[part.start])
            for column_name, column in table.columns.coded.items():
                codes = column.codes if column.codes.flags.writeable else column.codes.copy()
                codes[begin : begin + len(order)] = codes[begin + order]
                table.columns.coded[column_name] = CodedColumn(codes, column.values)

    def cohort(self, sites: NDArray[np.object_]) -> Cohort:
        """The cohort with every declared column."""
        names = tuple(sorted(set(sites.tolist()) - {None}))
        codes = {site: code for code, site in enumerate(names)} | {None: -1}
        patients = self._declared("patients", self.patients, len(self.ids))
        patients["prior_treatments_recorded"] = _filled(
            patients["prior_treatments_recorded"], float("prior_treatments" in self.tables)
        )
        tables = {name: self._rows(name) for name in CHILD_TABLES}
        return Cohort(
            protocol=self.protocol,
            patient_ids=self.ids,
            site=np.array([codes[site] for site in sites.tolist()], dtype=np.int32),
            site_names=names,
            patients=CodedColumns(patients),
            prior_treatments=tables["prior_treatments"],
            sessions=tables["sessions"],
            assessments=tables["assessments"],
            events=tables["events"],
        )

    def _rows(self, name: str) -> CodedRows:
        table = self.tables.get(name) or CodedTable(np.zeros(len(self.ids) + 1, dtype=np.intp), CodedColumns({}))
        columns = self._declared(name, table.columns, int(table.starts[-1]))
        if name == "assessments":
            columns["score"] = _turned(columns["score"], columns["instrument"], self.protocol)
        return CodedRows(table.starts, CodedColumns(columns))

    def _declared(self, name: str, given: CodedColumns, rows: int) -> dict[str, CodedColumn]:
        declared = [column for column in self.protocol.tables[name] if column.kind != "identifier"]
        absent: dict[str, np.generic] = {"category": np.int16(-1)}
        return {
            column.name: given.coded[column.name]
            if column.name in given
            else CodedColumn.repeated(absent.get(column.kind, np.float64("nan")), rows)
            for column in declared
        }


def _filled(column: CodedColumn, value: float) -> CodedColumn:
    """The column with a value where nothing is recorded."""
    return CodedColumn(column.codes, np.where(np.isnan(column.values.astype(np.float64)), value, column.values))


def _turned(score: CodedColumn, instrument: CodedColumn, protocol: Protocol) -> CodedColumn:
    """The scores as severity points, by the pairs of an instrument and a score."""
    if np.isnan(protocol.scale_numbers["turned_about"][instrument.values.astype(np.intp)]).all():
        return score
    points = np.tile(score.values.astype(np.float64), len(instrument.values))
    scale = np.repeat(instrument.values, len(score.values))
    pairs = narrow(len(points))
    codes = instrument.codes.astype(pairs) * pairs(len(score.values)) + score.codes
    return CodedColumn(codes.astype(pairs), turned(points, scale, protocol))
