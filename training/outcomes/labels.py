"""The outcomes of every patient: remission, relapse and sustained remission, each yes, no or not observed.

The rules are those of the protocol. A day without a reading never becomes an answer, and records after a withdrawal
date nothing. Sustained remission is remission without relapse or competing event up to the horizon.
`features.eligibility` decides who enters, only from what is known at the landmark.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from features.eligibility.eligibility import ineligible_at
from features.eligibility.remission_window import anchor_days
from features.protocol.columns import COMPETING_EVENTS
from features.protocol.document import Landmark, Protocol
from features.records.cohort import Cohort
from features.records.cut_offs import at_least, at_most
from features.records.landmark import KnownAtLandmark, known_at
from features.records.primary_scale import PrimaryScale, rated_scales
from features.records.rating_days import last_known_day
from features.records.timeline import Floats, Mask, Rows


class EndedBy(IntEnum):
    """How the time at risk of relapse ended."""

    NOT_AT_RISK = -1
    CENSORED = 0
    RELAPSE = 1
    COMPETING = 2


@dataclass(frozen=True, eq=False)
class Outcomes:
    """Outcomes of a cohort at a landmark; arrays have shape (patients,), days count from day 0.

    ``remission`` and ``sustained`` (patients, horizons) are 1 yes, 0 no, NaN not observed. ``ineligible`` holds why a
    patient is left out, or ``None``; the outcomes of such a patient must not be used. ``followed_days`` runs from
    ``risk_start_day`` to relapse, competing event or censoring, as ``ended_by`` says.
    """

    landmark: Landmark
    landmark_day: Floats
    ineligible: NDArray[np.object_]
    primary: PrimaryScale
    remission: Floats
    remission_day: Floats
    risk_start_day: Floats
    followed_days: Floats
    ended_by: NDArray[np.int8]
    sustained: Floats

    @property
    def eligible(self) -> Mask:
        """Who enters the analysis at this landmark."""
        return np.asarray(self.ineligible == None)  # noqa: E711 - elementwise

    @property
    def at_risk(self) -> Mask:
        """Who enters the relapse head: eligible, in remission, followed for at least one day."""
        return self.eligible & (self.remission == 1) & (self.followed_days >= 1)


def derive_outcomes(cohort: Cohort, landmark: Landmark) -> Outcomes:
    """Apply the protocol's outcome rules to every patient of a complete cohort.

    A reading on or before the landmark may decide only because none came later in the window, which is not known at the
    landmark. Then remission after the landmark is not observed.
    """
    parts = [_derived(part, landmark) for part in cohort.portions()]
    return parts[0] if len(parts) == 1 else _together(parts)


def _together(parts: Sequence[Outcomes]) -> Outcomes:
    """The outcomes of all patients from those of portions."""
    first = parts[0].primary
    code, baseline = (np.concatenate([getattr(part.primary, name) for part in parts]) for name in ("code", "baseline"))
    names = [one.name for one in fields(Outcomes) if one.name not in ("landmark", "primary")]
    arrays: dict[str, Any] = {name: np.concatenate([getattr(part, name) for part in parts]) for name in names}
    return replace(parts[0], primary=PrimaryScale(first.protocol, code, baseline), **arrays)


def _derived(cohort: Cohort, landmark: Landmark) -> Outcomes:
    protocol = cohort.protocol
    known = known_at(cohort, landmark)
    primary, ineligible = outcome_scale(cohort, known), ineligible_at(cohort, known)
    eligible = np.asarray(ineligible == None)  # noqa: E711 - elementwise
    ratings = usable_ratings(cohort, primary)
    if protocol.remission.at_landmark:
        remission = np.where(eligible, 1.0, np.nan)
        remission_day, start = np.full(len(cohort), np.nan), known.day
    else:
        deciding = deciding_readings(cohort, ratings)
        remission_day = deciding.last_for_patient("day")
        remission = _remission(deciding.last_for_patient("score"), primary, protocol)
        too_early = eligible & (last_known_day(deciding) <= known.day)
        remission[too_early] = remission_day[too_early] = np.nan
        start = np.where(remission == 1, remission_day, np.nan)
    followed, ended_by = time_at_risk(cohort, ratings, primary, start)
    return Outcomes(
        landmark=landmark,
        landmark_day=known.day,
        ineligible=ineligible,
        primary=primary,
        remission=remission,
        remission_day=remission_day,
        risk_start_day=start,
        followed_days=followed,
        ended_by=ended_by,
        sustained=_sustained(remission, followed, ended_by, protocol.horizons_days),
    )


def outcome_scale(cohort: Cohort, known: KnownAtLandmark) -> PrimaryScale:
    """The scale of the outcomes at a landmark; a scale with a baseline applies also if the landmark is not reached."""
    rule = cohort.protocol.remission
    return known.primary if rule.at_landmark else rated_scales(cohort.rating_rows, len(cohort), cohort.protocol).primary


def usable_ratings(cohort: Cohort, primary: PrimaryScale) -> Rows:
    """The primary instrument's ratings, up to and including the day of a withdrawal."""
    return until_withdrawal(primary.ratings_among(cohort.assessments), cohort)


