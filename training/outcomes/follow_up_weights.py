"""Follow-up weights: patients still followed after remission represent those lost to follow-up.

Loss depends on the patient's state at the last contact. A patient is weighted by the inverse probability of still being
followed, relative to all who are left. Source: Robins & Finkelstein 2000, doi:10.1111/j.0006-341X.2000.00779.x.
"""

from dataclasses import dataclass

import numpy as np

from features.build import FeatureRows
from features.records.cohort import Cohort
from features.records.cut_offs import at_least
from features.records.timeline import Floats, Indices, Mask, Rows
from models.calibration import BinomialCounts, fit_baseline
from models.fitting.learners import TrainingData, fit_logistic
from models.outcomes import DAYS_PER_WEEK, expit
from models.relapse import FollowUpWeights, band_edges, relapse_counts
from training.config import TrainingConfig
from training.outcomes.course_record import course_record
from training.outcomes.labels import EndedBy, Outcomes, usable_ratings


def follow_up_weights(
    cohort: Cohort, features: FeatureRows, outcomes: Outcomes, last_day: int, config: TrainingConfig
) -> FollowUpWeights:
    """Weights of the patients at risk up to ``last_day``; all 1 if too few were lost, or too few kept.

    A patient seen in the last week was kept: a study's last visits are on some days before its end.
    """
    started = outcomes.eligible & (outcomes.remission == 1) & (outcomes.ended_by != EndedBy.NOT_AT_RISK)
    lost = started & (outcomes.ended_by == EndedBy.CENSORED)
    lost &= outcomes.followed_days <= last_day - DAYS_PER_WEEK
    if last_day < DAYS_PER_WEEK or min(lost.sum(), (started & ~lost).sum()) < config.weights_from:
        return FollowUpWeights.equal(len(cohort))
    contacts = _contacts(cohort, outcomes, started, last_day)
    if len(contacts) > started.sum():
        kept = _kept_by_contacts(cohort, outcomes, contacts, lost, config)
    else:  # no later rating: only time and the record at the landmark predict the loss
        kept = _kept_over_time(features, outcomes, started, lost, last_day, config)
    starts = np.tile(np.arange(last_day // DAYS_PER_WEEK) * float(DAYS_PER_WEEK), (len(cohort), 1))
    at_event = kept.through(np.nan_to_num(outcomes.followed_days)[:, None])[:, 0]
    return _relative(kept.through(starts), at_event, outcomes, config.largest_weight)


@dataclass(frozen=True, eq=False)
class _KeptContacts:
    """The probability of having been kept, as steps in time: ``chance`` (steps,) from ``since`` (days at risk) on.

    ``patient`` (steps,) is ascending, and ``since`` within it; before the first step the probability is 1.
    """

    patient: Indices
    since: Floats
    chance: Floats
    patients: int

    def through(self, days: Floats) -> Floats:
        """The probability of having been kept through days of each patient, shapes (patients, days)."""
        stride = max(float(self.since.max(initial=0)), float(days.max(initial=0))) + 1
        place = np.arange(self.patients)
        key = np.append(-1.0, self.patient * stride + self.since)
        reached = np.searchsorted(key, place[:, None] * stride + days, side="right") - 1
        own = np.append(-1, self.patient)[reached] == place[:, None]
        return np.where(own, np.append(1.0, self.chance)[reached], 1.0)


def _contacts(cohort: Cohort, outcomes: Outcomes, started: Mask, last_day: int) -> Rows:
    """The ratings from the one that opens the time at risk to its end; ``since`` counts days from its start.

    Each day is one contact, by its last rating: one after the dose of a day is no sign that the patient came again.
    """
    ratings = usable_ratings(cohort, outcomes.primary)
    since = ratings.numbers("day") - ratings.spread(outcomes.risk_start_day)
    end = np.minimum(outcomes.followed_days, last_day)
    patient = ratings.patient
    last_of_day = np.append((patient[1:] != patient[:-1]) | (since[1:] != since[:-1]), True)[: len(patient)]
    wanted = started[patient] & (since >= 0) & (since <= ratings.spread(end)) & last_of_day
    return Rows(ratings.patients, patient[wanted], {"score": ratings["score"][wanted], "since": since[wanted]})


def _kept_by_contacts(
    cohort: Cohort, outcomes: Outcomes, contacts: Rows, lost: Mask, config: TrainingConfig
) -> _KeptContacts:
    """By the probability of another contact after each one, given the patient's state at it.

    A patient who relapses has another contact: a later reading confirms the one that dates the relapse.
    """
    patient = contacts.patient
    last = np.append(patient[1:] != patient[:-1], True)
    again = (~(last & lost[patient])).astype(np.float64)
    names, rows = _at_contact(cohort, outcomes, contacts)
    levels, site = np.unique(cohort.site[patient], return_inverse=True)
    binomial = BinomialCounts(np.arange(len(patient)), site, again, 1 - again, len(patient), len(levels))
    training_data = TrainingData(rows, binomial, names, (0,) * len(names), config.seed)
    score = fit_logistic(config.tuning.by_grid)(training_data).score.predict(rows)
    logarithm = np.log(expit(fit_baseline(binomial, score)[site] + score))
    total = np.cumsum(logarithm)
    before_first = (total - logarithm)[np.searchsorted(patient, patient, side="left")]
    return _KeptContacts(patient, contacts.numbers("since"), np.exp(total - before_first), len(cohort))


def _at_contact(cohort: Cohort, outcomes: Outcomes, contacts: Rows) -> tuple[tuple[str, ...], Floats]:
    """The patient's state at each contact, severity in reliable changes; names and (contacts, names)."""
    primary, score = outcomes.primary, contacts.numbers("score")
    change = contacts.spread(primary.reliable_change)
    above = (score - contacts.spread(primary.remission_at_most)) / change
    same = np.append(False, contacts.patient[1:] == contacts.patient[:-1])
    columns = {
        "above_remission": above,
        "above_remission_squared": above**2,
        "in_relapse_band": at_least(score, contacts.spread(primary.relapse_at_least)).astype(np.float64),
        "last_change": np.where(same, score - np.append(0.0, score[:-1]), np.nan) / change,
        "first": (~same).astype(np.float64),
        "time": np.log1p(contacts.numbers("since")),
    }
    record = course_record(cohort, outcomes)
    return (*columns, *record.names), np.column_stack([*columns.values(), record.values[contacts.patient]])


def _kept_over_time(
    features: FeatureRows, outcomes: Outcomes, started: Mask, lost: Mask, last_day: int, config: TrainingConfig
) -> _KeptContacts:
    """By a weekly hazard of loss, given the features of the landmark."""
    followed = np.minimum(np.nan_to_num(outcomes.followed_days), last_day)
    edges = band_edges(followed[started], lost[started], last_day, config.relapse)
    binomial = relapse_counts(followed, lost, started, edges)
    signs = (0,) * len(features.names)
    training_data = TrainingData(features.values, binomial, features.names, signs, config.seed)
    score = fit_logistic(config.tuning.by_grid)(training_data).score.predict(features.values)
    hazard = expit(fit_baseline(binomial, score) + score[:, None])
    patient = np.flatnonzero(started)
    weekly = np.repeat(hazard[patient], np.diff(edges), axis=1)
    weeks = weekly.shape[1]
    since = np.asarray(np.tile(np.arange(1, weeks + 1) * DAYS_PER_WEEK, len(patient)), dtype=np.float64)
    chance = np.cumprod(1 - weekly, axis=1).ravel()
    return _KeptContacts(np.repeat(patient, weeks), since, np.asarray(chance, dtype=np.float64), len(features.values))


def _relative(weekly: Floats, at_event: Floats, outcomes: Outcomes, largest: float) -> FollowUpWeights:
    """Inverse probabilities, relative to their mean over those at risk at the start of the week."""
    weeks = weekly.shape[1]
    followed = np.where(outcomes.at_risk, outcomes.followed_days, -1.0)
    at_risk = followed[:, None] > np.arange(weeks) * DAYS_PER_WEEK
    inverse = 1 / weekly
    mean = np.where(at_risk, inverse, 0.0).sum(axis=0) / np.maximum(at_risk.sum(axis=0), 1)
    mean = np.where(mean > 0, mean, 1.0)
    week = np.clip(np.ceil(np.maximum(followed, 1.0) / DAYS_PER_WEEK).astype(np.int64) - 1, 0, weeks - 1)
    return FollowUpWeights(np.minimum(inverse / mean, largest), np.minimum(1 / at_event / mean[week], largest))
