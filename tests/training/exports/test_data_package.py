"""The descriptor makes another tool accept a good cohort and reject a damaged one; frictionless is that tool."""

import json
import shutil
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from frictionless import Package

from features.protocol.columns import TABLES, Column
from features.protocol.document import Protocol
from features.protocol.problems import InputRefusedError
from tests.places import COHORTS
from training.cli.app import main
from training.exports.data_package import LIMITS, describe_folder, describe_format, write_descriptor
from training.exports.table_schema import StoredColumn, table_schema
from training.simulation.cohort import simulate_cohort, write_cohort

PATIENTS = """\
patient_id,site_id,age_years,sex,insomnia,expectancy
007,a,41,female,true,7.5
8 b,a,,,,
"""
SESSIONS = "patient_id,session_number,day,kind\n007,1,0,dosing\n007,2,7,dosing\n007,1,3,psychotherapy\n"
ASSESSMENTS = "patient_id,day,instrument,score\n007,0,gad7,15\n007,7,gad7,9.5\n8 b,0,phq9,12\n"
EVENTS = "patient_id,day,event\n007,90,end_of_follow_up\n"
GOOD = {"patients": PATIENTS, "sessions": SESSIONS, "assessments": ASSESSMENTS, "events": EVENTS}


def written(folder: Path, tables: dict[str, str]) -> Path:
    folder.mkdir(exist_ok=True)
    for name, text in tables.items():
        (folder / f"{name}.csv").write_text(text)
    return folder


def validated(folder: Path, descriptor: dict[str, object] | None = None) -> set[str]:
    """What frictionless finds wrong, by the names of its errors."""
    path = folder / "datapackage.json"
    write_descriptor(descriptor or describe_folder(folder, folder), path)
    report = Package(str(path)).validate()
    assert not report.errors, "the descriptor itself is sound"
    found = {error.type for task in report.tasks for error in task.errors}
    assert report.valid == (not found)
    return found


def format_of(*tables: str) -> dict[str, object]:
    """The format's descriptor, without the tables that a folder lacks."""
    described = describe_format()
    resources = described["resources"]
    assert isinstance(resources, list)
    return described | {"resources": [one for one in resources if one["name"] in tables]}


@pytest.mark.parametrize("file_format", ["csv", "parquet"])
def test_a_simulated_cohort_is_accepted(tmp_path: Path, file_format: str) -> None:
    write_cohort(simulate_cohort(8, 2, 7), tmp_path, "csv" if file_format == "csv" else "parquet")
    assert validated(tmp_path) == set()


@pytest.mark.skipif(not COHORTS.is_dir(), reason="the public cohorts are not beside the project")
@pytest.mark.parametrize("name", ["antidepressant_trial", "beat_the_blues", "uis"])
def test_a_public_cohort_is_accepted(tmp_path: Path, name: str) -> None:
    assert validated(Path(shutil.copytree(COHORTS / name, tmp_path / name))) == set()


def test_a_good_cohort_is_accepted_by_its_own_descriptor_and_by_the_formats(tmp_path: Path) -> None:
    folder = written(tmp_path, GOOD)
    assert validated(folder) == set()
    assert validated(folder, format_of(*GOOD)) == set()


DAMAGED_ROWS = {
    "patients": [
        ("an age below the range", "p1,a,9,female,true,7", "constraint-error"),
        ("an age above the range", "p2,a,110.5,female,true,7", "constraint-error"),
        ("an unknown category", "p3,a,41,woman,true,7", "constraint-error"),
        ("another case of a category", "p4,a,41,Female,true,7", "constraint-error"),
        ("another spelling of true", "p5,a,41,female,yes,7", "type-error"),
        ("an id twice", "007,a,41,female,true,7", "unique-error"),
        ("an id with a blank at its edge", "p6 ,a,41,female,true,7", "constraint-error"),
        ("an id that is too long", f"{'p' * 201},a,41,female,true,7", "constraint-error"),
        ("a missing id", ",a,41,female,true,7", "constraint-error"),
        ("text where a number is required", "p7,a,forty,female,true,7", "type-error"),
        ("a mark of a missing value", "p8,a,n/a,female,true,7", "type-error"),
        ("a decimal comma", 'p9,a,41,female,true,"7,5"', "type-error"),
        ("the lower end of a range", "q1,a,10,female,false,0", ""),
        ("the upper end of a range", "q2,a,110,male,false,10", ""),
        ("beyond the upper end", "q3,a,110,male,false,10.1", "constraint-error"),
        ("the longest id", f"{'q' * 200},a,41,female,true,7", ""),
        ("a cell too few", "q4,a,41,female,true", "missing-cell"),
        ("a cell too many", "q5,a,41,female,true,7,8", "extra-cell"),
    ],
    "sessions": [
        ("a day long before day 0", "007,3,-40001,dosing", "constraint-error"),
        ("no session 0", "007,0,9,dosing", "constraint-error"),
        ("a session number twice", "007,1,9,dosing", "primary-key"),
        ("the number of another kind", "007,2,9,psychotherapy", ""),
        ("an unknown patient", "008,1,0,dosing", "foreign-key"),
    ],
    "assessments": [
        ("a score above every scale", "007,8,gad7,151", "constraint-error"),
        ("a score below every scale", "007,9,gad7,-1", "constraint-error"),
        ("an unknown instrument", "007,10,gad8,15", "constraint-error"),
        ("a missing score", "007,11,gad7,", "constraint-error"),
        ("half a day", "007,7.5,gad7,15", "type-error"),
        ("a rating twice", "007,7,gad7,3", "primary-key"),
        ("another scale on that day", "007,7,phq9,3", ""),
        ("an unknown patient", "7,0,gad7,15", "foreign-key"),
    ],
    "events": [
        ("a date", "007,2026-01-01,relapse", "type-error"),
        ("an unknown event", "007,9,remission", "constraint-error"),
        ("an unknown patient", "8b,9,relapse", "foreign-key"),
    ],
}
"""What is done, the row, and the error that it must give; none where the row is good."""


