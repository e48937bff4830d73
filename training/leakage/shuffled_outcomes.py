"""Shuffled outcomes can't be predicted; where they can, held-out patients influence the model that predicts them.

The check fits and holds out as `fit` does, with shuffled outcomes instead of the observed ones.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.stats import rankdata
from threadpoolctl import threadpool_limits

from features.protocol.document import Landmark
from features.records.timeline import Indices, Mask
from models.calibration import BinomialCounts
from models.fitting.learners import Penalty, fit_logistic_at
from models.settings.sections import TuningSettings
from training.config import TrainingConfig
from training.evidence.document import LeakageCheck
from training.learning.relapse_task import RelapseTask
from training.learning.splits import Folds, held_out
from training.learning.tasks import RemissionTask, Task

PENALTY = Penalty(1.0)
"""The weakest penalty of a training, under which a leak shows most."""
FITS = 25
"""Fits per head, or one per fold if there are more folds; every fold is held out of equally many shuffles."""
ERRORS_ALLOWED = 4.5
"""Standard errors from 0.5 that count as chance: 7 in a million are beyond them, so that of 10,000 trainings of ten
heads fewer than one stops by chance."""
LEAST_TOLERANCE = 0.03
"""Smallest tolerance of the AUC: a leak with a smaller effect changes no decision."""


@dataclass(frozen=True)
class ShuffledAuc:
    """The mean AUC for shuffled outcomes over folds and shuffles, and its standard error where there is no leak."""

    auc: float
    standard_error: float

    @property
    def tolerance(self) -> float:
        """How far from 0.5 the AUC may be."""
        return max(ERRORS_ALLOWED * self.standard_error, LEAST_TOLERANCE)

    @property
    def near_half(self) -> bool:
        """Whether the distance from 0.5 is within chance."""
        return abs(self.auc - 0.5) <= self.tolerance


def shuffled_check(
    landmarks: Sequence[Landmark], tasks: Sequence[Sequence[Task]], aucs: Sequence[ShuffledAuc | None]
) -> LeakageCheck:
    """Whether no head predicts outcomes that are shuffled within folds; relapse only among those at risk.

    ``aucs`` are the ``shuffled_auc_of`` each task, in order.
    """
    seen, named = [], []
    pairs = [(landmark, task) for landmark, heads in zip(landmarks, tasks, strict=True) for task in heads]
    for (landmark, task), found in zip(pairs, aucs, strict=True):
        if found is None:
            seen.append(f"{landmark.name}, {task.name}: too few outcomes to fit a model")
            continue
        seen.append(f"{landmark.name}, {task.name}: AUC {found.auc:.3f} (chance: 0.5 +/- {found.tolerance:.3f})")
        if not found.near_half:
            named.append(f"{landmark.name}: {task.name}")
    text = "; ".join(seen)
    if named:
        text += (
            ". Held-out patients influence the model or baseline that predicts them, so that no figure is valid. "
            "Correct how patients are held out (training/learning/splits.py), then train again"
        )
    return LeakageCheck(
        name="shuffled outcomes",
        passed=not named,
        required="outcomes shuffled within folds are predicted no better than by chance, AUC 0.5",
        seen=text,
        named=named,
    )


def shuffled_auc_of(task: Task, folds: Folds, config: TrainingConfig) -> ShuffledAuc | None:
    """The shuffled AUC of a head; ``None`` if it has too few outcomes to fit a model."""
    return None if task.rarer < config.events_to_fit else shuffled_auc(task, folds, config.seed, config.tuning)


def shuffled_auc(task: Task, folds: Folds, seed: int, tuning: TuningSettings) -> ShuffledAuc:
    """Fit on the other folds, predict each held-out fold, outcomes shuffled within folds; NaN if no fold has both.

    Every held-out fold is predicted from a shuffle of its own: with one shuffle for all, two folds' AUCs would move
    together. So, given the scores, each AUC has the null distribution of Mann & Whitney (1947,
    doi:10.1214/aoms/1177730491), mean 0.5 and variance (n1 + n0 + 1) / (12 n1 n0). Folds count by its inverse.
    """
    found = []
    shuffles = max(FITS // len(folds.names), 1)
    with threadpool_limits(1):  # threads of linear algebra slow small fits down
        for shuffle, number in np.ndindex(shuffles, len(folds.names)):
            repeat = shuffle % folds.repeats
            rng = np.random.default_rng([seed, shuffle, number])
            mixed, held = shuffled(task, folds.fold[repeat], rng), held_out(folds, repeat, number)
            found.append(_held_out_auc(mixed, held, tuning))
    defined = np.array([pair for pair in found if pair is not None])
    if not len(defined):
        return ShuffledAuc(0.5, float("inf"))
    aucs, variances = defined.T
    weights = 1 / variances
    return ShuffledAuc(float(np.average(aucs, weights=weights)), float(np.sqrt(1 / weights.sum())))


def shuffled(task: Task, fold: Indices, rng: np.random.Generator) -> Task:
    """The task with the outcomes of those observed shuffled within each fold (patients,); weights stay."""
    if isinstance(task, RemissionTask):
        binomial = task.training_data.binomial
        yes = binomial.successes > 0
        yes = yes[_permutation(fold[binomial.patient], rng)]
        weight = binomial.successes + binomial.failures
        mixed = BinomialCounts(
            binomial.patient,
            binomial.band,
            np.where(yes, weight, 0.0),
            np.where(yes, 0.0, weight),
            binomial.patients,
            binomial.bands,
        )
        return replace(task, training_data=replace(task.training_data, binomial=mixed))
    assert isinstance(task, RelapseTask)  # noqa: S101 - there are two kinds of task
    followed, ended = task.followed_days.copy(), task.ended_by.copy()
    at_risk = np.flatnonzero(task.at_risk)
    order = at_risk[_permutation(fold[at_risk], rng)]
    followed[at_risk], ended[at_risk] = task.followed_days[order], task.ended_by[order]
    return replace(task, followed_days=followed, ended_by=ended)


def _permutation(group: Indices, rng: np.random.Generator) -> Indices:
    """Positions shuffled within each group, shape (n,)."""
    by_group = np.argsort(group, kind="stable")
    permutation = np.empty(len(group), dtype=np.intp)
    permutation[by_group] = np.lexsort((rng.random(len(group)), group))
    return permutation


def _held_out_auc(task: Task, held: Mask, tuning: TuningSettings) -> tuple[float, float] | None:
    """AUC in the held-out fold and its variance under chance; ``None`` for held-out outcomes of one kind only."""
    if task.rarer_among(~held) < 1:
        return None
    head, _ = task.fit(fit_logistic_at(PENALTY, tuning), ~held)
    out = task.hold_out(head, held)
    yes = task.relapsed[out.patient] if isinstance(task, RelapseTask) else out.binomial.successes > 0
    events, others = int(yes.sum()), int((~yes).sum())
    if not events or not others:
        return None
    auc = float((rankdata(out.linear_predictor)[yes].sum() - events * (events + 1) / 2) / (events * others))
    return auc, (events + others + 1) / (12 * events * others)
