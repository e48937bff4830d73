"""From a request to an answer, with no web in it: the record at its latest landmark, scored, with reasons."""

from collections.abc import Mapping
from math import isnan
from typing import Any
from uuid import uuid4

import numpy as np

from features.build import feature_rows
from features.catalogue import catalogue
from features.cohort import Cohort
from features.eligibility import Ineligible
from features.landmark import Known, known_at, landmark_days
from features.protocol import Landmark
from features.timeline import Floats
from models.applicability import Applicable, Judgement
from models.bundle import Bundle, HeadRecord
from models.explanation import explain
from models.outcome_model import Intervals, OutcomeModel, Predictions
from models.outcomes import RelapseCurve
from models.relapse import RelapseHead
from models.remission import RemissionHead
from serving.answer import Applicability, ModelUsed, NotPredictable, Predicted, PredictionResponse, Reason, Unlike
from serving.contract import PredictionRequest
from serving.record import RecordReader

NOT_LEARNED = "not_learned"
OUTSIDE_TRAINING = "outside_training"


class Predictor:
    """Answers for one patient at a time from one bundle."""

    def __init__(self, bundle: Bundle, version: str) -> None:
        """Keep the bundle; ``version`` is its name in the registry, shown with every answer."""
        self.bundle = bundle
        self.model_used = ModelUsed(
            version=version,
            bundle_digest=bundle.digest,
            synthetic=bundle.training.get("synthetic") is True,
        )
        self._reader = RecordReader(bundle.protocol)
        self._features = catalogue(bundle.protocol)
        self._names = tuple(feature.name for feature in self._features)
        self._declared = {feature.name: (feature.meaning, feature.unit) for feature in self._features}

    def predict(self, request: PredictionRequest) -> PredictionResponse:
        """The answer at the latest landmark reached; raises ``RequestRefusedError`` for a record that can't be so."""
        cohort = self._reader.read(request)
        number = self._latest_landmark(cohort)
        if number is None:
            return self._not_predictable(Ineligible.LANDMARK_NOT_REACHED.name.lower(), self._what_is_needed())
        model = self.bundle.models[number]
        known = known_at(cohort, model.landmark)
        rows = feature_rows(cohort, known)
        if rows.unpredictable[0] is not None:
            reason: Ineligible = rows.unpredictable[0]
            return self._not_predictable(reason.name.lower(), f"{model.landmark.name}: {reason.value}")
        if not model.can_answer:
            message = f"{model.landmark.name}: the training cohort could teach neither remission nor relapse"
            return self._not_predictable(NOT_LEARNED, message)
        judged = model.applicability.judge(rows.values) if model.applicability is not None else None
        if judged is not None and judged.verdict[0] == Applicable.OUTSIDE:
            message = f"{model.landmark.name}: {judged.refusal(0, self._names)}"
            return self._not_predictable(OUTSIDE_TRAINING, message, self._applicability(judged))
        answer = self._answer(model, rows.values, self.bundle.records[number])
        about = {
            "landmark": {"name": model.landmark.name, "day": int(rows.day[0])},
            "applicability": None if judged is None else self._applicability(judged),
            "not_used": _not_used(cohort, known),
        }
        return PredictionResponse(Predicted.model_validate(answer | about))

    def _latest_landmark(self, cohort: Cohort) -> int | None:
        """Position of the landmark with the latest day, the last of several; ``None`` when none is reached."""
        days = [float(landmark_days(cohort, model.landmark)[0]) for model in self.bundle.models]
        reached = [(day, number) for number, day in enumerate(days) if not isnan(day)]
        return max(reached)[1] if reached else None

    def _what_is_needed(self) -> str:
        first = self.bundle.models[0].landmark
        return f"no landmark is reached yet; the first is {first.name!r}, which needs {_needed_for(first)}"

    def _not_predictable(
        self, code: str, message: str, applicability: Applicability | None = None
    ) -> PredictionResponse:
        return PredictionResponse(
            NotPredictable(
                prediction_id=str(uuid4()),
                model=self.model_used,
                applicability=applicability,
                reasons=[Reason(code=code, message=message)],
            )
        )

    def _applicability(self, judged: Judgement) -> Applicability:
        reasons = [
            Unlike(
                code=concern.code,
                feature=None if concern.column is None else self._names[concern.column],
                message=concern.in_words(self._names),
            )
            for concern in judged.concerns(0)
        ]
        verdict = Applicable(int(judged.verdict[0])).name.lower()
        return Applicability.model_validate({"verdict": verdict, "reasons": reasons})

    def _answer(self, model: OutcomeModel, rows: Floats, records: Mapping[str, HeadRecord]) -> dict[str, Any]:
        predicted = model.predict(rows)
        reasons = {
            name: None if head is None else self._explanation(head, rows[0])
            for name, head in (("remission", model.remission), ("relapse", model.relapse))
        }
        return {
            "prediction_id": str(uuid4()),
            "model": self.model_used,
            "remission": _remission(predicted) if model.remission else None,
            "relapse": _relapse(predicted, model.horizons_days),
            "sustained_remission": _sustained(predicted, model.horizons_days),
            "reasons": reasons,
            "not_recorded": [self._names[position] for position in np.flatnonzero(np.isnan(rows[0])).tolist()],
            "notes": _notes(model, records),
        }

    def _explanation(self, head: RemissionHead | RelapseHead, row: Floats) -> dict[str, Any]:
        explanation = explain(head, self._names, row)
        contributions = []
        for reason in explanation.reasons:
            meaning, unit = self._declared[reason.feature]
            contributions.append(vars(reason) | {"meaning": meaning, "unit": unit})
        return {"log_odds": explanation.log_odds, "start": explanation.start, "contributions": contributions}