def window_middles(cohort: Cohort) -> Floats:
    """The middle of each patient's remission window, a whole or a half day; NaN without an anchor."""
    return anchor_days(cohort) + sum(cohort.protocol.remission.window_days) / 2


def readings_in_window(cohort: Cohort, ratings: Rows) -> Rows:
    """The primary instrument's readings within the remission window."""
    first, last = cohort.protocol.remission.window_days
    since = ratings.numbers("day") - ratings.spread(anchor_days(cohort))
    return ratings.where((since >= first) & (since <= last))


def deciding_readings(cohort: Cohort, ratings: Rows) -> Rows:
    """At most one reading per patient: the one nearest the middle of the remission window, the later one in a tie.

    Of two readings on one day, the later one is the one after the dose.
    """
    within = readings_in_window(cohort, ratings)
    day = within.numbers("day")
    middle = within.spread(window_middles(cohort))
    nearest_last = np.lexsort((day, -np.abs(day - middle), within.patient))
    patient = within.patient[nearest_last]
    ends = np.append(patient[1:] != patient[:-1], True)[: len(patient)]
    return within.at(nearest_last[ends])


def remission_criteria(score: Floats, primary: PrimaryScale) -> tuple[Mask, Mask]:
    """Whether a deciding score is in the remission band, and whether it is a reliable change below the baseline."""
    dropped = at_least(primary.baseline - score, primary.reliable_change)
    return at_most(score, primary.remission_at_most), dropped


def _remission(score: Floats, primary: PrimaryScale, protocol: Protocol) -> Floats:
    in_band, dropped = remission_criteria(score, primary)
    remitted = in_band & dropped if protocol.remission.require_reliable_drop else in_band
    return np.where(np.isnan(score) | np.isnan(primary.baseline), np.nan, remitted)


def time_at_risk(
    cohort: Cohort, ratings: Rows, primary: PrimaryScale, start: Floats
) -> tuple[Floats, NDArray[np.int8]]:
    """Days from ``start`` to the end of the time at risk, and what ended it; NaN and NOT_AT_RISK without a start."""
    withdrawal = withdrawal_days(cohort)
    events = events_at_risk(cohort, start)
    relapse = _of(events, cohort.protocol, *cohort.protocol.relapse.events).first_for_patient("day")
    if cohort.protocol.relapse.rule == "score":
        course = relapse_course(cohort, ratings, primary, start)
        relapse = np.fmin(relapse, course.readings.where(course.dates_relapse).first_for_patient("day"))
    competing = _of(events, cohort.protocol, *COMPETING_EVENTS).first_for_patient("day")
    end = np.where(np.isnan(withdrawal), last_observed_day(cohort, ratings), withdrawal)
    ended_by = np.full(len(cohort), EndedBy.CENSORED, dtype=np.int8)
    ended_by[~np.isnan(competing)] = EndedBy.COMPETING
    ended_by[~np.isnan(relapse) & ~(competing < relapse)] = EndedBy.RELAPSE
    ended_by[np.isnan(start)] = EndedBy.NOT_AT_RISK
    day = np.choose(ended_by.clip(0), [np.fmax(end, start), relapse, competing])
    return day - start, ended_by


def withdrawal_days(cohort: Cohort) -> Floats:
    """Day of the first withdrawal per patient, NaN without one; later records date nothing."""
    return _of(cohort.events, cohort.protocol, "withdrawal").first_for_patient("day")


def until_withdrawal(rows: Rows, cohort: Cohort) -> Rows:
    """The rows up to and including the day of their patient's withdrawal."""
    return rows.where(~(rows.numbers("day") > rows.spread(withdrawal_days(cohort))))


def events_at_risk(cohort: Cohort, start: Floats) -> Rows:
    """The events after ``start``, up to and including the day of a withdrawal."""
    events = until_withdrawal(cohort.events, cohort)
    return events.where(events.numbers("day") > events.spread(start))


