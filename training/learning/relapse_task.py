"""The task of the relapse head: its weeks at risk, how far its curve can reach, and its competing events."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from features.build import FeatureRows
from features.catalogue import Feature
from features.records.timeline import Floats, Mask
from models.calibration import BinomialCounts, fit_baseline
from models.fitting.learners import Learner, TrainingData, fit_nothing
from models.outcomes import DAYS_PER_WEEK
from models.relapse import (
    ONE_VARIABLE,
    FollowUpWeights,
    RelapseHead,
    band_edges,
    competing_counts,
    competing_rate,
    relapse_counts,
)
from models.score import Constant, Score
from models.settings.sections import TimeSettings
from training.config import TrainingConfig
from training.learning.choice import Choice
from training.learning.own_candidates.survival import OwnRelapseHead, SurvivalData, SurvivalLearner
from training.learning.tasks import LOSS, Head, HeldOut, TaskLearner, effective_share
from training.outcomes.labels import EndedBy, Outcomes

MOST_WEEKS = 52
"""Most ends of weeks at which curves are evaluated."""


@dataclass(frozen=True, eq=False)
class RelapseTask:
    """Fit the hazard of relapse to patients in remission and followed; arrays have shape (patients,).

    The curve ends at ``last_day``, the protocol's horizons at ``longest_horizon``. ``competing_choice`` is the choice
    of ``competing_learner``, ``None`` if competing events are too few for one; it is fitted from ``tuning_events`` on.
    """

    training_data: TrainingData
    followed_days: Floats
    ended_by: NDArray[np.int8]
    at_risk: Mask
    last_day: int
    follow_up: FollowUpWeights
    longest_horizon: int = 0
    competing_learner: Learner = fit_nothing
    competing_choice: Choice | None = None
    name: str = "relapse"
    loss: str = LOSS
    one_variable: str = ONE_VARIABLE
    settings: TimeSettings = TimeSettings()  # noqa: RUF009 - frozen
    tuning_events: int = 5
    reference_rows: Floats | None = None

    @property
    def weights(self) -> Floats:
        """The weight of each patient's event, or of the last week at risk."""
        return self.follow_up.at_event

    @property
    def fitted_on(self) -> Mask:
        """Those at risk."""
        return self.at_risk

    @property
    def patients(self) -> int:
        """Patients in remission and followed for at least a day."""
        return int(self.at_risk.sum())

    @property
    def relapsed(self) -> Mask:
        """Who relapsed within the reach of the curve."""
        return self.at_risk & (self.ended_by == EndedBy.RELAPSE) & (self.followed_days <= self.last_day)

    @property
    def competed(self) -> Mask:
        """Who had a competing event first, within the reach of the curve."""
        return self.at_risk & (self.ended_by == EndedBy.COMPETING) & (self.followed_days <= self.last_day)

    @property
    def followed(self) -> Floats:
        """Days at risk, up to the reach of the curve."""
        return np.minimum(self.followed_days, self.last_day)

    @property
    def events(self) -> int:
        """Relapses within the reach of the curve."""
        return int(self.relapsed.sum())

    @property
    def rarer(self) -> int:
        """The relapses: they limit what can be fitted, not the weeks at risk."""
        return self.events

    def rarer_among(self, fitted_on: Mask) -> int:
        """The relapses among some of the patients."""
        return int((self.relapsed & fitted_on).sum())

    @property
    def effective_share(self) -> float:
        """Effective over nominal number of relapses, which limit what can be fitted (Kish 1965)."""
        return effective_share(self.follow_up.at_event[self.relapsed])

    @property
    def days(self) -> NDArray[np.int64]:
        """The days at which predictions are evaluated: see ``week_ends``."""
        return week_ends(self.last_day)

    def fit(self, learner: TaskLearner, fitted_on: Mask) -> tuple[Head, dict[str, float]]:
        """The head fitted on some of the patients, and the parameters chosen.

        One that gives every patient the average has one rate of competing events too, or its numbers would differ.
        """
        kept = self.at_risk & fitted_on
        edges = band_edges(self.followed[kept], self.relapsed[kept], self.last_day, self.settings)
        if isinstance(learner, SurvivalLearner):
            return self.fit_curves(learner, np.where(kept, 1, 0), edges), {}
        binomial = relapse_counts(self.followed, self.relapsed, kept, edges, self.follow_up)
        fitted = learner(replace(self.training_data, binomial=binomial))
        baseline = fit_baseline(binomial, fitted.score.predict(self.training_data.rows))
        alike = isinstance(fitted.score, Constant)
        rate, score = (replace(self, competing_learner=fit_nothing) if alike else self).fit_competing(kept)
        return RelapseHead(
            fitted.score, edges, baseline, np.full(len(edges) - 1, rate), competing_score=score
        ), fitted.parameters

    def fit_curves(
        self, learner: SurvivalLearner, counts: NDArray[np.int64], edges: NDArray[np.int64]
    ) -> OwnRelapseHead:
        """The head of a survival estimator; ``counts`` (patients,) says how often each patient counts.

        Each has one weight: that of the event, or of the last week at risk. Weights that change over time have no
        place in the outcomes that survival estimators take.
        """
        kept = counts > 0
        data = SurvivalData(
            rows=self.training_data.rows[kept],
            followed=self.followed[kept],
            ended_by=np.where(self.relapsed, 1, np.where(self.competed, 2, 0)).astype(np.int8)[kept],
            weights=self.weights[kept],
            counts=counts[kept],
        )
        binomial = relapse_counts(self.followed, self.relapsed, kept, edges, self.follow_up)
        seen = np.bincount(
            binomial.band, weights=binomial.successes + binomial.failures, minlength=binomial.bands
        ).astype(np.float64)
        rate, competing_score = self.fit_competing(kept)
        bands, score = len(edges) - 1, learner.fit(data, edges, seen)
        return OwnRelapseHead(
            score, edges, np.zeros(bands), np.full(bands, rate), competing_score=competing_score, bands_score=score
        )

    def fit_competing(self, kept: Mask) -> tuple[float, Score | None]:
        """The weekly rate of competing events at a score of 0, and the score, fitted on some at risk.

        There is no score if too few had such an event to tune it by.
        """
        binomial = self.competing_counts(kept)
        if self.competing_learner is fit_nothing or int((self.competed & kept).sum()) < self.tuning_events:
            return competing_rate(binomial, np.zeros(binomial.patients)), None
        score = self.competing_learner(replace(self.competing_training_data, binomial=binomial)).score
        return competing_rate(binomial, score.predict(self.training_data.rows)), score

    def competing_counts(self, kept: Mask) -> BinomialCounts:
        """The weeks of some patients without relapse, and their competing events."""
        weeks = -(-self.last_day // DAYS_PER_WEEK)
        return competing_counts(self.followed, self.relapsed, self.competed, kept, weeks, self.follow_up)

    @property
    def competing_training_data(self) -> TrainingData:
        """Feature rows for competing events, of which no sign is expected."""
        return replace(self.training_data, signs=(0,) * len(self.training_data.names))

    def hold_out(self, head: Head, held: Mask) -> HeldOut:
        """The head's predictions for held-out patients."""
        assert isinstance(head, RelapseHead)  # noqa: S101 - the head that fit returned
        kept = self.at_risk & held
        patient = np.flatnonzero(kept)
        binomial = relapse_counts(self.followed, self.relapsed, kept, head.edges, self.follow_up)
        rows = self.training_data.rows[patient]
        baselines = np.broadcast_to(head.baselines(rows), (len(rows), binomial.bands))
        return HeldOut(
            patient,
            head.linear_predictor(rows),
            binomial,
            baselines[np.searchsorted(patient, binomial.patient), binomial.band],
            head.curve(rows, self.days).relapse,
        )


def reach_of(outcomes: Outcomes, last_day: int, settings: TimeSettings) -> int:
    """The last day of a relapse curve: the end of the week of ``last_day``, the longest horizon in days after
    remission, or of the last week to which enough patients were followed.
    """
    week = -(-last_day // DAYS_PER_WEEK) * DAYS_PER_WEEK
    return min(week, _last_supported_day(outcomes, settings.fewest_followed))


def week_ends(last_day: int) -> NDArray[np.int64]:
    """Days at which curves are evaluated: ends of weeks up to ``last_day``, at most 52, the last always there."""
    weeks = last_day // DAYS_PER_WEEK
    if weeks < 1:
        return np.empty(0, dtype=np.int64)
    return np.unique(np.linspace(1, weeks, min(weeks, MOST_WEEKS)).astype(np.int64)) * DAYS_PER_WEEK


def relapse_task(
    features: FeatureRows,
    declared: tuple[Feature, ...],
    outcomes: Outcomes,
    last_day: int,
    config: TrainingConfig,
    follow_up: FollowUpWeights | None = None,
) -> RelapseTask:
    """The relapse task of a landmark; ``last_day`` is the longest horizon, in days after remission."""
    signs = tuple(feature.relapse_sign for feature in declared)
    none = BinomialCounts(np.empty(0, np.intp), np.empty(0, np.intp), np.empty(0), np.empty(0), len(features.day), 1)
    return RelapseTask(
        training_data=TrainingData(features.values, none, features.names, signs, config.seed),
        followed_days=outcomes.followed_days,
        ended_by=outcomes.ended_by,
        at_risk=outcomes.at_risk,
        last_day=reach_of(outcomes, last_day, config.relapse),
        follow_up=follow_up or FollowUpWeights.equal(len(features.day)),
        longest_horizon=last_day,
        settings=config.relapse,
        tuning_events=config.tuning.inner_folds,
    )


def _last_supported_day(outcomes: Outcomes, fewest_followed: int) -> int:
    """The end of the last week in which at least so many patients were at risk; 0 if there is none."""
    followed = np.sort(outcomes.followed_days[outcomes.at_risk])[::-1]
    if len(followed) < fewest_followed:
        return 0
    return int(-(-followed[fewest_followed - 1] // DAYS_PER_WEEK)) * DAYS_PER_WEEK