def test_each_damaged_row_is_rejected_and_no_good_one(tmp_path: Path) -> None:
    path = tmp_path / "datapackage.json"
    write_descriptor(describe_folder(written(tmp_path, GOOD), tmp_path), path)
    written(tmp_path, {name: GOOD[name] + "\n".join(row for _, row, _ in rows) for name, rows in DAMAGED_ROWS.items()})
    found: dict[tuple[str, int], set[str]] = {}
    for task in Package(str(path)).validate().tasks:
        for error in task.errors:
            found.setdefault((task.name, getattr(error, "row_number", 0)), set()).add(error.type)
    for table, rows in DAMAGED_ROWS.items():
        first = GOOD[table].count("\n") + 1
        for number, (damage, _, expected) in enumerate(rows, first):
            errors = found.pop((table, number), set())
            assert expected in errors if expected else not errors, f"{table}: {damage}"
    assert not found, "the rows of the good cohort"


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [("event\n", "happened\n", {"missing-label", "extra-label"}), ("event\n", "event,note\n", {"extra-label"})],
)
def test_a_header_that_lacks_a_required_column_or_has_an_unknown_one_is_rejected(
    tmp_path: Path, before: str, after: str, expected: set[str]
) -> None:
    folder = written(tmp_path, GOOD | {"events": EVENTS.replace(before, after)})
    assert expected <= validated(folder, format_of(*GOOD))


def test_the_dialect_of_the_file_is_said(tmp_path: Path) -> None:
    folder = written(tmp_path, GOOD)
    text = 'patient_id;site_id;expectancy;note\n007;Z\u00fcrich;7,5;"x;y"\n8 b;;10;\n'
    (folder / "patients.csv").write_bytes(text.encode("cp1252"))
    (folder / "sessions.csv").write_bytes("\ufeff".encode() + SESSIONS.encode())
    (folder / "events.csv").write_bytes(EVENTS.replace("\n", "\r\n").encode("utf-16"))
    described = describe_folder(folder, folder)["resources"]
    assert isinstance(described, list)
    said = {one["name"]: (one["encoding"], one["dialect"]["delimiter"]) for one in described}
    assert said["patients"] == ("windows-1252", ";")
    assert said["events"] == ("utf-16", ",")
    assert validated(folder) == set()


@pytest.mark.parametrize(
    ("header", "row", "found"),
    [
        ("patient_id;expectancy", "007;7,5", set()),
        ("patient_id;expectancy", "007;1,234", {"type-error"}),  # decimal, or it parts thousands
        ("patient_id;expectancy;", "007;7,5;", {"extra-label"}),
    ],
)
def test_what_the_reader_refuses_is_declared_in_no_other_notation(
    tmp_path: Path, header: str, row: str, found: set[str]
) -> None:
    folder = written(tmp_path, GOOD | {"patients": f"{header}\n{row}\n{row.replace('007', '8 b').replace(',', '')}\n"})
    covariate = '[[covariates]]\nname = "expectancy"\nkind = "number"\nminimum = 0\nmaximum = 9999\nmeaning = "hope"\n'
    (folder / "protocol.toml").write_text(covariate)
    assert validated(folder) == found


@pytest.mark.parametrize(
    "patients",
    [
        PATIENTS.replace("age_years", "age"),
        PATIENTS.replace("age_years", "Site_id"),
        "patient_id,expectancy,\n007,7,5\n8 b,,\n",
    ],
    ids=["a name cut short", "a name twice", "cells below no name"],
)
def test_a_table_whose_columns_are_in_doubt_is_not_described(tmp_path: Path, patients: str) -> None:
    folder = written(tmp_path, GOOD | {"patients": patients})
    with pytest.raises(InputRefusedError):
        describe_folder(folder, folder)


