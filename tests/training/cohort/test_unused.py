"""What no outcome rule can use is counted, each rating once, and session numbers that can't be right are too."""

from pathlib import Path

from click.testing import CliRunner

from features.eligibility.eligibility import Ineligible
from tests.cohorts import cohort_of
from training.cli.app import main
from training.cohort.summary import analysis_flow
from training.cohort.unused import RowsAfterWithdrawal, SessionNumbers, render_unused, unused_records

RATINGS = """
    patient_id  day  instrument  score
    a           0    gad7        16
    a           9    gad7        9
    a           9    hama        12
    a           9    phq9        12
    a           30   gad7        3
    b           5    gad7        16
    c           0    gad7        12
"""


def test_every_rating_that_no_rule_can_use_is_counted_once_by_why() -> None:
    cohort = cohort_of(
        assessments=RATINGS, events="patient_id day event\na 20 withdrawal\na 25 relapse\nc 9 withdrawal"
    )
    unused = unused_records(cohort)
    assert dict(unused.ratings) == {
        "after the patient's withdrawal": 1,
        "on a scale that the remission rule does not list": 1,
        "of a patient who was on no listed scale by day 0": 1,
        "on another scale than the patient's primary one": 1,
    }
    assert unused.after_withdrawal == RowsAfterWithdrawal((("assessments", 1), ("events", 1)), 1)


def test_where_everyone_is_in_remission_at_the_landmark_a_rating_needs_no_baseline() -> None:
    protocol = '[[landmarks]]\nname = "day 10"\nday = 10\n[remission]\nstate = "at_landmark"\n'
    assert dict(unused_records(cohort_of(protocol, assessments=RATINGS)).ratings) == {
        "on a scale that the remission rule does not list": 1,
        "on another scale than the patient's primary one": 1,
    }


def test_where_all_can_be_used_nothing_is_said() -> None:
    assert render_unused(unused_records(cohort_of(assessments="patient_id day instrument score\na 0 gad7 16"))) == []


SESSIONS = """
    patient_id  session_number  day  kind
    begins      2               0    dosing
    begins      3               7    dosing
    lacks       1               0    dosing
    lacks       3               7    dosing
    both        2               0    dosing
    both        4               7    dosing
    right       1               0    dosing
    right       2               7    dosing
    talks       3               0    psychotherapy
"""


def test_courses_that_begin_late_or_lack_a_session_are_counted() -> None:
    unused = unused_records(cohort_of(sessions=SESSIONS))
    assert unused.session_numbers == SessionNumbers(begin_later=2, lack_one=2)
    assert render_unused(unused) == []  # `training.plausibility` warns of them


def test_not_reached_says_why() -> None:
    ratings = "\n".join(f"{name} 0 gad7 16" for name in ("begins", "lacks", "both", "right", "talks"))
    cohort = cohort_of(sessions=SESSIONS, assessments=f"patient_id day instrument score\n{ratings}")
    flows = {flow.landmark.name: flow for flow in analysis_flow(cohort)}
    assert dict(flows["before session 1"].not_reached) == {
        "dosing session 1 is not recorded, though a later one is": 2,
        "dosing session 1 never came": 1,
    }
    assert dict(flows["before session 2"].not_reached) == {
        "dosing session 1 is not recorded, though a later one is": 2,
        "dosing session 2 is not recorded, though a later one is": 1,
        "dosing session 1 never came": 1,
    }
    for flow in flows.values():
        assert sum(count for _, count in flow.not_reached) == dict(flow.left_out)[Ineligible.LANDMARK_NOT_REACHED]


def test_the_command_shows_all_of_it(tmp_path: Path) -> None:
    (tmp_path / "patients.csv").write_text("patient_id\na\nb\n")
    (tmp_path / "assessments.csv").write_text("patient_id,day,instrument,score\na,0,gad7,16\na,9,gad7,8\nb,0,phq9,9\n")
    (tmp_path / "events.csv").write_text("patient_id,day,event\na,5,withdrawal\n")
    (tmp_path / "sessions.csv").write_text("patient_id,session_number,day,kind\na,2,0,dosing\n")
    shown = CliRunner().invoke(main, ["cohort", "check", str(tmp_path)])
    assert shown.exit_code == 0
    for line in (
        "Ratings that no outcome rule uses",
        "warning: events, column event: 1 assessment of 1 patient comes after a withdrawal",
        "warning: sessions, column session_number: the dosing sessions of 1 patient do not begin with number 1",
        "dosing session 1 is not recorded, though a later one is",
    ):
        assert line in " ".join(shown.output.split())