def _of(events: Rows, protocol: Protocol, *names: str) -> Rows:
    return events.where(np.isin(events["event"], [protocol.code("events", "event", name) for name in names]))


def last_observed_day(cohort: Cohort, ratings: Rows) -> Floats:
    """The day up to which a patient without withdrawal was observed, NaN if never."""
    if cohort.protocol.relapse.rule == "event":
        tables = [cohort.sessions, cohort.assessments, cohort.events]
    else:
        tables = [ratings, _of(cohort.events, cohort.protocol, "end_of_follow_up")]
    last = np.full(len(cohort), np.nan)
    for rows in tables:
        last = np.fmax(last, rows.last_for_patient("day"))
    return last


@dataclass(frozen=True, eq=False)
class RelapseCourse:
    """The readings from the one that opens the time at risk on, and which of them date a relapse.

    Arrays have shape (readings,). ``best_before`` is the lowest score from the opening reading to the one before.
    ``confirmed_on`` is the day of the first reading that confirms this one; NaN if none does.
    """

    readings: Rows
    best_before: Floats
    after_start: Mask
    in_band: Mask
    risen: Mask
    confirmed_on: Floats
    dates_relapse: Mask


def relapse_course(cohort: Cohort, ratings: Rows, primary: PrimaryScale, start: Floats) -> RelapseCourse:
    """Evaluate ``usable_ratings`` after ``start``: in the relapse band, reliably above the best so far, confirmed.

    The last reading up to ``start`` opens the course; without one, the first reading after it.
    """
    since = ratings.numbers("day") - ratings.spread(start)
    opens = np.append((since[1:] > 0) | (ratings.patient[1:] != ratings.patient[:-1]), True)[: len(ratings)]
    readings = ratings.where((since > 0) | ((since <= 0) & opens))
    after_start = readings.numbers("day") > readings.spread(start)
    score, best = readings.numbers("score"), lowest_before(readings)
    in_band = at_least(score, readings.spread(primary.relapse_at_least))
    risen = at_least(score - best, readings.spread(primary.reliable_change))
    rule = cohort.protocol.relapse
    confirmed_on = _confirmed_on(readings, in_band, rule.confirm_within_days)
    dates = after_start & in_band & risen
    if rule.asks_for_confirmation:
        dates &= ~np.isnan(confirmed_on)
    return RelapseCourse(readings, best, after_start, in_band, risen, confirmed_on, dates)


def lowest_before(course: Rows) -> Floats:
    """For each reading the lowest earlier score of the same patient, NaN for the first."""
    score = course.numbers("score")
    levels, rank = np.unique(score, return_inverse=True)
    # Later patients rank below earlier ones by more than any score, so the running minimum starts anew with each.
    shifted = rank - course.patient * (len(levels) + 1)
    lowest = np.minimum.accumulate(shifted) + course.patient * (len(levels) + 1) if len(score) else rank
    before = np.full(len(score), np.nan)
    same = course.patient[1:] == course.patient[:-1]
    before[1:][same] = levels[lowest[:-1][same]]
    return before


def _confirmed_on(course: Rows, in_band: Mask, within_days: tuple[int, int]) -> Floats:
    """For each reading the day of the first later one in the band within the window, NaN without one."""
    day = course.numbers("day").astype(np.int64)
    first, last = max(within_days[0], 1), within_days[1]
    # Patients lie so far apart that a window never reaches from one into the next.
    stride = 4 * int(np.abs(day).max(initial=1)) + last + 1
    key = course.patient * stride + day
    banded = key[in_band]
    earliest = np.searchsorted(banded, key + first, side="left")
    found = earliest < np.searchsorted(banded, key + last, side="right")
    confirmed_on = np.full(len(course), np.nan)
    confirmed_on[found] = day[in_band][earliest[found]]
    return confirmed_on


def _sustained(
    remission: Floats, followed: Floats, ended_by: NDArray[np.int8], horizons_days: tuple[int, ...]
) -> Floats:
    horizons = np.array(horizons_days, dtype=np.float64)
    ended_within = (ended_by > 0)[:, None] & (followed[:, None] <= horizons)
    lost_within = (ended_by == EndedBy.CENSORED)[:, None] & (followed[:, None] < horizons)
    answer = np.where(lost_within, np.nan, (~ended_within).astype(np.float64))
    answer[remission == 0] = 0.0
    answer[np.isnan(remission)] = np.nan
    return answer
