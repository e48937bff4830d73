"""The remission head: P(remission) given a feature row, and the candidates that compete for it."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from models.calibration import BinomialCounts, Recalibration
from models.outcomes import Floats, expit
from models.score import Score

ONE_VARIABLE = "baseline_distance_to_remission"
"""The variable that every other candidate must beat: how far the baseline was from remission."""


@dataclass(frozen=True, eq=False)
class RemissionHead:
    """Log-odds of remission: ``baseline + slope * score``."""

    score: Score
    baseline: float
    slope: float = 1.0

    def recalibrated(self, recalibration: Recalibration) -> "RemissionHead":
        """The head with shift and slope applied to baseline and score."""
        return replace(self, baseline=self.baseline + recalibration.shift, slope=self.slope * recalibration.slope)

    def log_odds(self, rows: Floats) -> Floats:
        """Log-odds of remission per row, shape (n,)."""
        return self.baseline + self.slope * self.score.predict(rows)

    def probability(self, rows: Floats) -> Floats:
        """P(remission) per row, shape (n,)."""
        return expit(self.log_odds(rows))

    def explain(self, rows: Floats) -> tuple[Floats, Floats]:
        """Starting log-odds, shape (n,), and each feature's contribution, shape (n, features)."""
        start, contributions = self.score.explain(rows)
        return self.baseline + self.slope * start, self.slope * contributions


def remission_counts(remission: Floats, weights: Floats, kept: NDArray[np.bool_]) -> BinomialCounts:
    """One count per kept patient with an observed remission outcome, weighted by ``weights``."""
    patient = np.flatnonzero(kept & ~np.isnan(remission))
    yes, weight = remission[patient] == 1, weights[patient]
    return BinomialCounts(
        patient=patient,
        band=np.zeros(len(patient), dtype=np.intp),
        successes=np.where(yes, weight, 0.0),
        failures=np.where(yes, 0.0, weight),
        patients=len(remission),
        bands=1,
    )
