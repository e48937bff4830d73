"""Settings and small tasks for tests of training."""

from dataclasses import replace

import numpy as np

from models.calibration import BinomialCounts
from models.fitting.learners import TrainingData
from models.outcomes import Floats, expit
from models.relapse import FollowUpWeights
from tests.models.training_sets import training_data_of
from training.config import load_config
from training.learning.relapse_task import RelapseTask
from training.learning.tasks import RemissionTask
from training.outcomes.labels import EndedBy

QUICK = replace(
    load_config(), candidates=("no_model", "one_variable", "logistic"), folds=4, fewest_repeats=1, most_repeats=1
)
"""All but the trees, and one repeat of the folds."""


def remission_task_of(rows: Floats, outcome: Floats) -> RemissionTask:
    """A remission task in which ``x0`` is the one variable; NaN is not observed."""
    return RemissionTask(training_data_of(rows, outcome), outcome, np.ones(len(outcome)), one_variable="x0")


def remission_with(events: int, patients: int, effect: float = 0.0, seed: int = 1) -> RemissionTask:
    """So many remissions among so many patients, the likelier the larger ``x0`` if there is an effect."""
    rng = np.random.default_rng(seed)
    rows = rng.standard_normal((patients, 3))
    ranks = np.argsort(-(effect * rows[:, 0] + rng.logistic(size=patients)))
    outcome = np.zeros(patients)
    outcome[ranks[:events]] = 1
    return remission_task_of(rows, outcome)


def relapse_task_of(rows: Floats, days: Floats, ended_by: list[EndedBy], last_day: int = 182) -> RelapseTask:
    """A relapse task in which ``x0`` is the one variable and everybody is at risk."""
    none = BinomialCounts(np.empty(0, np.intp), np.empty(0, np.intp), np.empty(0), np.empty(0), len(rows), 1)
    names = tuple(f"x{column}" for column in range(rows.shape[1]))
    training_data = TrainingData(rows, none, names, (0,) * len(names), seed=7)
    at_risk = np.ones(len(rows), dtype=np.bool_)
    equal = FollowUpWeights.equal(len(rows))
    return RelapseTask(
        training_data, days, np.array(ended_by, dtype=np.int8), at_risk, last_day, equal, one_variable="x0"
    )


def drawn_relapses(patients: int, seed: int = 2, effect: float = 1.0) -> RelapseTask:
    """A weekly hazard of about 5%, higher with ``x0``; follow-up ends between weeks 4 and 26."""
    rng = np.random.default_rng(seed)
    rows = rng.standard_normal((patients, 2))
    onset = rng.geometric(expit(effect * rows[:, 0] - 3)) * 7 - rng.integers(0, 7, patients)
    end = rng.integers(28, 183, patients)
    ended = [EndedBy.RELAPSE if first <= last else EndedBy.CENSORED for first, last in zip(onset, end, strict=True)]
    return relapse_task_of(rows, np.minimum(onset, end).astype(np.float64), ended)
