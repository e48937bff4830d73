"""Cohorts drawn for tests in which everybody was once followed, and some are then lost for a reason that is known.

One dosing session on day 0 and GAD-7 alone: the remission window spans days 7 to 31, remission is a score of at most 4,
the relapse band begins at 10, and a reliable change is 6.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from features.protocol.document import Protocol
from features.records.cohort import Cohort
from features.records.timeline import Floats, Mask
from models.outcomes import expit
from tests.cohorts import DEFAULT, CohortRecords, Record

DECIDING = 20
VISITS = DECIDING + 28 * np.arange(9)
"""The deciding reading, and one every four weeks for 32 weeks after it: each can confirm the one before."""


@dataclass(frozen=True)
class PatientCourse:
    """One patient's ratings as (day, score), and events as (day, event)."""

    ratings: Sequence[tuple[float, float]]
    events: Sequence[tuple[float, str]] = ()


def cohort_of(patients: Sequence[PatientCourse], protocol: Protocol | str = DEFAULT) -> Cohort:
    """The checked cohort of some courses."""
    names = [f"p{number:05d}" for number in range(len(patients))]
    pairs = list(zip(names, patients, strict=True))
    sessions: list[Record] = [
        {"patient_id": name, "session_number": 1, "day": 0, "kind": "dosing"} for name, _ in pairs
    ]
    ratings: list[Record] = [
        {"patient_id": name, "day": day, "instrument": "gad7", "score": score}
        for name, course in pairs
        for day, score in course.ratings
    ]
    events: list[Record] = [
        {"patient_id": name, "day": day, "event": event} for name, course in pairs for day, event in course.events
    ]
    people: list[Record] = [{"patient_id": name} for name in names]
    return CohortRecords(people, {"sessions": sessions, "assessments": ratings, "events": events}).cohort(protocol)


def drawn_scores(rng: np.random.Generator, patients: int) -> Floats:
    """Scores (patients, visits) of patients in remission at the first: up and down, and up more often than down."""
    steps = rng.normal(0.4, 2.2, (patients, len(VISITS)))
    scores = 3 + np.cumsum(steps, axis=1) - steps[:, :1]
    scores[:, 0] = rng.integers(0, 5, patients)
    return np.clip(np.round(scores), 0, 21)


def followed(scores: Floats, kept: Mask) -> Cohort:
    """The cohort of patients whose ratings (patients, visits) are those kept, after a baseline of 16."""
    return cohort_of(
        [
            PatientCourse(
                [(0, 16), *((day, score) for day, score, here in zip(VISITS, row, seen, strict=True) if here)]
            )
            for row, seen in zip(scores, kept, strict=True)
        ]
    )


def lost_when_worse(rng: np.random.Generator, scores: Floats) -> Mask:
    """Who is still there at each visit (patients, visits): the last score alone decides who has a next visit.

    After a score of 4, 4 in 100 do not; after one of 10, 20 in 100; after one of 15, 52 in 100.
    """
    comes = rng.random(scores.shape) > expit(0.3 * (scores - 4) - 3.2)
    kept = np.ones(scores.shape, dtype=np.bool_)
    kept[:, 1:] = np.cumprod(comes[:, :-1], axis=1)
    return kept
