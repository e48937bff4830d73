"""Comparison of a number with a cut-off: one that differs from it only by rounding counts as equal.

In floating point 8.2 - 4.2 is 3.9999999999999996, but it is a reliable change of 4. Every cut-off is compared here.
"""

import numpy as np

from features.records.timeline import Floats, Mask

TOLERANCE = 1e-9
"""Points. Scores carry a few decimals, and subtracting two of them errs by less than 1e-13 [derived]."""


def at_least(value: Floats, cut_off: Floats | float) -> Mask:
    """Whether each value reaches a cut-off from below; false where either is NaN."""
    return np.asarray(value >= np.asarray(cut_off) - TOLERANCE)


def at_most(value: Floats, cut_off: Floats | float) -> Mask:
    """Whether each value is not above a cut-off; false where either is NaN."""
    return np.asarray(value <= np.asarray(cut_off) + TOLERANCE)
