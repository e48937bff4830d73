"""The task of fitting one head on one cohort at one landmark, and its predictions for held-out patients."""

from dataclasses import dataclass
from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from features.build import FeatureRows
from features.catalogue import Feature
from features.records.timeline import Floats, Mask
from models.calibration import BinomialCounts, fit_baseline
from models.fitting.learners import FittedScore, Learner, TrainingData
from models.relapse import RelapseHead
from models.remission import ONE_VARIABLE, RemissionHead, remission_counts
from training.learning.own_candidates.survival import SurvivalLearner
from training.outcomes.labels import Outcomes

LOSS = "log_loss"
"""The loss of candidates: the negative log-likelihood per patient, of the weeks at risk for relapse; in nats."""

Head: TypeAlias = RemissionHead | RelapseHead
TaskLearner: TypeAlias = Learner | SurvivalLearner
"""What fits a score to counts, or a survival estimator, which only a relapse task takes."""


@dataclass(frozen=True, eq=False)
class HeldOut:
    """One head's predictions for the patients held out from it.

    ``linear_predictor`` (patients held out,) is the score; ``binomial`` are theirs, with the ``baseline`` (counts,).
    ``probability`` is P(remission), or the cumulative incidence of relapse at the task's days, per patient.
    """

    patient: NDArray[np.intp]
    linear_predictor: Floats
    binomial: BinomialCounts
    baseline: Floats
    probability: Floats


class Task(Protocol):
    """A head to be fitted."""

    @property
    def name(self) -> str:
        """The head's name."""

    @property
    def loss(self) -> str:
        """The measure that compares candidates; smaller is better."""

    @property
    def training_data(self) -> TrainingData:
        """Feature rows, names and expected signs."""

    @property
    def one_variable(self) -> str:
        """The feature of the one-variable candidate."""

    @property
    def reference_rows(self) -> Floats | None:
        """Rows of made-up patients, shape (rows, features), on which a converted model is compared."""

    @property
    def weights(self) -> Floats:
        """How much each patient stands for, shape (patients,)."""

    @property
    def patients(self) -> int:
        """Patients whose outcome is known."""

    @property
    def events(self) -> int:
        """Outcomes of interest among them."""

    @property
    def rarer(self) -> int:
        """The rarer of the outcomes, which limits what can be fitted."""

    def rarer_among(self, fitted_on: Mask) -> int:
        """The rarer of the outcomes among some of the patients."""

    @property
    def fitted_on(self) -> Mask:
        """The patients whose outcome is known, shape (patients,)."""

    @property
    def effective_share(self) -> float:
        """Effective over nominal number of patients, below 1 where some weigh more than others."""

    def fit(self, learner: TaskLearner, fitted_on: Mask) -> tuple[Head, dict[str, float]]:
        """The head fitted on some of the patients, and the parameters chosen."""

    def hold_out(self, head: Head, held: Mask) -> HeldOut:
        """The head's predictions for held-out patients."""


@dataclass(frozen=True, eq=False)
class RemissionTask:
    """Fit P(remission) to patients with an observed outcome; ``weights`` (patients,) make them represent all."""

    training_data: TrainingData
    remission: Floats
    weights: Floats
    name: str = "remission"
    loss: str = LOSS
    one_variable: str = ONE_VARIABLE
    reference_rows: Floats | None = None

    @property
    def patients(self) -> int:
        """Patients whose remission was observed."""
        return len(self.training_data.binomial.patient)

    @property
    def events(self) -> int:
        """Patients in remission."""
        return int((self.training_data.binomial.successes > 0).sum())

    @property
    def rarer(self) -> int:
        """The smaller of those in remission and those not."""
        return self.rarer_among(np.ones(len(self.remission), dtype=np.bool_))

    def rarer_among(self, fitted_on: Mask) -> int:
        """The smaller of those in remission and those not, among some of the patients."""
        successes = self.training_data.binomial.subset(fitted_on).successes
        return int(min((successes > 0).sum(), (successes == 0).sum()))

    @property
    def fitted_on(self) -> Mask:
        """Those analysed whose remission was observed."""
        fitted_on = np.zeros(len(self.remission), dtype=np.bool_)
        fitted_on[self.training_data.binomial.patient] = True
        return fitted_on

    @property
    def effective_share(self) -> float:
        """Effective over nominal number of patients (Kish 1965)."""
        return effective_share(self.weights[self.fitted_on])

    def fit(self, learner: TaskLearner, fitted_on: Mask) -> tuple[Head, dict[str, float]]:
        """The head fitted on some of the patients, and the parameters chosen."""
        assert not isinstance(learner, SurvivalLearner)  # noqa: S101 - it takes relapse only
        part = self.training_data.subset(fitted_on)
        fitted = learner(part)
        return RemissionHead(fitted.score, float(baseline_of(fitted, part)[0])), fitted.parameters

    def hold_out(self, head: Head, held: Mask) -> HeldOut:
        """The head's predictions for held-out patients."""
        assert isinstance(head, RemissionHead)  # noqa: S101 - the head that fit returned
        binomial = self.training_data.binomial.subset(held)
        patient = binomial.patient
        linear_predictor = head.slope * head.score.predict(self.training_data.rows[patient])
        baseline = np.full(len(patient), head.baseline)
        return HeldOut(
            patient, linear_predictor, binomial, baseline, head.probability(self.training_data.rows[patient])
        )


def baseline_of(fitted: FittedScore, training_data: TrainingData) -> Floats:
    """The baseline (bands,) to which a fitted score adds: 0 if it is absolute.

    A classifier's probabilities for its own training patients are too good, so that a baseline around them would be
    wrong for anyone else.
    """
    if fitted.is_absolute:
        return np.zeros(training_data.binomial.bands)
    return fit_baseline(training_data.binomial, fitted.score.predict(training_data.rows))


def effective_share(weights: Floats) -> float:
    """Effective over nominal number of weighted patients, 1 for equal weights or none (Kish 1965)."""
    squares = float(weights @ weights)
    return float(weights.sum() ** 2 / squares / len(weights)) if squares > 0 else 1.0


def remission_task(
    features: FeatureRows, declared: tuple[Feature, ...], outcomes: Outcomes, weights: Floats, seed: int
) -> RemissionTask:
    """The remission task of a landmark."""
    binomial = remission_counts(outcomes.remission, weights, outcomes.eligible)
    signs = tuple(feature.remission_sign for feature in declared)
    return RemissionTask(
        TrainingData(features.values, binomial, features.names, signs, seed), outcomes.remission, weights
    )
