"""How much a head that is no sum of terms depends on each feature."""

from collections.abc import Iterator

import numpy as np

from features.catalogue import Feature
from features.definitions.display_names import label_of
from features.records.timeline import Floats
from models.score import Score, Trees
from training.evidence.descriptions import FeatureImportance
from training.learning.fit import HeadFit
from training.learning.tasks import Head, HeldOut

SHUFFLES = 3
"""How often each feature's values are shuffled among the patients of a fold; the increases are averaged."""


def importances(score: Score, fit: HeadFit | None, declared: tuple[Feature, ...], seed: int) -> list[FeatureImportance]:
    """The features that a score uses, the most important first; ``fit`` is that of a training, with held-out patients.

    Only trees have a share of the gain. Without a fit and without trees nothing can be said. Source of the increase of
    the loss: Breiman 2001, doi:10.1023/A:1010933404324; correlated features stand in for each other and share it.
    """
    gains = _gain_proportions(score, len(declared)) if isinstance(score, Trees) else None
    used = range(len(declared)) if gains is None else np.flatnonzero(gains).tolist()
    increases = np.full(len(declared), np.nan) if fit is None else _increases(fit, used, seed)
    if fit is None and gains is None:
        return []
    found = [
        FeatureImportance(
            feature=declared[column].name,
            label=label_of(declared[column].name, declared[column].meaning),
            loss_increase=float(increases[column]),
            gain_share=None if gains is None else float(gains[column]),
        )
        for column in used
        if increases[column] or gains is not None
    ]
    return sorted(found, key=lambda one: (-(one.loss_increase or 0.0), -(one.gain_share or 0.0), one.feature))


def _gain_proportions(trees: Trees, features: int) -> Floats:
    """Share of each feature in the gain of all splits, shape (features,)."""
    gains = np.zeros(features)
    for column, gain in trees.booster.get_score(importance_type="total_gain").items():
        gains[int(column[1:])] = float(np.asarray(gain).item())
    return gains / gains.sum() if gains.sum() else gains


def _increases(fit: HeadFit, used: Iterator[int] | range | list[int], seed: int) -> Floats:
    """Increase of the held-out loss per patient, shape (features,), in the first repeat of the folds."""
    assert fit.winner is not None  # noqa: S101 - only fitted heads are described
    winner = fit.candidates[fit.winner]
    rows, rng = fit.task.training_data.rows, np.random.default_rng(seed)
    increases = np.zeros(rows.shape[1])
    for head, out in zip(winner.fold_heads[0], winner.held_out[0], strict=True):
        own = rows[out.patient]
        before = _loss(head, out, own, len(rows))
        for column in used:
            for _ in range(SHUFFLES):
                shuffled = own.copy()
                shuffled[:, column] = rng.permutation(own[:, column])
                increases[column] += _loss(head, out, shuffled, len(rows)) - before
    return np.asarray(increases / SHUFFLES / max(fit.task.patients, 1))


def _loss(head: Head, out: HeldOut, rows: Floats, patients: int) -> float:
    """Summed negative log-likelihood of held-out patients with these rows."""
    linear_predictor = np.zeros(patients)
    linear_predictor[out.patient] = head.slope * head.score.predict(rows)
    return float(out.binomial.losses(out.baseline + linear_predictor[out.binomial.patient]).sum())
