"""A stack: the candidates' log-odds, as they differ from the average's, added up with weights of their own.

The weights are those that fit the held-out outcomes best, never negative, each penalised in proportion, so that
candidates which say little leave everybody with the average.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.optimize import minimize

from models.calibration import BinomialCounts
from models.fitting.learners import FittedScore
from models.outcomes import expit
from tests.mechanisms.true_risks import Floats
from training.learning.fit import HeadFit
from training.learning.tasks import Head, HeldOut

PENALTY = 2.0
"""Nats per unit of weight [judgement]: three free parameters gain half a nat each by chance, less than this costs."""


@dataclass(frozen=True, eq=False)
class FoldScores:
    """The scores of those held out in one fold.

    ``average`` (trials,) are the log-odds of the overall rate, ``away`` (trials, candidates) how far from these the
    candidates' lie.
    """

    binomial: BinomialCounts
    average: Floats
    away: Floats

    def losses(self, weights: Floats) -> Floats:
        """Negative log-likelihood per patient under some weights, shape (patients,)."""
        loss = self.binomial.losses(self.average + self.away @ weights)
        return np.bincount(self.binomial.patient, weights=loss, minlength=self.binomial.patients).astype(np.float64)


@dataclass(frozen=True, eq=False)
class Stack:
    """Weights (candidates,) from all held-out outcomes, and each patient's loss under those of the other folds."""

    weights: Floats
    losses: Floats


def fit_stack(fit: HeadFit) -> Stack:
    """The stack of a head's candidates other than the average."""
    repeats = parts_of(fit)
    losses = np.zeros(len(fit.task.fitted_on))
    for parts in repeats:
        for number, part in enumerate(parts):
            losses += part.losses(stack_weights(parts[:number] + parts[number + 1 :]))
    return Stack(stack_weights([part for parts in repeats for part in parts], 1 / len(repeats)), losses / len(repeats))


def parts_of(fit: HeadFit) -> list[list[FoldScores]]:
    """What was said of those held out, ``[repeat][fold]``."""
    average, *others = (found.held_out for found in fit.candidates.values())
    return [
        [_part(outs[0], outs[1:]) for outs in zip(*folds, strict=True)] for folds in zip(average, *others, strict=True)
    ]


def _part(average: HeldOut, others: Sequence[HeldOut]) -> FoldScores:
    base = _log_odds(average)
    away = np.array([_log_odds(out) - base for out in others]).reshape(len(others), len(base))
    return FoldScores(average.binomial, base, away.T)


def _log_odds(out: HeldOut) -> Floats:
    score = np.zeros(out.binomial.patients)
    score[out.patient] = out.linear_predictor
    return out.baseline + score[out.binomial.patient]


def stack_weights(parts: Sequence[FoldScores], share: float = 1.0) -> Floats:
    """The weights with the least penalised loss, shape (candidates,); every trial counts for ``share``."""
    average, away = np.concatenate([each.average for each in parts]), np.concatenate([each.away for each in parts])
    successes = np.concatenate([each.binomial.successes for each in parts])
    failures = np.concatenate([each.binomial.failures for each in parts])
    candidates = away.shape[1]
    if not candidates:
        return np.zeros(0)

    def penalised(weights: Floats) -> tuple[float, Floats]:
        log_odds = average + away @ weights
        loss = successes * np.logaddexp(0, -log_odds) + failures * np.logaddexp(0, log_odds)
        residual = (successes + failures) * expit(log_odds) - successes
        return share * loss.sum() + PENALTY * weights.sum(), share * (away.T @ residual) + PENALTY

    start = np.full(candidates, 1 / candidates)
    found = minimize(penalised, start, jac=True, method="L-BFGS-B", bounds=[(0, None)] * candidates)
    return np.asarray(found.x)


@dataclass(frozen=True, eq=False)
class StackedScore:
    """The weighted sum of several scores."""

    scores: tuple[Any, ...]
    weights: Floats

    def predict(self, rows: Floats) -> Floats:
        """Score per row, shape (n,)."""
        linear_predictor = np.zeros(len(rows))
        for weight, score in zip(self.weights, self.scores, strict=True):
            linear_predictor += weight * score.predict(rows)
        return linear_predictor


def stacked_head(fit: HeadFit, weights: Floats) -> Head:
    """The head that answers with the stack of the candidates fitted on all, its baseline fitted to all."""
    scores = tuple(found.head.score for found in list(fit.candidates.values())[1:])
    score: Any = StackedScore(scores, weights)
    everybody = np.ones(len(fit.task.fitted_on), dtype=np.bool_)
    return fit.task.fit(lambda _: FittedScore(score, {}), everybody)[0]
