"""Clinics in which a model is used, drawn by a program: who comes when, and what is answered."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from features.build import build_features
from features.records.cohort import Cohort
from features.records.timeline import Floats
from models.applicability import Applicable
from models.bundle import Bundle
from models.outcome_model import OutcomeModel, Predictions
from training.monitoring.statistics.logged import LoggedPrediction

START = datetime(2026, 1, 5, 9, tzinfo=UTC)
DAYS_A_MONTH = 30.4

ChangeSize = Callable[[tuple[str, ...], Floats, Floats], Floats]
"""Makes other feature rows (n, features) of the names, the rows and the months since the start (n,)."""


def hashed(name: str) -> str:
    """What stands for the keyed hash of a patient's reference."""
    return f"hash of {name}"


def clinic_log(
    bundle: Bundle, cohort: Cohort, per_month: float = 30, change: ChangeSize | None = None, start: datetime = START
) -> list[LoggedPrediction]:
    """The log of a clinic with ``per_month`` patients of a cohort a month, each predicted at every landmark."""
    came = (np.arange(len(cohort)) / per_month * DAYS_A_MONTH).astype(int)
    log = []
    for model in bundle.models:
        rows = build_features(cohort, model.landmark)
        who = np.flatnonzero(rows.ineligible == None)  # noqa: E711 - elementwise
        days = came[who] + rows.day[who].astype(int)
        values = rows.values[who]
        if change is not None:
            values = change(rows.names, values, days / DAYS_A_MONTH)
        predicted, verdicts = model.predict(values, with_curve=False), verdicts_of(model, values)
        for place, patient in enumerate(who.tolist()):
            log.append(
                LoggedPrediction(
                    prediction_id=f"{model.landmark.name} {patient}",
                    at=start + timedelta(days=int(days[place])),
                    model_digest=bundle.digest,
                    model_version="1",
                    run_id="0" * 32,
                    landmark=model.landmark.name,
                    landmark_day=int(rows.day[patient]),
                    patient=hashed(str(cohort.patient_ids[patient])),
                    row=row_of(rows.names, values[place]),
                    answer=answer_of(model, predicted, place, verdicts[place]),
                )
            )
    return log


def row_of(names: tuple[str, ...], values: Floats) -> dict[str, float]:
    """The features that are recorded."""
    return {name: value for name, value in zip(names, values.tolist(), strict=True) if not np.isnan(value)}


def verdicts_of(model: OutcomeModel, values: Floats) -> list[str]:
    """The applicability of each patient."""
    if model.applicability is None:
        return ["inside"] * len(values)
    return [Applicable(level).name.lower() for level in model.applicability.assess(values).verdict.tolist()]


def answer_of(model: OutcomeModel, predicted: Predictions, place: int, verdict: str) -> dict[str, Any]:
    """The parts of an answer that monitoring reads, as the service gives them."""
    if verdict == "outside":
        return {"outcome": "not_predictable", "reasons": [{"code": "outside_training", "message": "unlike"}]}
    risks = [
        {"days": days, "probability": None if np.isnan(risk) else float(risk)}
        for days, risk in zip(model.horizons_days, predicted.relapse[place].tolist(), strict=True)
    ]
    return {
        "outcome": "predicted",
        "applicability": {"verdict": verdict, "reasons": []},
        "remission": {"probability": float(predicted.remission[place])} if model.remission else None,
        "relapse": {"at_horizons": risks} if model.relapse else None,
    }
