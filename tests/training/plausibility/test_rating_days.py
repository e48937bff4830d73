"""Windows without a rating, and ratings that follow the dose of their day, are warned of with their number."""

from dataclasses import replace

import numpy as np
import pytest

from features.records.cohort import Cohort
from features.records.timeline import Rows
from tests.cohorts import DEFAULT, cohort_of
from tests.training.plausibility.rated_cohorts import INDEX, found, rated_courses


def in_window(rated: int, patients: int, *, day: int = 30) -> Cohort:
    """Patients with a baseline of 16, some of them with a reading in the window and the others with a later one."""
    courses = [{0: 16, day: 9}] * rated + [{0: 16, 99: 9}] * (patients - rated)
    return rated_courses(courses, protocol=INDEX)


@pytest.mark.parametrize(("rated", "warned"), [(11, False), (10, True), (9, True)])
def test_a_warning_is_due_where_half_of_the_windows_have_no_rating(rated: int, warned: bool) -> None:
    by_code = found(in_window(rated, 20))
    assert ("windows_without_rating" in by_code) == warned
    if warned:
        finding = by_code["windows_without_rating"]
        assert dict(finding.counts) == {"without": 20 - rated, "patients": 20}
        assert f"{20 - rated} of them have a later one" in finding.text
        assert "20 to 40 days after day 0" in finding.text


@pytest.mark.parametrize(("day", "read"), [(19, False), (20, True), (21, True), (39, True), (40, True), (41, False)])
def test_both_ends_of_the_window_belong_to_it(day: int, read: bool) -> None:
    assert ("windows_without_rating" in found(in_window(20, 20, day=day))) != read


def test_under_ten_patients_only_that_nobody_has_a_rating_is_worth_a_warning() -> None:
    assert "windows_without_rating" not in found(in_window(4, 9))
    assert "windows_without_rating" in found(in_window(0, 1))
    assert "windows_without_rating" in found(in_window(5, 10))


def test_who_can_not_be_predicted_needs_no_rating() -> None:
    """One patient without a baseline, one in the remission band at baseline, and one without a session."""
    ratings = "patient_id day instrument score\na 9 gad7 16\nb 0 gad7 4"
    assert not found(cohort_of(INDEX, assessments=ratings))
    assert not found(cohort_of(assessments="patient_id day instrument score\nc 0 gad7 16"))


def test_where_everyone_is_in_remission_at_the_landmark_there_is_no_window() -> None:
    protocol = '[[landmarks]]\nname = "day 0"\nday = 0\n[remission]\nstate = "at_landmark"\n'
    assert not found(cohort_of(protocol, assessments="patient_id day instrument score\nc 0 gad7 16"))


def dosed(on_session_days: int, elsewhere: int, patients: int = 20) -> Cohort:
    """Patients with sessions on days 0 and 7: a baseline each, and so many later ratings on day 7 and on day 20."""
    sessions, ratings = [], []
    for number in range(patients):
        sessions += [f"p{number} 1 0 dosing", f"p{number} 2 7 dosing"]
        ratings += [f"p{number} -1 gad7 16"]
        ratings += [f"p{number} 7 gad7 {9 + number % 3}"] if number < on_session_days else []
        ratings += [f"p{number} 20 gad7 {8 + number % 4}"] if number < elsewhere else []
    return cohort_of(
        DEFAULT,
        sessions="\n".join(["patient_id session_number day kind", *sessions]),
        assessments="\n".join(["patient_id day instrument score", *ratings]),
    )


@pytest.mark.parametrize(("elsewhere", "warned"), [(1, True), (2, True), (3, False)])
def test_ratings_on_hardly_any_other_day_than_that_of_a_session_are_warned_of(elsewhere: int, warned: bool) -> None:
    """Of 18 ratings on session days with 1, 2 or 3 others, the first two are at least nine tenths."""
    assert ("rated_on_session_days" in found(dosed(18, elsewhere))) == warned


@pytest.mark.parametrize(("patients", "warned"), [(9, False), (10, True), (11, True)])
def test_fewer_than_ten_patients_say_nothing_of_session_days(patients: int, warned: bool) -> None:
    assert ("rated_on_session_days" in found(dosed(patients, 0, patients))) == warned


def flagged(cohort: Cohort, before: int) -> Cohort:
    """The cohort with ``after_dose`` true for all ratings of day 7 but the first so many."""
    rows = cohort.assessments
    after = np.where(rows.numbers("day") == 7, 1.0, np.nan)
    after[np.flatnonzero(rows.numbers("day") == 7)[:before]] = 0.0
    return replace(cohort, assessments=Rows(rows.patients, rows.patient, dict(rows.columns) | {"after_dose": after}))


@pytest.mark.parametrize(("before", "warned"), [(0, True), (1, False)])
def test_that_all_ratings_of_session_days_are_after_the_dose_is_warned_of(before: int, warned: bool) -> None:
    by_code = found(flagged(dosed(20, 20), before))
    assert ("rated_after_dose" in by_code) == warned
    assert "rated_on_session_days" not in found(flagged(dosed(20, 0), 1)), "where the flag is recorded, it is believed"


@pytest.mark.parametrize(("patients", "warned"), [(9, False), (10, True)])
def test_fewer_than_ten_patients_say_nothing_of_the_dose(patients: int, warned: bool) -> None:
    assert ("rated_after_dose" in found(flagged(dosed(patients, patients, patients), 0))) == warned
