"""Draws the acute course of synthetic patients: dosing sessions, ratings up to the last session, the deciding rating.

Every rating is linear in the latent severity and amplitude, plus independent noise. The number of sessions depends on
the site and on recorded columns only.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import expit, logit

from training.simulation import mechanism
from training.simulation.patients import Flags, Floats, Integers, Scales, Sites, SyntheticPatients


@dataclass(frozen=True)
class Ratings:
    """One planned rating per patient: ``day`` and ``score`` of shape (patients,), ``present`` where it was made.

    ``reached`` (patients, classes) is the share of the amplitude reached by then in each class. ``stage`` is the number
    of the dosing session before which it was made, so that it is known at the landmark before that session.
    """

    day: Integers
    present: Flags
    score: Floats
    reached: Floats
    stage: int
    phq9: bool = False


@dataclass(frozen=True)
class Course:
    """The acute course: ``session_day`` (patients, sessions) and ``received`` of it, ratings in order of time.

    ``hazard`` is each patient's probability of leaving after any one session; ``deciding_score`` is the reading that
    decides on remission, drawn for every patient, observed or not.
    """

    planned: Integers
    received: Integers
    session_day: Integers
    hazard: Floats
    ratings: tuple[Ratings, ...]
    adverse_event: Flags
    baseline: Floats
    deciding_day: Integers
    deciding_score: Floats
    final_level: Floats


def reached_table() -> Floats:
    """Share of the amplitude reached, shape (classes, sessions + 1)."""
    return np.array([trajectory.reached_after_session for trajectory in mechanism.TRAJECTORIES])


def _reached(patients: SyntheticPatients, doses: Integers, days_since: Integers) -> Floats:
    """Share of the amplitude reached in each class, with the temporary relief after the last dose."""
    benzodiazepine = np.nan_to_num(patients.recorded["benzodiazepine_mg"])
    kept = 1.0 - mechanism.DIP_LOST_PER_BENZODIAZEPINE_MG * benzodiazepine
    dip = mechanism.DIP_PER_UNIT * kept * np.exp(-days_since / mechanism.DIP_TIME_CONSTANT_DAYS)
    dip = np.where((doses > 0) & (days_since <= mechanism.DIP_ENDS_AFTER_DAYS), dip, 0.0)
    return reached_table()[:, doses].T + dip[:, None]


def _level(patients: SyntheticPatients, reached: Floats) -> Floats:
    """Latent level of the primary scale in reliable-change units."""
    own = np.take_along_axis(reached, patients.latent.trajectory[:, None], axis=1)[:, 0]
    return patients.latent.severity - patients.latent.amplitude * own


def dropout_hazard(patients: SyntheticPatients, sites: Sites) -> Floats:
    """Probability of leaving the course after any one session; site, age and personality disorder matter."""
    sessions = sites.planned_sessions[patients.site]
    base = 1.0 - (1.0 - mechanism.COURSE_DROPOUT) ** (1.0 / (sessions - 1))
    younger = np.nan_to_num((41 - patients.recorded["age_years"]) / 12)
    personality = np.nan_to_num(patients.recorded["comorbid_personality_disorder"] - 0.15)
    return expit(logit(base) + sites.dropout[patients.site] + 0.15 * younger + 0.35 * personality)


def _session_days(count: int, rng: np.random.Generator) -> Integers:
    gaps = rng.choice(
        list(mechanism.SESSION_GAP_DAYS),
        (count, mechanism.MAXIMUM_SESSIONS - 1),
        p=list(mechanism.SESSION_GAP_DAYS.values()),
    )
    days = np.concatenate([np.zeros((count, 1), np.int64), np.cumsum(gaps, axis=1)], axis=1)
    return np.minimum(days, 42)


class _Rater:
    """Draws ratings of the primary scale and of the PHQ-9 at the same visit."""

    def __init__(self, patients: SyntheticPatients, rng: np.random.Generator):
        self._patients, self._rng = patients, rng
        self.drawn: list[Ratings] = []

    def visit(self, day: Integers, reached: Floats, present: Flags, stage: int) -> None:
        """The primary scale only."""
        level = _level(self._patients, reached)
        self._add(self._patients.scales, level, Ratings(day, present, level, reached, stage))

    def visit_with_phq9(self, day: Integers, reached: Floats, present: Flags, stage: int) -> None:
        """The primary scale and, among those followed with it, mostly the PHQ-9."""
        self.visit(day, reached, present, stage)
        level = mechanism.PHQ9_LOADING * _level(self._patients, reached) + self._patients.latent.phq9_offset
        rated = present & self._patients.has_phq9 & (self._rng.random(len(day)) < mechanism.PHQ9_RATED)
        self._add(self._patients.phq9, level, Ratings(day, rated, level, reached, stage, phq9=True))

    def _add(self, scales: Scales, level: Floats, planned: Ratings) -> None:
        score = scales.rating(self._rng.normal(level, mechanism.NOISE_SD))
        self.drawn.append(
            Ratings(planned.day, planned.present, score, planned.reached, planned.stage, phq9=planned.phq9)
        )


def _rate_course(
    patients: SyntheticPatients, sites: Sites, days: Integers, received: Integers, rng: np.random.Generator
) -> tuple[Ratings, ...]:
    count = len(patients)
    rater = _Rater(patients, rng)
    nothing = np.zeros((count, len(mechanism.TRAJECTORIES)))
    rater.visit(-rng.integers(2, 15, count), nothing, rng.random(count) < mechanism.RATED_BEFORE_DAY_0, stage=1)
    rater.visit_with_phq9(days[:, 0], nothing, rng.random(count) < mechanism.RATED_ON_DAY_0, stage=1)
    for doses in range(1, mechanism.MAXIMUM_SESSIONS):
        came, comes_again = received >= doses, received > doses
        last, wait = days[:, doses - 1], rng.choice(mechanism.CALL_DAYS_AFTER_DOSE, count)
        given = np.full(count, doses)
        called = came & (rng.random(count) < sites.called[patients.site])
        rater.visit(last + wait, _reached(patients, given, wait), called, stage=doses + 1)
        next_day = days[:, doses]
        if doses == 2:
            next_day, comes_again = last + mechanism.RATED_DAYS_AFTER_SESSION_2, came
        reached = _reached(patients, given, next_day - last)
        present = comes_again & (rng.random(count) < mechanism.RATED_AT_VISIT)
        visit = rater.visit_with_phq9 if doses <= 3 else rater.visit
        visit(next_day, reached, present, stage=doses + 1)
    return tuple(rater.drawn)


def baseline_scores(ratings: tuple[Ratings, ...], count: int) -> Floats:
    """The last rating of the primary scale on or before day 0, NaN without one."""
    baseline = np.full(count, np.nan)
    for rating in ratings:
        if rating.stage == 1 and not rating.phq9:
            baseline = np.where(rating.present, rating.score, baseline)
    return baseline


def draw_course(patients: SyntheticPatients, sites: Sites, rng: np.random.Generator) -> Course:
    """The acute course of every synthetic patient."""
    count = len(patients)
    planned = sites.planned_sessions[patients.site]
    hazard = dropout_hazard(patients, sites)
    received = np.minimum(rng.geometric(hazard), planned)
    days = _session_days(count, rng)
    ratings = _rate_course(patients, sites, days, received, rng)
    last = days[np.arange(count), received - 1]
    level = _level(patients, reached_table()[:, received].T) + patients.latent.later_course
    return Course(
        planned=planned,
        received=received,
        session_day=days,
        hazard=hazard,
        ratings=ratings,
        adverse_event=rng.random(days.shape) < mechanism.ADVERSE_EVENT_PER_SESSION,
        baseline=baseline_scores(ratings, count),
        deciding_day=last + rng.integers(*mechanism.DECIDING_DAYS_AFTER_LAST_SESSION, count, endpoint=True),
        deciding_score=patients.scales.rating(rng.normal(level, mechanism.NOISE_SD)),
        final_level=level,
    )
