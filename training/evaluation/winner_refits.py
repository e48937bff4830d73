"""Learns each winner again from bootstrap samples, as it is and with its parameters kept: how stable are its answers?

These refits serve the evidence only; those behind the intervals are in `refits`.
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
    Lesson,
    Penalty,
    learn_logistic_at,
    learn_nothing,
    learn_one_variable,
    learn_xgboost_at,
)
from models.outcomes import expit
from models.relapse import RelapseHead
from training.config import TrainingConfig
from training.evaluation.instability import instability
from training.evidence.document import Instability
from training.learning.fit import HeadFit
from training.learning.refits import REFITS, draw_within_sites, lesson_of


def instabilities(
    fits: Sequence[HeadFit],
    site: NDArray[np.integer],
    config: TrainingConfig,
    progress: Callable[[], None],
    workers: int,
) -> list[Instability | None]:
    """How unstable each head's winner is, before recalibration, on those who taught it; ``None`` without a winner.

    ``progress`` is called once per head that has a winner.
    """
    drawn = draw_within_sites(site, REFITS, config.seed)
    parallel = Parallel(n_jobs=workers, return_as="generator", batch_size=1)
    found: list[Instability | None] = [None] * len(fits)
    won = [position for position, fit in enumerate(fits) if fit.winner is not None]
    for position, moves in zip(won, parallel(delayed(_instability)(fits[at], drawn) for at in won), strict=True):
        found[position] = moves
        progress()
    return found


def _instability(fit: HeadFit, drawn: Floats) -> Instability:
    lesson = _lesson(fit)
    learner = _learner(fit)
    with threadpool_limits(limits=1):
        point = _probability(fit, lesson, learner)
        refits = [_probability(fit, _counted(lesson, counts), learner) for counts in drawn]
    return instability(point, np.column_stack(refits))


def _lesson(fit: HeadFit) -> Lesson:
    assert fit.head is not None  # noqa: S101 - there is a winner
    return lesson_of(fit.task, fit.head)


def _learner(fit: HeadFit) -> Learner:
    """The winner's learner with the parameters that tuning chose for it."""
    kept = fit.candidates[str(fit.winner)].parameters
    if fit.winner == "logistic":
        return learn_logistic_at(Penalty(kept["C"], kept["unsigned"]))
    if fit.winner == "xgboost":
        return learn_xgboost_at(int(kept["max_depth"]), int(kept["rounds"]))
    return learn_one_variable(fit.task.one_variable) if fit.winner == "one_variable" else learn_nothing


def _counted(lesson: Lesson, counts: Floats) -> Lesson:
    """The lesson of patients who count ``counts`` (patients,)."""
    trials = lesson.trials.of(counts > 0)
    weight = counts[trials.patient]
    return replace(
        lesson, trials=replace(trials, successes=trials.successes * weight, failures=trials.failures * weight)
    )


def _probability(fit: HeadFit, counted: Lesson, learner: Learner) -> Floats:
    """P(remission), or of relapse by the end of the curve, of everybody who taught the head."""
    lesson = _lesson(fit)
    score = learner(counted).score
    baseline = fit_baseline(counted.trials, score.predict(lesson.rows))
    head = fit.head
    if not isinstance(head, RelapseHead):
        return np.asarray(expit(baseline[0] + score.predict(lesson.rows[lesson.taught])))
    refitted = replace(head, score=score, baseline=baseline, slope=1.0)
    return refitted.curve(lesson.rows[lesson.taught], head.days[-1:]).relapse[:, 0]
