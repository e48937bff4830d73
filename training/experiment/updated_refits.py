"""The refits behind the intervals, and the applicability domain, of updated heads.

Shift and slope of a head apply to its refits too. A refitted head gets new refits and a new applicability domain.
"""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from features.records.cohort import Cohort
from features.records.timeline import Floats
from models.outcome_model import OutcomeModel
from models.uncertainty import HeadRefits, OutcomeRefits
from training.config import TrainingConfig
from training.experiment.train import applicability_of
from training.learning.refits import draw_within_sites, refit_head
from training.learning.tasks import Task
from training.learning.updating import REFIT, HeadUpdate


def with_updated_refits(
    model: OutcomeModel,
    updates: Mapping[str, HeadUpdate],
    tasks: Mapping[str, Task],
    cohort: Cohort,
    config: TrainingConfig,
) -> OutcomeModel:
    """A model with updated heads, and with the refits and the applicability that go with them."""
    drawn = draw_within_sites(cohort.site, config.intervals.refits, config.seed)
    before = model.refits or OutcomeRefits(None, None)
    refits = OutcomeRefits(
        remission=_updated(before.remission, updates.get("remission"), tasks.get("remission"), drawn, config),
        relapse=_updated(before.relapse, updates.get("relapse"), tasks.get("relapse"), drawn, config),
    )
    anew = [tasks[name] for name, update in updates.items() if update.method == REFIT]
    if not anew:
        return replace(model, refits=refits)
    fitted_on = np.any([task.fitted_on for task in anew], axis=0)
    return replace(
        model, refits=refits, applicability=applicability_of(anew[0].training_data.rows[fitted_on], cohort, config)
    )


def _updated(
    refits: HeadRefits | None, update: HeadUpdate | None, task: Task | None, drawn: Floats, config: TrainingConfig
) -> HeadRefits | None:
    if update is None or task is None:
        return refits
    if update.method == REFIT:
        return refit_head(task, update.head, drawn, config)
    if refits is None:
        return None
    return replace(
        refits,
        weight=np.asarray(refits.weight * update.slope, dtype=np.float32),
        missing_weight=np.asarray(refits.missing_weight * update.slope, dtype=np.float32),
        baseline=np.asarray(refits.baseline + update.shift, dtype=np.float32),
        unexplained=np.asarray(refits.unexplained * update.slope, dtype=np.float32),
    )
