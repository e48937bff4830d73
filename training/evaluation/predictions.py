"""Held-out predictions beside the outcomes: the input of every measure."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from features.build import FeatureRows
from features.records.timeline import Floats
from models.outcome_model import OutcomeModel
from models.outcomes import DAYS_PER_WEEK
from models.relapse import FollowUpWeights, RelapseHead
from models.remission import RemissionHead
from training.learning.fit import HeadFit, recalibration_on
from training.learning.relapse_task import RelapseTask, week_ends
from training.learning.splits import Folds
from training.learning.tasks import Head, Task
from training.outcomes.labels import EndedBy, Outcomes


@dataclass(frozen=True, eq=False)
class Weights:
    """How many patients each one represents: ``remission`` (patients,) if it was observed, ``follow_up`` after it."""

    remission: Floats
    follow_up: FollowUpWeights

    @staticmethod
    def equal(patients: int) -> "Weights":
        """Every patient has the weight 1."""
        return Weights(np.ones(patients), FollowUpWeights.equal(patients))

    def to_day(self, outcomes: Outcomes, day: int) -> Floats:
        """Relative weights (patients,) of an answer by a day at risk, for the loss to follow-up of similar patients.

        They multiply weights that assume the same probability of follow-up for all. Without an event, the weight in
        the week of the day counts.
        """
        happened = (outcomes.ended_by > EndedBy.CENSORED) & (outcomes.followed_days <= day)
        weekly = self.follow_up.weekly
        return np.where(
            happened, self.follow_up.at_event, weekly[:, min((day - 1) // DAYS_PER_WEEK, weekly.shape[1] - 1)]
        )


def weights_of(tasks: Sequence[Task]) -> Weights:
    """The weights of a landmark's tasks."""
    by_name = {task.name: task for task in tasks}
    relapse = by_name["relapse"]
    assert isinstance(relapse, RelapseTask)  # noqa: S101 - every landmark has one
    remission = by_name.get("remission")
    return Weights(np.ones(len(relapse.fitted_on)) if remission is None else remission.weights, relapse.follow_up)


@dataclass(frozen=True, eq=False)
class EvaluatedPredictions:
    """The predictions at one landmark, a row per eligible patient and repeat of the folds.

    ``weights`` are those of inverse probability. ``patient``, ``repeat`` and ``fold`` have shape (rows,); patients are
    compared within a fold only, because different folds have different models. ``remission_log_odds`` and
    ``relapse_score`` (log hazard odds without the baseline), shape (rows,), are ``None`` without such a head.
    ``relapse`` (cumulative incidence given remission) and ``event_free`` have shape (rows, days).
    """

    features: FeatureRows
    outcomes: Outcomes
    weights: Weights
    horizons_days: tuple[int, ...]
    in_remission_at_landmark: bool
    patient: NDArray[np.intp]
    repeat: NDArray[np.intp]
    fold: NDArray[np.intp]
    remission_log_odds: Floats | None
    relapse_score: Floats | None
    days: NDArray[np.int64]
    relapse: Floats
    event_free: Floats

    @property
    def repeats(self) -> int:
        """How often every patient was held out."""
        return int(self.repeat.max(initial=-1)) + 1

    def on_day(self, day: int) -> int | None:
        """Position of a day among ``days``; ``None`` if it is not predicted."""
        found = np.flatnonzero(self.days == day)
        return int(found[0]) if len(found) else None


def evaluate_held_out(
    features: FeatureRows,
    outcomes: Outcomes,
    weights: Weights,
    fits: tuple[HeadFit | None, HeadFit],
    folds: Folds,
    horizons_days: tuple[int, ...],
) -> EvaluatedPredictions:
    """The winners' predictions for all eligible patients, by heads that were fitted without the patient.

    A winner's recalibration is repeated for each fold on the other folds' predictions. Features that the settings leave
    out are missing for the heads, and there for the groups of patients.
    """
    remission, relapse = fits
    parts = []
    for repeat, fold in np.ndindex(folds.repeats, len(folds.names)):
        patient = np.flatnonzero((folds.fold[repeat] == fold) & outcomes.eligible)
        model = OutcomeModel(
            landmark=outcomes.landmark,
            horizons_days=horizons_days,
            in_remission_at_landmark=remission is None,
            remission=_remission(head_without(remission, repeat, fold)),
            relapse=_relapse(head_without(relapse, repeat, fold)),
        )
        parts.append((patient, repeat, fold, model))
    seen = replace(features, values=relapse.task.training_data.rows)
    return replace(evaluate_parts(seen, outcomes, weights, parts), features=features)


