"""Draws the follow-up of synthetic patients after the acute course: visits, relapse, maintenance, events.

Visits depend on the site and on earlier observations only: informative, and missing at random given the record.
"""

from dataclasses import dataclass, replace

import numpy as np
from scipy.special import expit, logit

from training.simulation import mechanism
from training.simulation.course import Course
from training.simulation.patients import Flags, Floats, Integers, Sites, SyntheticPatients
from training.simulation.relapse import draw_onset, maintenance_probability, residual_level

NEVER = 100_000
"""A day after every follow-up."""


@dataclass(frozen=True)
class Visit:
    """Ratings of one visit: ``day`` and ``score`` of shape (patients,), ``present`` where a rating was made."""

    day: Integers
    present: Flags
    score: Floats
    phq9: bool = False


@dataclass(frozen=True)
class FollowUpOutcome:
    """The true follow-up of each patient, observed or not; days are days of the record, ``NEVER`` without an event."""

    remitted: Flags
    maintenance: Flags
    onset_day: Integers
    relapse_ends_day: Integers
    new_treatment_day: Integers
    death_day: Integers
    planned_end_day: Integers
    level_when_well: Floats
    level_in_relapse: Floats


@dataclass(frozen=True)
class FollowUp:
    """The record after the acute course. ``seen_until`` is the last day under observation."""

    follow_up_outcome: FollowUpOutcome
    deciding_observed: Flags
    visits: tuple[Visit, ...]
    lost_day: Integers
    seen_until: Integers


def _days(waiting: Floats) -> Integers:
    """Whole days, at most ``NEVER``."""
    return np.minimum(np.ceil(waiting), NEVER).astype(np.int64)


def draw_follow_up_outcome(
    patients: SyntheticPatients, course: Course, sites: Sites, rng: np.random.Generator
) -> FollowUpOutcome:
    """Remission, relapse, competing events and the planned end of follow-up of every synthetic patient."""
    count, start, scales = len(patients), course.deciding_day, patients.scales
    remitted = course.deciding_score <= np.minimum(scales.cut, course.baseline - scales.change)
    level = residual_level(scales, course.deciding_score)
    elsewhere = expit(logit(sites.maintenance[patients.site]) + mechanism.MAINTENANCE_LOG_ODDS_NOT_REMITTED)
    planned = np.where(remitted, maintenance_probability(patients, sites, level), elsewhere)
    maintenance = (rng.random(count) < planned) & (course.received >= mechanism.MAINTENANCE_AFTER_SESSIONS)
    onset = start + _days(draw_onset(patients, course, level, maintenance, rng))
    onset = np.where(remitted, onset, NEVER)
    per_day = np.where(remitted, 1.0, 4.0) * mechanism.COMPETING_PER_YEAR["new_treatment"] / 365.25
    well = np.minimum(np.minimum(course.final_level, scales.in_units(course.deciding_score)), 0.0) - 0.05
    band = scales.in_units(scales.relapse) + mechanism.RELAPSE_RISE
    return FollowUpOutcome(
        remitted=remitted,
        maintenance=maintenance,
        onset_day=onset,
        relapse_ends_day=onset + rng.integers(90, 240, count),
        new_treatment_day=start + _days(rng.exponential(1.0, count) / per_day),
        death_day=start + _days(rng.exponential(365.25 / mechanism.COMPETING_PER_YEAR["death"], count)),
        planned_end_day=start + np.where(rng.random(count) < 0.75, 371, rng.integers(182, 372, count)),
        level_when_well=well,
        level_in_relapse=np.maximum(band, well + 1.3) + 0.4 * np.abs(rng.standard_normal(count)),
    )


def _last_score(patients: SyntheticPatients, course: Course) -> Floats:
    """The last rating of the course in reliable-change units; the centre if there is none."""
    last = np.full(len(patients), np.nan)
    for rating in course.ratings:
        if not rating.phq9:
            last = np.where(rating.present, rating.score, last)
    return np.nan_to_num(patients.scales.in_units(last), nan=0.8)


def _deciding_observed(patients: SyntheticPatients, course: Course, sites: Sites, rng: np.random.Generator) -> Flags:
    severity = np.nan_to_num(patients.scales.in_units(course.baseline) - mechanism.SEVERITY_CENTRE)
    given = np.arange(course.session_day.shape[1]) < course.received[:, None]
    adverse = (course.adverse_event & given).any(axis=1)
    log_odds = (
        logit(sites.observed[patients.site])
        - mechanism.LOSS_PER_SCORE * (_last_score(patients, course) - 0.8)
        - mechanism.LOSS_PER_SEVERITY * severity
        - mechanism.LOSS_PER_ADVERSE_EVENT * adverse
    )
    return rng.random(len(patients)) < expit(log_odds)


