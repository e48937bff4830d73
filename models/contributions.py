"""Contributions of features to any score, by exchanging a reference row for the patient's, one feature at a time.

In one order each feature's contribution is the change of the score when its value takes the place of the reference
value. The contributions are averaged over fixed orders, each followed by its reverse, and add up to the score exactly.
Source: Strumbelj & Kononenko 2014, doi:10.1007/s10115-013-0679-x; reversed orders (antithetic sampling) after Mitchell
2022, arXiv:2104.12199.
"""

import hashlib
from collections.abc import Callable
from functools import cache

import numpy as np
from numpy.typing import NDArray

from models.outcomes import Floats

PAIRS = 4
"""Orders, each with its reverse [judgement]."""
ROWS_AT_ONCE = 64
"""Rows whose exchanged copies are in memory together: about 10 MB with 60 features."""


def exchanged_contributions(
    predict: Callable[[Floats], Floats], rows: Floats, reference: Floats
) -> tuple[Floats, Floats]:
    """Start, shape (n,), and contributions, shape (n, features), whose sum is the score.

    ``reference`` has shape (features,), and the start is its score. ``predict`` takes rows of shape (n, features). The
    same row has the same contributions in any company.
    """
    parts = [
        _contributions(predict, rows[first : first + ROWS_AT_ONCE], reference)
        for first in range(0, len(rows), ROWS_AT_ONCE)
    ]
    contributions = np.concatenate(parts) if parts else np.zeros((0, len(reference)))
    return predict(rows) - contributions.sum(axis=1), contributions


def _contributions(predict: Callable[[Floats], Floats], rows: Floats, reference: Floats) -> Floats:
    features = len(reference)
    found = np.zeros((len(rows), features))
    orders = fixed_orders(features)
    for order in orders:
        place = np.empty(features, dtype=np.intp)
        place[order] = np.arange(features)
        exchanged = (
            place[None, :] < np.arange(features + 1)[:, None]
        )  # (steps, features): the first so many of an order
        walks = np.where(exchanged[None], rows[:, None, :], reference)
        scores = predict(walks.reshape(-1, features)).reshape(len(rows), features + 1)
        found[:, order] += np.diff(scores, axis=1)
    return found / len(orders)


@cache
def fixed_orders(features: int) -> tuple[NDArray[np.intp], ...]:
    """``PAIRS`` orders of so many features and their reverses, the same with every version of NumPy."""
    orders = []
    for number in range(PAIRS):
        drawn = [hashlib.sha256(f"{number} {feature}".encode()).digest() for feature in range(features)]
        order = np.array(sorted(range(features), key=drawn.__getitem__), dtype=np.intp)
        orders += [order, order[::-1]]
    return tuple(orders)
