"""What a folder of tables may look like: every problem at once, no value in any message."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from features.protocol.document import Covariate, Protocol
from features.protocol.problems import CohortRefusedError, Problem, ProtocolRefusedError
from tests.places import COHORTS
from tests.training.cohort_folder import ASSESSMENTS, MARKER, PATIENTS, Folder, by_pandas
from training.cohort.file_names import ignored_files
from training.cohort.reader import describe_problems, read_cohort, read_with_repairs


def test_a_plain_cohort_is_read_with_empty_cells_as_not_recorded(folder: Folder) -> None:
    cohort = folder.write().read()
    assert cohort.patient_ids.tolist() == ["A", "B"]
    assert cohort.site_names == ("c1", "c2")
    np.testing.assert_array_equal(cohort.patients["age_years"], [41, np.nan])
    np.testing.assert_array_equal(cohort.patients["sex"], [0, -1])
    np.testing.assert_array_equal(cohort.patients["comorbid_ptsd"], [1, np.nan])
    assert cohort.assessments["score"].tolist() == [16, 9, 12]
    assert len(cohort.sessions) == len(cohort.events) == len(cohort.prior_treatments) == 0


def test_a_protocol_passed_in_stands_in_for_the_file(folder: Folder) -> None:
    folder.write(patients_csv="patient_id,trial_arm\nA,1\nB,0\n", protocol_toml="this is not read")
    cohort = read_cohort(folder.path, Protocol(covariates=(Covariate("trial_arm", "binary", "arm"),)))
    assert cohort.patients["trial_arm"].tolist() == [1, 0]


def test_a_present_but_empty_history_means_asked_and_none(folder: Folder) -> None:
    assert folder.write().read().patients["prior_treatments_recorded"].tolist() == [0, 0]
    folder.write(prior_treatments_csv="patient_id,treatment\n")
    assert folder.read().patients["prior_treatments_recorded"].tolist() == [1, 1]


def test_every_problem_of_every_table_is_reported_at_once(folder: Folder) -> None:
    folder.write(
        patients_csv="patient_id,age_years,sex,shoe_size\nA,NA,female,9\nA,400,female,9\nB,40,f,9\n",
        assessments_csv="patient_id,day,instrument,score\nA,0,gad7,22\nZ,0,gad7,99\nB,1,gad7,3\nB,1,gad7,4\nB,x,gad8,\n",
        sessions_csv="patient_id,session_number,day,kind\nB,1,7,dosing\nB,2,0,dosing\nB,2,9,dosing\n",
        prior_treatments_csv="patient_id,treatment,start_day,end_day\nA,ssri,-5,-9\n",
        events_xlsx="",
    )
    starts = [problem.split(": required")[0] for problem in folder.refusal()]
    assert starts == [
        "patients.csv, column shoe_size",
        "patients.csv, row 2, column age_years",
        "patients.csv, row 3, column age_years",
        "patients.csv, row 3, column patient_id",
        "patients.csv, row 4, column sex",
        "prior_treatments.csv, row 2, column end_day",
        "sessions.csv, row 3, column day",
        "sessions.csv, row 4, column session_number",
        "assessments.csv, row 2, column score",
        "assessments.csv, row 3, column patient_id",
        "assessments.csv, row 3, column score",
        "assessments.csv, row 5, column day",
        "assessments.csv, row 6, column day",
        "assessments.csv, row 6, column instrument",
        "assessments.csv, row 6, column score",
        "events.xlsx",
    ]


def test_one_wrong_cell_is_one_problem_not_an_empty_cell_besides(folder: Folder) -> None:
    problems = folder.write(assessments_csv="patient_id,day,instrument,score\nA,soon,gad7,12\n").refusal()
    assert len(problems) == 1
    assert "found another text" in problems[0]


def test_ratings_of_patients_whose_rows_could_not_be_read_are_not_blamed(folder: Folder) -> None:
    for table in ("patient_id,age_years\nA\nB,40\n", "patient_id,age_years\nA ,4\nB,40\n", "age_years\n40\n"):
        problems = folder.write(patients_csv=table).refusal()
        assert all(problem.startswith("patients.csv") for problem in problems), problems


@pytest.mark.parametrize(
    ("table", "row"),
    [
        ("patients", f"A,{MARKER},1,{MARKER},{MARKER}"),
        ("patients", f"{MARKER} ,c1,7391739,female,true"),
        ("patients", f"A,c1,7391739,{MARKER},true,{MARKER}"),
        ("patients", f'A,c1,41,female,tr"{MARKER}'),
        ("patients", "A,c1,41e7391,female,7391"),
        ("assessments", f"{MARKER},7391739,gad7,7391"),
        ("assessments", f"A,0.7391,{MARKER},{MARKER}"),
    ],
)
def test_no_message_repeats_what_a_cell_holds(folder: Folder, table: str, row: str) -> None:
    lines = PATIENTS if table == "patients" else ASSESSMENTS
    content = f"{lines.splitlines()[0]}\n{row}\n{row}\n"
    folder.write(patients_csv=content) if table == "patients" else folder.write(assessments_csv=content)
    problems = folder.refusal()
    with pytest.raises(CohortRefusedError) as refused:
        folder.read()
    for text in (*problems, *describe_problems(refused.value.problems), str(refused.value), repr(refused.value)):
        assert "7391" not in text


def test_a_column_name_that_may_be_a_value_is_not_repeated(folder: Folder) -> None:
    problems = folder.write(patients_csv=f"patient_id,Jane {MARKER}\nA,1\nB,1\n").refusal()
    assert len(problems) == 1
    assert MARKER not in problems[0]


def test_one_problem_on_many_rows_takes_one_line() -> None:
    rows = [0, 1, 2, 5, 8, 9]
    problems = [Problem("events.csv", row, "day", "a number", "another text") for row in rows]
    assert describe_problems(problems) == [
        "events.csv, rows 2-4, 7, 10, 11, column day: required a number; found another text"
    ]


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (range(0, 20, 2), "rows 2, 4, 6, 8, 10, 12, 14, 16, 18, 20,"),
        (range(0, 22, 2), "rows 2, 4, 6, 8, 10, 12, 14, 16, 18, 20 and 1 more,"),
        ([*range(100), *range(200, 2200, 2)], "rows 2-101, 202, 204, 206, 208, 210, 212, 214, 216, 218 and 991 more,"),
    ],
)
def test_a_line_names_ten_runs_of_rows_and_counts_the_others(rows: Sequence[int], said: str) -> None:
    problems = [Problem("events.csv", row, "day", "a number", "another text") for row in rows]
    (line,) = describe_problems(problems)
    assert line.startswith(f"events.csv, {said} column day")
    (whole,) = describe_problems(problems, all_rows=True)
    assert f"{rows[-1] + 2}, column day" in whole


def test_a_folder_without_tables_says_which_are_required(folder: Folder) -> None:
    assert folder.refusal() == [
        "patients.csv: required this file, or patients.parquet; found neither",
        "assessments.csv: required at least one of assessments and events; found neither",
    ]


def test_a_folder_that_is_not_one_is_refused(tmp_path: Path) -> None:
    (tmp_path / "cohort.zip").write_text("")
    for name, found in (("cohort.zip", "a file"), ("nowhere", "none with this name")):
        with pytest.raises(CohortRefusedError) as refused:
            read_cohort(tmp_path / name)
        (problem,) = refused.value.problems
        assert describe_problems([problem])[0].endswith(f"required a folder with the tables of a cohort; found {found}")


def test_a_link_or_a_folder_in_place_of_a_table_is_refused(folder: Folder, tmp_path: Path) -> None:
    folder.write()
    (tmp_path / "events.csv").symlink_to(tmp_path / "assessments.csv")
    (tmp_path / "sessions.csv").mkdir()
    assert folder.refusal() == [
        "sessions.csv: required a file that can be read; found a folder",
        "events.csv: required a file that can be read; found a symbolic link",
    ]


def test_a_file_that_may_not_be_opened_is_refused(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path, mode: str) -> None:
        raise PermissionError(13, mode, path)

    folder.write(assessments_csv=None, events_csv="patient_id,day,event\n")
    monkeypatch.setattr(Path, "open", refuse)  # a mode of the file would not keep an administrator out
    assert [problem.partition(":")[0] for problem in folder.refusal()] == ["patients.csv", "events.csv"]
    assert folder.refusal()[0] == "patients.csv: required a file that can be read; found a file that can't be opened"


@pytest.mark.parametrize("name", ["events.xlsx", "events.csv.gz", "Events.csv", "events.tsv", "events"])
def test_a_table_in_an_unknown_format_is_not_passed_over(folder: Folder, tmp_path: Path, name: str) -> None:
    folder.write()
    (tmp_path / name).write_bytes(b"")
    required = "required this table as events.csv or events.parquet"
    assert folder.refusal() == [f"{name}: {required}; found a file of another name or format"]


def test_other_files_are_ignored_and_can_be_named(folder: Folder, tmp_path: Path) -> None:
    folder.write()
    for name in ("README.md", "truth.parquet", ".DS_Store", "protocol.pdf", "import.json", "datapackage.json"):
        (tmp_path / name).write_bytes(b"")
    assert len(folder.read()) == 2
    assert ignored_files(tmp_path) == ("README.md", "protocol.pdf", "truth.parquet")


def test_a_table_in_two_files_is_refused(folder: Folder, tmp_path: Path) -> None:
    folder.write()
    pq.write_table(by_pandas(PATIENTS), tmp_path / "patients.parquet")
    required = "required this table in one file, patients.csv or patients.parquet"
    assert folder.refusal() == [f"patients.parquet: {required}; found both"]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("[remission]\nanchr = 1\n", "protocol.toml, line 2, key remission.anchr: required one of"),
        ("name = \n", "protocol.toml, line 1: required a TOML document; found"),
        (b'name = "x"\n# caf\xe9\n', "protocol.toml, line 2: required text in UTF-8; found other bytes"),
    ],
)
def test_a_protocol_is_refused_by_line(folder: Folder, content: str | bytes, expected: str) -> None:
    with pytest.raises(ProtocolRefusedError) as refused:
        folder.write(protocol_toml=content).read()
    assert describe_problems(refused.value.problems)[0].startswith(expected)


@pytest.mark.parametrize("name", ["Protocol.toml", "protocol.toml.txt"])
def test_a_protocol_under_another_name_is_not_passed_over(folder: Folder, tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text('name = "mine"\n')
    assert folder.write().refusal() == [f"{name}: required a file named protocol.toml; found another name"]


def test_a_protocol_with_a_byte_order_mark_is_read(folder: Folder) -> None:
    assert folder.write(protocol_toml='\ufeffname = "mine"\r\n').read().protocol.name == "mine"


@pytest.mark.parametrize(
    ("name", "patients", "ratings", "events"),
    [
        ("antidepressant_trial", 172, 1388, 0),
        ("beat_the_blues", 100, 380, 0),
        ("gbsg", 686, 0, 686),
        ("rotterdam", 2982, 0, 2982),
        ("uis", 628, 595, 628),
    ],
)
def test_published_cohorts_are_read(name: str, patients: int, ratings: int, events: int) -> None:
    if not COHORTS.is_dir():
        pytest.skip(f"the published cohorts are not at {COHORTS}")
    reading = read_with_repairs(COHORTS / name)
    cohort = reading.cohort
    assert (reading.repairs, reading.not_read) == ((), ())
    assert cohort.digest == read_cohort(COHORTS / name, strict=True).digest
    assert cohort.protocol.name == name
    assert (len(cohort), len(cohort.assessments), len(cohort.events)) == (patients, ratings, events)
