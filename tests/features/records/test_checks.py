"""A record holds nothing later than today or than the patient's death, and counts its days from the first dose."""

import numpy as np
import pytest

from features.protocol.document import Protocol
from features.protocol.problems import Problem
from features.records.assemble import assemble_cohort
from features.records.cohort import RawCohort, RawTable
from tests.cohorts import AsOfDay, records_of

TODAY = np.array([10.0, 20.0])


def events(patient: list[int], day: list[float], as_of_day: np.ndarray | None) -> list[Problem]:
    """The problems of two patients' events, -1 being nobody's."""
    table = RawTable(np.array(patient), {"day": np.array(day), "event": np.zeros(len(day), dtype=np.int16)})
    raw = RawCohort(np.array(["b", "a"]), [None, None], {}, {"events": table}, as_of_day)
    return assemble_cohort(raw, Protocol())[1]


@pytest.mark.parametrize(("patient", "day", "late"), [(0, 10, 0), (0, 11, 1), (1, 20, 0), (1, 21, 1), (1, 11, 0)])
def test_nothing_is_later_than_the_patients_own_today(patient: int, day: float, late: int) -> None:
    problem = Problem("events", 1, "day", "a day not after as_of_day", "a later day")
    assert events([0, patient], [9.0, day], TODAY) == [problem] * late
    assert events([0, patient], [9.0, day], None) == []


def test_a_row_of_nobody_has_no_today() -> None:
    (problem,) = events([-1], [30_000.0], TODAY)
    assert problem.found == "an id that is not there"


def problems_of(as_of_day: AsOfDay = None, **tables: str) -> set[tuple[str, int | None, str, str]]:
    records = records_of(**tables)
    found = assemble_cohort(records.raw(Protocol(), as_of_day), Protocol())[1]
    return {(problem.place, problem.row, problem.required, problem.found) for problem in found}


DAY_0 = "a first dosing session on day 0; count every day of the record, in every table, from that session"
COUNTED_FROM_1 = """
    patient_id  session_number  day  kind
    a           1               1    dosing
    a           2               8    dosing
    b           1               0    dosing
    c           1               0    psychotherapy
    c           1               3    dosing
    d           1               5    psychotherapy
"""


def test_a_first_dosing_session_on_another_day_than_0_is_refused_and_counted() -> None:
    found = "another day, for 2 of the 3 patients with a dosing session"
    assert problems_of(sessions=COUNTED_FROM_1) == {("sessions", 0, DAY_0, found), ("sessions", 4, DAY_0, found)}
    today = {("sessions", row, DAY_0, "another day") for row in (0, 4)}
    assert problems_of(30, sessions=COUNTED_FROM_1) == today, "a clinic sees its own patient, not others"


def test_patients_without_a_dosing_session_and_courses_without_session_1_are_allowed() -> None:
    sessions = "patient_id session_number day kind\na 2 0 dosing\nb 1 4 psychotherapy"
    assert not problems_of(sessions=sessions)
    assert not problems_of(assessments="patient_id day instrument score\na 0 gad7 16")


DEATH = "no record after the day of the patient's death"
RECORDS = {
    "sessions": "patient_id session_number day kind\na 1 0 dosing\na 2 {day} dosing",
    "assessments": "patient_id day instrument score\na 0 gad7 16\na {day} gad7 9",
    "events": "patient_id day event\na 9 death\nb 1 death\na {day} {event}",
}


@pytest.mark.parametrize(("day", "refused"), [(8, False), (9, False), (10, True)])
@pytest.mark.parametrize("as_of_day", [None, 30])
@pytest.mark.parametrize("event", ["relapse", "death", "withdrawal", "end_of_follow_up"])
def test_nothing_is_recorded_after_the_day_of_a_death(day: int, refused: bool, event: str, as_of_day: AsOfDay) -> None:
    if (day, event) == (8, "death"):
        return  # then this is the death
    tables = {name: text.format(day=day, event=event) for name, text in RECORDS.items()}
    rows = {"sessions": 1, "assessments": 1, "events": 2} if refused else {}
    assert problems_of(as_of_day, **tables) == {(name, row, DEATH, "a later day") for name, row in rows.items()}


def test_after_the_first_of_two_deaths_nothing_is_recorded() -> None:
    events = "patient_id day event\na 60 death\na 5 death"
    assert problems_of(events=events) == {("events", 0, DEATH, "a later day")}
