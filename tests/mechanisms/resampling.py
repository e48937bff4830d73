"""Weighted draws turned into as many equal ones as are wanted, so that the costly part that follows wastes none."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

TRIED_PER_DRAW = 4
"""Courses drawn for each one kept: those kept end in remission, and few would otherwise."""


def resampled(weight: Floats, draws: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Columns kept in each row of ``weight`` (rows, tried), shape (rows, draws), each as often as its weight says.

    Systematic: within a row every column is kept its expected number of times, rounded up or down.
    """
    share = np.cumsum(weight + 1e-300, axis=1)
    share /= share[:, -1:]
    at = (np.arange(draws) + rng.random((len(weight), 1))) / draws
    kept = np.stack([np.searchsorted(row, points) for row, points in zip(share, at, strict=True)])
    return np.minimum(kept, weight.shape[1] - 1)
