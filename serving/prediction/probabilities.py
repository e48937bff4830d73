"""The probabilities of many answers and their limits: checked together, then laid out for each patient.

Nothing checks them later, and the JSON writer turns NaN into null. So every value that is not a probability must be
found here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from features.records.timeline import Floats
from models.outcome_model import OutcomeModel, Predictions
from serving.contract.response import Document

Column: TypeAlias = list[Any]
"""One value for each patient."""


class ImpossibleAnswerError(Exception):
    """A model gave a value that is not a probability: a defect of the software or the bundle; nothing is answered."""


@dataclass(frozen=True, eq=False)
class AnswerParts:
    """The probabilities of n patients as parts of their answers (`Remission`, `Relapse`, `SustainedRemission`)."""

    remission: Sequence[Document | None]
    relapse: Sequence[Document | None]
    sustained: Sequence[list[Document]]


class ProbabilityLayout:
    """Lays out the predictions of the model at one landmark."""

    def __init__(self, model: OutcomeModel) -> None:
        """Find which questions the model answers, and which with limits; its other values are ignored."""
        self._model = model
        reach = -1 if model.relapse is None else int(model.relapse.days[-1])
        within = [days <= reach for days in model.horizons_days]
        known = model.remission is not None or model.in_remission_at_landmark
        self._given = [known, *within, *(known and inside for inside in within)]
        remission, self._curve_limited = self._has_limits("remission"), self._has_limits("relapse")
        relapse = [self._curve_limited] * len(within)
        limited = [remission, *relapse, *(remission and one for one in relapse)]
        self._limited = [known and one for known, one in zip(self._given, limited, strict=True)]

    def _has_limits(self, head: str) -> bool:
        refits = self._model.refits
        return refits is None or getattr(self._model, head) is None or getattr(refits, head) is not None

    def lay_out(self, predicted: Predictions) -> AnswerParts:
        """The parts of the answers; raises ``ImpossibleAnswerError`` for a value that is not a probability."""
        points, limits = self._checked(predicted)
        remission, *others = [
            list(zip(*self._column(points, limits, question), strict=True)) for question in range(len(self._given))
        ]
        horizons, number = self._model.horizons_days, len(points)
        relapse = [
            [{"days": days, "probability": p, "interval_90": around} for p, around in column]
            for days, column in zip(horizons, others[: len(horizons)], strict=True)
        ]
        sustained = [
            [{"horizon_days": days, "probability": p, "interval_90": around} for p, around in column]
            for days, column in zip(horizons, others[len(horizons) :], strict=True)
        ]
        risks = zip(self._curves(predicted, limits), _by_patient(relapse, number), strict=True)
        nulls = [None] * number
        return AnswerParts(
            nulls
            if self._model.remission is None
            else [{"probability": p, "interval_90": around} for p, around in remission],
            nulls if self._model.relapse is None else [{"curve": c, "at_horizons": at} for c, at in risks],
            _by_patient(sustained, number),
        )

    def _checked(self, predicted: Predictions) -> tuple[Floats, Floats | None]:
        """Probabilities (n, questions) and limits (n, questions, 2), after a check of all that are given.

        The questions are remission, relapse and sustained remission by each horizon, then relapse and no event on each
        day of the curve.
        """
        curve, interval = predicted.curve, predicted.interval
        answers = [predicted.remission[:, None], predicted.relapse, predicted.sustained]
        around = [] if interval is None else [interval.remission[:, None], interval.relapse, interval.sustained]
        given, limited = self._given, self._limited
        if curve is not None:
            _check_probabilities(curve.competing)
            answers += [curve.relapse, curve.event_free]
            given = given + [True] * (2 * len(curve.days))
            limited = limited + [self._curve_limited] * (2 * len(curve.days))
            if interval is not None and interval.curve_relapse is not None and interval.curve_event_free is not None:
                around += [interval.curve_relapse, interval.curve_event_free]
        points = np.concatenate(answers, axis=1)
        _check_probabilities(points[:, given])
        if not around:
            return points, None
        limits = np.concatenate(around, axis=1)
        _check_probabilities(points[:, limited], limits[:, limited])
        return points, limits

    def _column(self, points: Floats, limits: Floats | None, question: int) -> tuple[Column, Column]:
        """Probability and limits of a question; null if the model doesn't answer it or has none."""
        nulls: Column = [None] * len(points)
        probabilities = points[:, question].tolist() if self._given[question] else nulls
        if limits is None or not self._limited[question]:
            return probabilities, nulls
        return probabilities, [{"low": low, "high": high} for low, high in limits[:, question].tolist()]

    def _curves(self, predicted: Predictions, limits: Floats | None) -> Sequence[list[Document] | None]:
        """Each patient's curve (a list of `response.CurvePoint`), if there is one."""
        curve, number = predicted.curve, len(predicted.remission)
        if curve is None:
            return [None] * number
        days = curve.days.tolist()
        within: list[list[list[Document | None]]] = [[[None] * len(days)] * number] * 2
        if limits is not None and self._curve_limited:
            of_curve = limits[:, len(self._given) :].reshape(number, 2, len(days), 2).swapaxes(0, 1).tolist()
            within = [[[{"low": low, "high": high} for low, high in own] for own in each] for each in of_curve]
        columns = (curve.relapse.tolist(), curve.event_free.tolist(), curve.competing.tolist(), *within)
        return [[_point(*at) for at in zip(days, *own, strict=True)] for own in zip(*columns, strict=True)]


def _check_probabilities(probabilities: Floats, limits: Floats | None = None) -> None:
    """Raise ``ImpossibleAnswerError`` unless 0 <= low <= probability <= high <= 1; (n, questions), limits (..., 2)."""
    low, high = (probabilities, probabilities) if limits is None else (limits[..., 0], limits[..., 1])
    in_order = (low >= 0) & (low <= probabilities) & (probabilities <= high) & (high <= 1)  # false for NaN
    if not in_order.all():
        raise ImpossibleAnswerError("a probability, or a limit around it, is missing, out of range or out of order")


def _point(
    day: int,
    relapse: float,
    event_free: float,
    competing: float,
    relapse_limits: Document | None,
    event_free_limits: Document | None,
) -> Document:
    return {
        "day": day,
        "relapse": relapse,
        "event_free": event_free,
        "competing": competing,
        "relapse_interval_90": relapse_limits,
        "event_free_interval_90": event_free_limits,
    }


def _by_patient(columns: Sequence[Column], number: int) -> list[list[Any]]:
    """For each patient the entries of all columns."""
    return [list(entries) for entries in zip(*columns, strict=True)] if columns else [[] for _ in range(number)]
