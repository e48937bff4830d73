"""The tables and documents that a training records for people: predictions, coefficients, a summary.

Patients appear under pseudonyms that only the cohort resolves.
"""

import hashlib
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.records.cohort import Cohort
from models.score import LinearScore, Trees
from training.evaluation.candidate_figures import at_the_end, figures, recalibrated
from training.evidence.document import Evidence, LandmarkEvidence
from training.experiment.train import LandmarkFit, Training
from training.learning.fit import CandidateFit, HeadFit
from training.learning.relapse_task import RelapseTask
from training.learning.tasks import RemissionTask, Task


def pseudonyms(cohort: Cohort) -> NDArray[np.str_]:
    """A name per patient, in the cohort's order: the patient's place in a shuffle that the whole cohort decides.

    The shuffle's key is a digest of the tables that is recorded nowhere, so the run alone can't resolve a name.
    """
    key = hashlib.sha256(b"pseudonyms\0" + "\0".join(cohort.patient_ids.tolist()).encode())
    for rows in (cohort.assessments, cohort.sessions, cohort.events, cohort.prior_treatments):
        for column in sorted(rows.columns):
            key.update(np.asarray(rows[column], dtype="<f8").tobytes())
    shuffled = np.random.default_rng(int(key.hexdigest(), 16)).permutation(len(cohort))
    return np.array([f"p{place:07d}" for place in shuffled])


def held_out_table(training: Training) -> pd.DataFrame:
    """Every held-out prediction: one row per patient, landmark, head, candidate and repeat.

    ``probability`` is the candidate's as fitted, P(remission) or that of relapse by the end of the curve;
    ``recalibrated`` is the winner's, recalibrated as in the bundle, and NaN for all other candidates.
    """
    names = pseudonyms(training.cohort)
    parts = [
        _held_out_rows(training, fit, candidate, names).assign(landmark=landmark.outcomes.landmark.name, head=head)
        for landmark in training.landmarks
        for head, fit in landmark.heads.items()
        for candidate in fit.candidates.values()
    ]
    first = ["landmark", "head", "candidate", "repeat", "fold", "patient", "score", "probability", "recalibrated"]
    if not parts:
        return pd.DataFrame(columns=first)
    table = pd.concat(parts, ignore_index=True)
    return table[first + [column for column in table.columns if column not in first]]


def _held_out_rows(training: Training, fit: HeadFit, candidate: CandidateFit, names: NDArray[np.str_]) -> pd.DataFrame:
    rows = []
    for repeat, outs in enumerate(candidate.held_out):
        for number, (fold, out) in enumerate(zip(training.folds.names, outs, strict=True)):
            frame = pd.DataFrame({"patient": names[out.patient], "score": out.linear_predictor})
            frame["repeat"], frame["fold"], frame["candidate"] = repeat, fold, candidate.name
            frame["probability"] = at_the_end(out)
            won = candidate.name == fit.winner
            frame["recalibrated"] = at_the_end(recalibrated(fit, repeat, number, out)) if won else np.nan
            rows.append(frame.assign(**observed(fit.task, out.patient)))
    return pd.concat(rows, ignore_index=True)


def observed(task: Task, patient: NDArray[np.intp]) -> dict[str, Any]:
    """The observed outcomes of some patients and their weights, as columns.

    For relapse also how long they were followed, up to the reach of the curve, and ``ended_by``: 0 censored, 1
    relapse, 2 competing event.
    """
    if isinstance(task, RemissionTask):
        return {"observed": task.remission[patient], "weight": task.weights[patient]}
    assert isinstance(task, RelapseTask)  # noqa: S101 - there are two kinds of task
    ended_by = np.where(task.relapsed, 1, np.where(task.competed, 2, 0)).astype(np.int8)[patient]
    relapsed = (ended_by == 1).astype(np.float64)
    return {"observed": relapsed, "followed_days": task.followed[patient], "ended_by": ended_by, "weight": 1.0}


def importances(candidate: CandidateFit, features: tuple[str, ...]) -> dict[str, float]:
    """A candidate's importances: log-odds per unit for a linear score, total gain for trees; none for no model."""
    score = candidate.head.score
    if isinstance(score, LinearScore):
        weights = {features[column]: weight for column, weight in zip(score.used, score.weight.tolist(), strict=True)}
        missing = {
            f"{features[column]} not recorded": weight
            for column, weight in zip(score.used, score.missing_weight.tolist(), strict=True)
            if weight != 0
        }
        return weights | missing
    if isinstance(score, Trees):
        gains = score.booster.get_score(importance_type="total_gain")
        return {features[int(column[1:])]: float(np.asarray(gain).item()) for column, gain in sorted(gains.items())}
    return {}


def summary(training: Training, evidence: Evidence) -> list[dict[str, Any]]:
    """Per landmark and head: n, events, winner and every candidate's held-out measures; NaN becomes null.

    The winner's measures are those of the evidence.
    """
    return [
        _landmark_summary(landmark, evidence.landmark(landmark.outcomes.landmark.name))
        for landmark in training.landmarks
    ]


def _landmark_summary(landmark: LandmarkFit, landmark_evidence: LandmarkEvidence) -> dict[str, Any]:
    return {
        "name": landmark.outcomes.landmark.name,
        "remission": _head_summary(landmark.remission, landmark_evidence),
        "relapse": _head_summary(landmark.relapse, landmark_evidence),
    }


def _head_summary(fit: HeadFit | None, landmark_evidence: LandmarkEvidence) -> dict[str, Any] | None:
    if fit is None:
        return None
    return {
        "n": fit.task.patients,
        "events": fit.task.events,
        "winner": fit.winner,
        "note": fit.note,
        "candidates": {
            name: _nullable(figures(fit, candidate, landmark_evidence)) for name, candidate in fit.candidates.items()
        },
    }


def _nullable(values: Mapping[str, float]) -> dict[str, float | None]:
    return {name: None if np.isnan(value) else value for name, value in values.items()}
