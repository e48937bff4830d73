"""Follow-up of the second mechanism: the score walks with drift from visit to visit, and other things happen.

A relapse is nothing but what the outcome rules make of the ratings and events. Arrays have any leading shape, visits
are on the last axis; days count from the end-of-course rating.
"""

from dataclasses import dataclass

import numpy as np

from tests.mechanisms.relapse_rule import NEVER, rated_relapse
from tests.mechanisms.second import numbers
from tests.mechanisms.second.people import Columns, Flags, Floats, Integers, RatingScale


@dataclass(frozen=True)
class SecondFollowUp:
    """Visits and events of a full follow-up: ``day`` and ``score`` (..., visits), the other arrays (...) in days."""

    day: Integers
    score: Floats
    new_treatment_day: Floats
    death_day: Floats
    medication_day: Floats

    @property
    def alive(self) -> Flags:
        """The visits before death."""
        return self.day < self.death_day[..., None]


def drift(columns: Columns, baseline: Floats, early: Flags) -> Floats:
    """Mean change of the score from visit to visit, in levels."""
    depressed, personality = columns["comorbid_depression"] > 0, columns["comorbid_personality_disorder"] > 0
    substance = columns["comorbid_substance_use"] > 0
    turns = numbers.DRIFT_TURNS_AT
    severity = np.minimum(baseline, turns) - np.maximum(baseline - turns, 0.0) - numbers.BASELINE_LEVEL
    return (
        numbers.DRIFT
        + numbers.DRIFT_DEPRESSED * (columns["phq9"] >= numbers.PHQ9_SEVERE)
        + numbers.DRIFT_DEPRESSED_PERSONALITY * (depressed & personality)
        + numbers.DRIFT_LONG_ILLNESS * (columns["illness_duration_years"] > numbers.LONG_ILLNESS_YEARS)
        + numbers.DRIFT_SUBSTANCE_FAILURES * (substance & (columns["failures"] >= numbers.SWITCH_FAILURES))
        + numbers.DRIFT_FAMILY_HISTORY * columns["family_history_alcohol"]
        + numbers.DRIFT_EARLY_RESPONSE * early
        + numbers.DRIFT_PER_LEVEL * severity
    )


def draw_follow_up(
    columns: Columns, scale: RatingScale, baseline: Floats, early: Flags, deciding: Floats, rng: np.random.Generator
) -> SecondFollowUp:
    """The full follow-up after a deciding score; ``baseline`` is a level."""
    shape = deciding.shape
    mean, level = drift(columns, baseline, early), scale.level(deciding)
    spread = numbers.WALK_SD + numbers.WALK_SD_PERSONALITY * columns["comorbid_personality_disorder"]
    spread = spread * np.where(columns["social_anxiety"] > 0, numbers.LSAS_WALK_SHARE, 1.0)
    days = np.empty((*shape, numbers.VISITS), dtype=np.int64)
    scores = np.empty((*shape, numbers.VISITS))
    events = {name: np.full(shape, NEVER) for name in ("new_treatment", "death", "medication")}
    previous = np.zeros(shape, dtype=np.int64)
    for visit in range(numbers.VISITS):
        due = numbers.VISIT_EVERY_DAYS * (visit + 1) + numbers.VISIT_OFFSET_DAYS
        jitter = numbers.VISIT_JITTER_DAYS
        day = due + rng.integers(-jitter, jitter + 1, shape)
        for name, hazard in _hazards(columns, level).items():
            happens = (rng.random(shape) < hazard) & (events[name] == NEVER)
            on = previous + 1 + np.floor(rng.random(shape) * (day - previous))
            events[name] = np.where(happens, on, events[name])
        scores[..., visit] = scale.score(level + mean + spread * rng.standard_normal(shape))
        level, days[..., visit], previous = scale.level(scores[..., visit]), day, day
    return SecondFollowUp(days, scores, *events.values())


def _hazards(columns: Columns, level: Floats) -> dict[str, Floats]:
    """Probability of each event before the next visit, from the last rating and the columns."""
    many, younger = columns["failures"] >= numbers.MANY_FAILURES, columns["age_years"] < 35
    new_treatment = (
        numbers.NEW_TREATMENT_PER_LEVEL * level
        + numbers.NEW_TREATMENT_FAILURES * many
        + numbers.NEW_TREATMENT_YOUNGER * younger
    )
    death = numbers.DEATH_PER_YEAR_OF_AGE * (columns["age_years"] - 45)
    return {
        "new_treatment": numbers.NEW_TREATMENT * np.exp(new_treatment),
        "death": numbers.DEATH * np.exp(death),
        "medication": numbers.MEDICATION * np.exp(numbers.MEDICATION_PER_LEVEL * level),
    }


def evaluated(follow_up: SecondFollowUp, deciding: Floats, scale: RatingScale) -> tuple[Floats, Floats]:
    """Day of the relapse and day of the competing event by the outcome rules, ``NEVER`` where the other came first."""
    rated = rated_relapse(follow_up.day, follow_up.score, follow_up.alive, deciding, scale.relapse, scale.change)
    relapse = np.minimum(rated, _until(follow_up.medication_day, follow_up))
    competing = np.minimum(_until(follow_up.new_treatment_day, follow_up), follow_up.death_day)
    return np.where(relapse <= competing, relapse, NEVER), np.where(competing < relapse, competing, NEVER)


def _until(day: Floats, follow_up: SecondFollowUp) -> Floats:
    """An event's day; nothing happens after death."""
    return np.where(day <= follow_up.death_day, day, NEVER)
