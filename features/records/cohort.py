"""A cohort: the five tables as typed columns, sorted by patient and day, checked, sliceable, with one digest.

Categories are codes into their declared categories (-1: not recorded); numbers, days and flags are floats (NaN: not
recorded). Readers turn files or requests into such columns.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, TypeAlias, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from features.protocol.columns import CHILD_TABLES, LATER_COLUMNS
from features.protocol.document import Protocol
from features.records.coded import AT_ONCE, PORTION, columns_at
from features.records.coded_rows import CodedRows
from features.records.compiled_rows import EventRows, RatingRows, SessionDays, event_rows, rating_rows, session_days
from features.records.timeline import Floats, Indices, Mask, Rows

T = TypeVar("T")
Values: TypeAlias = NDArray[np.generic]


@dataclass(frozen=True, eq=False)
class RawTable:
    """Rows of a table as read: ``patient`` is the index into the patients as read, -1 for an unknown one."""

    patient: Indices
    columns: Mapping[str, Values]


@dataclass(frozen=True, eq=False)
class RawCohort:
    """The data as read, in the reader's row order, without columns that the source lacks.

    ``as_of_day`` holds each patient's today, in days, shape (patients,), for records that end today; ``None`` for
    complete ones.
    """

    patient_ids: NDArray[np.str_]
    sites: Sequence[str | None]
    patients: Mapping[str, Values]
    tables: Mapping[str, RawTable]
    as_of_day: Floats | None = None


@dataclass(frozen=True, eq=False)
class Cohort:
    """Patients in the order of their ids, each child table sorted by patient, day and its other keys.

    The scores of ``assessments`` are severity points, of which higher is worse (`severity` turns them back). ``site``
    holds codes into ``site_names``. ``as_of_day`` is the day on which each patient's record ends, in days, shape
    (patients,); ``None`` when the records are complete.
    """

    protocol: Protocol
    patient_ids: NDArray[np.str_]
    site: NDArray[np.int32]
    site_names: tuple[str, ...]
    patients: Mapping[str, Values]
    prior_treatments: Rows
    sessions: Rows
    assessments: Rows
    events: Rows
    as_of_day: Floats | None = None

    def __len__(self) -> int:
        return len(self.patient_ids)

    def __getstate__(self) -> dict[str, object]:
        """Without what was read of the tables for compiled code: another process reads it again."""
        return {name: value for name, value in vars(self).items() if not name.startswith("_")}

    def __repr__(self) -> str:
        """Counts only: a notebook that shows a cohort shows no patient."""
        rows = ", ".join(f"{len(self.table(name)):,} {name.replace('_', ' ')}" for name in CHILD_TABLES)
        sites = len(self.site_names)
        patients = f"{len(self):,} patient{'' if len(self) == 1 else 's'} of {sites} site{'' if sites == 1 else 's'}"
        return f"<{type(self).__name__} under protocol {self.protocol.name!r}: {patients}, {rows}>"

    def table(self, name: str) -> Rows:
        """One of the four tables below ``patients``, by name."""
        rows: Rows = getattr(self, name)
        return rows

    def number(self, column: str) -> Floats:
        """A column of ``patients`` as floats, NaN where not recorded."""
        return np.asarray(self.patients[column], dtype=np.float64)

    def take(self, patients: Indices) -> "Cohort":
        """The cohort of these patients only; the indices must be ascending and without repeats.

        A portion of a cohort with coded columns has plain ones, each decoded once.
        """
        taken = Cohort(
            protocol=self.protocol,
            site_names=self.site_names,
            as_of_day=None if self.as_of_day is None else self.as_of_day[patients],
            patient_ids=self.patient_ids[patients],
            site=self.site[patients],
            patients=columns_at(self.patients, patients),
            **{name: self.table(name).of_patients(patients) for name in CHILD_TABLES},
        )
        return taken._decoded() if isinstance(self.assessments, CodedRows) and len(patients) <= PORTION else taken

    def _decoded(self) -> "Cohort":
        tables: dict[str, Any] = {}
        for name in CHILD_TABLES:
            rows = self.table(name)
            tables[name] = Rows(rows.patients, rows.patient, dict(rows.columns))
        return replace(self, patients=dict(self.patients), **tables)

    def portions(self) -> "Iterator[Cohort]":
        """The patients of a cohort with coded columns some at a time; another cohort is one portion.

        So what is computed patient by patient takes little memory.
        """
        if not isinstance(self.assessments, CodedRows):
            yield self
            return
        for start in range(0, len(self), PORTION):
            yield self.take(np.arange(start, min(start + PORTION, len(self))))

    @property
    def rating_rows(self) -> RatingRows:
        """The ratings as compiled code reads them."""
        return self._read_once(rating_rows, self.assessments)

    @property
    def session_days(self) -> SessionDays:
        """The days of the sessions as compiled code reads them."""
        return self._read_once(session_days, self.sessions)

    @property
    def event_rows(self) -> EventRows:
        """The events as compiled code reads them."""
        return self._read_once(event_rows, self.events)

    def _read_once(self, read: Callable[[Rows], T], rows: Rows) -> T:
        """What is read of a table, kept; of a large cohort it would take the memory that coded columns save."""
        if isinstance(rows, CodedRows):
            return read(rows)
        kept, name = cast("dict[str, T]", self.__dict__), f"_{read.__name__}"
        if name not in kept:
            kept[name] = read(rows)
        return kept[name]

    @cached_property
    def digest(self) -> str:
        """SHA-256 over the protocol and every table, the same for any order of rows and file format.

        A column added to the format later counts only if it has a value, or if the study declares it: an older cohort
        keeps its digest.
        """
        later = LATER_COLUMNS - {covariate.name for covariate in self.protocol.covariates}
        hashed = hashlib.sha256(self.protocol.document.encode())
        sites = np.array([*self.site_names, ""], dtype=object)  # the code -1 picks the last one
        for texts in (*_pieces(self.patient_ids), *(sites[codes] for codes in _pieces(self.site))):
            hashed.update("".join(f"{text}\0" for text in texts.tolist()).encode())
        _update(hashed, self.patients, later)
        for name in CHILD_TABLES:
            rows = self.table(name)
            _update(hashed, {name: rows.patient}, frozenset())
            _update(hashed, rows.columns, later)
        return hashed.hexdigest()


def is_missing(values: Values) -> Mask:
    """Which cells of a column are not recorded."""
    return np.asarray(values == -1 if values.dtype.kind == "i" else np.isnan(values))


def _update(hashed: "hashlib._Hash", columns: Mapping[str, Values], later: frozenset[str]) -> None:
    """Hash the columns by name, except those added to the format later in which nothing is recorded."""
    for name in sorted(columns):
        values = columns[name]
        if name in later and is_missing(values).all():
            continue
        hashed.update(name.encode())
        for piece in _pieces(values):
            hashed.update(canonical_bytes(piece))


def _pieces(values: Values) -> Iterator[Values]:
    """A column in pieces, so that what is computed of it takes little memory."""
    return (values[start : start + AT_ONCE] for start in range(0, len(values), AT_ONCE))


def canonical_bytes(values: Values) -> bytes:
    """Bytes that do not depend on the machine's integer width or byte order; every NaN is the same."""
    numbers = np.asarray(values, dtype="<f8") + 0.0
    numbers[np.isnan(numbers)] = np.nan
    return numbers.tobytes()
