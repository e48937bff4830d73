"""Refits each winner on bootstrap samples, with its tuned parameters: how stable are its answers?

These refits are for the evidence only; those behind the intervals are in `learning.refits`.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from features.records.timeline import Floats
from models.fitting.learners import (
    Learner,
    Penalty,
    TrainingData,
    fit_logistic_at,
    fit_xgboost_with,
)
from models.outcomes import expit
from models.relapse import RelapseHead
from training.config import TrainingConfig
from training.evaluation.instability import instability
from training.evidence.document import Instability
from training.execution.side_by_side import side_by_side
from training.learning.candidates import learner_for
from training.learning.fit import HeadFit
from training.learning.own_candidates.survival import SurvivalLearner
from training.learning.refits import draw_within_sites, training_data_of
from training.learning.relapse_task import RelapseTask
from training.learning.tasks import TaskLearner, baseline_of


def instabilities(
    fits: Sequence[HeadFit],
    site: NDArray[np.integer],
    config: TrainingConfig,
    progress: Callable[[], None],
    workers: int,
) -> list[Instability | None]:
    """How unstable each head's winner is, before recalibration, on its own patients; ``None`` without a winner.

    ``progress`` is called once per head that has a winner.
    """
    drawn = draw_within_sites(site, config.intervals.refits, config.seed)
    found: list[Instability | None] = [None] * len(fits)
    won = [position for position, fit in enumerate(fits) if fit.winner is not None]
    moves_of_all = side_by_side(_instability, [(fits[at], drawn, config) for at in won], workers)
    for position, moves in zip(won, moves_of_all, strict=True):
        found[position] = moves
        progress()
    return found


def _instability(fit: HeadFit, drawn: Floats, config: TrainingConfig) -> Instability:
    learner = _learner(fit, config)
    if isinstance(learner, SurvivalLearner):
        return _instability_of_curves(fit, drawn, learner)
    training_data = _training_data(fit)
    with threadpool_limits(limits=1):
        point = _probability(fit, training_data, learner)
        refits = [_probability(fit, _counted(training_data, counts), learner) for counts in drawn]
    return instability(point, np.column_stack(refits))


def _instability_of_curves(fit: HeadFit, drawn: Floats, learner: SurvivalLearner) -> Instability:
    """As for any winner, by refitting a survival estimator to the patients drawn, each as often as it was drawn."""
    task, head = fit.task, fit.head
    assert isinstance(task, RelapseTask)  # noqa: S101 - its learner is one of curves
    assert isinstance(head, RelapseHead)  # noqa: S101 - its task made it
    rows = task.training_data.rows[task.at_risk]
    with threadpool_limits(limits=1):
        risks = [
            task.fit_curves(learner, np.where(task.at_risk, counts, 0).astype(np.int64), head.edges)
            .curve(rows, head.days[-1:])
            .relapse[:, 0]
            for counts in [np.ones(len(task.at_risk)), *drawn]
        ]
    return instability(risks[0], np.column_stack(risks[1:]))


def _training_data(fit: HeadFit) -> TrainingData:
    assert fit.head is not None  # noqa: S101 - there is a winner
    return training_data_of(fit.task, fit.head)


def _learner(fit: HeadFit, config: TrainingConfig) -> TaskLearner:
    """The winner's learner with the parameters that tuning chose for it; that of another package as it is."""
    kept, tuning = fit.candidates[str(fit.winner)].parameters, fit.candidates[str(fit.winner)].tuning
    if fit.winner == "logistic":
        return fit_logistic_at(Penalty.from_parameters(kept), tuning)
    if fit.winner == "xgboost":
        return fit_xgboost_with(kept, tuning)
    return learner_for(str(fit.winner), fit.task, config)


def _counted(training_data: TrainingData, counts: Floats) -> TrainingData:
    """The training data with each patient counted ``counts`` (patients,) times."""
    binomial = training_data.binomial.subset(counts > 0)
    weight = counts[binomial.patient]
    return replace(
        training_data,
        binomial=replace(binomial, successes=binomial.successes * weight, failures=binomial.failures * weight),
    )


def _probability(fit: HeadFit, counted: TrainingData, learner: Learner) -> Floats:
    """P(remission), or of relapse by the end of the curve, of every patient the head was fitted on."""
    training_data = _training_data(fit)
    fitted = learner(counted)
    score, baseline = fitted.score, baseline_of(fitted, counted)
    head = fit.head
    if not isinstance(head, RelapseHead):
        return np.asarray(expit(baseline[0] + score.predict(training_data.rows[training_data.fitted_on])))
    refitted = replace(head, score=score, baseline=baseline, slope=1.0)
    return refitted.curve(training_data.rows[training_data.fitted_on], head.days[-1:]).relapse[:, 0]
