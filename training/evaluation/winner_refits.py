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

REFITS_AT_ONCE = 16
"""Refits of one piece of work; all of a head in one would keep some processes waiting for the others."""


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
    once = np.ones((1, len(site)))
    drawn = np.concatenate([once, draw_within_sites(site, config.intervals.refits, config.seed)])
    parts = np.array_split(drawn, -(-len(drawn) // REFITS_AT_ONCE))
    found: list[Instability | None] = [None] * len(fits)
    won = [position for position, fit in enumerate(fits) if fit.winner is not None]
    refitted = side_by_side(_probabilities, [(fits[at], part, config) for at in won for part in parts], workers)
    for position in won:
        probabilities = np.concatenate([next(refitted) for _ in parts], axis=1)
        found[position] = instability(probabilities[:, 0], probabilities[:, 1:])
        progress()
    return found


def _probabilities(fit: HeadFit, drawn: Floats, config: TrainingConfig) -> Floats:
    """Of the patients fitted on, by refits to samples ``drawn`` (samples, patients); shape (patients, samples)."""
    learner = _learner(fit, config)
    with threadpool_limits(limits=1):
        if isinstance(learner, SurvivalLearner):
            return _of_curves(fit, drawn, learner)
        training_data = _training_data(fit)
        return np.column_stack([_probability(fit, _counted(training_data, counts), learner) for counts in drawn])


def _of_curves(fit: HeadFit, drawn: Floats, learner: SurvivalLearner) -> Floats:
    """As for any winner, by refitting a survival estimator to the patients drawn, each as often as it was drawn."""
    task, head = fit.task, fit.head
    assert isinstance(task, RelapseTask)  # noqa: S101 - its learner is one of curves
    assert isinstance(head, RelapseHead)  # noqa: S101 - its task made it
    rows = task.training_data.rows[task.at_risk]
    risks = [
        task.fit_curves(learner, np.where(task.at_risk, counts, 0).astype(np.int64), head.edges)
        .curve(rows, head.days[-1:])
        .relapse[:, 0]
        for counts in drawn
    ]
    return np.column_stack(risks)


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
