"""What can't be true of patients, sessions and events is refused or warned of, with the count and what to do."""

from dataclasses import replace

import numpy as np
import pytest

from features.definitions.route_dose import ROUTE_DOSES
from features.protocol.problems import CohortRefusedError
from features.records.cohort import Cohort
from features.records.timeline import Rows
from tests.cohorts import cohort_of, courses
from tests.training.plausibility.rated_cohorts import INDEX, found
from training.plausibility.findings import findings, refuse_implausible

RATING = "patient_id day instrument score\na 0 gad7 16\na 20 gad7 9"


def with_days(cohort: Cohort, table: str, days: list[float]) -> Cohort:
    """The cohort with other days in a table, which no reader has checked."""
    rows = cohort.table(table)
    changed = Rows(rows.patients, rows.patient, dict(rows.columns) | {"day": np.array(days)})
    return replace(cohort, **{table: changed})  # type: ignore[arg-type]


def test_a_first_dose_on_another_day_than_0_is_refused_also_where_no_reader_was() -> None:
    records, _ = courses("patient | doses | gad7\na | 0 7 | 0:15 21:9\nb | 0 7 | 0:15 21:9")
    assert findings(records.cohort()) == ()
    shifted = with_days(records.cohort(), "sessions", [1, 8, 0, 7])
    (day_0,) = findings(shifted)
    assert (day_0.severity, day_0.code, day_0.counts) == ("refused", "day_0", (("rows", 1),))
    assert "for 1 of the 2 patients with a dosing session" in day_0.text
    with pytest.raises(CohortRefusedError) as refused:
        refuse_implausible(shifted)
    (problem,) = refused.value.problems
    assert (problem.place, problem.column) == ("sessions", "day")
    assert problem.required.startswith("a first dosing session on day 0; count every day")


def test_a_study_that_counts_from_its_index_needs_no_dosing_session() -> None:
    assert findings(cohort_of(INDEX, assessments="patient_id day instrument score\na 0 gad7 16\na 30 gad7 9")) == ()


def test_a_record_after_death_is_refused() -> None:
    records, _ = courses("patient | doses | gad7 | events\na | 0 | 0:15 21:9 | 21:death")
    assert findings(records.cohort()) == ()
    (late,) = findings(with_days(records.cohort(), "assessments", [0, 22]))
    assert (late.severity, late.code) == ("refused", "after_death")


@pytest.mark.parametrize(("second", "refused"), [(59, True), (60, False), (61, True)])
def test_two_deaths_are_refused_on_two_days_and_one_too_many_on_one(second: int, refused: bool) -> None:
    records, _ = courses("patient | doses | gad7 | events\na | 0 | 0:15 21:9 | 60:death 60:death")
    by_code = found(with_days(records.cohort(), "events", sorted([60, second])))
    assert ("after_death" in by_code) == refused
    assert ("repeated_events" in by_code) == (not refused)
    if not refused:
        assert by_code["repeated_events"].severity == "warning"
        assert "1 event of 1 patient is repeated on the same day, 1 second death" in by_code["repeated_events"].text


def test_another_event_of_the_same_day_does_not_repeat_it() -> None:
    cohort = cohort_of(events="patient_id day event\na 9 relapse\na 9 hospitalisation\na 10 relapse\nb 9 relapse")
    assert "repeated_events" not in found(cohort)


@pytest.mark.parametrize(
    ("numbers", "begin_later", "lack_one"),
    [((1, 2, 3), 0, 0), ((2, 3, 4), 1, 0), ((1, 2, 4), 0, 1), ((2, 3, 5), 1, 1)],
)
def test_session_numbers_begin_with_1_and_have_no_gap(
    numbers: tuple[int, ...], begin_later: int, lack_one: int
) -> None:
    rows = "\n".join(f"a {number} {7 * place} dosing" for place, number in enumerate(numbers))
    cohort = cohort_of(sessions=f"patient_id session_number day kind\n{rows}", assessments=RATING)
    by_code = found(cohort)
    assert ("session_numbers" in by_code) == bool(begin_later or lack_one)
    if "session_numbers" in by_code:
        warned = by_code["session_numbers"]
        assert warned.severity == "warning"
        assert dict(warned.counts) == {"begin_later": begin_later, "lack_one": lack_one}
        assert "Number the sessions of each patient from 1" in warned.text


