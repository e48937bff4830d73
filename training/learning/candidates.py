"""The candidates of a training: those built in, and those of other packages, which are candidates like any other.

A candidate is a name in the configuration. `own_candidates` resolves the names that are not built in.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeAlias

import numpy as np

from features.records.timeline import Floats
from models.fitting.learners import fit_logistic, fit_nothing, fit_one_variable, fit_xgboost
from training.config import CANDIDATES, TrainingConfig
from training.learning.own_candidates.classifier import EstimatorScore, classifier_learner
from training.learning.own_candidates.onnx_export import converted
from training.learning.own_candidates.resolution import heads_of, made, origin_of
from training.learning.own_candidates.survival import CurveScore, SurvivalLearner
from training.learning.relapse_task import RelapseTask
from training.learning.tasks import Head, Task, TaskLearner

NO_CURVES = "a survival estimator has no form that a bundle can hold without code"
BOTH = frozenset({"remission", "relapse"})


@dataclass(frozen=True)
class Candidate:
    """A candidate: its configured ``name``, and the ``heads`` that it can take.

    ``rank`` orders candidates by complexity: those built in first, then the others as they are configured. Ties of the
    choice go to the lower rank. ``learner`` gives the learner of a task.
    """

    name: str
    rank: int
    heads: frozenset[str]
    learner: Callable[[Task, TrainingConfig], TaskLearner]
    is_own: bool = False

    def can_take(self, task: Task) -> bool:
        """Whether the candidate can be fitted to a task."""
        return not self.why_not(task)

    def why_not(self, task: Task) -> str:
        """Why the candidate can't be fitted to a task, empty if it can; one variable must vary."""
        if task.name not in self.heads:
            return f"it does not predict {task.name}"
        if self.name == "one_variable" and len(np.unique(_recorded(task))) <= 1:
            return f"{task.one_variable} does not differ between the patients"
        return ""


def candidates_of(config: TrainingConfig) -> tuple[Candidate, ...]:
    """The configured candidates by rank; raises ``InputRefusedError`` for one that can't be used."""
    own = [name for name in config.candidates if name not in CANDIDATES]
    ordered = [name for name in CANDIDATES if name in config.candidates] + own
    return tuple(candidate_of(name, rank, config.seed) for rank, name in enumerate(ordered))


def candidate_of(name: str, rank: int, seed: int) -> Candidate:
    """The candidate of a name."""
    if name in _BUILT_IN:
        return Candidate(name, rank, BOTH, _BUILT_IN[name])
    return Candidate(name, rank, heads_of(made(name, seed)), partial(_own_learner, name), is_own=True)


def origins_of(config: TrainingConfig) -> dict[str, str]:
    """Where the code of every candidate of another package comes from, by name."""
    return {candidate.name: origin_of(candidate.name) for candidate in candidates_of(config) if candidate.is_own}


def learner_for(candidate: str, task: Task, config: TrainingConfig) -> TaskLearner:
    """The learner of a candidate's name, with the settings of a training."""
    return candidate_of(candidate, 0, config.seed).learner(task, config)


def exported(head: Head, task: Task) -> tuple[Head, str]:
    """The head in a form that a bundle can hold, and why it has none: empty, or the reason for research only."""
    score = head.score
    if isinstance(score, CurveScore):
        return head, NO_CURVES
    if not isinstance(score, EstimatorScore):
        return head, ""
    rows = task.training_data.rows
    found = converted(score, rows, rows[:0] if task.reference_rows is None else task.reference_rows)
    return (head, found) if isinstance(found, str) else (replace(head, score=found), "")


_Learners: TypeAlias = dict[str, Callable[[Task, TrainingConfig], TaskLearner]]
_BUILT_IN: _Learners = {
    "no_model": lambda _task, _config: fit_nothing,
    "one_variable": lambda task, config: fit_one_variable(task.one_variable, config.tuning),
    "logistic": lambda _task, config: fit_logistic(config.tuning),
    "xgboost": lambda _task, config: fit_xgboost(config.tuning),
}


def _recorded(task: Task) -> Floats:
    """The recorded values of the one variable."""
    variable = task.training_data.rows[:, task.training_data.names.index(task.one_variable)]
    return variable[~np.isnan(variable)]


def _own_learner(name: str, task: Task, config: TrainingConfig) -> TaskLearner:
    make = partial(made, name, config.seed)
    return SurvivalLearner(name, make) if isinstance(task, RelapseTask) else classifier_learner(name, make)
