"""A cohort of very many patients from tables that were split into columns, assembled in portions.

`reader` does the same for others, and for every cohort of which something is to be reported.
"""

from collections.abc import Mapping
from functools import partial

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from features.protocol.columns import CHILD_TABLES
from features.protocol.document import Protocol
from features.records.coded import CodedColumns, taken
from features.records.cohort import Cohort
from features.records.portions import CodedCohort, assemble_portions
from training.cohort.cells import CellReader
from training.cohort.coded_arrays import Codes
from training.cohort.table import ArrowArray, TableFile

MANY_PATIENTS = 150_000
"""A smaller cohort is held as plain columns, whose use takes less time."""


def large_cohort(tables: Mapping[str, TableFile], protocol: Protocol, binary: frozenset[str]) -> Cohort | None:
    """The cohort with coded columns; ``None`` for a smaller one, and where anything is to be reported."""
    patients = tables.get("patients")
    if patients is None or len(patients.rows) <= MANY_PATIENTS or any(table.problems for table in tables.values()):
        return None
    if any("patient_id" not in table.columns for table in tables.values()):
        return None
    readers = {name: CellReader(table, binary if name == "patients" else frozenset()) for name, table in tables.items()}
    codes, texts = _identifiers(readers["patients"], "patient_id", protocol)
    row_of = np.full(len(texts) + 1, -1, dtype=np.int32)
    row_of[codes] = np.arange(len(codes), dtype=np.int32)
    row_of[-1] = -1
    children = {
        name: (partial(_of_rows, readers[name], protocol, texts, row_of), _columns(readers[name], name, protocol))
        for name in CHILD_TABLES
        if name in readers
    }
    site_codes, site_texts = _identifiers(readers["patients"], "site_id", protocol)
    read = CodedCohort(
        np.array(texts.to_pylist(), dtype=np.str_)[codes],
        np.array([*site_texts.to_pylist(), None], dtype=object)[site_codes],
        _columns(readers["patients"], "patients", protocol),
        children,
    )
    cohort = None if _found_wrong(readers) else assemble_portions(read, protocol)
    return None if _found_wrong(readers) else cohort


def _found_wrong(readers: Mapping[str, CellReader]) -> bool:
    return any(reader.problems for reader in readers.values())


def _columns(reader: CellReader, table: str, protocol: Protocol) -> CodedColumns:
    """The present columns of a table, except identifiers."""
    declared = [column for column in protocol.tables[table] if column.kind != "identifier"]
    return CodedColumns({one.name: reader.coded(one) for one in declared if one.name in reader.table.columns})


def _identifiers(reader: CellReader, name: str, protocol: Protocol) -> tuple[Codes, ArrowArray]:
    """Codes into distinct identifiers; all -1 if the column is missing."""
    column = next(column for column in protocol.tables["patients"] if column.name == name)
    if name in reader.table.columns:
        return reader.identifiers(column)
    return np.full(len(reader.table.rows), -1, dtype=np.int8), pa.array([], pa.string())


def _of_rows(
    reader: CellReader,
    protocol: Protocol,
    known: ArrowArray,
    row_of: NDArray[np.int32],
    of_patients: NDArray[np.int32],
) -> NDArray[np.int32]:
    """The number of each row's patient, from one per row of the patients, and one at the end for an unknown patient.

    ``row_of`` has the row of each ``known`` identifier, and -1 at its end.
    """
    codes, texts = _identifiers(reader, "patient_id", protocol)
    places = pc.fill_null(pc.index_in(texts, value_set=known), -1).to_numpy(zero_copy_only=False)
    return taken(of_patients[np.append(row_of[places], -1)], codes)
