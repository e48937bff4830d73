"""The rules that could choose who answers, each from what the candidates reached on patients held out."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from models.remission import RemissionHead
from tests.mechanisms.true_risks import Floats
from training.learning.choice import choose
from training.learning.fit import CandidateFit, HeadFit
from training.learning.held_out import measures_of
from training.learning.tasks import Task
from training.settings.sections import SelectionSettings

STACK = "stack"
IN_USE = "average or best"
RULES = ("level", "simplest", "least loss", IN_USE, STACK, "average or stack")
"""In the order shown; what each one does stands in `README.md`."""


def chosen(fit: HeadFit, stacked: Floats, site: NDArray[np.integer]) -> dict[str, str]:
    """Which candidate, or the stack, answers by each rule; ``stacked`` (patients,) are the stack's held-out losses."""
    losses = {name: found.losses for name, found in fit.candidates.items()}
    average, fitted_on = next(iter(losses)), fit.task.fitted_on
    paired = choose(losses, fitted_on, site, SelectionSettings())
    levels = {name: candidate_level(fit.task, found) for name, found in fit.candidates.items()}
    or_stack = choose({average: losses[average], STACK: stacked}, fitted_on, site, SelectionSettings())
    simplest = next(name for name, difference in paired.differences.items() if difference.tolerated)
    picked = (simplest_by_level(levels), simplest, paired.best, paired.winner, STACK, or_stack.winner)
    return dict(zip(RULES, picked, strict=True))


def candidate_level(task: Task, found: CandidateFit) -> tuple[float, float]:
    """A candidate's mean loss over folds and its standard error, by the measure of the rule of levels.

    Log loss for remission, the integrated Brier score for relapse.
    """
    measure = "log_loss" if isinstance(found.head, RemissionHead) else "integrated_brier"
    losses = [[measures_of(task, [out])[measure] for out in repeat] for repeat in found.held_out]
    patients = [[len(out.patient) for out in repeat] for repeat in found.held_out]
    return level(np.array(losses), np.array(patients, dtype=np.float64))


def level(losses: Floats, patients: Floats) -> tuple[float, float]:
    """Mean loss over the folds of all repeats, shape (repeats, folds), weighted by patients, and its standard error.

    Widened for folds that share training patients (Nadeau & Bengio 2003, doi:10.1023/A:1024068626366).
    """
    defined, folds = ~np.isnan(losses) & (patients > 0), losses.shape[1]
    number = int(defined.sum())
    if number < 2:
        return float("nan"), float("nan")
    mean = float(np.average(losses[defined], weights=patients[defined]))
    variance = float(np.average((losses[defined] - mean) ** 2, weights=patients[defined])) * number / (number - 1)
    return mean, float(np.sqrt(variance * (1 / number + 1 / (folds - 1))))


def simplest_by_level(levels: Mapping[str, tuple[float, float]]) -> str:
    """The simplest candidate whose mean loss is within one standard error of the best one's mean loss."""
    evaluated = {name: found for name, found in levels.items() if not np.isnan(found[0])}
    if not evaluated:
        return next(iter(levels))
    best, error = min(evaluated.values())
    return next(name for name, (mean, _) in evaluated.items() if mean <= best + error)
