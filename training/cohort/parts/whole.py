"""A cohort that lies in parts as one, for what needs all its patients at once, in the memory of one machine.

It is the cohort, and has the digest, of the same tables as files. What NA, a comma or a point means is decided in each
part: a text that the files as a whole make clear may be refused in a part, but it is not read otherwise.
"""

from collections.abc import Sequence
from itertools import chain
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from features.protocol.columns import CHILD_TABLES
from features.protocol.document import Protocol
from features.protocol.problems import CohortRefusedError, Problem
from features.records.cohort import Cohort
from features.records.timeline import Indices, Rows
from training.cohort.file_names import ignored_files
from training.cohort.parts.identifiers import identifiers_of, require_apart
from training.cohort.parts.part import is_in_parts, parts_of, protocol_of, read_part
from training.cohort.parts.remote import Place, RemoteFolder
from training.cohort.reader import CohortReading, read_with_repairs


def read_whole(place: Place, protocol: Protocol | None = None, *, strict: bool = False) -> CohortReading:
    """The cohort in a folder, in files or in parts, as ``read_with_repairs`` reads one in files.

    Raises ``CohortRefusedError`` also if a patient is in two parts, or if ids of two may be the same.
    """
    if isinstance(place, Path) and not is_in_parts(place):
        return read_with_repairs(place, protocol, strict=strict)
    protocol = protocol_of(place) if protocol is None else protocol
    parts = parts_of(place)
    readings, problems = list[CohortReading](), list[Problem]()
    for part in parts:
        try:
            readings.append(read_part(part, protocol, strict=strict))
        except CohortRefusedError as refused:
            problems += refused.problems
    if problems:
        raise CohortRefusedError(problems)
    require_apart(parts, [identifiers_of(reading, strict=strict) for reading in readings])
    return CohortReading(
        joined([reading.cohort for reading in readings]),
        tuple(chain.from_iterable(reading.repairs for reading in readings)),
        tuple(dict.fromkeys(chain.from_iterable(reading.columns_not_read for reading in readings))),
        files_not_read(place),
    )


def joined(cohorts: Sequence[Cohort]) -> Cohort:
    """The cohort of the patients of several under one protocol, none of whom is in two."""
    patient_ids = np.concatenate([cohort.patient_ids for cohort in cohorts])
    order = np.argsort(patient_ids, kind="stable")
    position = np.empty(len(order), dtype=np.intp)
    position[order] = np.arange(len(order))
    begins = np.cumsum([0, *map(len, cohorts)])
    positions = [position[begin : begin + len(cohort)] for begin, cohort in zip(begins, cohorts, strict=False)]
    site_names = tuple(sorted(set(chain.from_iterable(cohort.site_names for cohort in cohorts))))
    columns = cohorts[0].patients
    return Cohort(
        protocol=cohorts[0].protocol,
        as_of_day=None,
        patient_ids=patient_ids[order],
        site=np.concatenate([_sites(cohort, site_names) for cohort in cohorts])[order],
        site_names=site_names,
        patients={name: np.concatenate([cohort.patients[name] for cohort in cohorts])[order] for name in columns},
        **{name: _joined_rows([cohort.table(name) for cohort in cohorts], positions) for name in CHILD_TABLES},
    )


def files_not_read(place: Place) -> tuple[str, ...]:
    """Names of the folder's other entries; of one at a URL none is told, for they may be many."""
    return () if isinstance(place, RemoteFolder) else ignored_files(place)


def _sites(cohort: Cohort, names: Sequence[str]) -> NDArray[np.int32]:
    """The site of each patient as a code into these names."""
    codes = np.array([*(names.index(name) for name in cohort.site_names), -1], dtype=np.int32)
    return np.asarray(codes[cohort.site])


def _joined_rows(tables: Sequence[Rows], positions: Sequence[Indices]) -> Rows:
    """The rows of a table by patient; ``positions`` are those of each cohort's patients among all."""
    patient = np.concatenate([position[rows.patient] for rows, position in zip(tables, positions, strict=True)])
    order = np.argsort(patient, kind="stable")
    columns = {name: np.concatenate([rows.columns[name] for rows in tables])[order] for name in tables[0].columns}
    return Rows(sum(map(len, positions)), patient[order], columns)
