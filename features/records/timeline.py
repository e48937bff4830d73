"""Column operations per patient over rows sorted by patient and day: first, last, count, maximum, slope ...

Every operation gives one number per patient of the cohort, NaN for a patient without values. Sums run strictly in row
order, so that a patient gives the same bits alone and among a million.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from features.records.coded import columns_at

Number = TypeVar("Number", bound=np.generic)
Floats: TypeAlias = NDArray[np.float64]
Mask: TypeAlias = NDArray[np.bool_]
Indices: TypeAlias = NDArray[np.intp]
Categories: TypeAlias = NDArray[np.int16]
"""Codes of categories, -1 where not recorded."""


def nothing_recorded(patients: int) -> Floats:
    """NaN for every patient; for one of them ``np.full`` would take three times as long."""
    values = np.empty(patients)
    values.fill(np.nan)
    return values


def plain(values: NDArray[np.generic], kind: type[Number]) -> NDArray[Number]:
    """An array as compiled code takes it: of one kind, contiguous and writable; another one would be compiled for."""
    found = values if values.flags.carray and values.dtype == kind else np.array(values, dtype=kind)
    return cast("NDArray[Number]", found)


def is_among(values: NDArray[np.generic], codes: Sequence[int]) -> Mask:
    """Whether each value is one of at least one code; faster than ``np.isin`` for a few."""
    among = np.asarray(values == codes[0])
    for code in codes[1:]:
        among |= values == code
    return among


@dataclass(frozen=True, eq=False)
class Rows:
    """Some rows of one table: ``patient`` (row -> index of its patient, ascending) beside equally long columns."""

    patients: int
    patient: Indices
    columns: Mapping[str, NDArray[np.generic]]

    def __len__(self) -> int:
        return len(self.patient)

    def __repr__(self) -> str:
        """Counts only, never a value."""
        return f"<Rows: {len(self):,} of {self.patients:,} patients, columns {', '.join(self.columns)}>"

    def __getitem__(self, column: str) -> NDArray[np.generic]:
        return self.columns[column]

    def where(self, mask: Mask) -> "Rows":
        """The rows for which ``mask`` (one value per row) holds."""
        rows = mask.nonzero()[0]  # for a patient's few rows ``mask.all()`` would take eight times as long
        return self if len(rows) == len(mask) else self.at(rows)

    def at(self, rows: Indices) -> "Rows":
        """The rows at these positions, which must be ascending."""
        return Rows(self.patients, self.patient[rows], columns_at(self.columns, rows))

    def only(self, *columns: str) -> "Rows":
        """The same rows with these columns only, so that taking some of the rows copies no others."""
        return Rows(self.patients, self.patient, {name: self.columns[name] for name in columns})

    def of_patients(self, patients: Indices) -> "Rows":
        """The rows of these patients only, who are numbered anew; the indices must be ascending and without repeats."""
        position = np.full(self.patients, -1, dtype=np.intp)
        position[patients] = np.arange(len(patients))
        kept = self.where(position[self.patient] >= 0)
        return Rows(len(patients), position[kept.patient], kept.columns)

    def numbers(self, column: str) -> Floats:
        """A numeric column as floats, NaN where not recorded."""
        return np.asarray(self.columns[column], dtype=np.float64)

    def recorded(self, column: str) -> "Rows":
        """The rows whose ``column`` is recorded."""
        return self.where(~np.isnan(self.numbers(column)))

    def spread(self, per_patient: Floats) -> Floats:
        """A per-patient value repeated on each of the patient's rows."""
        return per_patient[self.patient]

    def count_for_patient(self) -> Floats:
        """Number of rows; 0 where there is none."""
        return np.bincount(self.patient, minlength=self.patients).astype(np.float64)

    def count_where(self, mask: Mask) -> Floats:
        """Number of rows for which ``mask`` holds, as ``where(mask).count_for_patient()`` and without their columns."""
        return np.bincount(self.patient[mask], minlength=self.patients).astype(np.float64)

    def exists_for_patient(self) -> Mask:
        """Whether there is a row."""
        exists = np.zeros(self.patients, dtype=np.bool_)
        exists[self.patient] = True
        return exists

    def last_for_patient(self, column: str) -> Floats:
        """Value of the last row, recorded or not."""
        last = nothing_recorded(self.patients)
        last[self.patient] = self.numbers(column)  # assignment runs in row order: the last one stays
        return last

    def first_for_patient(self, column: str) -> Floats:
        """Value of the first row, recorded or not."""
        first = nothing_recorded(self.patients)
        first[self.patient[::-1]] = self.numbers(column)[::-1]
        return first

    def maximum_for_patient(self, column: str) -> Floats:
        """Greatest recorded value."""
        return self._reduce(np.maximum, column)

    def minimum_for_patient(self, column: str) -> Floats:
        """Smallest recorded value."""
        return self._reduce(np.minimum, column)

    def _reduce(self, operation: np.ufunc, column: str) -> Floats:
        result = nothing_recorded(self.patients)
        rows = self.recorded(column)
        if len(rows):
            begins = np.ones(len(rows), dtype=np.bool_)
            begins[1:] = rows.patient[1:] != rows.patient[:-1]
            starts = begins.nonzero()[0]
            result[rows.patient[starts]] = operation.reduceat(rows.numbers(column), starts)
        return result

    def sum_for_patient(self, column: str) -> Floats:
        """Sum of the recorded values; 0 where there is none."""
        values = self.numbers(column)
        recorded = np.where(np.isnan(values), 0.0, values)
        return np.bincount(self.patient, weights=recorded, minlength=self.patients).astype(np.float64)

    def mean_for_patient(self, column: str) -> Floats:
        """Mean of the recorded values."""
        rows = self.recorded(column)
        count = rows.count_for_patient()
        return np.divide(rows.sum_for_patient(column), count, out=nothing_recorded(self.patients), where=count > 0)

    def slope_for_patient(self, column: str, over: str = "day") -> Floats:
        """Least-squares slope of ``column`` per unit of ``over``, from two rows with different ``over`` on."""
        rows = self.recorded(column)
        time = rows.numbers(over) - rows.spread(rows.mean_for_patient(over))
        level = rows.numbers(column) - rows.spread(rows.mean_for_patient(column))
        products = np.bincount(rows.patient, weights=time * level, minlength=self.patients)
        squares = np.bincount(rows.patient, weights=time * time, minlength=self.patients)
        return np.divide(products, squares, out=nothing_recorded(self.patients), where=squares > 0)
