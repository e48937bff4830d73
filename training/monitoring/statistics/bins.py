"""Bins of a feature's or an answer's values: their cuts, and the reference's count in each.

Only these counts are kept of the training patients: none of fewer than ten values, and of a no/yes none under five.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from features.records.timeline import Floats
from training.evaluation.case_mix import FEWEST_ALIKE
from training.metrics.disclosure import FEWEST

MOST_BINS = 10
MOST_CELLS = 4
DIGITS = 3
"""Significant digits of the cuts, so that none is a patient's exact value."""


@dataclass(frozen=True, eq=False)
class Bins:
    """``counts`` (bins,) of a reference's values; a value on one of the ``cuts`` (bins - 1,) lies in the lower bin."""

    cuts: Floats
    counts: Floats

    @property
    def cells(self) -> Floats:
        """Widths of at most four cells of (0, 1) in which ranks are counted: the bins, or quarters of many bins."""
        if len(self.counts) > MOST_CELLS:
            return np.full(MOST_CELLS, 1 / MOST_CELLS)
        return np.asarray((self.counts + 1) / (self.counts + 1).sum())

    def place(self, values: Floats) -> NDArray[np.intp]:
        """The bin of each value, shape (n,)."""
        return np.searchsorted(self.cuts, values, side="left")

    def standing(self, values: Floats) -> Floats:
        """Share of the reference below each value, half of its own bin included, shape (n,); 0.5 is the median."""
        below = np.concatenate([[0.0], np.cumsum(self.counts)])
        bins = self.place(values)
        return np.asarray((below[bins] + self.counts[bins] / 2) / below[-1])


def yes_no_bins(values: Floats) -> Bins | None:
    """No and yes; ``None`` where too few values are recorded, or only a few patients have one of the two."""
    counts = np.array([(values <= 0).sum(), (values > 0).sum()], dtype=np.float64)
    few = any(0 < count < FEWEST_ALIKE for count in counts.tolist())
    return None if few or counts.sum() < FEWEST else Bins(np.zeros(1), counts)


def number_bins(values: Floats) -> Bins | None:
    """At most ten bins of about as many values each, none of fewer than ten; ``None`` for fewer than ten values.

    Where all values are equal there are three: below, that value, and above.
    """
    if len(values) < FEWEST:
        return None
    if np.ptp(values) == 0:
        cuts = np.array([np.nextafter(values[0], -np.inf), values[0]])
        return Bins(cuts, np.array([0.0, len(values), 0.0]))
    tenths = np.quantile(values, np.arange(1, MOST_BINS) / MOST_BINS, method="inverted_cdf")
    cuts = np.unique([_rounded(cut) for cut in tenths.tolist()])
    counts = _counts(values, cuts)
    while len(cuts) and counts.min() < FEWEST:
        smallest = int(counts.argmin())
        cuts = np.delete(cuts, _weaker_cut(counts, smallest))
        counts = _counts(values, cuts)
    return Bins(cuts, counts) if len(cuts) else None


def _weaker_cut(counts: Floats, smallest: int) -> int:
    """The cut between the smallest bin and the smaller of its neighbours."""
    if smallest == 0:
        return 0
    if smallest == len(counts) - 1 or counts[smallest - 1] <= counts[smallest + 1]:
        return smallest - 1
    return smallest


def _counts(values: Floats, cuts: Floats) -> Floats:
    bins = np.searchsorted(cuts, values, side="left")
    return np.bincount(bins, minlength=len(cuts) + 1).astype(np.float64)


def _rounded(value: float) -> float:
    return float(f"{value:.{DIGITS}g}")
