"""The data of a yes/no question for the measures: patients, predictions, observed answers and weights."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from features.records.timeline import Floats, Mask
from models.outcomes import expit
from training.metrics.intervals import enough_for_interval
from training.metrics.reliability import log_odds_of
from training.outcomes.labels import EndedBy

FEWEST_FOLLOWED = 10
"""Fewest patients followed to a day for a question about it."""


@dataclass(frozen=True, eq=False)
class QuestionData:
    """A question about rows of ``EvaluatedPredictions``; arrays have shape (rows,).

    ``row`` are positions in the evaluated rows; ``y_observed`` is 1 yes, 0 no, NaN not observed; ``weights`` are those
    of inverse probability, 0 where not observed.
    """

    name: str
    head: Literal["remission", "relapse", "sustained"]
    horizon_days: int | None
    row: NDArray[np.intp]
    patient: NDArray[np.intp]
    repeat: NDArray[np.intp]
    fold: NDArray[np.intp]
    y_observed: Floats
    y_predicted: Floats
    weights: Floats

    def subset(self, kept: Mask) -> "QuestionData":
        """The question about some of the rows only."""
        return self._with(kept, self.y_observed[kept], self.weights[kept])

    @property
    def observed(self) -> "QuestionData":
        """The question about the patients with an answer."""
        return self.subset(~np.isnan(self.y_observed))

    @property
    def first_repeat(self) -> "QuestionData":
        """Every patient once."""
        return self.subset(self.repeat == 0)

    def drawn(self, draws: Floats) -> Floats:
        """The draws (draws + 1, patients) of patients with an answer; row 0 alone if there can be no interval."""
        return draws if enough_for_interval(self.observed.first_repeat.y_observed) else draws[:1]

    def treated(self, treatment: str) -> "QuestionData":
        """With unobserved answers treated another way: "all-no" counts them as no, "excluded" leaves them out."""
        unknown = np.isnan(self.y_observed)
        if treatment == "all-no":
            everyone = np.ones(len(unknown), dtype=np.bool_)
            return self._with(everyone, np.where(unknown, 0.0, self.y_observed), np.ones(len(unknown)))
        if treatment == "excluded":
            return self._with(~unknown, self.y_observed[~unknown], np.ones(int((~unknown).sum())))
        return self

    def worse_by(self, shift: float) -> "QuestionData":
        """With unobserved answers as predicted, but less often yes by ``shift`` on the log-odds; all weights are 1.

        Such a patient has two rows, a yes and a no, weighted by the probability of either: a pattern-mixture model of
        patients who were lost and did worse than similar ones. Sources: Rubin 1977,
        doi:10.1080/01621459.1977.10480610; Cro 2020, doi:10.1002/sim.8569 (delta-based imputation).
        """
        unknown = np.isnan(self.y_observed)
        lost = np.flatnonzero(unknown)
        row = np.concatenate([np.flatnonzero(~unknown), lost, lost])
        worse = expit(log_odds_of(self.y_predicted[lost]) - shift)
        seen = len(self.row) - len(lost)
        y_observed = np.concatenate([self.y_observed[~unknown], np.ones(len(lost)), np.zeros(len(lost))])
        return self._with(row, y_observed, np.concatenate([np.ones(seen), worse, 1 - worse]))

    def _with(self, kept: Mask | NDArray[np.intp], y_observed: Floats, weights: Floats) -> "QuestionData":
        return QuestionData(
            self.name,
            self.head,
            self.horizon_days,
            self.row[kept],
            self.patient[kept],
            self.repeat[kept],
            self.fold[kept],
            y_observed,
            self.y_predicted[kept],
            weights,
        )


def followed_to(followed: Floats, ended_by: NDArray[np.int8], day: float) -> bool:
    """Whether enough patients were followed to the day to represent those lost before it, or none was lost.

    If all patients without an event were lost, only the events are known answers. Shapes (patients,).
    """
    lost = (ended_by == EndedBy.CENSORED) & (followed < day)
    return bool((followed >= day).sum() >= FEWEST_FOLLOWED or not lost.any())
