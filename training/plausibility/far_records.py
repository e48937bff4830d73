"""Findings about records years away from day 0: a date with another year moves a whole patient or one record."""

from collections.abc import Iterator

import numpy as np

from features.records.cohort import Cohort
from features.records.timeline import Indices
from training.plausibility.finding import CohortFinding, counted

NEAREST_DAYS = 365
"""Ratings and sessions begin within a year of the first dose [judgement]."""
FARTHEST_DAYS = 1826
"""Five years: longer than studies of ketamine follow their patients [judgement]."""


def far_record_findings(cohort: Cohort) -> Iterator[CohortFinding]:
    """Patients without a record near day 0, though with others, and patients with a record that is very far from it."""
    alone, far = np.sum([_far_patients(part) for part in cohort.portions()], axis=0).tolist()
    for code, number, sentence in (
        (
            "day_0_far",
            alone,
            f"have no other session or rating within {NEAREST_DAYS} days of day 0, but later or earlier ones.",
        ),
        (
            "records_far",
            far,
            f"have a session or rating more than {FARTHEST_DAYS:,} days from day 0.",
        ),
    ):
        if number:
            remedy = "Check the years of the dates, that of the first dose above all: every day counts from it."
            words = f"{counted(number, 'patient')} {sentence}".replace("patient have", "patient has")
            yield CohortFinding("warning", code, "assessments", "day", words, remedy, (("patients", number),))


def _far_patients(cohort: Cohort) -> tuple[int, int]:
    """How many have no other record near day 0, and how many of the others have one that is very far from it."""
    patient, day = _other_records(cohort)
    distance = np.abs(day)
    nearest = np.full(len(cohort), np.inf)
    np.minimum.at(nearest, patient, distance)
    farthest = np.zeros(len(cohort))
    np.maximum.at(farthest, patient, distance)
    is_alone = (nearest > NEAREST_DAYS) & np.isfinite(nearest)
    return int(is_alone.sum()), int(((farthest > FARTHEST_DAYS) & ~is_alone).sum())


def _other_records(cohort: Cohort) -> tuple[Indices, np.ndarray]:
    """Patient and day of each rating, and of each session but the first dose."""
    sessions = cohort.sessions
    dosing = sessions["kind"] == cohort.protocol.code("sessions", "kind", "dosing")
    others = ~(dosing & (sessions.numbers("day") == 0))
    tables = (cohort.assessments, sessions.where(others))
    return np.concatenate([rows.patient for rows in tables]), np.concatenate([rows.numbers("day") for rows in tables])
