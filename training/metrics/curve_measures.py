"""Measures of relapse curves over the whole follow-up: concordance and Brier score, for candidates and for evidence.

`held_out` and `relapse_measures` supply the curves.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from features.records.timeline import Floats, Mask
from training.metrics.discrimination import c_index
from training.metrics.incidence import answer_by
from training.metrics.question_data import followed_to
from training.metrics.reliability import brier_by_draw


@dataclass(frozen=True, eq=False)
class Curves:
    """Predicted cumulative incidence of relapse, shape (rows, days), and the follow-up of each row's patient.

    ``patient``, ``fold``, ``followed_days`` and ``ended_by`` (0 censored, 1 relapse, 2 competing event) have shape
    (rows,), one row per patient; ``days`` are those of `week_ends`; follow-up ends at the last.
    """

    patient: NDArray[np.intp]
    fold: NDArray[np.intp]
    followed_days: Floats
    ended_by: NDArray[np.int8]
    incidence: Floats
    days: NDArray[np.int64]

    def subset(self, kept: Mask) -> "Curves":
        """Some of the rows only."""
        return Curves(
            self.patient[kept],
            self.fold[kept],
            self.followed_days[kept],
            self.ended_by[kept],
            self.incidence[kept],
            self.days,
        )


def curve_values(curves: Curves, draws: Floats) -> dict[str, Floats]:
    """Harrell's C of the risk by the last day, and the integrated Brier score, in every draw; NaN if not defined.

    ``draws`` (draws, patients of the cohort). C compares patients within a fold only.
    """
    weights = draws[:, curves.patient]
    if not len(curves.patient) or not len(curves.days):
        return {name: np.full(len(draws), np.nan) for name in ("c_index", "integrated_brier")}
    risk = curves.incidence[:, -1]
    return {
        "c_index": c_index(curves.followed_days, curves.ended_by, risk, weights, curves.fold),
        "integrated_brier": _integrated_brier(curves, weights),
    }


def _integrated_brier(curves: Curves, weights: Floats) -> Floats:
    """Mean Brier score over the days, by the trapezoid rule, without days to which too few were followed.

    Source: Graf 1999, doi:10.1002/(SICI)1097-0258(19990915/30)18:17/18<2529::AID-SIM274>3.0.CO;2-5.
    """
    followed, ended_by, days = curves.followed_days, curves.ended_by, curves.days
    reached = [number for number, day in enumerate(days.tolist()) if followed_to(followed, ended_by, day)]
    if len(reached) < 2:
        return np.full(len(weights), np.nan)
    scores = []
    for position in reached:
        y_observed, weight = answer_by(followed, ended_by, float(days[position]))
        scores.append(brier_by_draw(y_observed, curves.incidence[:, position], weights * weight))
    span = days[reached[-1]] - days[reached[0]]
    return np.asarray(np.trapezoid(np.array(scores), days[reached], axis=0) / span)
