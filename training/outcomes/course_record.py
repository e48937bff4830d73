"""The record of each patient before the deciding window, which predicts who is seen there.

These are no features: no prediction uses them, only the weights of observed patients. If the protocol takes everyone to
be in remission at the landmark, the record ends before the landmark.
"""

from dataclasses import dataclass

import numpy as np

from features.eligibility.remission_window import anchor_days
from features.records.cohort import Cohort
from features.records.cut_offs import at_most
from features.records.landmark import dosing_sessions, is_treatment
from features.records.timeline import Floats, Rows
from training.outcomes.labels import Outcomes, usable_ratings


@dataclass(frozen=True, eq=False)
class CourseRecord:
    """Columns by name; ``values`` has shape (patients, names), NaN where nothing was recorded."""

    names: tuple[str, ...]
    values: Floats


def course_record(cohort: Cohort, outcomes: Outcomes) -> CourseRecord:
    """The record of every patient up to the day before the remission window opens; severity in reliable changes.

    Without a window it ends before the time at risk begins.
    """
    protocol = cohort.protocol
    until = anchor_days(cohort) + protocol.remission.window_days[0]
    if protocol.remission.at_landmark:
        until = outcomes.risk_start_day

    def before(rows: Rows) -> Rows:
        return rows.where(rows.numbers("day") < rows.spread(until))

    primary = outcomes.primary
    ratings = before(usable_ratings(cohort, primary))
    sessions = before(cohort.sessions.where(is_treatment(cohort.sessions, protocol)))
    last = ratings.last_for_patient("score")
    distance = (last - primary.remission_criterion) / primary.reliable_change
    doses = dosing_sessions(sessions, protocol)
    columns = {
        "last_rating": distance,
        "last_rating_squared": distance**2,
        "last_rating_in_remission": np.where(np.isnan(distance), np.nan, at_most(last, primary.remission_criterion)),
        "last_change": (last - _last_but_one(ratings)) / primary.reliable_change,
        "change_since_baseline": (primary.baseline - last) / primary.reliable_change,
        "baseline": (primary.baseline - primary.remission_at_most) / primary.reliable_change,
        "ratings": ratings.count_for_patient(),
        "days_since_last_rating": until - ratings.last_for_patient("day"),
        "days_since_last_session": until - sessions.last_for_patient("day"),
        "dosing_sessions": doses.count_for_patient(),
        "other_sessions": sessions.count_for_patient() - doses.count_for_patient(),
        "adverse_events": sessions.sum_for_patient("adverse_event"),
        "length_of_course": doses.last_for_patient("day"),
    }
    return CourseRecord(tuple(columns), np.column_stack(list(columns.values())))


def _last_but_one(ratings: Rows) -> Floats:
    """Score of the rating before the last one, NaN if there is none."""
    later = np.append(ratings.patient[1:] == ratings.patient[:-1], False)[: len(ratings)]
    return ratings.where(np.asarray(later)).last_for_patient("score")
