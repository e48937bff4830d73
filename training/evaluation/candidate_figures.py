"""The figures of every candidate: for its run, ``summary.json`` and ``kap train``.

A winner's figures are those of the evidence, after recalibration where the data support one. The other candidates have
the same measures without recalibration.
"""

import numpy as np

from features.records.timeline import Floats
from training.evaluation.predictions import head_without
from training.evidence.document import Estimate, LandmarkEvidence
from training.learning.fit import CandidateFit, HeadFit
from training.learning.held_out import RELAPSE_MEASURES, REMISSION_MEASURES, fold_measures
from training.learning.tasks import HeldOut


def figures(fit: HeadFit, candidate: CandidateFit, landmark_evidence: LandmarkEvidence) -> dict[str, float]:
    """A candidate's measures over all held-out patients, by name; NaN if not defined."""
    if candidate.name != fit.winner:
        return {name: candidate.measures[name] for name in _names(fit)}
    found = _from_evidence(fit.task.name, landmark_evidence)
    return {name: _number(found.get(name)) for name in _names(fit)}


def figures_per_fold(fit: HeadFit, candidate: CandidateFit) -> tuple[dict[str, float], ...]:
    """The same measures per fold, of the winner after recalibration, averaged over the repeats."""
    if candidate.name != fit.winner:
        return tuple(dict(values) for values in candidate.fold_measures)
    shipped = [
        [recalibrated(fit, repeat, fold, out) for fold, out in enumerate(outs)]
        for repeat, outs in enumerate(candidate.held_out)
    ]
    return fold_measures(fit.task, shipped)


def recalibrated(fit: HeadFit, repeat: int, fold: int, out: HeldOut) -> HeldOut:
    """The winner's predictions for the same patients, recalibrated without them."""
    head = head_without(fit, repeat, fold)
    held = np.zeros(len(fit.task.training_data.rows), dtype=np.bool_)
    held[out.patient] = True
    return out if head is None else fit.task.hold_out(head, held)


def at_the_end(out: HeldOut) -> Floats:
    """P(remission), or the risk of relapse by the end of the curve, shape (patients held out,)."""
    return out.probability if out.probability.ndim == 1 else out.probability[:, -1]


def _names(fit: HeadFit) -> tuple[str, ...]:
    return REMISSION_MEASURES if fit.task.name == "remission" else RELAPSE_MEASURES


def _from_evidence(head: str, landmark_evidence: LandmarkEvidence) -> dict[str, Estimate]:
    """A head's measures in the evidence: remission's are at its question, relapse's at the head."""
    if head == "relapse":
        return next((found.measures for found in landmark_evidence.heads if found.head == head), {})
    return next((question.measures for question in landmark_evidence.questions if question.head == head), {})


def _number(found: Estimate | None) -> float:
    return float("nan") if found is None or found.estimate is None else found.estimate
