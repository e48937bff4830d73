"""Bootstrap draws as weights, and 95% intervals from a measure of every draw; none for too few answers.

Every measure takes ``weights`` of shape (draws, n) and gives one figure per row. Row 0 is the data, the other rows are
bootstrap draws.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from features.records.timeline import Floats
from training.evidence.document import Estimate

MOST_UNDEFINED = 0.1
"""Largest share of draws without a defined figure for which an interval is given."""

FEWEST_OF_A_KIND = 5
"""Fewest answers of either kind for which an interval is given [judgement].

Of 5 events one draw in 150 holds none (e^-5) and one in 25 a single one; of 1 event more than a third hold none, and
with one patient every draw is the same, so that the interval has no width. Sites have the same floor.
"""

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


def interval_of_distance(values: Floats, noise: Floats) -> Estimate:
    """A distance that can't be below 0, ``values[0]``, and the 97.5th percentile of its noise on either side, cut at 0.

    ``noise[1:]`` are the same distance measured from what each draw shows to what all data show. A distance is biased
    upwards, in a draw more than in the data, so that percentiles of ``values[1:]`` may lie wholly above the estimate.
    By the triangle inequality the true distance is no further from the estimate than the data are from the truth,
    which is about as far as a draw is from the data. So the interval always contains its estimate, and the truth, 0 or
    not, in 95% or more (measured in test_distance_intervals). No interval where ``interval`` gives none.
    Source: as a confidence band for the whole curve, Efron & Tibshirani 1993, doi:10.1201/9780429246593, chapter 12.
    """
    if interval(np.append(values[0], noise[1:])).low is None:
        return Estimate(estimate=float(values[0]))
    reach = float(np.nanquantile(noise[1:], 0.975))
    return Estimate(estimate=float(values[0]), low=max(float(values[0]) - reach, 0.0), high=float(values[0]) + reach)


def enough_for_interval(y_observed: Floats) -> bool:
    """Whether answers 0 or 1, one per patient, are enough of either kind for the interval of any measure."""
    events = int((y_observed == 1).sum())
    return min(events, len(y_observed) - events) >= FEWEST_OF_A_KIND


def blocks_of_draws(weights: Floats) -> Iterator[slice]:
    """The rows of ``weights`` in blocks small enough that a few copies of one take little memory."""
    rows = max(1, _BLOCK // max(1, weights.shape[1]))
    return (slice(first, first + rows) for first in range(0, len(weights), rows))
