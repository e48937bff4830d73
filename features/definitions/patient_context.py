"""Who the patient is: age, sex, diagnosis, comorbidity, and the covariates that the study adds."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from features.compilation.decorator import compiled
from features.definitions.known_patient import NOT_RECORDED
from features.protocol.document import Protocol
from features.records.timeline import Categories


class PatientColumn(NamedTuple):
    """A feature that is a column of ``patients``: unchanged, or 1 where it holds a category and 0 for another."""

    name: str
    category: str | None = None


@compiled
def column_value(recorded: float, wanted: int) -> float:
    """The feature of one patient, NaN where not recorded; ``wanted`` is the code of its category, -1 for none."""
    if wanted < 0:
        return recorded
    if recorded < 0:
        return NOT_RECORDED
    return 1.0 if recorded == wanted else 0.0


def wanted_codes(columns: Sequence[PatientColumn], protocol: Protocol) -> Categories:
    """The code of each category, -1 for a column that is taken unchanged."""
    codes = [-1 if one.category is None else protocol.code("patients", one.name, one.category) for one in columns]
    return np.array(codes, dtype=np.int16)
