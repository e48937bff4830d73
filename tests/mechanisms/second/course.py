"""The acute course of the second mechanism: a hidden weekly state, moving or stuck, behind whole-number ratings.

A rating depends on the one before, the baseline and the state of the week; the state on the columns, on a turning
severity and on a switch that early response and failures hold shut together. Arrays have any shape, the same for all.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from tests.mechanisms.second import numbers
from tests.mechanisms.second.people import Columns, Flags, Floats, Integers, People, RatingScale


@dataclass(frozen=True)
class SessionState:
    """Where patients stand at a session: its number, ratings as levels, the week's state, and who has left.

    ``early`` says who had dropped enough at session 2.
    """

    session: int
    baseline: Floats
    level: Floats
    early: Flags
    moving: Flags
    left: Flags
    received: Integers


@dataclass(frozen=True)
class SecondCourse:
    """The drawn course, arrays (patients,) or (patients, sessions): ``score`` is NaN at sessions that never came."""

    session_day: Integers
    received: Integers
    score: Floats
    early: Flags
    deciding_day: Integers
    deciding_score: Floats


def log_odds_of_moving(columns: Columns, baseline: Floats) -> Floats:
    """Log-odds of the moving state in the first week; ``baseline`` is a level."""
    depressed, personality = columns["comorbid_depression"] > 0, columns["comorbid_personality_disorder"] > 0
    turned = np.minimum(baseline, numbers.SEVERITY_TURNS_AT) - numbers.SEVERITY_TURNS_AT
    beyond = np.maximum(baseline - numbers.SEVERITY_TURNS_AT, 0.0)
    younger = columns["age_years"] < numbers.EXPECTANCY_HELPS_BELOW_AGE
    return (
        numbers.MOVING
        + columns["site_moving"]
        + numbers.SEVERITY_BELOW * turned
        + numbers.SEVERITY_BEYOND * beyond
        + numbers.FAILURES_LOSE * (columns["failures"] >= numbers.MANY_FAILURES)
        + numbers.EXPECTANCY_PER_POINT * (columns["expectancy"] - 6) * younger
        + numbers.DEPRESSION * depressed
        + numbers.DEPRESSION_ON_BENZODIAZEPINE
        * (depressed & (columns["benzodiazepine_mg"] > numbers.HIGH_BENZODIAZEPINE_MG))
        + numbers.PERSONALITY * personality
        + numbers.PERSONALITY_LONG_ILL
        * (personality & (columns["illness_duration_years"] > numbers.LONG_ILLNESS_YEARS))
        + numbers.FAMILY_HISTORY * (columns["family_history_alcohol"] > 0) * (columns["failures"] <= 1)
        + numbers.SOCIAL_ANXIETY * columns["social_anxiety"]
    )


def moving_next(columns: Columns, log_odds: Floats, early: Flags) -> tuple[Floats, Floats]:
    """Probability of moving in the next week of those who move and of those who are stuck."""
    stops = expit(numbers.STOPS_MOVING + numbers.STOPS_MOVING_PER_LOG_ODDS * log_odds)
    starts = expit(numbers.STARTS_MOVING + numbers.STARTS_MOVING_PER_LOG_ODDS * log_odds)
    shut = ~early & (columns["failures"] >= numbers.SWITCH_FAILURES)
    return 1.0 - stops, np.where(shut, numbers.SWITCH_SHUT, starts)


def week_means(level: Floats, baseline: Floats) -> tuple[Floats, Floats]:
    """Mean level of the next week's rating of those who move and of those who are stuck."""
    moves = level - numbers.MOVES_BY * (level - numbers.MOVES_TO)
    stuck = level - numbers.STUCK_BY * (level - numbers.STUCK_AT_SHARE * baseline)
    return moves, stuck


def deciding_mean(state: SessionState) -> Floats:
    """Mean level of the end-of-course rating; its spread is ``LAST_SD``."""
    moves = state.level - numbers.LAST_MOVES_BY * (state.level - numbers.MOVES_TO)
    stuck = state.level - numbers.LAST_STUCK_BY * (state.level - numbers.STUCK_AT_SHARE * state.baseline)
    return np.where(state.moving, moves, stuck)


def walk(columns: Columns, scale: RatingScale, state: SessionState, rng: np.random.Generator) -> list[SessionState]:
    """The states at the sessions after ``state``'s, to the last that is planned anywhere; who has left stays put."""
    log_odds = log_odds_of_moving(columns, state.baseline)
    states = [state]
    while state.session < numbers.MOST_SESSIONS:
        state = _next_session(columns, scale, state, log_odds, rng)
        states.append(state)
    return states


def _next_session(
    columns: Columns, scale: RatingScale, state: SessionState, log_odds: Floats, rng: np.random.Generator
) -> SessionState:
    shape = log_odds.shape
    leaves = expit(numbers.LEAVES + columns["site_leaving"] + numbers.LEAVES_PER_LEVEL * (state.level - 7))
    left = state.left | (state.session >= columns["site_planned"]) | (rng.random(shape) < leaves)
    mean = np.where(state.moving, *week_means(state.level, state.baseline))
    spread = np.where(state.moving, numbers.MOVING_SD, numbers.STUCK_SD)
    level = scale.level(scale.score(mean + spread * rng.standard_normal(shape)))
    early = state.early
    if state.session == 1:
        early = ~left & (state.baseline - level >= numbers.EARLY_DROP)
    moving = rng.random(shape) < np.where(state.moving, *moving_next(columns, log_odds, early))
    return SessionState(
        session=state.session + 1,
        baseline=state.baseline,
        level=np.where(left, state.level, level),
        early=early,
        moving=np.where(left, state.moving, moving),
        left=left,
        received=state.received + ~left,
    )


def draw_course(people: People, rng: np.random.Generator) -> SecondCourse:
    """The course of every patient, the end-of-course rating included, seen or not."""
    count = len(people)
    baseline = people.scale.level(people.baseline)
    no = np.zeros(count, dtype=np.bool_)
    moving = rng.random(count) < expit(log_odds_of_moving(people.columns, baseline))
    start = SessionState(1, baseline, baseline, no, moving, no, np.ones(count, dtype=np.int64))
    states = walk(people.columns, people.scale, start, rng)
    last = states[-1]
    score = people.scale.score(deciding_mean(last) + numbers.LAST_SD * rng.standard_normal(count))
    gaps = rng.choice(list(numbers.GAP_DAYS), (count, len(states) - 1), p=list(numbers.GAP_DAYS.values()))
    days = np.concatenate([np.zeros((count, 1), np.int64), np.cumsum(gaps, axis=1)], axis=1)
    ratings = [
        np.where(state.left, np.nan, np.rint(people.scale.cut + state.level * people.scale.points)) for state in states
    ]
    return SecondCourse(
        session_day=days,
        received=last.received,
        score=np.stack(ratings, axis=1),
        early=last.early,
        deciding_day=days[np.arange(count), last.received - 1] + rng.integers(*numbers.DECIDING_DAYS, count),
        deciding_score=score,
    )
