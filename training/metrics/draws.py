"""How patients are resampled for intervals: over patients, and over sites too if whole sites were held out."""

from dataclasses import dataclass

import numpy as np

from features.records.cohort import Cohort
from features.records.timeline import Floats
from training.metrics.intervals import over_patients, over_sites


@dataclass(frozen=True, eq=False)
class Draws:
    """Weights of the patients, shape (draws + 1, patients), row 0 as they are.

    ``patients`` are drawn over patients; ``resampled``, described by ``words``, is for intervals of the whole cohort.
    """

    patients: Floats
    resampled: Floats
    words: str
    number: int
    seed: int


def draw(cohort: Cohort, by_sites: bool, number: int, seed: int) -> Draws:
    """The draws of a cohort; patients without a site count as one."""
    patients = over_patients(len(cohort), number, seed)
    if not by_sites or len(np.unique(cohort.site)) < 2:
        return Draws(patients, patients, "patients", number, seed)
    resampled = over_sites(cohort.site.astype(np.intp), number, seed)
    return Draws(patients, resampled, "sites, and patients within them", number, seed)
