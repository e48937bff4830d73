"""Rows of a table of which neither the columns nor the patient of each row is held in eight bytes."""

import numpy as np

from features.records.coded import CodedColumns
from features.records.timeline import Indices, Rows


class CodedRows(Rows):
    """Rows with coded columns. ``starts`` (patients + 1,) says where the rows of each patient begin."""

    def __init__(self, starts: Indices, columns: CodedColumns) -> None:
        """Keep what stands for the patient of each row."""
        object.__setattr__(self, "patients", len(starts) - 1)
        object.__setattr__(self, "starts", starts)
        object.__setattr__(self, "columns", columns)

    starts: Indices
    columns: CodedColumns

    def __len__(self) -> int:
        return int(self.starts[-1])

    @property
    def patient(self) -> Indices:
        """Row -> index of its patient."""
        return np.repeat(np.arange(self.patients), np.diff(self.starts))

    def at(self, rows: Indices) -> Rows:
        """The rows at these positions, which must be ascending."""
        counts = np.searchsorted(rows, self.starts)
        return CodedRows(counts, self.columns.at(rows))

    def of_patients(self, patients: Indices) -> Rows:
        """The rows of these patients only, who are numbered anew."""
        begin, counts = self.starts[patients], np.diff(self.starts)[patients]
        patient = np.repeat(np.arange(len(patients)), counts)
        ends = np.cumsum(counts)
        rows = np.arange(len(patient)) + np.repeat(begin - (ends - counts), counts)
        return Rows(len(patients), patient, self.columns.at(rows))
