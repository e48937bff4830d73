"""The measures of a candidate on patients it never saw: per fold, and over all folds."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from features.timeline import Floats
from models.calibration import Trials
from training.evaluation.discrimination import auc, c_index
from training.evaluation.reliability import (
    brier,
    calibration_in_the_large,
    calibration_slope,
    integrated_brier,
    log_loss,
)
from training.relapse_task import RelapseTask
from training.tasks import HeldOut, RemissionTask, Task

REMISSION_MEASURES = ("auc", "log_loss", "brier", "calibration_intercept", "calibration_slope")
RELAPSE_MEASURES = ("c_index", "integrated_brier")


def measures(task: Task, held: Sequence[Sequence[HeldOut]]) -> dict[str, float]:
    """Measures over all patients held out, ``held[repeat][fold]``, averaged over the repeats; NaN where not defined.

    Discrimination compares patients within a fold only: those of different folds were scored by different models.
    """
    return _average([measures_of(task, repeat) for repeat in held])


def fold_measures(task: Task, held: Sequence[Sequence[HeldOut]]) -> tuple[dict[str, float], ...]:
    """Measures per fold, in the order of the folds, averaged over the repeats."""
    return tuple(_average([measures_of(task, [out]) for out in outs]) for outs in zip(*held, strict=True))


def measures_of(task: Task, outs: Sequence[HeldOut]) -> dict[str, float]:
    """Measures over the folds of one repeat."""
    if isinstance(task, RelapseTask):
        return _relapse_measures(task, outs)
    assert isinstance(task, RemissionTask)  # noqa: S101 - there are two kinds of task
    return _remission_measures(task, outs)


def _average(repeats: Sequence[dict[str, float]]) -> dict[str, float]:
    return {name: _mean([values[name] for values in repeats]) for name in repeats[0]}


def _remission_measures(task: RemissionTask, outs: Sequence[HeldOut]) -> dict[str, float]:
    patient = np.concatenate([out.patient for out in outs])
    moved = np.concatenate([out.moved for out in outs])
    log_odds = np.concatenate([out.baseline for out in outs]) + moved
    observed, weights = task.remission[patient], task.weights[patient]
    if len(patient) == 0:
        return dict.fromkeys(REMISSION_MEASURES, float("nan"))
    trials = Trials(
        np.arange(len(patient)),
        np.zeros(len(patient), dtype=np.intp),
        np.where(observed == 1, weights, 0.0),
        np.where(observed == 1, 0.0, weights),
        patients=len(patient),
        bands=1,
    )
    return {
        "auc": _within_folds(
            [_auc(task, o) for o in outs],
            [_pairs(task.remission[o.patient] == 1) for o in outs],
        ),
        "log_loss": log_loss(observed, log_odds, weights),
        "brier": brier(observed, log_odds, weights),
        "calibration_intercept": calibration_in_the_large(trials, log_odds),
        # Without a score the folds' base rates are all that differs, and a slope over them means nothing.
        "calibration_slope": calibration_slope(trials, log_odds) if np.ptp(moved) else float("nan"),
    }


def _relapse_measures(task: RelapseTask, outs: Sequence[HeldOut]) -> dict[str, float]:
    patient = np.concatenate([out.patient for out in outs])
    ended_by = np.where(task.relapsed, 1, np.where(task.competed, 2, 0)).astype(np.int8)
    followed = task.followed
    if len(patient) == 0:
        return dict.fromkeys(RELAPSE_MEASURES, float("nan"))
    incidence = np.concatenate([out.probability for out in outs])
    return {
        "c_index": _within_folds(
            [_c_index(task, ended_by, o) for o in outs],
            [float(task.relapsed[o.patient].sum()) * len(o.patient) for o in outs],
        ),
        "integrated_brier": integrated_brier(followed[patient], ended_by[patient], incidence, task.days),
    }


def _auc(task: RemissionTask, out: HeldOut) -> float:
    observed, weights = task.remission[out.patient], task.weights[out.patient]
    return float(auc(observed, out.baseline + out.moved, weights[None, :], _one_fold(out))[0])


def _c_index(task: RelapseTask, ended_by: NDArray[np.int8], out: HeldOut) -> float:
    followed, risk = task.followed[out.patient], out.probability[:, -1]
    return float(c_index(followed, ended_by[out.patient], risk, np.ones((1, len(risk))), _one_fold(out))[0])


def _one_fold(out: HeldOut) -> NDArray[np.intp]:
    return np.zeros(len(out.patient), dtype=np.intp)


def _pairs(event: np.ndarray) -> float:
    return float(event.sum()) * float((~event).sum())


def _within_folds(values: list[float], pairs: list[float]) -> float:
    defined = ~np.isnan(values) & (np.array(pairs) > 0)
    if not defined.any():
        return float("nan")
    return float(np.average(np.array(values)[defined], weights=np.array(pairs)[defined]))


def _mean(values: Sequence[float]) -> float:
    defined: Floats = np.array([value for value in values if not np.isnan(value)])
    return float(defined.mean()) if len(defined) else float("nan")
