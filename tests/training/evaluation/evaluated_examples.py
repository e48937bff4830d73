"""Small evaluated cohorts written out by hand, for tests of what is computed from predictions and outcomes."""

from collections.abc import Sequence

import numpy as np

from features.build import FeatureRows
from features.protocol.document import Covariate, Landmark, Protocol
from features.records.cohort import Cohort
from features.records.primary_scale import PrimaryScale
from features.records.timeline import Floats, Rows
from models.relapse import FollowUpWeights
from training.evaluation.predictions import EvaluatedPredictions, Weights
from training.metrics.question_data import QuestionData
from training.outcomes.labels import EndedBy, Outcomes

NAN = float("nan")
LANDMARK = Landmark("before session 1", before_session=1)


def outcomes_of(
    remission: Sequence[float], followed: Sequence[float], ended_by: Sequence[EndedBy], eligible: Sequence[bool] = ()
) -> Outcomes:
    """Outcomes of as many patients as there are answers to remission; all are eligible unless given otherwise."""
    number = len(remission)
    days = np.zeros(number)
    kept = np.array(eligible or [True] * number)
    return Outcomes(
        landmark=LANDMARK,
        landmark_day=days,
        ineligible=np.where(kept, None, "left out").astype(object),
        primary=PrimaryScale(Protocol(), np.zeros(number, dtype=np.intp), days),
        remission=np.array(remission, dtype=np.float64),
        remission_day=days,
        risk_start_day=days,
        followed_days=np.array(followed, dtype=np.float64),
        ended_by=np.array(ended_by, dtype=np.int8),
        sustained=np.full((number, 1), np.nan),
    )


def evaluated_of(
    outcomes: Outcomes,
    remission: Sequence[float] | None,
    relapse: Sequence[Sequence[float]] | None,
    days: Sequence[int] = (84,),
    *,
    weights: Sequence[float] = (),
    at_landmark: bool = False,
) -> EvaluatedPredictions:
    """Predictions for the eligible, held out once in a single fold: P(remission), and of relapse by each day.

    Without competing events: event-free is 1 - relapse.
    """
    number = len(outcomes.remission)
    patient = np.flatnonzero(outcomes.eligible)
    nothing = np.empty((number, 0))
    chance = None if remission is None else np.array(remission, dtype=np.float64)[patient]
    curve = np.empty((len(patient), 0)) if relapse is None else np.array(relapse, dtype=np.float64)[patient]
    return EvaluatedPredictions(
        features=FeatureRows((), nothing, outcomes.landmark_day, outcomes.ineligible),
        outcomes=outcomes,
        weights=Weights(np.array(weights or np.ones(number), dtype=np.float64), FollowUpWeights.equal(number)),
        horizons_days=tuple(days),
        in_remission_at_landmark=at_landmark,
        patient=patient,
        repeat=np.zeros(len(patient), dtype=np.intp),
        fold=np.zeros(len(patient), dtype=np.intp),
        remission_log_odds=None if chance is None else np.log(chance / (1 - chance)),
        relapse_score=None if relapse is None else curve[:, -1],
        days=np.array([] if relapse is None else days, dtype=np.int64),
        relapse=curve,
        event_free=1 - curve,
    )


def asked_of(
    y_observed: Sequence[float],
    y_predicted: Sequence[float],
    *,
    weights: Sequence[float] = (),
    fold: Sequence[int] = (),
    repeat: Sequence[int] = (),
    patient: Sequence[int] = (),
) -> QuestionData:
    """The question of remission put to one row per answer; NaN is not observed."""
    number = len(y_observed)
    answer = np.array(y_observed, dtype=np.float64)
    weight = np.array(weights or np.ones(number), dtype=np.float64)
    return QuestionData(
        name="remission",
        head="remission",
        horizon_days=None,
        row=np.arange(number),
        patient=np.array(patient or range(number), dtype=np.intp),
        repeat=np.array(repeat or [0] * number, dtype=np.intp),
        fold=np.array(fold or [0] * number, dtype=np.intp),
        y_observed=answer,
        y_predicted=np.array(y_predicted, dtype=np.float64),
        weights=np.where(np.isnan(answer), 0.0, weight),
    )


def cohort_of(
    site: Sequence[int], *, sex: Sequence[int] = (), age: Sequence[float] = (), remote: Sequence[float] = ()
) -> Cohort:
    """A cohort that has nothing but sites (-1: none recorded), sexes by code, ages and a yes/no covariate."""
    number = len(site)
    covariate = Covariate("remote", "binary", "sessions by video")
    none = Rows(number, np.empty(0, np.intp), {})
    return Cohort(
        protocol=Protocol(covariates=(covariate,)),
        patient_ids=np.array([str(patient) for patient in range(number)]),
        site=np.array(site, dtype=np.int32),
        site_names=tuple(f"c{code + 1}" for code in range(max(site, default=-1) + 1)),
        patients={
            "sex": np.array(sex or [-1] * number, dtype=np.int16),
            "diagnosis": np.full(number, -1, dtype=np.int16),
            "age_years": np.array(age or [NAN] * number, dtype=np.float64),
            "remote": np.array(remote or [NAN] * number, dtype=np.float64),
        },
        prior_treatments=none,
        sessions=none,
        assessments=none,
        events=none,
    )


def once(patients: int) -> Floats:
    """The data as they are, and two draws that are the same."""
    return np.ones((3, patients))
