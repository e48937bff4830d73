"""Cohorts of many ratings in a few words, and the findings about a cohort by their codes."""

from collections.abc import Mapping, Sequence

from features.protocol.document import Protocol
from features.records.cohort import Cohort
from tests.cohorts import DEFAULT, cohort_of
from training.plausibility import finding
from training.plausibility.findings import findings

INDEX = """
[[landmarks]]
name = "day 0"
day = 0
[remission]
instrument = "gad7"
anchor = "index"
window_days = [20, 40]
"""
"""A study without sessions, with readings between days 20 and 40."""


def found(cohort: Cohort) -> dict[str, finding.CohortFinding]:
    """The findings by code; none occurs twice in these small cohorts."""
    every = findings(cohort)
    by_code = {each.code: each for each in every}
    assert len(by_code) == len(every)
    return by_code


def rated(
    scores: Mapping[int, int] | Mapping[float, int],
    *,
    day: int = 30,
    instrument: str = "gad7",
    protocol: Protocol | str = INDEX,
) -> Cohort:
    """One rating for each of so many patients per score, all on one day."""
    drawn = [score for score, patients in scores.items() for _ in range(patients)]
    return rated_courses([{day: score} for score in drawn], instrument=instrument, protocol=protocol)


def rated_courses(
    courses: Sequence[Mapping[int, int] | Mapping[int, float]],
    *,
    instrument: str = "gad7",
    protocol: Protocol | str = DEFAULT,
) -> Cohort:
    """One patient per course of day and score."""
    rows = [
        f"p{number} {day} {instrument} {score:g}"
        for number, course in enumerate(courses)
        for day, score in course.items()
    ]
    return cohort_of(protocol, assessments="\n".join(["patient_id day instrument score", *rows]))
