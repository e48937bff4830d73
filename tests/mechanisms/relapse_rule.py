"""The contract's rule that dates a relapse from ratings, written a second time for many draws at once."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

NEVER = 100_000.0
"""A day after every follow-up."""
CONFIRMED_WITHIN_DAYS = (7, 28)
"""The default protocol's ``confirm_within_days``."""


def rated_relapse(
    day: NDArray[np.int64], score: Floats, seen: NDArray[np.bool_], deciding: Floats, band: Floats, change: Floats
) -> Floats:
    """Day of the first reading in the relapse band, reliably above the best one before, that a later one confirms.

    ``day``, ``score`` and ``seen`` have the visits in the order of their days on the last axis (..., visits); the
    deciding score, the relapse band's lowest score and the reliable change broadcast against (...).
    """
    first, last = CONFIRMED_WITHIN_DAYS
    in_band = seen & (score >= band[..., None])
    confirmed = np.zeros_like(in_band)
    for ahead in range(1, min(5, day.shape[-1])):
        later = day[..., ahead:] - day[..., :-ahead]
        confirmed[..., :-ahead] |= in_band[..., ahead:] & (later >= first) & (later <= last)
    before = np.concatenate([deciding[..., None], np.where(seen, score, np.inf)[..., :-1]], axis=-1)
    best = np.minimum.accumulate(before, axis=-1)
    dates = in_band & confirmed & (score - best >= change[..., None])
    return np.where(dates, day, NEVER).min(axis=-1)
