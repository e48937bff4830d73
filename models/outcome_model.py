"""The outcome model of one landmark: both heads and their joint probabilities."""

from dataclasses import dataclass

import numpy as np

from features.protocol.document import Landmark
from models.applicability import ApplicabilityDomain
from models.outcomes import Floats, sustained_remission
from models.relapse import RelapseHead
from models.remission import RemissionHead
from models.uncertainty import Intervals, OutcomeRefits, PointAnswers

__all__ = ["Intervals", "OutcomeModel", "Predictions"]


@dataclass(frozen=True, eq=False)
class Predictions(PointAnswers):
    """Answers with their 90% intervals; ``interval`` is ``None`` where neither head has refits."""

    interval: Intervals | None = None

    def answers_and_limits(self) -> tuple[Floats, Floats]:
        """Every answer, shape (n, answers), and its 90% interval, shape (n, answers, 2), NaN where there is none."""
        answers = np.column_stack([self.remission, self.relapse, self.sustained])
        if self.interval is None:
            return answers, np.full((*answers.shape, 2), np.nan)
        interval = self.interval
        return answers, np.concatenate([interval.remission[:, None], interval.relapse, interval.sustained], axis=1)


@dataclass(frozen=True, eq=False)
class OutcomeModel:
    """Both heads of one landmark; a head is ``None`` if the protocol has none or it could not be fitted.

    There is no answer for a horizon beyond the reach of the relapse head. ``refits`` give the intervals, and
    ``applicability`` describes the training patients; ``None`` if neither head was fitted.
    """

    landmark: Landmark
    horizons_days: tuple[int, ...]
    in_remission_at_landmark: bool
    remission: RemissionHead | None
    relapse: RelapseHead | None
    refits: OutcomeRefits | None = None
    applicability: ApplicabilityDomain | None = None

    @property
    def can_answer(self) -> bool:
        """Whether at least one head was fitted."""
        return self.remission is not None or self.relapse is not None

    def predict(self, rows: Floats, *, with_curve: bool = True) -> Predictions:
        """Predictions for feature rows of shape (n, features), with their intervals where there are refits.

        Without ``with_curve`` the weekly curve is left out; for a cohort it is by far the largest part.
        """
        answers = self._answers(rows, with_curve)
        interval = None
        if self.refits is not None and self.refits.any:
            competing = np.zeros((1, 1)) if self.relapse is None else self.relapse.competing(rows)
            interval = self.refits.intervals(rows, answers, self.horizons_days, competing)
        return Predictions(answers.remission, answers.curve, answers.relapse, answers.sustained, interval)

    def _answers(self, rows: Floats, with_curve: bool) -> PointAnswers:
        remission = self._remission(rows)
        if self.relapse is None:
            unknown = np.full((len(rows), len(self.horizons_days)), np.nan)
            return PointAnswers(remission, None, unknown, unknown)
        horizons = np.array(self.horizons_days, dtype=np.int64)
        within = horizons <= self.relapse.days[-1]
        weekly = self.relapse.days if with_curve else horizons[:0]
        at_horizons, curve = self.relapse.curve(rows, np.concatenate([horizons[within], weekly])).cut(int(within.sum()))
        relapse, sustained = np.full((2, len(rows), len(horizons)), np.nan)
        relapse[:, within] = at_horizons.relapse
        sustained[:, within] = sustained_remission(remission, at_horizons)
        return PointAnswers(remission, curve if with_curve else None, relapse, sustained)

    def _remission(self, rows: Floats) -> Floats:
        if self.remission is not None:
            return self.remission.probability(rows)
        return np.full(len(rows), 1.0 if self.in_remission_at_landmark else np.nan)