class _FollowUpClinic:
    """Draws visit after visit; keeps which patients are still followed, their last and their best score."""

    def __init__(
        self,
        patients: SyntheticPatients,
        course: Course,
        sites: Sites,
        follow_up_outcome: FollowUpOutcome,
        rng: np.random.Generator,
    ):
        self._patients, self._course, self._follow_up_outcome, self._rng = patients, course, follow_up_outcome, rng
        self._loss = logit(sites.lost_per_visit[patients.site])
        count = len(patients)
        observed = _deciding_observed(patients, course, sites, rng)
        stays = observed | (rng.random(count) < mechanism.RETURNS_AFTER_MISSING)
        self.observed = observed
        self.lost_day = np.where(stays, NEVER, course.deciding_day)
        self._ends_day = np.minimum.reduce(
            [follow_up_outcome.new_treatment_day, follow_up_outcome.death_day, follow_up_outcome.planned_end_day]
        )
        score = course.deciding_score
        self._last = np.where(observed, patients.scales.in_units(score), 0.8)
        self._best, self._suspected = score.copy(), np.zeros(count, np.bool_)
        self.visits = [Visit(course.deciding_day, observed, score), self._phq9(course.deciding_day, observed, 0.8)]

    def _level(self, day: Integers) -> Floats:
        """Latent level of the primary scale on that day."""
        follow_up_outcome, course = self._follow_up_outcome, self._course
        elapsed = 1.0 - np.exp(-(day - course.deciding_day) / 180.0)
        change = self._patients.latent.severity - course.final_level
        not_remitted = course.final_level + mechanism.WANING_PER_YEAR * np.clip(change, 0, None) * elapsed
        ill = (day >= follow_up_outcome.onset_day) & (day < follow_up_outcome.relapse_ends_day)
        return np.where(
            follow_up_outcome.remitted,
            np.where(ill, follow_up_outcome.level_in_relapse, follow_up_outcome.level_when_well),
            not_remitted,
        )

    def _phq9(self, day: Integers, present: Flags, share: float) -> Visit:
        level = mechanism.PHQ9_LOADING * self._level(day) + self._patients.latent.phq9_offset
        score = self._patients.phq9.rating(self._rng.normal(level, mechanism.NOISE_SD))
        rated = present & self._patients.has_phq9 & (self._rng.random(len(day)) < share)
        return Visit(day, rated, score, phq9=True)

    def _rate(self, day: Integers, expected: Flags) -> Visit:
        """One visit of the expected patients who are still followed on that day."""
        noise = np.where(self._follow_up_outcome.remitted, mechanism.FOLLOW_UP_NOISE_SD, mechanism.NOISE_SD)
        score = self._patients.scales.rating(self._rng.normal(self._level(day), noise))
        present = expected & (day <= self._ends_day) & (day < self.lost_day)
        self._last = np.where(present, self._patients.scales.in_units(score), self._last)
        return Visit(day, present, score)

    def visit(self, number: int) -> None:
        """One planned visit, and a second reading one to three weeks later after a first one in the relapse band."""
        rng, count, scales = self._rng, len(self._patients), self._patients.scales
        previous = mechanism.VISIT_DAYS[number - 1] if number else 0
        lost = (self.lost_day == NEVER) & (
            rng.random(count) < expit(self._loss + mechanism.LOSS_LATER_PER_SCORE * self._last)
        )
        self.lost_day = np.where(lost, self._course.deciding_day + previous + rng.integers(5, 24, count), self.lost_day)
        day = self._course.deciding_day + mechanism.VISIT_DAYS[number] + rng.integers(-4, 5, count)
        seen = self._rate(day, rng.random(count) < 0.92)
        self.visits.append(seen)
        if number in {2, 5, 9}:
            self.visits.append(self._phq9(day, seen.present, 0.7))
        in_band = (seen.score >= scales.relapse) & (seen.score >= self._best + scales.change)
        first = seen.present & in_band & self._follow_up_outcome.remitted & ~self._suspected
        self._best = np.where(seen.present, np.minimum(self._best, seen.score), self._best)
        self._suspected |= first
        self.visits.append(self._rate(day + rng.integers(8, 20, count), first & (rng.random(count) < 0.9)))

    def seen_until(self) -> Integers:
        """The last day on which anything could have been recorded."""
        return np.minimum(self.lost_day, self._ends_day)


def draw_follow_up(patients: SyntheticPatients, course: Course, sites: Sites, rng: np.random.Generator) -> FollowUp:
    """Follow-up of every synthetic patient, from the deciding reading on."""
    follow_up_outcome = draw_follow_up_outcome(patients, course, sites, rng)
    clinic = _FollowUpClinic(patients, course, sites, follow_up_outcome, rng)
    for number in range(len(mechanism.VISIT_DAYS)):
        clinic.visit(number)
    return FollowUp(
        follow_up_outcome=follow_up_outcome,
        deciding_observed=clinic.observed,
        visits=tuple(replace(visit, day=visit.day.astype(np.int64)) for visit in clinic.visits),
        lost_day=clinic.lost_day,
        seen_until=clinic.seen_until(),
    )
