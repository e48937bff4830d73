"""How much patients' probabilities move when the model is refitted on bootstrap samples of the patients."""

import numpy as np

from features.records.timeline import Floats
from training.evidence.document import Instability

FAR = 0.1
"""Ten percentage points."""
RANGE = (2.5, 97.5)


def instability(point: Floats, refits: Floats) -> Instability:
    """Instability of the probabilities ``point`` (n,) over ``refits`` (n, refits) of the same kind of model.

    ``mean_absolute_change`` is the mean prediction error of the refits against the point, ``median_width`` that of
    the patients' 95% ranges, and the last the share of patients who move more than ten points on average over the
    refits. Smaller is better. Source: Riley & Collins 2023, doi:10.1002/bimj.202200302.
    """
    known = ~np.isnan(point)
    number = int(refits.shape[1])
    if not known.any() or not number:
        none = float("nan")
        return Instability(
            refits=number, mean_absolute_change=none, median_width=none, share_moving_over_ten_points=none
        )
    distance = np.abs(refits[known] - point[known, None]).mean(axis=1)
    low, high = np.percentile(refits[known], RANGE, axis=1)
    return Instability(
        refits=number,
        mean_absolute_change=float(distance.mean()),
        median_width=float(np.median(high - low)),
        share_moving_over_ten_points=float((distance > FAR).mean()),
    )
