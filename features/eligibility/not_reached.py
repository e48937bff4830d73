"""Why a landmark is not reached: a missing record, or an earlier event."""

import numpy as np
from numpy.typing import NDArray

from features.protocol.document import Landmark
from features.records.cohort import Cohort
from features.records.landmark import dosing_day, dosing_sessions, follow_up_ended_before, landmark_days, left_before


def why_not_reached(cohort: Cohort, landmark: Landmark) -> NDArray[np.object_]:
    """A clause per patient, such as "dosing session 2 never came"; ``None`` where the landmark is reached."""
    if landmark.day is not None:
        found = _before_day(cohort, landmark.day)
    else:
        found = _before_session(cohort, landmark.before_session or 1)
    found[~np.isnan(landmark_days(cohort, landmark))] = None
    return found


def _before_day(cohort: Cohort, day: int) -> NDArray[np.object_]:
    found = np.full(len(cohort), f"as_of_day is before day {day}", dtype=object)
    found[follow_up_ended_before(cohort, day)] = f"the follow-up ended before day {day}"
    found[left_before(cohort, day, "withdrawal")] = f"the patient withdrew before day {day}"
    found[left_before(cohort, day, "death")] = f"the patient died before day {day}"
    return found


def _before_session(cohort: Cohort, session: int) -> NDArray[np.object_]:
    found = _of_last_session(cohort, session)
    last = dosing_sessions(cohort.sessions, cohort.protocol).maximum_for_patient("session_number")
    never = "never came" if cohort.as_of_day is None else "is not recorded"
    for number in range(session - 1, 0, -1):
        missing = np.isnan(dosing_day(cohort, number))
        found[missing] = f"dosing session {number} {never}"
        found[missing & (last > number)] = _skipped(number)
    return found


def _of_last_session(cohort: Cohort, session: int) -> NDArray[np.object_]:
    """Why, if all sessions before the landmark's own are recorded."""
    own, before = dosing_day(cohort, session), dosing_day(cohort, session - 1)
    last = dosing_sessions(cohort.sessions, cohort.protocol).maximum_for_patient("session_number")
    found = np.full(len(cohort), f"dosing session {session} never came", dtype=object)
    today, limit = cohort.as_of_day, cohort.protocol.acute_max_days
    if today is not None:
        found[:] = (
            f"as_of_day is not after dosing session {session - 1}" if session > 1 else "as_of_day is before day 0"
        )
        late = (today > limit) & np.isnan(own)
        found[late] = f"dosing session {session} did not come by day {limit}, the end of the acute course"
    found[np.isnan(own) & (last > session)] = _skipped(session)
    found[own <= before] = f"dosing sessions {session - 1} and {session} are on the same day"
    return found


def _skipped(number: int) -> str:
    return f"dosing session {number} is not recorded, though a later one is"
