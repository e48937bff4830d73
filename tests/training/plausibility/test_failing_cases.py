"""Cohorts that once passed without a word, in the order of their numbers, as files and written anew."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tests.cohorts import courses
from tests.places import SHARED
from tests.training.cohort_folder import Folder
from tests.training.plausibility.rated_cohorts import found, rated_courses
from training.cli.app import main

FAILING = SHARED / "failing"


def check(folder: Path, *options: str) -> Result:
    return CliRunner().invoke(main, ["cohort", "check", str(folder), *options])


def shared_case(name: str) -> Path:
    if not FAILING.is_dir():
        pytest.skip(f"the failing inputs are not at {FAILING}")
    return FAILING / name / "cohort"


def test_01_a_cohort_that_counts_from_1_is_refused_with_how_many_and_what_to_do() -> None:
    done = check(shared_case("01-day0-not-first-dose"))
    assert done.exit_code == 2
    assert "required a first dosing session on day 0; count every day of the record" in done.stderr
    assert "for 3 of the 3 patients with a dosing session" in done.stderr


def test_01_anew(folder: Folder) -> None:
    folder.write(sessions_csv="patient_id,session_number,day,kind\nA,1,1,dosing\nB,1,0,dosing\n")
    done = check(folder.path)
    assert done.exit_code == 2
    assert "for 1 of the 2 patients with a dosing session" in done.stderr


def test_03_records_after_death_are_refused_by_row() -> None:
    done = check(shared_case("03-records-after-death"))
    assert done.exit_code == 2
    assert done.stderr.count("no record after the day of the patient's death") == 3
    assert "events.csv, row 3" in done.stderr


def test_03_records_after_a_withdrawal_are_counted_and_warned_of(folder: Folder) -> None:
    folder.write(events_csv="patient_id,day,event\nA,3,withdrawal\nA,40,relapse\n")
    done = check(folder.path)
    assert done.exit_code == 0
    text = " ".join(done.stdout.split())
    assert "warning: events, column event: 1 assessment and 1 event of 1 patient come after a withdrawal" in text


def test_15_courses_that_begin_with_2_and_lack_4_are_warned_of() -> None:
    done = check(shared_case("15-session-numbers"))
    text = " ".join(done.stdout.split())
    assert done.exit_code == 0
    assert "the dosing sessions of 3 patients do not begin with number 1, and those of 3 patients lack a number" in text
    assert "dosing session 1 is not recorded, though a later one is 3" in text


def test_19_gad7_keyed_from_1_shows_in_the_table_and_in_a_warning() -> None:
    done = check(shared_case("19-shifted-totals"))
    text = " ".join(done.stdout.split())
    assert done.exit_code == 0
    assert "gad7 (0 to 21) 719 37 7 10 15 18 21 0% 3%" in text
    assert "none of 719 scores is below 7" in text
    assert "items keyed 1 to 4 where 0 to 3 is due" in text


def test_19_anew() -> None:
    """Forty patients, of whom half have no symptom at last, with items keyed 0 to 3 or 1 to 4."""
    courses_of_40 = [(8 + n % 7, end) for n, end in enumerate([0] * 20 + [1] * 8 + [2] * 7 + [3] * 5)]
    assert not found(rated_courses([{0: first, 31: last} for first, last in courses_of_40]))
    assert "shifted_totals" in found(rated_courses([{0: first + 7, 31: last + 7} for first, last in courses_of_40]))


def test_everything_is_one_json_object(folder: Folder) -> None:
    people = "".join(f"p{n},c{n % 2},{20 + n},\n" for n in range(24))
    ratings = "".join(f"p{n},0,gad7,{10 + n % 9}\np{n},9,gad7,{n % 9}\n" for n in range(24))
    folder.write(
        patients_csv="patient_id,site_id,age_years,comorbid_ptsd\n" + people.replace(",\n", ",TRUE\n", 1),
        assessments_csv="patient_id,day,instrument,score\n" + ratings,
        sessions_csv="patient_id,session_number,day,kind\np1,2,0,dosing\n",
        notes_txt="not read",
        import_json='{"format": 1}',
    )
    done = check(folder.path, "--json")
    said = json.loads(done.stdout)
    assert (said["patients"], said["sites"], said["synthetic"]) == (24, 2, False)
    assert [table["name"] for table in said["tables"]][:2] == ["patients", "prior_treatments"]
    assert {"name": "age_years", "missing_share": 0.0} in said["tables"][0]["columns"]
    assert [repair["cells"] for repair in said["repairs"]] == [1]
    assert said["not_read"] == ["notes.txt"]
    assert len(said["import_digest"]) == 64
    (scores,) = said["scores"]
    assert (scores["instrument"], scores["whole"]["ratings"]) == ("gad7", 48)
    assert [site["site"] for site in scores["sites"]] == ["c0", "c1"]
    assert [finding["code"] for finding in said["findings"]] == ["import_unknown", "session_numbers"]
    assert said["import_agreement"] == "unknown"
    assert said["landmarks"][0]["name"] == "before session 1"
    assert said["landmarks"][0]["left_out"] == {"landmark_not_reached": 24}


def test_the_json_of_a_refused_cohort_has_every_row(folder: Folder) -> None:
    people = "".join(f"p{number},{5 if number % 2 else 40}\n" for number in range(60))
    folder.write(patients_csv="patient_id,age_years\n" + people)
    done = check(folder.path, "--json")
    (line,) = (line for line in json.loads(done.stdout)["problems"] if "age_years" in line)
    assert "57, 59, 61, column age_years" in line
    assert "19, 21 and 20 more, column age_years" in done.stderr


def test_a_refused_cohort_is_one_json_object_too(folder: Folder) -> None:
    folder.write(patients_csv="patient_id,age_years\nA,5\n")
    done = check(folder.path, "--json")
    assert done.exit_code == 2
    (problem, *_) = json.loads(done.stdout)["problems"]
    assert problem.startswith("patients.csv, row 2, column age_years: required a number from 10 to 110")


def test_a_cohort_in_order_ends_with_no_warnings(folder: Folder) -> None:
    assert check(folder.write().path).stdout.splitlines()[-1] == "no warnings"


def test_the_warnings_stand_last_and_fit_a_terminal(folder: Folder) -> None:
    records, _ = courses("patient | doses | gad7\na | 0 7 | 0:15 21:9")
    assert not found(records.cohort())
    folder.write(sessions_csv="patient_id,session_number,day,kind\nA,2,0,dosing\nA,4,7,dosing\n")
    done = check(folder.path)
    text, warnings = done.stdout.split("warning: ", 1)
    assert max(map(len, warnings.splitlines())) <= 100
    assert "warning" not in text
    assert warnings.splitlines()[-1] == "2 warnings"
