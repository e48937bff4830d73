"""How unusual the values of a feature row are together, by means, spreads and correlations: the Mahalanobis distance.

`applicability` decides from which distance on a patient is unlike the training patients.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.outcomes import Floats

LARGEST_SCORE = 4.0
"""Standard scores are clipped to this, so that the distance is about combinations and not about one extreme value."""
MOST_ALIKE = 0.95
"""Largest share of patients with the same value in a column; beyond it all other values would be far."""
LEAST_SHRINKAGE = 0.05
"""Dependent features make the correlations nearly singular for any number of patients."""
CHUNK = 8192
"""Rows processed at a time, so that memory does not grow with the cohort."""


@dataclass(frozen=True, eq=False)
class Combinations:
    """Which values go together, over the columns of a feature row.

    ``centre`` and ``scale`` (features,) standardise a row; ``precision`` (features, features) is the inverse of the
    shrunken correlations and ``expected`` its product with the correlations, element by element.
    """

    centre: Floats
    scale: Floats
    precision: Floats
    expected: Floats

    def distance(self, rows: Floats) -> Floats:
        """Distance of each row (n, features) from the mean patient, shape (n,); 1 is usual, larger is less usual.

        A missing value counts as the mean, which shortens the distance. So the squared distance is divided by its
        average over patients with the same gaps, the sum of ``expected`` over the recorded features. The exact distance
        would invert another matrix for every pattern of gaps.
        """
        distances = np.empty(len(rows))
        for start in range(0, len(rows), CHUNK):
            part = rows[start : start + CHUNK]
            known = (~np.isnan(part)).astype(np.float64)
            scores = _standardised(part, self.centre, self.scale)
            square = ((scores @ self.precision) * scores).sum(axis=1)
            usual = ((known @ self.expected) * known).sum(axis=1)
            distances[start : start + CHUNK] = np.sqrt(np.maximum(square, 0.0) / np.maximum(usual, 1.0))
        return distances


def fit_combinations(rows: Floats) -> Combinations:
    """Which values go together in feature rows (n, features), NaN where not recorded.

    A correlation uses the rows that have both values. All are shrunk towards 0 by the share that Chen et al. (2010,
    doi:10.1109/TSP.2010.2053029) derive for n rows. The distance leaves out columns that hardly vary or were never
    recorded.
    """
    known = (~np.isnan(rows)).astype(np.float64)
    number = np.maximum(known.sum(axis=0), 1.0)
    centre = np.nan_to_num(rows).sum(axis=0) / number
    scale = np.sqrt((np.nan_to_num(rows - centre) ** 2).sum(axis=0) / number)
    varies = np.array([_varies(column[~np.isnan(column)]) for column in rows.T], dtype=np.bool_)
    scale = np.where(varies, scale, 1.0)
    scores = np.where(varies, _standardised(rows, centre, scale), 0.0)
    used = np.ix_(varies, varies)
    correlations = (scores.T @ scores / np.maximum(known.T @ known, 1.0))[used]
    precision, expected = np.zeros((2, rows.shape[1], rows.shape[1]))
    precision[used] = np.linalg.inv(_shrunken(correlations, len(rows)))
    expected[used] = precision[used] * correlations
    return Combinations(centre, scale, precision, expected)


def _varies(values: Floats) -> bool:
    return len(values) > 0 and int(np.unique(values, return_counts=True)[1].max()) <= MOST_ALIKE * len(values)


def _standardised(rows: Floats, centre: Floats, scale: Floats) -> Floats:
    """Standard scores, 0 where not recorded."""
    scores: Floats = np.minimum(np.maximum((rows - centre) / scale, -LARGEST_SCORE), LARGEST_SCORE)
    scores[np.isnan(scores)] = 0.0
    return scores


def _shrunken(correlations: NDArray[np.float64], patients: int) -> Floats:
    """The correlations shrunk towards the identity by the oracle approximating share, and always by a little."""
    columns = max(len(correlations), 1)
    square, trace = float((correlations**2).sum()), float(np.trace(correlations))
    above = (1 - 2 / columns) * square + trace**2
    below = (patients + 1 - 2 / columns) * (square - trace**2 / columns)
    share = min(1.0, max(LEAST_SHRINKAGE, above / below if below > 0 else 1.0))
    return (1 - share) * correlations + share * np.eye(len(correlations))
