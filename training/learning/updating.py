"""Updates a head on another cohort: not at all, its intercept, intercept and slope, or by a refit.

A closed test chooses the method: an update must outweigh the loss of the fit on the development cohort. Source:
Vergouwe 2017, doi:10.1002/sim.7179.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.stats import chi2

from features.records.timeline import Floats, Mask
from models.calibration import SIGNIFICANCE, BinomialCounts, Recalibration, fit_baseline, recalibrate
from models.fitting.learners import fit_logistic
from models.relapse import RelapseHead, relapse_counts
from training.config import TrainingConfig
from training.learning.choice_text import p_text
from training.learning.relapse_task import RelapseTask
from training.learning.tasks import Head, Task

NOTHING, INTERCEPT, SLOPE, REFIT = "nothing", "intercept", "intercept and slope", "refit"
METHODS = (NOTHING, INTERCEPT, SLOPE, REFIT)


@dataclass(frozen=True, eq=False)
class HeadUpdate:
    """The update of a head. ``p_values`` are those of the most complex method offered against each simpler one.

    ``parameters`` were estimated; ``shift`` and ``slope`` are those applied, 0 and 1 for a refit.
    """

    method: str
    p_values: dict[str, float]
    shift: float
    slope: float
    parameters: float
    head: Head


def update_head(
    task: Task, head: Head, fitted_on: Mask, config: TrainingConfig, recorded: Floats | None = None
) -> HeadUpdate:
    """Update a head on some patients of a task; a refit is offered from ``refit_from`` of the rarer outcome.

    With too few outcomes for any test the head stays as it is. ``recorded`` are the rows (patients, features) that the
    head answers, with features that the settings keep from a refit; without them the task's.
    """
    reach = _reach(task, head)
    binomial, baseline = _counts(task, head, fitted_on, reach)
    rows = task.training_data.rows if recorded is None else recorded
    linear_predictor = head.slope * head.score.predict(rows)
    log_odds = baseline + linear_predictor[binomial.patient]
    if task.rarer_among(fitted_on) < config.tuning.inner_folds or not len(binomial.patient):
        return HeadUpdate(NOTHING, {}, 0.0, 1.0, 0.0, head)
    shift = _shift(binomial, log_odds)
    both = recalibrate(binomial, linear_predictor, baseline, task.effective_share)
    stretched = baseline + both.shift + both.slope * linear_predictor[binomial.patient]
    losses = {
        NOTHING: _loss(binomial, log_odds),
        INTERCEPT: _loss(binomial, log_odds + shift),
        SLOPE: _loss(binomial, stretched),
    }
    parameters, refitted = {NOTHING: 0.0, INTERCEPT: 1.0, SLOPE: 2.0}, head
    if not np.ptp(linear_predictor[binomial.patient]) or both.slope <= 0:  # no slope to estimate, or a negative one
        del losses[SLOPE], parameters[SLOPE]
    if task.rarer_among(fitted_on) >= config.recalibration.refit_from:
        refitted, chosen = task.fit(fit_logistic(config.tuning), fitted_on)
        losses[REFIT] = _refit_loss(task, refitted, fitted_on, reach)
        parameters[REFIT] = chosen["effective_parameters"] + len(np.atleast_1d(refitted.baseline))
    method, p_values = closed_test(losses, parameters, task.effective_share, config.recalibration.significance)
    applied = {INTERCEPT: Recalibration(shift, 1.0, p_values.get(NOTHING, 1.0)), SLOPE: both}.get(method)
    if method == REFIT:
        return HeadUpdate(method, p_values, 0.0, 1.0, parameters[REFIT], refitted)
    if applied is None:
        return HeadUpdate(NOTHING, p_values, 0.0, 1.0, 0.0, head)
    return HeadUpdate(method, p_values, applied.shift, applied.slope, parameters[method], head.recalibrated(applied))


def closed_test(
    losses: dict[str, float],
    parameters: dict[str, float],
    effective_share: float = 1.0,
    significance: float = SIGNIFICANCE,
) -> tuple[str, dict[str, float]]:
    """The simplest method that the most complex one is not significantly better than, and every p-value.

    ``losses`` are negative log-likelihoods, by method from the simplest; ``parameters`` what each estimates. The
    test stops at the first method that is good enough, so that no level has to be divided among the tests.
    """
    offered = [method for method in METHODS if method in losses]
    most, p_values = offered[-1], {}
    for method in offered[:-1]:
        gained = 2 * effective_share * (losses[method] - losses[most])
        spent = max(parameters[most] - parameters[method], 1.0)
        p_values[method] = float(chi2.sf(max(gained, 0.0), spent))
        if p_values[method] >= significance:
            return method, p_values
    return most, p_values


def _reach(task: Task, head: Head) -> int:
    """The last day that both the head and the cohort reach; 0 for remission."""
    if isinstance(head, RelapseHead) and isinstance(task, RelapseTask):
        return min(int(head.days[-1]), task.last_day)
    return 0


def _counts(task: Task, head: Head, fitted_on: Mask, reach: int) -> tuple[BinomialCounts, Floats]:
    """The counts of some patients under a head's own bands of time, and its baseline for each."""
    if isinstance(head, RelapseHead) and isinstance(task, RelapseTask):
        relapsed = task.relapsed & (task.followed <= reach)
        followed, kept = np.minimum(task.followed, reach), task.at_risk & fitted_on
        binomial = relapse_counts(followed, relapsed, kept, head.edges, task.follow_up)
        return binomial, head.baseline[binomial.band]
    binomial = task.training_data.binomial.subset(fitted_on)
    return binomial, np.full(len(binomial.patient), head.baseline)


def _shift(binomial: BinomialCounts, log_odds: Floats) -> float:
    """The shift with which as many successes are expected as were observed."""
    number = len(log_odds)
    alone = replace(binomial, patient=np.arange(number), band=np.zeros(number, dtype=np.intp), patients=number, bands=1)
    return float(fit_baseline(alone, log_odds)[0])


def _loss(binomial: BinomialCounts, log_odds: Floats) -> float:
    return float(binomial.losses(log_odds).sum())


def _refit_loss(task: Task, head: Head, fitted_on: Mask, reach: int) -> float:
    binomial, baseline = _counts(task, head, fitted_on, reach)
    return _loss(binomial, baseline + head.score.predict(task.training_data.rows)[binomial.patient])


def as_text(updates: Sequence[tuple[str, str, HeadUpdate]], significance: float) -> list[str]:
    """One line per landmark and head: the update, and the tests against simpler ones at a level."""
    return [f"{landmark}, {head}: {_update_text(update, significance)}" for landmark, head, update in updates]


def _update_text(update: HeadUpdate, significance: float) -> str:
    found = {method: p_text(value, significance, digits=3) for method, value in update.p_values.items()}
    tests = ", ".join(f"against {method} p {said}" for method, said in found.items())
    change = f" (shift {update.shift:+.3f}, slope {update.slope:.3f})" if update.method in (INTERCEPT, SLOPE) else ""
    return f"{update.method}{change}{f'; {tests}' if tests else '; too few outcomes to test'}"


def competing_kept(task: RelapseTask | None, head: RelapseHead, update: HeadUpdate | None) -> bool:
    """Whether a relapse head keeps the hazard of competing events of its old cohort, and either cohort has such events.

    Only a refit changes it.
    """
    if update is not None and update.method == REFIT:
        return False
    return bool(head.competing_hazard.any() or (task is not None and task.competed.any()))
