"""Who the patient is: age, sex, diagnosis, comorbidity, and the covariates that the study adds."""

from collections.abc import Callable

import numpy as np

from features.records.landmark import KnownAtLandmark
from features.records.timeline import Floats, is_among


def column(name: str) -> Callable[[KnownAtLandmark], Floats]:
    """A feature that is a column of ``patients``, unchanged."""

    def as_recorded(known: KnownAtLandmark) -> Floats:
        return known.patients[name]

    return as_recorded


def is_category(name: str, *categories: str) -> Callable[[KnownAtLandmark], Floats]:
    """A feature that is 1 where the column holds one of the categories, 0 for another, missing for none."""

    def among(known: KnownAtLandmark) -> Floats:
        codes = [known.protocol.code("patients", name, category) for category in categories]
        values = known.patients[name]
        return np.where(values < 0, np.nan, is_among(values, codes))

    return among