def evaluate_model(
    features: FeatureRows, outcomes: Outcomes, weights: Weights, model: OutcomeModel
) -> EvaluatedPredictions:
    """One model's predictions for a validation cohort."""
    patient = np.flatnonzero(outcomes.eligible)
    return evaluate_parts(features, outcomes, weights, [(patient, 0, 0, model)])


def _remission(head: Head | None) -> RemissionHead | None:
    return head if isinstance(head, RemissionHead) else None


def _relapse(head: Head | None) -> RelapseHead | None:
    return head if isinstance(head, RelapseHead) else None


def head_without(fit: HeadFit | None, repeat: int, fold: int) -> Head | None:
    """The winner's head fitted without a fold, recalibrated by the other folds if the winner was.

    ``None`` without a winner.
    """
    if fit is None or fit.winner is None:
        return None
    winner = fit.candidates[fit.winner]
    head = winner.fold_heads[repeat][fold]
    others = [out for number, out in enumerate(winner.held_out[repeat]) if number != fold]
    if fit.recalibration is None or not others:
        return head
    recalibration = recalibration_on(fit.task, [others], fit.recalibration.significance)
    return head.recalibrated(recalibration) if recalibration.supported else head


HeldOutPart = tuple[NDArray[np.intp], int, int, OutcomeModel]
"""Patients, the repeat and the fold in which they were held out, and the model fitted without them."""


def evaluate_parts(
    features: FeatureRows, outcomes: Outcomes, weights: Weights, parts: Sequence[HeldOutPart]
) -> EvaluatedPredictions:
    """Predictions for the patients of every part by the part's own model, which was fitted without them."""
    rows = [features.values[patient] for patient, *_ in parts]
    lengths = [len(patient) for patient, *_ in parts]
    remission = [model.remission for *_, model in parts]
    relapse = [model.relapse for *_, model in parts]
    model = parts[0][3]
    days = _days(model.horizons_days, relapse)
    curves = [_curve(head, values, days) for head, values in zip(relapse, rows, strict=True)]
    return EvaluatedPredictions(
        features=features,
        outcomes=outcomes,
        weights=weights,
        horizons_days=model.horizons_days,
        in_remission_at_landmark=model.in_remission_at_landmark,
        patient=np.concatenate([patient for patient, *_ in parts]),
        repeat=np.repeat([repeat for _, repeat, *_ in parts], lengths),
        fold=np.repeat([fold for _, _, fold, _ in parts], lengths),
        remission_log_odds=_stacked([h.log_odds(v) for h, v in zip(remission, rows, strict=True) if h is not None]),
        relapse_score=_stacked([h.linear_predictor(v) for h, v in zip(relapse, rows, strict=True) if h is not None]),
        days=days,
        relapse=np.concatenate([relapsed for relapsed, _ in curves]),
        event_free=np.concatenate([free for _, free in curves]),
    )


def _stacked(values: Sequence[Floats]) -> Floats | None:
    return np.concatenate(values) if values else None


def _days(horizons_days: tuple[int, ...], heads: Sequence[RelapseHead | None]) -> NDArray[np.int64]:
    """At most about fifty ends of weeks, and the horizons, as far as every head reaches."""
    reach = min((int(head.days[-1]) for head in heads if head is not None), default=0)
    grid = week_ends(reach)
    within = np.array([day for day in horizons_days if day <= reach], dtype=np.int64)
    return np.unique(np.concatenate([grid, within]))


def _curve(head: RelapseHead | None, rows: Floats, days: NDArray[np.int64]) -> tuple[Floats, Floats]:
    if head is None or not len(days):
        return np.empty((len(rows), len(days))), np.empty((len(rows), len(days)))
    curve = head.curve(rows, days)
    return curve.relapse, curve.event_free