def _notes(model: OutcomeModel, records: Mapping[str, HeadRecord]) -> list[str]:
    """What to know about the heads; a head that could not be learned is named even without a note of its own."""
    expected = ("relapse",) if model.in_remission_at_landmark else ("remission", "relapse")
    notes = {name: record.note for name, record in records.items() if record.note}
    for name in expected:
        if getattr(model, name) is None:
            notes.setdefault(name, "the training cohort could not teach it")
    return [f"{name}: {note}" for name, note in notes.items()]


def _remission(predicted: Predictions) -> dict[str, Any]:
    limits = None if predicted.interval is None else predicted.interval.remission
    return {"probability": float(predicted.remission[0]), "interval_90": _intervals(limits, 1)[0]}


def _relapse(predicted: Predictions, horizons: tuple[int, ...]) -> dict[str, Any] | None:
    if predicted.curve is None:
        return None
    limits = None if predicted.interval is None else predicted.interval.relapse[0]
    at_horizons = zip(horizons, _nullable(predicted.relapse[0]), _intervals(limits, len(horizons)), strict=True)
    names = ("days", "probability", "interval_90")
    return {
        "curve": _curve(predicted.curve, predicted.interval),
        "at_horizons": [dict(zip(names, risk, strict=True)) for risk in at_horizons],
    }


def _curve(curve: RelapseCurve, interval: Intervals | None) -> list[dict[str, Any]]:
    number = len(curve.days)
    relapse = None if interval is None or interval.curve_relapse is None else interval.curve_relapse[0]
    event_free = None if interval is None or interval.curve_event_free is None else interval.curve_event_free[0]
    columns = {
        "day": curve.days.tolist(),
        "relapse": curve.relapse[0].tolist(),
        "event_free": curve.event_free[0].tolist(),
        "competing": curve.competing[0].tolist(),
        "relapse_interval_90": _intervals(relapse, number),
        "event_free_interval_90": _intervals(event_free, number),
    }
    return [dict(zip(columns, point, strict=True)) for point in zip(*columns.values(), strict=True)]


def _sustained(predicted: Predictions, horizons: tuple[int, ...]) -> list[dict[str, Any]]:
    limits = None if predicted.interval is None else predicted.interval.sustained[0]
    at_horizons = zip(horizons, _nullable(predicted.sustained[0]), _intervals(limits, len(horizons)), strict=True)
    names = ("horizon_days", "probability", "interval_90")
    return [dict(zip(names, lasting, strict=True)) for lasting in at_horizons]


def _nullable(probabilities: Floats) -> list[float | None]:
    return [None if isnan(probability) else probability for probability in probabilities.tolist()]


def _intervals(limits: Floats | None, number: int) -> list[dict[str, float] | None]:
    """Limits of shape (number, 2) as they are answered; null where nothing is said, or by a model without refits."""
    if limits is None:
        return [None] * number
    return [None if isnan(low) else {"low": low, "high": high} for low, high in limits.tolist()]


def _not_used(cohort: Cohort, known: Known) -> dict[str, int]:
    return {
        "sessions": len(cohort.sessions) - len(known.sessions),
        "assessments": len(cohort.assessments) - len(known.assessments),
        "events": len(cohort.events) - len(known.events),
    }


def _needed_for(landmark: Landmark) -> str:
    if landmark.day is not None:
        return f"as_of_day to be {landmark.day} or later"
    session = landmark.before_session or 1
    if session == 1:
        return "nothing but a record"
    earlier = "dosing session 1" if session == 2 else f"dosing sessions 1 to {session - 1}"
    return f"{earlier} to be recorded, and as_of_day to be after the last of them"
