"""The figures of every candidate as they are told: in its run, in ``summary.json`` and by ``kap train``.

A winner's are those of the evidence, about the head as it is shipped: recalibrated where recalibration was supported.
The other candidates' are of the same measures, about the head as it was learned.
"""

import numpy as np

from features.records.timeline import Floats
from training.evaluation.predictions import head_without
from training.evidence.document import Estimate, LandmarkEvidence
from training.learning.fit import CandidateFit, HeadFit
from training.learning.held_out import RELAPSE_MEASURES, REMISSION_MEASURES, fold_measures
from training.learning.tasks import HeldOut


def figures(fit: HeadFit, candidate: CandidateFit, proven: LandmarkEvidence) -> dict[str, float]:
    """A candidate's measures over everybody held out, by name; NaN where not defined."""
    if candidate.name != fit.winner:
        return {name: candidate.measures[name] for name in _names(fit)}
    found = _from_evidence(fit.task.name, proven)
    return {name: _number(found.get(name)) for name in _names(fit)}


def figures_per_fold(fit: HeadFit, candidate: CandidateFit) -> tuple[dict[str, float], ...]:
    """The same measures fold by fold, of the winner too as it is shipped, averaged over the repeats."""
    if candidate.name != fit.winner:
        return tuple(dict(values) for values in candidate.fold_measures)
    shipped = [
        [recalibrated(fit, repeat, fold, out) for fold, out in enumerate(outs)]
        for repeat, outs in enumerate(candidate.held_out)
    ]
    return fold_measures(fit.task, shipped)


def recalibrated(fit: HeadFit, repeat: int, fold: int, out: HeldOut) -> HeldOut:
    """What the winner says of the same patients, recalibrated without them."""
    head = head_without(fit, repeat, fold)
    held = np.zeros(len(fit.task.training_data.rows), dtype=np.bool_)
    held[out.patient] = True
    return out if head is None else fit.task.hold_out(head, held)


def at_the_end(out: HeldOut) -> Floats:
    """P(remission), or the risk of relapse by the end of the curve, shape (patients held out,)."""
    return out.probability if out.probability.ndim == 1 else out.probability[:, -1]


def _names(fit: HeadFit) -> tuple[str, ...]:
    return REMISSION_MEASURES if fit.task.name == "remission" else RELAPSE_MEASURES


def _from_evidence(head: str, proven: LandmarkEvidence) -> dict[str, Estimate]:
    """What the evidence says of a head: remission's measures stand at its question, relapse's at the head."""
    if head == "relapse":
        return next((found.measures for found in proven.heads if found.head == head), {})
    return next((question.measures for question in proven.questions if question.head == head), {})


def _number(found: Estimate | None) -> float:
    return float("nan") if found is None or found.estimate is None else found.estimate