@pytest.mark.parametrize(("day", "warned"), [(6, False), (7, True), (8, False)])
def test_two_sessions_of_one_kind_on_one_day_are_warned_of(day: int, warned: bool) -> None:
    cohort = cohort_of(
        sessions=f"""
            patient_id  session_number  day    kind
            a           1               0      dosing
            a           2               {min(day, 7)}  dosing
            a           3               {max(day, 7)}  dosing
            a           1               0      psychotherapy
            b           1               0      dosing
        """,
        assessments=RATING,
    )
    by_code = found(cohort)
    assert ("sessions_on_one_day" in by_code) == warned
    if warned:
        assert by_code["sessions_on_one_day"].counts == (("rows", 1), ("patients", 1))


@pytest.mark.parametrize(("day", "late"), [(19, 0), (20, 0), (21, 1)])
def test_rows_after_a_withdrawal_are_counted_in_a_warning(day: int, late: int) -> None:
    cohort = cohort_of(
        INDEX,
        assessments=f"patient_id day instrument score\na 0 gad7 16\na {day} gad7 9\nb 30 gad7 9",
        events="patient_id day event\na 20 withdrawal",
    )
    by_code = found(cohort)
    assert ("after_withdrawal" in by_code) == bool(late)
    if late:
        assert dict(by_code["after_withdrawal"].counts) == {"assessments": 1, "patients": 1}


@pytest.mark.parametrize(("duration", "warned"), [(39, False), (40, False), (41, True)])
def test_an_illness_can_not_have_lasted_longer_than_a_life(duration: int, warned: bool) -> None:
    cohort = cohort_of(
        patients=f"patient_id age_years illness_duration_years\na 40 {duration}\nb - 50\nc 30 -", assessments=RATING
    )
    by_code = found(cohort)
    assert ("illness_longer_than_age" in by_code) == warned
    if warned:
        assert by_code["illness_longer_than_age"].counts == (("patients", 1),)


@pytest.mark.parametrize("route", list(ROUTE_DOSES))
@pytest.mark.parametrize(("above", "warned"), [(-0.1, False), (0.0, False), (1e-12, False), (0.1, True)])
def test_a_dose_above_the_limit_of_its_route_is_warned_of(route: str, above: float, warned: bool) -> None:
    dose = ROUTE_DOSES[route].limit + above
    if dose > 10:
        return  # the reader refuses it by row
    cohort = cohort_of(
        sessions=f"patient_id session_number day kind route dose_mg_per_kg\na 1 0 dosing {route} {dose}",
        assessments=RATING,
    )
    by_code = found(cohort)
    assert ("dose_of_route" in by_code) == warned
    if warned:
        assert f"1 {route} above {ROUTE_DOSES[route].limit:g} mg/kg" in by_code["dose_of_route"].text


def test_a_dose_without_a_route_is_not_compared() -> None:
    cohort = cohort_of(sessions="patient_id session_number day kind dose_mg_per_kg\na 1 0 dosing 9", assessments=RATING)
    assert not found(cohort)


@pytest.mark.parametrize(("dose", "warned"), [("0", True), ("0.1", False), ("-", False)])
def test_a_dosing_session_with_a_dose_of_0_is_warned_of(dose: str, warned: bool) -> None:
    cohort = cohort_of(
        sessions=f"patient_id session_number day kind route dose_mg_per_kg\na 1 0 dosing oral {dose}",
        assessments=RATING,
    )
    assert ("no_dose" in found(cohort)) == warned
