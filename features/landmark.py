"""The landmark day of every patient, and `known_at`: the only cut in time.

What is known at a landmark is decided here and nowhere else; every feature reads a `Known`, never a cohort.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from features.cohort import Cohort
from features.columns import SCREENING_COLUMNS
from features.primary_scale import Codes, PrimaryScale, primary_scale, second_scale
from features.protocol import Landmark, Protocol
from features.timeline import Floats, Mask, Rows


def landmark_days(cohort: Cohort, landmark: Landmark) -> Floats:
    """Day of the landmark per patient, shape (patients,), in days; NaN where it is not reached.

    In a complete record a session that is not there never came; in a record that ends today (``as_of_day``) it may
    still come, so the patient's today stands in for its day until ``else_days`` have passed.
    """
    as_of = cohort.as_of_day
    if landmark.day is not None:
        day = np.full(len(cohort), float(landmark.day))
        return day if as_of is None else np.where(as_of >= day, day, np.nan)
    session = landmark.before_session or 1
    doses = _numbered_doses(cohort)
    own_day = _day_of(doses, session)
    before = _day_of(doses, session - 1) if session > 1 else np.full(len(cohort), -np.inf)
    fallback = before + (np.nan if landmark.else_days is None else landmark.else_days)
    fallback[np.isinf(fallback)] = np.nan
    if as_of is None:
        return np.where(np.isnan(own_day), fallback, own_day)
    today = np.where(fallback <= as_of, fallback, as_of)
    reached_today = (as_of > before) & _has_sessions(doses, session - 1)
    return np.where(reached_today, np.where(np.isnan(own_day), today, own_day), np.nan)


def dosing_day(cohort: Cohort, session_number: int) -> Floats:
    """Day of the dosing session of that number per patient, NaN where it never came."""
    return _day_of(_numbered_doses(cohort), session_number)


def _numbered_doses(cohort: Cohort) -> Rows:
    """Number and day of the dosing sessions; the other columns have no say in a landmark."""
    sessions = cohort.sessions
    columns = {name: sessions[name] for name in ("kind", "session_number", "day")}
    return dosing_sessions(Rows(sessions.patients, sessions.patient, columns), cohort.protocol)


def _day_of(doses: Rows, session_number: int) -> Floats:
    return doses.where(doses.numbers("session_number") == session_number).first_for_patient("day")


def _has_sessions(doses: Rows, up_to: int) -> Mask:
    earlier = doses.where(doses.numbers("session_number") <= up_to)
    return np.asarray(earlier.count_for_patient() == up_to)


def dosing_sessions(sessions: Rows, protocol: Protocol) -> Rows:
    """The sessions in which ketamine was given."""
    return sessions.where(np.asarray(sessions["kind"] == protocol.code("sessions", "kind", "dosing")))


@dataclass(frozen=True, eq=False)
class Known:
    """What the record of each patient of a cohort says at the landmark; arrays have shape (patients,).

    ``day`` is the landmark day (NaN: not reached, and then nothing is known).
    """

    protocol: Protocol
    day: Floats
    patients: dict[str, Floats]
    prior_treatments: Rows
    sessions: Rows
    assessments: Rows
    events: Rows

    def __len__(self) -> int:
        return len(self.day)

    @cached_property
    def primary(self) -> PrimaryScale:
        """The primary instrument of every patient, with its baseline."""
        return primary_scale(self.assessments, self.protocol)

    @cached_property
    def second_scale(self) -> Codes:
        """Code of a second scale with a baseline, of depression where there is one; -1 for none."""
        return second_scale(self.assessments, self.primary)

    @cached_property
    def primary_ratings(self) -> Rows:
        """Ratings of the primary instrument."""
        return self.primary.ratings_among(self.assessments)

    @cached_property
    def ratings_since_baseline(self) -> Rows:
        """Ratings of the primary instrument after day 0, the days of the baseline."""
        return self.primary_ratings.where(self.primary_ratings.numbers("day") > 0)

    @cached_property
    def latest_since_baseline(self) -> Floats:
        """Score of the latest rating of the primary instrument after day 0."""
        return self.ratings_since_baseline.last_for_patient("score")

    @cached_property
    def treatments_asked_for(self) -> Mask:
        """Of whom it is recorded whether there were earlier treatments."""
        return np.asarray(self.patients["prior_treatments_recorded"] == 1)

    @cached_property
    def dosing_sessions(self) -> Rows:
        """Sessions in which ketamine was given."""
        return dosing_sessions(self.sessions, self.protocol)


def known_at(cohort: Cohort, landmark: Landmark, day: Floats | None = None) -> Known:
    """What was known at the landmark: ratings up to and including its day; sessions and events before it.

    Under a fixed ``day`` sessions and events of that day are known too. Patient columns and earlier treatments
    always are, but for the screening facts, which are kept from every feature. ``day`` is what ``landmark_days`` gives
    for the cohort and the landmark, from a caller who has it already.
    """
    day = landmark_days(cohort, landmark) if day is None else day
    same_day = landmark.day is not None

    def until(rows: Rows, *, inclusive: bool) -> Rows:
        limit = rows.spread(day)
        return rows.where(rows.numbers("day") <= limit if inclusive else rows.numbers("day") < limit)

    return Known(
        protocol=cohort.protocol,
        day=day,
        patients={name: cohort.number(name) for name in cohort.patients if name not in SCREENING_COLUMNS},
        prior_treatments=cohort.prior_treatments,
        sessions=until(cohort.sessions, inclusive=same_day),
        assessments=until(cohort.assessments, inclusive=True),
        events=until(cohort.events, inclusive=same_day),
    )
