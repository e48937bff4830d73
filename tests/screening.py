"""Screening facts for tests: the same patient, screened anew."""

import numpy as np

from features.protocol.columns import SCREENING_COLUMNS, TABLES
from tests.cohorts import Record


def screened_anew(patient: Record, rng: np.random.Generator) -> Record:
    """The patient with other screening facts: some recorded, some not, whatever was recorded before."""
    kept = {name: cell for name, cell in patient.items() if name not in SCREENING_COLUMNS}
    for column in TABLES["patients"]:
        if column.screening and rng.random() < 0.7:
            low, high = (0, 1) if column.kind == "flag" else (int(column.minimum or 0), int(column.maximum or 0))
            kept[column.name] = float(rng.integers(low, high + 1))
    return kept
