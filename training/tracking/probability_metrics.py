"""Metrics of probabilities for `mlflow.models.evaluate`, whose own classifier metrics look at classes only.

Each takes every row with the same weight. The evidence of a training weights patients for outcomes that were not
observed, so its figures differ a little.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from mlflow.models import make_metric
from scipy.stats import rankdata

from features.records.timeline import Floats

SMALLEST = 1e-15
"""A probability nearer to 0 or 1 counts as this, so that the log loss is finite (as in scikit-learn)."""


def probability_metrics() -> list[Any]:
    """AUC, log loss and Brier score of P(remission), for the argument ``extra_metrics`` of `mlflow.models.evaluate`.

    Targets are 1 and 0. A metric raises ValueError if a target or a probability is missing: leave such rows out.
    """
    return [
        _metric("roc_auc", _auc, greater_is_better=True),
        _metric("log_loss", _log_loss, greater_is_better=False),
        _metric("brier", _brier, greater_is_better=False),
    ]


def _metric(name: str, value: Callable[[Floats, Floats], float], *, greater_is_better: bool) -> Any:
    def evaluated(predictions: pd.Series, targets: pd.Series) -> float:
        observed, probability = np.asarray(targets, dtype=np.float64), np.asarray(predictions, dtype=np.float64)
        absent = int((np.isnan(observed) | np.isnan(probability)).sum())
        if absent:
            raise ValueError(f"{absent} of {len(observed)} rows have no outcome or no probability: leave them out")
        return value(observed, probability)

    return make_metric(eval_fn=evaluated, greater_is_better=greater_is_better, name=name)


def _auc(observed: Floats, probability: Floats) -> float:
    """Mann and Whitney's statistic over all pairs; ties count one half; NaN with one class only."""
    yes = observed == 1
    number = int(yes.sum())
    others = len(observed) - number
    if not number or not others:
        return float("nan")
    return float((rankdata(probability)[yes].sum() - number * (number + 1) / 2) / (number * others))


def _log_loss(observed: Floats, probability: Floats) -> float:
    within = np.clip(probability, SMALLEST, 1 - SMALLEST)
    return float(-np.mean(observed * np.log(within) + (1 - observed) * np.log1p(-within)))


def _brier(observed: Floats, probability: Floats) -> float:
    return float(np.mean((observed - probability) ** 2))