def test_the_format_names_every_column_with_its_unit_and_meaning() -> None:
    resources = describe_format()["resources"]
    assert isinstance(resources, list)
    assert [one["path"] for one in resources] == [f"{name}.csv" for name in TABLES]
    for resource in resources:
        fields = {one["name"]: one for one in resource["schema"]["fields"]}
        assert list(fields) == [column.name for column in TABLES[resource["name"]]]
        for column in TABLES[resource["name"]]:
            assert column.meaning in fields[column.name]["description"]
            assert fields[column.name].get("unit", "") == column.unit


def test_the_description_says_what_a_descriptor_cannot() -> None:
    described = describe_format()
    assert all(limit in str(described["description"]) for limit in LIMITS)
    assert "gad7 0 to 21; hama 0 to 56" in json.dumps(described), "the ranges by instrument"


def test_whole_numbers_with_a_point_are_accepted_where_the_file_has_them(tmp_path: Path) -> None:
    folder = written(tmp_path, GOOD | {"events": "patient_id,day,event\n007,90.0,end_of_follow_up\n"})
    assert validated(folder) == set()


def test_ratings_have_a_key_unless_one_may_be_from_after_the_dose() -> None:
    key, after = ["patient_id", "day", "instrument"], Column("after_dose", "flag", "rated after the dose")
    protocol = Protocol()
    known = [column for column in protocol.tables["assessments"] if column.name != "after_dose"]
    protocol.__dict__["tables"] = protocol.tables | {"assessments": tuple(known)}
    assert table_schema("assessments", protocol, {})["primaryKey"] == key
    protocol.__dict__["tables"] = protocol.tables | {"assessments": (*known, after)}
    assert "primaryKey" not in table_schema("assessments", protocol, {})
    absent = {"after_dose": StoredColumn(absent=True)}
    assert table_schema("assessments", protocol, absent)["primaryKey"] == key


def test_a_covariate_may_be_true_or_one(tmp_path: Path) -> None:
    folder = written(tmp_path, GOOD | {"patients": "patient_id,drug\n007,1\n8 b,true\n"})
    (folder / "protocol.toml").write_text('[[covariates]]\nname = "drug"\nkind = "binary"\nmeaning = "active drug"\n')
    assert validated(folder) == set()


def test_true_and_false_may_be_numbers_in_parquet(tmp_path: Path) -> None:
    folder = written(tmp_path, {"assessments": "patient_id,day,instrument,score\na,0,gad7,15\n"})
    (folder / "protocol.toml").write_text('[[covariates]]\nname = "drug"\nkind = "binary"\nmeaning = "active drug"\n')
    ids = pa.array(["a", "b", "c"])
    for drug, found in ((pa.array([1.0, 0.0, None]), set()), (pa.array([1, 0, 2]), {"constraint-error"})):
        pq.write_table(pa.table({"patient_id": ids, "drug": drug}), folder / "patients.parquet")
        assert validated(folder) == found


def test_the_descriptor_may_stand_above_the_cohort_but_not_elsewhere(tmp_path: Path) -> None:
    folder = written(tmp_path / "cohort", GOOD)
    resources = describe_folder(folder, tmp_path)["resources"]
    assert isinstance(resources, list)
    assert [one["path"] for one in resources] == [f"cohort/{name}.csv" for name in GOOD]
    (tmp_path / "elsewhere").mkdir()
    with pytest.raises(InputRefusedError):
        describe_folder(folder, tmp_path / "elsewhere")


@pytest.mark.parametrize("written_for_a_folder", [True, False])
def test_the_command_writes_the_descriptor(tmp_path: Path, written_for_a_folder: bool) -> None:
    folder, out = written(tmp_path / "cohort", GOOD), tmp_path / "cohort" / "datapackage.json"
    arguments = ["cohort", "schema", *([str(folder)] if written_for_a_folder else []), "--out", str(out)]
    done = CliRunner().invoke(main, arguments)
    assert done.exit_code == 0, done.output
    assert len(json.loads(out.read_text())["resources"]) == (4 if written_for_a_folder else 5)
    assert CliRunner().invoke(main, ["cohort", "check", str(folder)]).exit_code == 0, "a descriptor is no table"


def test_a_cohort_in_parts_is_not_described(tmp_path: Path) -> None:
    (tmp_path / "patients").mkdir()
    with pytest.raises(InputRefusedError) as refused:
        describe_folder(tmp_path, tmp_path)
    assert refused.value.problems[0].required == "a cohort in files: a descriptor lists one file for each table"


def test_a_folder_without_tables_is_refused(tmp_path: Path) -> None:
    done = CliRunner().invoke(main, ["cohort", "schema", str(tmp_path), "--out", str(tmp_path / "datapackage.json")])
    assert done.exit_code == 2
    assert not list(tmp_path.iterdir())
