"""The true probabilities of patients at one landmark, whichever mechanism drew them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

HORIZONS_DAYS = (84, 182)
"""The horizons of the default protocol, which every mechanism follows."""


@dataclass(frozen=True)
class TrueRisks:
    """True probabilities at one landmark; NaN for those who do not reach it.

    ``remission`` (patients,); ``relapse`` and ``event_free`` (patients, horizons) given remission: the cumulative
    incidence of relapse beside competing events, and that neither came, as the outcome rules date them with full
    follow-up.
    """

    remission: Floats
    relapse: Floats
    event_free: Floats

    @property
    def sustained(self) -> Floats:
        """P(sustained remission) by horizon, shape (patients, horizons)."""
        return self.remission[:, None] * self.event_free

    @property
    def reached(self) -> NDArray[np.bool_]:
        """Who reaches the landmark."""
        return ~np.isnan(self.remission)
