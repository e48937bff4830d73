"""The landmark day of every patient, and `known_at`: the only cut in time.

Only this module decides what is known at a landmark; every feature reads a `KnownAtLandmark`, never a cohort.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from features.compilation.decorator import compiled
from features.protocol.columns import SCREENING_COLUMNS, SCREENING_ITEMS
from features.protocol.document import Landmark, Protocol
from features.records.cohort import Cohort
from features.records.compiled_rows import RatingRows, SessionDays, rating_rows
from features.records.event_days import first_event_days
from features.records.primary_scale import PrimaryScale, RatedScales, rated_scales
from features.records.rating_days import known_days
from features.records.timeline import Floats, Mask, Rows, nothing_recorded, plain


def landmark_days(cohort: Cohort, landmark: Landmark) -> Floats:
    """Day of the landmark per patient, shape (patients,), in days; NaN where it is not reached.

    Before session k it is the earlier of that session's day and ``else_days`` after the session before, so that it does
    not reveal whether session k came. In a record that ends today (``as_of_day``) today replaces a later day, as long
    as the acute course lasts. It is after sessions 1 to k - 1, all of which are recorded.
    """
    if landmark.day is not None:
        return _fixed_days(cohort, landmark.day)
    days, today = nothing_recorded(len(cohort)), cohort.as_of_day
    rule = _SessionRule(
        dosing=cohort.protocol.code("sessions", "kind", "dosing"),
        session=landmark.before_session or 1,
        else_days=np.nan if landmark.else_days is None else float(landmark.else_days),
        last_acute_day=float(cohort.protocol.acute_max_days),
    )
    _write_days(cohort.session_days, rule, _COMPLETE if today is None else plain(today, np.float64), days)
    return days


_COMPLETE = np.empty(0)
"""The today of complete records."""


class _SessionRule(NamedTuple):
    """A landmark before a dosing session: ``dosing`` is the code of these sessions, ``else_days`` may be NaN."""

    dosing: int
    session: int
    else_days: float
    last_acute_day: float


@compiled
def _write_days(sessions: SessionDays, rule: _SessionRule, today: Floats, days: Floats) -> None:
    """Write into ``days`` (patients,) the day of the landmark for who reached it; ``today`` may be empty."""
    own, before, earlier = np.full(len(days), np.nan), np.full(len(days), np.nan), np.zeros(len(days))
    for row in range(len(sessions.patient)):
        whose, number = sessions.patient[row], sessions.number[row]
        if sessions.kind[row] != rule.dosing or number > rule.session:
            continue
        if number == rule.session:
            own[whose] = sessions.day[row] if np.isnan(own[whose]) else own[whose]
            continue
        earlier[whose] += 1
        if number == rule.session - 1 and np.isnan(before[whose]):
            before[whose] = sessions.day[row]
    for whose in range(len(days)):
        previous = before[whose] if rule.session > 1 else -1.0  # session 1: from day 0 on
        latest = previous + rule.else_days
        found = latest if np.isnan(own[whose]) or latest < own[whose] else own[whose]
        if len(today) and not found <= today[whose]:
            found = today[whose] if today[whose] <= rule.last_acute_day else np.nan
        if earlier[whose] == rule.session - 1 and found > previous:
            days[whose] = found


def _fixed_days(cohort: Cohort, day: int) -> Floats:
    """The day of a landmark on a fixed day, for patients still followed then; else NaN."""
    reached = ~left_before(cohort, day, "death", "withdrawal") & ~follow_up_ended_before(cohort, day)
    if cohort.as_of_day is not None:
        reached &= cohort.as_of_day >= day
    return np.where(reached, float(day), np.nan)


def left_before(cohort: Cohort, day: int, *names: str) -> Mask:
    """Patients with one of these events before a day, shape (patients,)."""
    return np.asarray(first_event_days(cohort, set(names)) < day)


def follow_up_ended_before(cohort: Cohort, day: int) -> Mask:
    """Patients whose follow-up ended before a day, without a later record up to the day; shape (patients,)."""
    events = cohort.events
    ends = events["event"] == cohort.protocol.code("events", "event", "end_of_follow_up")
    ended = events.where(np.asarray(ends) & (events.numbers("day") < day)).last_for_patient("day")
    last = np.full(len(cohort), np.nan)
    known = cohort.assessments.where(known_days(cohort.assessments) <= day)
    for rows in (cohort.sessions, known, events):
        last = np.fmax(last, rows.where(rows.numbers("day") <= day).maximum_for_patient("day"))
    return np.asarray(ended >= last)


def dosing_day(cohort: Cohort, session_number: int) -> Floats:
    """Day of the dosing session of that number per patient, NaN where it never came."""
    doses = dosing_sessions(cohort.sessions, cohort.protocol)
    return doses.where(doses.numbers("session_number") == session_number).first_for_patient("day")


def dosing_sessions(sessions: Rows, protocol: Protocol) -> Rows:
    """The sessions in which ketamine was given."""
    return sessions.where(np.asarray(sessions["kind"] == protocol.code("sessions", "kind", "dosing")))


def is_treatment(sessions: Rows, protocol: Protocol) -> Mask:
    """Which sessions are of the treatment itself, which no preparation session is."""
    return np.asarray(sessions["kind"] != protocol.code("sessions", "kind", "preparation"))


@dataclass(frozen=True, eq=False)
class KnownAtLandmark:
    """What the record of each patient of a cohort says at the landmark; arrays have shape (patients,).

    ``day`` is the landmark day (NaN: not reached, and then nothing is known).
    """

    protocol: Protocol
    landmark: Landmark
    day: Floats
    patients: dict[str, Floats]
    prior_treatments: Rows
    sessions: Rows
    assessments: Rows
    events: Rows

    def __len__(self) -> int:
        return len(self.day)

    @cached_property
    def rating_rows(self) -> RatingRows:
        """The ratings as compiled code reads them."""
        return rating_rows(self.assessments)

    @cached_property
    def scales(self) -> RatedScales:
        """The scales on which every patient was rated."""
        return rated_scales(self.rating_rows, len(self), self.protocol)

    @property
    def primary(self) -> PrimaryScale:
        """The primary instrument of every patient, with its baseline, if any."""
        return self.scales.primary

    @cached_property
    def dosing_sessions(self) -> Rows:
        """Sessions in which ketamine was given."""
        return dosing_sessions(self.sessions, self.protocol)


def known_at(cohort: Cohort, landmark: Landmark, day: Floats | None = None) -> KnownAtLandmark:
    """What was known at the landmark: ratings up to and including its day; sessions and events before it.

    A rating taken after the dose of its day is known from the next day on. Under a fixed ``day`` sessions and events of
    that day are known too. Patient columns and earlier treatments always are. Screening facts and preparation sessions
    are left out, because no feature may read them. ``day`` is the result of ``landmark_days``, from a caller that has
    it already.
    """
    day = landmark_days(cohort, landmark) if day is None else day
    known = _known_rows(cohort, landmark, day)
    ratings = cohort.assessments.where(known["assessments"])
    columns = [name for name in ratings.columns if name not in SCREENING_ITEMS]
    return KnownAtLandmark(
        protocol=cohort.protocol,
        landmark=landmark,
        day=day,
        patients={name: cohort.number(name) for name in cohort.patients if name not in SCREENING_COLUMNS},
        prior_treatments=cohort.prior_treatments,
        sessions=cohort.sessions.where(known["sessions"] & is_treatment(cohort.sessions, cohort.protocol)),
        assessments=ratings.only(*columns),
        events=cohort.events.where(known["events"]),
    )


def _known_rows(cohort: Cohort, landmark: Landmark, day: Floats) -> dict[str, Mask]:
    """Which rows of each dated table were known at the landmark."""
    same_day = landmark.day is not None
    known = {"assessments": known_days(cohort.assessments) <= cohort.assessments.spread(day)}
    for name in ("sessions", "events"):
        rows = cohort.table(name)
        limit = rows.spread(day)
        known[name] = rows.numbers("day") <= limit if same_day else rows.numbers("day") < limit
    return known


def later_rows(cohort: Cohort, known: KnownAtLandmark) -> dict[str, Floats]:
    """How many rows of each patient were not known at the landmark, by table; arrays have shape (patients,)."""
    found = _known_rows(cohort, known.landmark, known.day)
    return {name: cohort.table(name).count_where(~rows) for name, rows in found.items()}
