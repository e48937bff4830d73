"""Who the patient is: age, sex, diagnosis, comorbidity, and the covariates that the study adds."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from features.records.landmark import KnownAtLandmark
from features.records.timeline import Floats


class PatientColumn(NamedTuple):
    """A feature that is a column of ``patients``: unchanged, or 1 where it holds a category and 0 for another."""

    name: str
    category: str | None = None


def column_values(columns: Sequence[PatientColumn], known: KnownAtLandmark) -> Floats:
    """The features of every patient, shape (patients, columns); NaN where not recorded."""
    protocol = known.protocol
    codes = [-1 if one.category is None else protocol.code("patients", *one) for one in columns]
    values = np.array([known.patients[one.name] for one in columns]).T
    wanted = np.array(codes)
    return np.where(wanted < 0, values, np.where(values < 0, np.nan, values == wanted))
