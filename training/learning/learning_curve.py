"""How good models of fewer training patients are: the same folds, fitted on a part of the others.

The learner is the penalised logistic regression for every head, also if it did not win: the gain from more patients
matters most for a head that has no winner yet.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from threadpoolctl import threadpool_limits

from features.records.timeline import Floats, Mask
from models.fitting.learners import fit_logistic
from training.config import TrainingConfig
from training.evidence.document import LearningCurve
from training.execution.side_by_side import side_by_side
from training.learning.fit import HeadFit
from training.learning.relapse_task import RelapseTask
from training.learning.splits import Folds, held_out
from training.learning.tasks import HeldOut, RemissionTask, Task
from training.metrics.discrimination import auc, c_index
from training.metrics.intervals import interval

LEARNER = "logistic"
FEWEST_POINTS = 4
"""Points of a learning curve from which on it is extrapolated: one more than the curve has parameters."""
EXPONENTS = np.linspace(0.2, 1.5, 27)
"""Exponents tried for the inverse power law of Figueroa 2012, doi:10.1186/1472-6947-12-8."""


@dataclass(frozen=True, eq=False)
class SmallerFits:
    """Predictions for all patients, held out once, by the mean number of training patients; ``outs[size][fold]``."""

    fitted_on: tuple[int, ...]
    outs: tuple[tuple[HeldOut, ...], ...]


def number_of_smaller_fits(fits: Sequence[HeadFit], folds: Folds, config: TrainingConfig) -> int:
    """How many fits ``fit_on_fewer`` will make."""
    fractions = len(config.evaluation.learning_curve_fractions)
    return sum(LEARNER in fit.candidates for fit in fits) * fractions * _folds_used(folds, config)


def _folds_used(folds: Folds, config: TrainingConfig) -> int:
    return min(len(folds.names), config.evaluation.learning_curve_folds)


def fit_on_fewer(
    fits: Sequence[HeadFit], folds: Folds, config: TrainingConfig, progress: Callable[[], None], workers: int
) -> list[SmallerFits | None]:
    """The smaller fits of every head that has the learner among its candidates; ``None`` for the others."""
    jobs = [
        (position, fraction, fold)
        for position, fit in enumerate(fits)
        if LEARNER in fit.candidates
        for fraction in config.evaluation.learning_curve_fractions
        for fold in range(_folds_used(folds, config))
    ]
    found: dict[tuple[int, float, int], HeldOut | None] = {}
    outs = side_by_side(_fit, [(fits[p].task, folds, f, k, config) for p, f, k in jobs], workers)
    for job, out in zip(jobs, outs, strict=True):
        found[job] = out
        progress()
    return [
        _smaller_fits(fit, position, folds, found, config) if LEARNER in fit.candidates else None
        for position, fit in enumerate(fits)
    ]


def _fit(task: Task, folds: Folds, fraction: float, fold: int, config: TrainingConfig) -> HeldOut | None:
    """Fit on a part of the patients outside a fold; ``None`` if too few outcomes are left to tune by."""
    held = held_out(folds, 0, fold)
    fitted_on = _part(~held, fraction, task.training_data.seed + fold)
    if task.rarer_among(fitted_on) < config.tuning.inner_folds:
        return None
    with threadpool_limits(limits=1):
        head, _ = task.fit(fit_logistic(config.tuning), fitted_on)
        return task.hold_out(head, held)


def _part(others: Mask, fraction: float, seed: int) -> Mask:
    """A random part of the patients; a larger fraction contains a smaller one."""
    place = np.random.default_rng(seed).permutation(len(others)) / len(others)
    return others & (place < fraction)


def _smaller_fits(
    fit: HeadFit,
    position: int,
    folds: Folds,
    found: dict[tuple[int, float, int], HeldOut | None],
    config: TrainingConfig,
) -> SmallerFits:
    number = _folds_used(folds, config)
    fitted_on = fit.task.patients * (1 - 1 / len(folds.names))
    sizes, outs = [], []
    for fraction in config.evaluation.learning_curve_fractions:
        row = [found[position, fraction, fold] for fold in range(number)]
        if all(out is not None for out in row):
            sizes.append(round(fitted_on * fraction))
            outs.append(tuple(out for out in row if out is not None))
    return SmallerFits((*sizes, round(fitted_on)), (*outs, fit.candidates[LEARNER].held_out[0][:number]))


def learning_curve(task: Task, training_sets: SmallerFits, draws: Floats) -> LearningCurve:
    """Held-out discrimination by number of patients; ``draws`` (draws + 1, patients) weigh the patients."""
    values = [interval(_discrimination(task, outs, draws)) for outs in training_sets.outs]
    points = np.array([np.nan if value.estimate is None else value.estimate for value in values])
    return LearningCurve(
        measure="auc" if isinstance(task, RemissionTask) else "c_index",
        patients=list(training_sets.fitted_on),
        values=values,
        doubled_patients=2 * training_sets.fitted_on[-1],
        doubled=_extrapolated(
            np.array(training_sets.fitted_on, dtype=np.float64), points, 2 * training_sets.fitted_on[-1]
        ),
    )


def _discrimination(task: Task, outs: Sequence[HeldOut], draws: Floats) -> Floats:
    patient = np.concatenate([out.patient for out in outs])
    fold = np.repeat(np.arange(len(outs)), [len(out.patient) for out in outs])
    if isinstance(task, RelapseTask):
        ended_by = np.where(task.relapsed, 1, np.where(task.competed, 2, 0)).astype(np.int8)[patient]
        predicted = np.concatenate([out.probability[:, -1] for out in outs])
        return c_index(task.followed[patient], ended_by, predicted, draws[:, patient], fold)
    assert isinstance(task, RemissionTask)  # noqa: S101 - there are two kinds of task
    predicted = np.concatenate([out.probability for out in outs])
    return auc(task.remission[patient], predicted, draws[:, patient] * task.weights[patient], fold)


def _extrapolated(sizes: Floats, values: Floats, wanted: int) -> float:
    """``a - b * size**-c`` by least squares, at the wanted size; NaN unless four points rise towards ``a`` <= 1."""
    if len(sizes) < FEWEST_POINTS or np.isnan(values).any():
        return float("nan")
    best = (np.inf, float("nan"))
    for exponent in EXPONENTS:
        design = np.column_stack([np.ones(len(sizes)), -(sizes**-exponent)])
        (ceiling, drop), *_ = np.linalg.lstsq(design, values, rcond=None)
        error = float(np.sum((design @ [ceiling, drop] - values) ** 2))
        if drop > 0 and ceiling <= 1 and error < best[0]:
            best = error, float(ceiling - drop * wanted**-exponent)
    return best[1]
