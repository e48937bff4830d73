"""Predictions and observed outcomes of every patient of a cohort, for the comparison of candidate and champion.

Patients appear under pseudonyms. `champion_comparison` compares the two.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.build import build_features
from features.records.cohort import Cohort
from features.records.timeline import Floats
from models.bundle import Bundle
from models.outcome_model import OutcomeModel
from training.config import TrainingConfig
from training.experiment.champion_comparison import HeadName, end_of_curve
from training.experiment.records import observed
from training.learning.cohort_tasks import tasks_of
from training.outcomes.labels import derive_outcomes


def observed_outcomes(cohort: Cohort, names: NDArray[np.str_], config: TrainingConfig) -> dict[HeadName, pd.DataFrame]:
    """Outcomes and weights of every head by patient; ``names`` are the patients' pseudonyms.

    Columns: observed, weight and, for relapse, followed_days and ended_by.
    """
    landmarks, found = cohort.protocol.landmarks, {}
    features = [build_features(cohort, landmark) for landmark in landmarks]
    outcomes = [derive_outcomes(cohort, landmark) for landmark in landmarks]
    for landmark, tasks in zip(landmarks, tasks_of(cohort, features, outcomes, config), strict=True):
        for task in tasks:
            known = np.flatnonzero(task.fitted_on)
            if len(known):
                found[landmark.name, task.name] = pd.DataFrame(observed(task, known), index=names[known])
    return found


def predictions_of(
    model: Bundle, cohort: Cohort, names: NDArray[np.str_], asked: Mapping[HeadName, pd.DataFrame]
) -> dict[HeadName, pd.DataFrame]:
    """A model's predictions for every requested head that it has; relapse at the end of ``followed_days``.

    ``cohort`` was read under the model's protocol, ``names`` are its patients' pseudonyms. Column: probability.
    """
    parts = {part.landmark.name: part for part in model.models}
    found = {}
    for (landmark, head), rows in asked.items():
        part = parts.get(landmark)
        if part is None:
            continue
        features = build_features(cohort, part.landmark)
        predictable = features.ineligible == None  # noqa: E711 - elementwise
        probability = _probability(part, head, features.values[predictable], rows)
        if probability is not None:
            found[landmark, head] = pd.DataFrame({"probability": probability}, index=names[predictable])
    return found


def _probability(model: OutcomeModel, head: str, values: Floats, rows: pd.DataFrame) -> Floats | None:
    if head == "remission":
        return model.remission.probability(values) if model.remission else None
    day = end_of_curve(rows["followed_days"])
    if model.relapse is None or day > model.relapse.days[-1]:
        return None
    return np.asarray(model.relapse.curve(values, np.array([day])).relapse[:, 0])
