"""The learner of competing events: one rate for all, or a penalised regression on the features.

The rule that chooses every head chooses here too: the regression wins if it predicts held-out patients better. The
choice is made once, on all folds, before the candidates of the head are compared, so it has used their held-out
patients.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from threadpoolctl import threadpool_limits

from features.records.timeline import Floats, Mask
from models.fitting.learners import Learner, fit_logistic, fit_nothing
from models.outcomes import DAYS_PER_WEEK
from training.config import TrainingConfig
from training.execution.side_by_side import side_by_side
from training.learning.choice import choose
from training.learning.relapse_task import RelapseTask
from training.learning.splits import Folds, held_out
from training.learning.tasks import Task


def with_competing(tasks: Sequence[Task], folds: Folds, config: TrainingConfig, workers: int) -> list[Task]:
    """The tasks, those of relapse with the chosen learner of their competing events."""
    learners: dict[str, Learner] = {"no_model": fit_nothing, "logistic": fit_logistic(config.tuning.by_grid)}
    offered = [task for task in tasks if isinstance(task, RelapseTask) and _has_choice(task, config)]
    numbers = list(np.ndindex(folds.repeats, len(folds.names)))
    jobs = [(task, name, held_out(folds, *number)) for task in offered for name in learners for number in numbers]
    found = side_by_side(_losses, [(task, learners[name], held) for task, name, held in jobs], workers)
    losses = {id(task): {name: np.zeros(len(task.at_risk)) for name in learners} for task in offered}
    for (task, name, _), loss in zip(jobs, found, strict=True):
        losses[id(task)][name] += loss / folds.repeats
    chosen: dict[int, Task] = {}
    for task in offered:
        choice = choose(losses[id(task)], task.at_risk, folds.site, config.selection)
        chosen[id(task)] = replace(task, competing_learner=learners[choice.winner], competing_choice=choice)
    return [chosen.get(id(task), task) for task in tasks]


def _has_choice(task: RelapseTask, config: TrainingConfig) -> bool:
    return int(task.competed.sum()) >= config.events_to_fit and "logistic" in config.candidates


def _losses(task: RelapseTask, learner: Learner, held: Mask) -> Floats:
    """Negative log-likelihood of the competing events of held-out patients, shape (patients,)."""
    with threadpool_limits(limits=1):
        rate, score = replace(task, competing_learner=learner).fit_competing(task.at_risk & ~held)
    binomial = task.competing_counts(task.at_risk & held)
    linear_predictor = np.zeros(len(held)) if score is None else score.predict(task.training_data.rows)
    floor = 1 / (2 * max(float(task.at_risk.sum()), 1.0))  # a rate of 0 elsewhere does not make an event impossible
    level = np.log(max(rate, floor * DAYS_PER_WEEK / task.last_day)) - np.log1p(-rate)
    return binomial.loss_for_patient(linear_predictor, np.array([level]))
