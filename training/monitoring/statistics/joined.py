"""Joins outcomes to the predictions that were made before them, by the keyed hash of the patient and the landmark.

Outcomes are those of the labels, under the model's protocol. A cohort has no dates: day 0 of a patient is the day of
the prediction less the landmark's day in the log. Outcomes that are not settled by the last day known are left for
later, because those settled early are not like the rest: a relapse ends follow-up, and a reading nearer to the middle
of its window may still replace one.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from features.eligibility.eligibility import Ineligible
from features.eligibility.remission_window import anchor_days
from features.records.cohort import Cohort
from features.records.timeline import Floats, Mask
from training.monitoring.statistics.logged import LandmarkPredictions, LoggedPrediction
from training.outcomes.labels import Outcomes, derive_outcomes

Days = NDArray[np.datetime64]
NO_SUCH_PATIENT = "no such patient in the cohort"
TOO_LATE = "made on or after the day that decided"
NOT_SETTLED = "not settled yet"
NOT_OBSERVED = "not observed"
NOT_IN_REMISSION = "not in remission"
NOT_FOLLOWED = "in remission, and not followed for a day"
WITH_OUTCOME = "with an outcome"


@dataclass(frozen=True, eq=False)
class OutcomeCohort:
    """The patients whose outcomes are looked up; ``position`` gives a patient's place by the hash of the reference."""

    cohort: Cohort
    position: Mapping[str, int]
    now: np.datetime64

    @classmethod
    def from_cohort(
        cls, cohort: Cohort, predictions: Sequence[LoggedPrediction], pseudonym: Callable[[str], str], now: datetime
    ) -> "OutcomeCohort":
        """The patients of these predictions as they are known ``now``.

        ``pseudonym`` hashes a patient's id as the service hashes references.
        """
        wanted = {one.patient for one in predictions}
        hashed = map(pseudonym, cohort.patient_ids.tolist())
        places = {patient: place for place, patient in enumerate(hashed) if patient in wanted}
        followed = cohort.take(np.array(list(places.values()), dtype=np.intp))
        return cls(followed, {patient: place for place, patient in enumerate(places)}, np.datetime64(now.date(), "D"))

    def last_day(self, predictions: Sequence[LoggedPrediction]) -> np.datetime64:
        """The last day of which anything is known about these patients, at most today."""
        known, place = self.found(predictions)
        if not known:
            return self.now
        last = np.full(len(self.cohort), -np.inf)
        for rows in (self.cohort.assessments, self.cohort.sessions, self.cohort.events):
            last = np.fmax(last, rows.last_for_patient("day"))
        recorded = np.isfinite(last[place])
        days = first_days(known)[recorded] + last[place][recorded].astype(np.int64)
        return np.minimum(days.max(), self.now) if len(days) else self.now

    def found(self, predictions: Sequence[LoggedPrediction]) -> tuple[list[LoggedPrediction], NDArray[np.intp]]:
        """The predictions about patients of the cohort, and the patients' places."""
        known = [one for one in predictions if one.patient in self.position]
        return known, np.array([self.position[str(one.patient)] for one in known], dtype=np.intp)


@dataclass(frozen=True, eq=False)
class JoinedPredictions:
    """Predictions at one landmark whose remission is settled and observed; arrays have shape (n,).

    ``known_on`` is the day from which it is settled, ``in_remission`` is 1 yes, 0 no. ``began_on`` is the day from
    which a patient in remission was at risk of relapse; ``followed_days`` and ``ended_by`` are as in `Outcomes`.
    ``reasons`` counts all predictions by whether they could be joined to remission, or why not; ``relapse_reasons``
    by relapse.
    """

    predictions: Sequence[LoggedPrediction]
    known_on: Days
    in_remission: Floats
    began_on: Days
    followed_days: Floats
    ended_by: NDArray[np.int8]
    at_risk: Mask
    reasons: Mapping[str, int]
    relapse_reasons: Mapping[str, int]


