"""Who the patient is: age, sex, diagnosis, comorbidity, and the covariates that the study adds."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from features.protocol.document import Protocol
from features.records.landmark import KnownAtLandmark
from features.records.timeline import Categories, Floats


class PatientColumn(NamedTuple):
    """A feature that is a column of ``patients``: unchanged, or 1 where it holds a category and 0 for another."""

    name: str
    category: str | None = None


def column_values(columns: Sequence[PatientColumn], wanted: Categories, known: KnownAtLandmark) -> Floats:
    """The features of every patient, shape (patients, columns); NaN where not recorded.

    ``wanted`` are the codes of the categories of ``columns``.
    """
    values = np.array([known.patients[one.name] for one in columns]).T
    recorded = np.where(values < 0, np.nan, values == wanted)
    return np.where(wanted < 0, values, recorded)


def wanted_codes(columns: Sequence[PatientColumn], protocol: Protocol) -> Categories:
    """The code of each category, -1 for a column that is taken unchanged."""
    codes = [-1 if one.category is None else protocol.code("patients", one.name, one.category) for one in columns]
    return np.array(codes, dtype=np.int16)
