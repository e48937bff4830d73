"""A rating taken after the dose of its day is known from the next day on, and is never a baseline on day 0."""

import numpy as np
import pytest

from features.build import build_features
from features.eligibility.eligibility import Ineligible
from features.protocol.document import Landmark
from features.records.assemble import assemble_cohort
from features.records.cohort import Cohort
from tests.cohorts import DEFAULT, cohort_of, records_of

SESSIONS = """
    patient_id  session_number  day  kind
    a           1               0    dosing
    a           2               7    dosing
"""


def rated(assessments: str, as_of_day: float | None = None) -> Cohort:
    return cohort_of(
        sessions=SESSIONS,
        assessments="patient_id day instrument score after_dose\n" + assessments,
        as_of_day=as_of_day,
    )


def row(cohort: Cohort, landmark: Landmark) -> dict[str, float]:
    rows = build_features(cohort, landmark)
    return dict(zip(rows.names, rows.values[0].tolist(), strict=True))


BEFORE = "a 0 gad7 16 -\n"


@pytest.mark.parametrize(
    ("landmark", "day"),
    [
        (DEFAULT.landmarks[0], 0),
        (DEFAULT.landmarks[1], 7),
        (Landmark("day 7", day=7), 7),
        (Landmark("day 3", day=3), 3),
    ],
    ids=lambda value: getattr(value, "name", value),
)
@pytest.mark.parametrize(("days_later", "known"), [(-1, True), (0, False), (1, False)])
def test_it_reaches_the_features_from_the_day_after_it_on(
    landmark: Landmark, day: int, days_later: int, known: bool
) -> None:
    rating_day = day + days_later
    if rating_day < 0:
        pytest.skip("no dose is before day 0")
    without, after = rated(BEFORE), rated(f"{BEFORE}a {rating_day} gad7 5 true\na {rating_day} phq9 20 true\n")
    one, other = build_features(without, landmark), build_features(after, landmark)
    assert (one.values.tobytes() != other.values.tobytes()) == known
    today = rated(f"{BEFORE}a {rating_day} gad7 5 true\na {rating_day} phq9 20 true\n", as_of_day=30)
    assert build_features(today, landmark).values.tobytes() == other.values.tobytes()


def test_on_day_0_it_is_no_baseline_and_counts_as_a_rating_since() -> None:
    cohort = rated("a -3 gad7 18 -\na 0 gad7 6 true\n")
    found = row(cohort, DEFAULT.landmarks[1])
    assert found["baseline_severity_share"] == 18 / 21
    assert found["ratings_since_baseline"] == 1
    assert found["change_points"] == 18 - 6
    assert found["change_after_session_1"] == (18 - 6) / 6
    only = rated("a 0 gad7 16 true\n")
    assert build_features(only, DEFAULT.landmarks[1]).ineligible.tolist() == [Ineligible.NO_BASELINE]


def test_before_and_after_the_dose_of_one_day_are_two_ratings_the_second_of_them_later() -> None:
    for lines in ("a 7 gad7 12 false\na 7 gad7 4 true\n", "a 7 gad7 4 true\na 7 gad7 12 -\n"):
        cohort = rated(BEFORE + lines)
        assert cohort.assessments.numbers("score").tolist() == [16, 12, 4]
        assert row(cohort, Landmark("day 8", day=8))["change_points"] == 16 - 4
        assert row(cohort, Landmark("day 7", day=7))["change_points"] == 16 - 12


@pytest.mark.parametrize(("first", "second"), [("true", "true"), ("-", "false"), ("-", "-")])
def test_the_same_rating_twice_is_refused(first: str, second: str) -> None:
    text = f"patient_id day instrument score after_dose\na 7 gad7 12 {first}\na 7 gad7 4 {second}\n"
    (problem,) = assemble_cohort(records_of(sessions=SESSIONS, assessments=text).raw(), DEFAULT)[1]
    assert (problem.place, problem.column) == ("assessments", "day")
    assert "after_dose = true" in problem.required


def test_no_rating_is_taken_after_a_dose_before_day_0() -> None:
    text = "patient_id day instrument score after_dose\na -1 gad7 12 true\n"
    (problem,) = assemble_cohort(records_of(sessions=SESSIONS, assessments=text).raw(), DEFAULT)[1]
    assert (problem.row, problem.column) == (0, "after_dose")


def test_follow_up_that_ended_is_not_resumed_by_a_rating_that_is_not_known_yet() -> None:
    events = "patient_id day event\na 5 end_of_follow_up\n"
    for after_dose, reached in (("-", True), ("true", False)):
        text = f"patient_id day instrument score after_dose\na 7 gad7 12 {after_dose}\n"
        cohort = cohort_of(assessments=text, events=events)
        assert np.isnan(build_features(cohort, Landmark("day 7", day=7)).day[0]) != reached