def first_days(predictions: Sequence[LoggedPrediction]) -> Days:
    """Day 0 of each patient."""
    made = np.array([one.at.date() for one in predictions], dtype="datetime64[D]")
    return np.asarray(made - _landmark_days(predictions).astype(np.int64))


def _landmark_days(predictions: Sequence[LoggedPrediction]) -> Floats:
    return np.array([one.landmark_day or 0 for one in predictions], dtype=np.float64)


def join(at: LandmarkPredictions, followed: OutcomeCohort, last_day: np.datetime64) -> JoinedPredictions:
    """The predictions at a landmark with their outcomes, as far as these are settled by ``last_day``."""
    cohort = followed.cohort
    outcomes = derive_outcomes(cohort, cohort.protocol.landmark(at.landmark))
    predictions, patient = followed.found(at.answered)
    begun, asked_on = first_days(predictions), _landmark_days(predictions)
    settled_on = begun + _settled_days(cohort, outcomes)[patient]
    reason = _remission_reasons(outcomes, patient, asked_on)
    reason[(settled_on > last_day) & np.isin(reason, (WITH_OUTCOME, NOT_OBSERVED))] = NOT_SETTLED
    later = _relapse_reasons(outcomes, patient, asked_on, reason)
    kept = np.flatnonzero(reason == WITH_OUTCOME)
    who, missing = patient[kept], len(at.answered) - len(predictions)
    return JoinedPredictions(
        predictions=[predictions[place] for place in kept.tolist()],
        known_on=settled_on[kept],
        in_remission=outcomes.remission[who],
        began_on=begun[kept] + np.nan_to_num(outcomes.risk_start_day[who]).astype(np.int64),
        followed_days=outcomes.followed_days[who],
        ended_by=outcomes.ended_by[who],
        at_risk=later[kept] == WITH_OUTCOME,
        reasons=_counted(reason, missing),
        relapse_reasons=_counted(later, missing),
    )


def _settled_days(cohort: Cohort, outcomes: Outcomes) -> NDArray[np.int64]:
    """The day from which remission can't change, per patient: its window and the acute course are over."""
    rule = cohort.protocol.remission
    if rule.at_landmark:
        return np.nan_to_num(outcomes.landmark_day).astype(np.int64)
    over = anchor_days(cohort) + rule.window_days[1]
    if rule.anchor == "last_acute_session":
        over = np.maximum(over, cohort.protocol.acute_max_days)
    return np.nan_to_num(over).astype(np.int64)


def _remission_reasons(outcomes: Outcomes, patient: NDArray[np.intp], asked_on: Floats) -> NDArray[np.object_]:
    """Why remission can't be joined to each prediction, whether or not it is settled; else ``WITH_OUTCOME``."""
    reason = np.full(len(patient), WITH_OUTCOME, dtype=object)
    reason[np.isnan(outcomes.remission[patient])] = NOT_OBSERVED
    reason[outcomes.remission_day[patient] <= asked_on] = TOO_LATE
    for left_out in Ineligible:
        reason[outcomes.ineligible[patient] == left_out] = left_out.value
    return reason


def _relapse_reasons(
    outcomes: Outcomes, patient: NDArray[np.intp], asked_on: Floats, remission: NDArray[np.object_]
) -> NDArray[np.object_]:
    """Why relapse can't be joined to each prediction, given the reasons of ``remission``."""
    ended_on = outcomes.risk_start_day[patient] + outcomes.followed_days[patient]
    reason = remission.copy()
    joined = remission == WITH_OUTCOME
    reason[joined & ~(outcomes.followed_days[patient] >= 1)] = NOT_FOLLOWED
    reason[joined & (ended_on <= asked_on)] = TOO_LATE
    reason[joined & (outcomes.remission[patient] != 1)] = NOT_IN_REMISSION
    return reason


def _counted(reason: NDArray[np.object_], missing: int) -> dict[str, int]:
    counts = Counter(reason.tolist())
    if missing:
        counts[NO_SUCH_PATIENT] = missing
    return dict(counts.most_common())
