"""The outcome model of one landmark: both heads, and the numbers that they give together."""

from dataclasses import dataclass

import numpy as np

from features.protocol import Landmark
from models.outcomes import Floats, RelapseCurve, sustained_remission
from models.relapse import RelapseHead
from models.remission import RemissionHead


@dataclass(frozen=True, eq=False)
class Predictions:
    """Answers for n feature rows, coherent by construction.

    ``remission`` (n,) is P(remission), and 1 where everyone is in remission at the landmark. ``curve`` is weekly;
    ``relapse`` and ``sustained`` (n, horizons) belong to the horizons of the protocol. What can't be said is NaN, or
    ``None`` for the curve.
    """

    remission: Floats
    curve: RelapseCurve | None
    relapse: Floats
    sustained: Floats


@dataclass(frozen=True, eq=False)
class OutcomeModel:
    """Both heads of one landmark; a head is ``None`` where the protocol has none or the cohort could not teach it.

    Nothing is said of a horizon beyond the reach of the relapse head.
    """

    landmark: Landmark
    horizons_days: tuple[int, ...]
    in_remission_at_landmark: bool
    remission: RemissionHead | None
    relapse: RelapseHead | None

    @property
    def can_answer(self) -> bool:
        """Whether at least one head was learned."""
        return self.remission is not None or self.relapse is not None

    def predict(self, rows: Floats, *, with_curve: bool = True) -> Predictions:
        """Predictions for feature rows of shape (n, features).

        Without ``with_curve`` the weekly curve is left out; for a cohort it is by far the largest part.
        """
        remission = self._remission(rows)
        if self.relapse is None:
            unknown = np.full((len(rows), len(self.horizons_days)), np.nan)
            return Predictions(remission, None, unknown, unknown)
        moved = self.relapse.moved(rows)
        wanted = np.array(self.horizons_days, dtype=np.int64)
        within = wanted <= self.relapse.days[-1]
        at_horizons = self.relapse.curve(moved, wanted[within])
        relapse, sustained = np.full((2, len(rows), len(wanted)), np.nan)
        relapse[:, within] = at_horizons.relapse
        sustained[:, within] = sustained_remission(remission, at_horizons)
        curve = self.relapse.curve(moved, self.relapse.days) if with_curve else None
        return Predictions(remission, curve, relapse, sustained)

    def _remission(self, rows: Floats) -> Floats:
        if self.remission is not None:
            return self.remission.probability(rows)
        return np.full(len(rows), 1.0 if self.in_remission_at_landmark else np.nan)
