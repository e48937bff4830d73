"""A cohort: the five tables as typed columns, sorted by patient and day, checked, sliceable, with one digest.

Categories are codes into their declared categories (-1: not recorded); numbers, days and flags are floats (NaN: not
recorded). Readers turn files or requests into such columns.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from features.protocol.columns import CHILD_TABLES, LATER_COLUMNS
from features.protocol.document import Protocol
from features.records.compiled_rows import EventRows, RatingRows, SessionDays, event_rows, rating_rows, session_days
from features.records.timeline import Floats, Indices, Mask, Rows

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
        """The cohort of these patients only; the indices must be ascending and without repeats."""
        position = np.full(len(self), -1, dtype=np.intp)
        position[patients] = np.arange(len(patients))
        tables = {}
        for name in CHILD_TABLES:
            rows = self.table(name)
            kept = rows.where(position[rows.patient] >= 0)
            tables[name] = Rows(len(patients), position[kept.patient], kept.columns)
        return Cohort(
            protocol=self.protocol,
            site_names=self.site_names,
            as_of_day=None if self.as_of_day is None else self.as_of_day[patients],
            patient_ids=self.patient_ids[patients],
            site=self.site[patients],
            patients={name: values[patients] for name, values in self.patients.items()},
            **tables,
        )

    @cached_property
    def rating_rows(self) -> RatingRows:
        """The ratings as compiled code reads them."""
        return rating_rows(self.assessments)

    @cached_property
    def session_days(self) -> SessionDays:
        """The days of the sessions as compiled code reads them."""
        return session_days(self.sessions)

    @cached_property
    def event_rows(self) -> EventRows:
        """The events as compiled code reads them."""
        return event_rows(self.events)

    @cached_property
    def digest(self) -> str:
        """SHA-256 over the protocol and every table, the same for any order of rows and file format.

        A column added to the format later counts only if it has a value, or if the study declares it: an older cohort
        keeps its digest.
        """
        later = LATER_COLUMNS - {covariate.name for covariate in self.protocol.covariates}
        hashed = hashlib.sha256(self.protocol.document.encode())
        for text in (*self.patient_ids.tolist(), *(self.site_names[c] if c >= 0 else "" for c in self.site.tolist())):
            hashed.update(text.encode() + b"\0")
        for name, values in sorted(self.patients.items()):
            if name not in later or not is_missing(values).all():
                hashed.update(name.encode() + canonical_bytes(values))
        for name in CHILD_TABLES:
            rows = self.table(name)
            hashed.update(name.encode() + canonical_bytes(rows.patient))
            for column, values in sorted(rows.columns.items()):
                if column not in later or not is_missing(values).all():
                    hashed.update(column.encode() + canonical_bytes(values))
        return hashed.hexdigest()


def is_missing(values: Values) -> Mask:
    """Which cells of a column are not recorded."""
    return np.asarray(values == -1 if values.dtype.kind == "i" else np.isnan(values))


def canonical_bytes(values: Values) -> bytes:
    """Bytes that do not depend on the machine's integer width or byte order; every NaN is the same."""
    numbers = np.asarray(values, dtype="<f8") + 0.0
    numbers[np.isnan(numbers)] = np.nan
    return numbers.tobytes()
