"""The descriptor makes another tool accept a good cohort and reject a damaged one; frictionless is that tool."""

import json
import shutil
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from frictionless import Package

from features.protocol.columns import TABLES
from features.protocol.problems import InputRefusedError
from tests.places import COHORTS
from training.cli.app import main
from training.exports.data_package import LIMITS, describe_folder, describe_format, write_descriptor
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
    write_cohort(simulate_cohort(20, 2, 7), tmp_path, "csv" if file_format == "csv" else "parquet")
    assert validated(tmp_path) == set()


@pytest.mark.skipif(not COHORTS.is_dir(), reason="the public cohorts are not beside the project")
@pytest.mark.parametrize("name", ["antidepressant_trial", "beat_the_blues", "uis"])
def test_a_public_cohort_is_accepted(tmp_path: Path, name: str) -> None:
    assert validated(Path(shutil.copytree(COHORTS / name, tmp_path / name))) == set()


def test_a_good_cohort_is_accepted_by_its_own_descriptor_and_by_the_formats(tmp_path: Path) -> None:
    folder = written(tmp_path, GOOD)
    assert validated(folder) == set()
    assert validated(folder, format_of(*GOOD)) == set()


DAMAGE = {
    "an age out of range": ("patients", ",41,", ",111,", "constraint-error"),
    "a number of another sign": ("sessions", "007,2,7", "007,2,-7", "constraint-error"),
    "a score above every scale": ("assessments", ",15", ",151", "constraint-error"),
    "an unknown category": ("patients", "female", "woman", "constraint-error"),
    "another case of a category": ("patients", "female", "Female", "constraint-error"),
    "an unknown instrument": ("assessments", "gad7,15", "gad8,15", "constraint-error"),
    "another spelling of true": ("patients", "true", "yes", "type-error"),
    "an id twice": ("patients", "8 b", "007", "unique-error"),
    "an id with a blank at its edge": ("patients", "8 b", "8b ", "constraint-error"),
    "an unknown patient": ("assessments", "8 b", "9", "foreign-key"),
    "an unknown patient with an event": ("events", "007", "7", "foreign-key"),
    "text where a number is required": ("patients", ",41,", ",forty,", "type-error"),
    "a decimal comma": ("assessments", "9.5", '"9,5"', "type-error"),
    "half a day": ("assessments", "007,7", "007,7.5", "type-error"),
    "a date": ("events", "90", "2026-01-01", "type-error"),
    "a missing required cell": ("assessments", "gad7,15", "gad7,", "constraint-error"),
    "a missing id": ("patients", "8 b", "", "constraint-error"),
    "a missing required column": ("events", "event\n", "happened\n", "missing-label"),
    "an unknown column": ("patients", "insomnia", "sleep", "extra-label"),
    "a rating twice": ("assessments", "007,7", "007,0", "primary-key"),
    "a session number twice": ("sessions", "007,2,7", "007,1,7", "primary-key"),
    "a cell too few": ("sessions", "007,2,7,dosing", "007,2,7", "missing-cell"),
    "a cell too many": ("sessions", "007,2,7,dosing", "007,2,7,dosing,1", "extra-cell"),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_cohort_is_rejected(tmp_path: Path, damage: str) -> None:
    table, before, after, expected = DAMAGE[damage]
    assert before in GOOD[table]
    damaged = GOOD | {table: GOOD[table].replace(before, after, 1)}
    assert expected in validated(written(tmp_path, damaged), format_of(*GOOD))


@pytest.mark.parametrize(
    ("cell", "accepted"),
    [("age_years,9", 0), ("age_years,10", 1), ("age_years,11", 1), ("expectancy,10", 1), ("expectancy,10.1", 0)],
)
def test_the_ends_of_a_range_belong_to_it(tmp_path: Path, cell: str, accepted: int) -> None:
    name, value = cell.split(",")
    folder = written(tmp_path, GOOD | {"patients": f"patient_id,{name}\n007,{value}\n8 b,\n"})
    assert (validated(folder) == set()) == bool(accepted)


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


def test_a_folder_without_tables_is_refused(tmp_path: Path) -> None:
    done = CliRunner().invoke(main, ["cohort", "schema", str(tmp_path), "--out", str(tmp_path / "datapackage.json")])
    assert done.exit_code == 2
    assert not list(tmp_path.iterdir())
