"""Refits each winner on bootstrap samples, with its tuned parameters: how stable are its answers?

These refits are for the evidence only; those behind the intervals are in `learning.refits`.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from features.records.timeline import Floats
from models.calibration import fit_baseline
from models.learners import (
    Learner,
    Penalty,
    TrainingData,
    fit_logistic_at,
    fit_nothing,
    fit_one_variable,
    fit_xgboost_with,
)
from models.outcomes import expit
from models.relapse import RelapseHead
from training.config import TrainingConfig
from training.evaluation.instability import instability
from training.evidence.document import Instability
from training.learning.fit import HeadFit
from training.learning.refits import draw_within_sites, training_data_of


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
    parallel = Parallel(n_jobs=workers, return_as="generator", batch_size=1)
    found: list[Instability | None] = [None] * len(fits)
    won = [position for position, fit in enumerate(fits) if fit.winner is not None]
    for position, moves in zip(won, parallel(delayed(_instability)(fits[at], drawn) for at in won), strict=True):
        found[position] = moves
        progress()
    return found


def _instability(fit: HeadFit, drawn: Floats) -> Instability:
    training_data = _training_data(fit)
    learner = _learner(fit)
    with threadpool_limits(limits=1):
        point = _probability(fit, training_data, learner)
        refits = [_probability(fit, _counted(training_data, counts), learner) for counts in drawn]
    return instability(point, np.column_stack(refits))


def _training_data(fit: HeadFit) -> TrainingData:
    assert fit.head is not None  # noqa: S101 - there is a winner
    return training_data_of(fit.task, fit.head)


def _learner(fit: HeadFit) -> Learner:
    """The winner's learner with the parameters that tuning chose for it."""
    kept, tuning = fit.candidates[str(fit.winner)].parameters, fit.candidates[str(fit.winner)].tuning
    if fit.winner == "logistic":
        return fit_logistic_at(Penalty.from_parameters(kept), tuning)
    if fit.winner == "xgboost":
        return fit_xgboost_with(kept, tuning)
    return fit_one_variable(fit.task.one_variable, tuning) if fit.winner == "one_variable" else fit_nothing


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
    score = learner(counted).score
    baseline = fit_baseline(counted.binomial, score.predict(training_data.rows))
    head = fit.head
    if not isinstance(head, RelapseHead):
        return np.asarray(expit(baseline[0] + score.predict(training_data.rows[training_data.fitted_on])))
    refitted = replace(head, score=score, baseline=baseline, slope=1.0)
    return refitted.curve(training_data.rows[training_data.fitted_on], head.days[-1:]).relapse[:, 0]
