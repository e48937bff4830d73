"""Whether external evaluations agree with a training's record; `served` checks the copies."""

from collections.abc import Sequence

from training.audit.checks import LOST, NOTED, record_verdicts
from training.registry.stored_training import StoredEvaluation, StoredTraining
from training.verdicts import Verdict, verdict_of


def evaluations_verdict(stored: StoredTraining) -> Verdict:
    """The evaluations on other cohorts exist, as sealed, and the version names them."""
    wrong, sound = [], []
    for found in stored.evaluations:
        verdicts = [] if found.stored is None else record_verdicts(found.stored)
        wrong += _lost_or_changed(found, verdicts)
        noted = [f"; {each.check}: {each.detail}" for each in verdicts if NOTED in each.detail]
        sound.append(f"{found.source} by run {found.run_id[:8]}{''.join(noted)}")
    return verdict_of("evaluations", wrong, f"each as sealed: {'; '.join(sound)}" if sound else "none recorded")


def _lost_or_changed(found: StoredEvaluation, verdicts: Sequence[Verdict]) -> list[str]:
    name = f"evaluation {found.run_id} on {found.source}"
    if found.stored is None:
        return [f"{name}: {LOST}"]
    wrong = [f"{name}: {each.check}: {each.detail}" for each in verdicts if each.outcome == "failed"]
    return wrong + ([] if found.named else [f"{name}: no tag of the version names it"])


def monitoring_verdict(stored: StoredTraining) -> Verdict:
    """Every monitoring run that a version or a later monitoring names is there."""
    wrong = [f"monitoring {one.run_id}, {one.said}: {LOST}" for one in stored.monitorings if one.stage is None]
    wrong += [
        f"monitoring {one.run_id}, {one.said}: marked as deleted; mlflow gc would remove it for good"
        for one in stored.monitorings
        if one.stage not in (None, "active")
    ]
    number = len(stored.monitorings)
    there = f"{number} monitoring run{'' if number == 1 else 's'}, all there" if number else "none recorded"
    return verdict_of("monitoring", wrong, there)
