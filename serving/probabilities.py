"""The probabilities of many answers and their limits, looked over once for all and laid out for each.

An answer is written without another check, and its writer turns what is no number into null: whatever is no
probability has to be found here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from features.timeline import Floats
from models.outcome_model import OutcomeModel, Predictions
from models.outcomes import RelapseCurve
from serving.answer import Document

Column: TypeAlias = list[Any]
"""One value for each patient."""


class ImpossibleAnswerError(Exception):
    """A model gave as a probability what is none: a defect of the software or the bundle, which nobody may be told."""


@dataclass(frozen=True, eq=False)
class Laid:
    """The probabilities of n patients as parts of their answers (`answer.Remission`, `Relapse`, `Sustained`)."""

    remission: Sequence[Document | None]
    relapse: Sequence[Document | None]
    sustained: Sequence[list[Document]]


class ProbabilityLayout:
    """Lays out what the model of one landmark predicts."""

    def __init__(self, model: OutcomeModel) -> None:
        """Work out once which questions the model answers, and which with limits: what else it gives is ignored."""
        self._model = model
        reach = -1 if model.relapse is None else int(model.relapse.days[-1])
        within = [days <= reach for days in model.horizons_days]
        known = model.remission is not None or model.in_remission_at_landmark
        self._given = [known, *within, *(known and inside for inside in within)]
        remission, self._curve_limited = self._has_limits("remission"), self._has_limits("relapse")
        relapse = [self._curve_limited] * len(within)
        self._limited = [remission, *relapse, *(remission and one for one in relapse)]

    def _has_limits(self, head: str) -> bool:
        refits = self._model.refits
        return refits is None or getattr(self._model, head) is None or getattr(refits, head) is not None

    def lay_out(self, predicted: Predictions) -> Laid:
        """The parts of the answers; raises ``ImpossibleAnswerError`` for anything given that is no probability."""
        columns = self._columns(predicted)
        horizons, number = self._model.horizons_days, len(predicted.remission)
        remission = [{"probability": p, "interval_90": limits} for p, limits in zip(*columns[0], strict=True)]
        relapse, sustained = (
            [
                [{name: days, "probability": p, "interval_90": limits} for p, limits in zip(*column, strict=True)]
                for days, column in zip(horizons, columns[start : start + len(horizons)], strict=True)
            ]
            for name, start in (("days", 1), ("horizon_days", 1 + len(horizons)))
        )
        curves: Sequence[Any] = [None] * number
        if predicted.curve is not None:
            curves = _by_patient(_points(predicted.curve, columns[1 + 2 * len(horizons) :]), number)
        risks = zip(curves, _by_patient(relapse, number), strict=True)
        nobody = [None] * number
        return Laid(
            remission=nobody if self._model.remission is None else remission,
            relapse=nobody if self._model.relapse is None else [{"curve": c, "at_horizons": at} for c, at in risks],
            sustained=_by_patient(sustained, number),
        )

    def _columns(self, predicted: Predictions) -> list[tuple[Column, Column]]:
        """Probability and limits of each question, looked over; null where the model doesn't answer it, or has none.

        The questions are remission, relapse and sustained remission by each horizon, and on each day of the curve
        relapse, then the absence of any event.
        """
        curve, interval = predicted.curve, predicted.interval
        answers = [predicted.remission[:, None], predicted.relapse, predicted.sustained]
        around = [] if interval is None else [interval.remission[:, None], interval.relapse, interval.sustained]
        given, limited = self._given, self._limited
        if curve is not None:
            _look_over(curve.competing)
            answers += [curve.relapse, curve.event_free]
            given = given + [True] * (2 * len(curve.days))
            limited = limited + [self._curve_limited] * (2 * len(curve.days))
            if interval is not None and interval.curve_relapse is not None and interval.curve_event_free is not None:
                around += [interval.curve_relapse, interval.curve_event_free]
        points = np.concatenate(answers, axis=1)
        _look_over(points[:, given])
        nulls: Column = [None] * len(points)
        probabilities = [one if known else nulls for one, known in zip(points.T.tolist(), given, strict=True)]
        if not around:
            return [(one, nulls) for one in probabilities]
        both = [known and has_limits for known, has_limits in zip(given, limited, strict=True)]
        limits = np.concatenate(around, axis=1)
        _look_over(points[:, both], limits[:, both])
        pairs = zip(limits.swapaxes(0, 1).tolist(), both, strict=True)
        intervals = [[{"low": low, "high": high} for low, high in one] if known else nulls for one, known in pairs]
        return list(zip(probabilities, intervals, strict=True))


def _look_over(probabilities: Floats, limits: Floats | None = None) -> None:
    """Probabilities (n, questions) and limits (n, questions, 2) around them must be such, whatever gave them."""
    low, high = (probabilities, probabilities) if limits is None else (limits[..., 0], limits[..., 1])
    in_order = (low >= 0) & (low <= probabilities) & (probabilities <= high) & (high <= 1)  # false of what is NaN
    if not in_order.all():
        raise ImpossibleAnswerError("a probability, or a limit around it, is missing, out of range or out of order")


def _points(curve: RelapseCurve, columns: Sequence[tuple[Column, Column]]) -> list[list[Document]]:
    """The points of the patients' curves, day by day."""
    days = curve.days.tolist()
    relapse, event_free = columns[: len(days)], columns[len(days) :]
    return [
        [
            {
                "day": day,
                "relapse": lost,
                "event_free": free,
                "competing": competing,
                "relapse_interval_90": lost_within,
                "event_free_interval_90": free_within,
            }
            for lost, lost_within, free, free_within, competing in zip(*one, *other, third, strict=True)
        ]
        for day, one, other, third in zip(days, relapse, event_free, curve.competing.T.tolist(), strict=True)
    ]


def _by_patient(columns: Sequence[Column], number: int) -> list[list[Any]]:
    """For each of so many patients the entries of all columns."""
    return [list(entries) for entries in zip(*columns, strict=True)] if columns else [[] for _ in range(number)]
