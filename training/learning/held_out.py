"""The measures of a candidate on held-out patients: per fold, and over all folds.

`question_measures` and `curve_measures` define the measures, for candidates and for evidence.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from features.records.timeline import Floats
from training.learning.relapse_task import RelapseTask
from training.learning.tasks import HeldOut, RemissionTask, Task
from training.metrics.curve_measures import Curves, curve_values
from training.metrics.question_data import QuestionData
from training.metrics.question_measures import core_values

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
    once = np.ones((1, len(task.weights)))
    if isinstance(task, RelapseTask):
        return _first(curve_values(_curves(task, outs), once), RELAPSE_MEASURES)
    assert isinstance(task, RemissionTask)  # noqa: S101 - there are two kinds of task
    return _first(core_values(_asked(task, outs), once), REMISSION_MEASURES)


def _first(values: dict[str, Floats], names: Sequence[str]) -> dict[str, float]:
    return {name: float(values[name][0]) if name in values else float("nan") for name in names}


def _average(repeats: Sequence[dict[str, float]]) -> dict[str, float]:
    return {name: _mean([values[name] for values in repeats]) for name in repeats[0]}


def _asked(task: RemissionTask, outs: Sequence[HeldOut]) -> QuestionData:
    """The question of remission for the patients held out in one repeat."""
    patient, fold = _rows(outs)
    return QuestionData(
        name="remission",
        head="remission",
        horizon_days=None,
        row=np.arange(len(patient)),
        patient=patient,
        repeat=np.zeros(len(patient), dtype=np.intp),
        fold=fold,
        y_observed=task.remission[patient],
        y_predicted=np.concatenate([out.probability for out in outs]),
        weights=task.weights[patient],
    )


def _curves(task: RelapseTask, outs: Sequence[HeldOut]) -> Curves:
    """The curves of the patients held out in one repeat."""
    patient, fold = _rows(outs)
    ended_by = np.where(task.relapsed, 1, np.where(task.competed, 2, 0)).astype(np.int8)
    incidence = np.concatenate([out.probability for out in outs])
    return Curves(patient, fold, task.followed[patient], ended_by[patient], incidence, task.days)


def _rows(outs: Sequence[HeldOut]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Patients, and the fold in which each was held out."""
    fold = np.repeat(np.arange(len(outs)), [len(out.patient) for out in outs])
    return np.concatenate([out.patient for out in outs]), fold


def _mean(values: Sequence[float]) -> float:
    defined: Floats = np.array([value for value in values if not np.isnan(value)])
    return float(defined.mean()) if len(defined) else float("nan")
