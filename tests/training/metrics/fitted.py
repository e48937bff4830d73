"""Both heads fitted on a small cohort drawn for tests and evaluated in folds: x0 moves both outcomes, x1 neither."""

from dataclasses import dataclass, replace
from functools import cache

import numpy as np

from features.build import FeatureRows
from features.records.timeline import Floats
from models.calibration import BinomialCounts
from models.fitting.learners import TrainingData
from models.outcomes import expit
from models.relapse import FollowUpWeights
from models.remission import remission_counts
from tests.training.evaluation.evaluated_examples import NAN, outcomes_of
from tests.training.trainings import QUICK
from training.evaluation.predictions import EvaluatedPredictions, Weights, evaluate_held_out, weights_of
from training.learning.fit import HeadFit, fit_heads
from training.learning.relapse_task import RelapseTask
from training.learning.splits import Folds
from training.learning.tasks import RemissionTask
from training.outcomes.labels import EndedBy, Outcomes

HORIZONS = (84, 182)
TWO_CANDIDATES = replace(QUICK, candidates=("no_model", "logistic"))


@dataclass(frozen=True, eq=False)
class FittedHeads:
    """What was drawn and fitted."""

    features: FeatureRows
    outcomes: Outcomes
    weights: Floats
    folds: Folds
    remission: HeadFit
    relapse: HeadFit

    @property
    def both_weights(self) -> Weights:
        """The weights of both heads."""
        return weights_of([self.remission.task, self.relapse.task])

    @property
    def evaluated(self) -> EvaluatedPredictions:
        """The predictions for everybody held out."""
        fits = (self.remission, self.relapse)
        return evaluate_held_out(self.features, self.outcomes, self.both_weights, fits, self.folds, HORIZONS)


@cache
def fitted(patients: int = 400, repeats: int = 1, effect: float = 1.0, seed: int = 4) -> FittedHeads:
    """Half are in remission, one in ten unobserved; a weekly hazard of about 3%; some are lost before the horizons."""
    rng = np.random.default_rng(seed)
    rows = rng.standard_normal((patients, 2))
    remission = (rng.random(patients) < expit(effect * rows[:, 0])).astype(np.float64)
    remission[rng.random(patients) < 0.1] = NAN
    onset = rng.geometric(expit(-effect * rows[:, 0] - 3.5)) * 7.0 - 3
    end = rng.integers(40, 300, patients).astype(np.float64)
    in_remission = remission == 1
    followed = np.where(in_remission, np.minimum(onset, end), NAN)
    ended_by = np.where(in_remission, np.where(onset <= end, EndedBy.RELAPSE, EndedBy.CENSORED), EndedBy.NOT_AT_RISK)
    outcomes = outcomes_of(remission.tolist(), followed.tolist(), ended_by.tolist())
    weights = np.where(np.isnan(remission), 0.0, np.where(rows[:, 1] > 0, 1.2, 0.8))
    fold = np.stack([rng.permutation(patients) % 4 for _ in range(repeats)])
    folds = Folds("patients", fold, ("fold 1", "fold 2", "fold 3", "fold 4"), np.zeros(patients, np.int32))
    names, signs = ("x0", "x1"), (0, 0)
    binomial = remission_counts(remission, weights, outcomes.eligible)
    none = BinomialCounts(np.empty(0, np.intp), np.empty(0, np.intp), np.empty(0), np.empty(0), patients, 1)
    tasks = [
        RemissionTask(TrainingData(rows, binomial, names, signs, 7), remission, weights, one_variable="x0"),
        RelapseTask(
            TrainingData(rows, none, names, signs, 7),
            followed,
            outcomes.ended_by,
            outcomes.at_risk,
            182,
            FollowUpWeights.equal(patients),
            one_variable="x0",
        ),
    ]
    fits = fit_heads(tasks, folds, TWO_CANDIDATES, lambda: None, 1)
    features = FeatureRows(names, rows, outcomes.landmark_day, outcomes.ineligible)
    return FittedHeads(features, outcomes, weights, folds, *fits)
