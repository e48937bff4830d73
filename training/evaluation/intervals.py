"""Bootstrap draws as weights, and 95% intervals from what a measure made of them.

Every measure takes ``weights`` of shape (draws, n) and gives one figure per row. Row 0 is the data as they are, the
other rows are bootstrap draws; which measure is drawn is left to the callers.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from features.timeline import Floats
from training.evidence import Estimate

MOST_UNDEFINED = 0.1
"""The share of draws without a defined figure above which no interval is given."""

_BLOCK = 2**19
"""Numbers held at once in a block of draws, 4 MB."""


def over_patients(patients: int, draws: int, seed: int) -> Floats:
    """Patients drawn with replacement, shape (draws + 1, patients); row 0 is all ones.

    Source: Efron 1979, doi:10.1214/aos/1176344552.
    """
    rng = np.random.default_rng(seed)
    weights = np.ones((draws + 1, patients))
    for row in weights[1:]:
        row[:] = np.bincount(rng.integers(patients, size=patients), minlength=patients)
    return weights


def over_sites(cluster: NDArray[np.intp], draws: int, seed: int) -> Floats:
    """Sites drawn with replacement, then as many patients as each has, with replacement; shape (draws + 1, n).

    A draw has as many sites as there are, and not always as many patients. Source: Davison & Hinkley 1997,
    doi:10.1017/CBO9780511802843, section 3.8.
    """
    rng = np.random.default_rng(seed)
    by_site = np.argsort(cluster, kind="stable")
    _, start, size = np.unique(cluster[by_site], return_index=True, return_counts=True)
    weights = np.ones((draws + 1, len(cluster)))
    for row in weights[1:]:
        drawn = rng.integers(len(size), size=len(size))
        first, among = np.repeat(start[drawn], size[drawn]), np.repeat(size[drawn], size[drawn])
        row[by_site] = np.bincount(first + rng.integers(among), minlength=len(cluster))
    return weights


def interval(values: Floats) -> Estimate:
    """The estimate ``values[0]`` with the 2.5 and 97.5 percentiles of the draws ``values[1:]``.

    Draws where the measure is not defined (NaN) are left out; there is no interval where they are more than a tenth,
    where there is no draw, or where the estimate itself is not defined. Source: Efron & Tibshirani 1986,
    doi:10.1214/ss/1177013815 (percentile method).
    """
    drawn = values[1:]
    defined = drawn[~np.isnan(drawn)]
    if np.isnan(values[0]) or len(defined) == 0 or len(defined) < (1 - MOST_UNDEFINED) * len(drawn):
        return Estimate(estimate=float(values[0]))
    low, high = np.quantile(defined, [0.025, 0.975])
    return Estimate(estimate=float(values[0]), low=float(low), high=float(high))


def blocks_of_draws(weights: Floats) -> Iterator[slice]:
    """The rows of ``weights`` in blocks small enough that a few copies of one do not matter beside the whole."""
    rows = max(1, _BLOCK // max(1, weights.shape[1]))
    return (slice(first, first + rows) for first in range(0, len(weights), rows))
