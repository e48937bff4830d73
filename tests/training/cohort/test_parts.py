"""A cohort in parts is read part by part, and refused where a part lacks what another has."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from features.protocol.document import Protocol
from features.protocol.problems import CohortRefusedError, Problem
from features.records.cohort import Cohort
from tests.training.cohorts_in_parts import in_parts
from training.cohort.parts.part import is_in_parts, parts_of, read_part
from training.cohort.parts.whole import read_whole
from training.cohort.reader import read_cohort, read_protocol


@pytest.fixture(scope="module")
def parts(simulated: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return in_parts(simulated, tmp_path_factory.mktemp("parts"))


@pytest.fixture
def changed(parts: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(parts, tmp_path / "changed"))


def read(folder: Path) -> dict[str, Cohort]:
    protocol = read_protocol(folder)
    return {part.name: read_part(part, protocol, strict=False).cohort for part in parts_of(folder)}


def write(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"content")


def problems_of(folder: Path) -> list[Problem]:
    with pytest.raises(CohortRefusedError) as refused:
        read(folder)
    return list(refused.value.problems)


def test_the_parts_together_have_every_patient_with_the_site_of_the_folder(parts: Path, simulated: Path) -> None:
    whole, found = read_cohort(simulated), read(parts)
    assert is_in_parts(parts)
    assert not is_in_parts(simulated)
    assert list(found) == sorted(found)
    together = {patient for cohort in found.values() for patient in cohort.patient_ids.tolist()}
    assert together == set(whole.patient_ids.tolist())
    assert sum(len(cohort) for cohort in found.values()) == len(whole)
    for name, cohort in found.items():
        assert cohort.site_names == (name.partition("/")[0].removeprefix("site="),)
        own = np.flatnonzero(np.isin(whole.patient_ids, cohort.patient_ids))
        assert whole.take(own).digest == cohort.digest


def test_all_parts_as_one_are_the_cohort_in_files(parts: Path, simulated: Path) -> None:
    """So a training on the parts is the training on the files."""
    assert read_whole(parts).cohort.digest == read_cohort(simulated).digest
    assert read_whole(simulated).cohort.digest == read_cohort(simulated).digest
    own = read_whole(parts, Protocol()).cohort
    assert own.digest == read_cohort(simulated, Protocol()).digest


def test_a_patient_in_two_parts_is_no_part_of_a_whole(changed: Path) -> None:
    first, second = sorted((changed / "patients").rglob("*.parquet"))[:2]
    pd.concat([pd.read_parquet(second), pd.read_parquet(first).iloc[:1]]).to_parquet(second, index=False)
    with pytest.raises(CohortRefusedError) as refused:
        read_whole(changed)
    assert "1 in several" in refused.value.problems[0].found


BY_PRODUCTS = [
    "_SUCCESS",
    "_committed_123",
    "_started_123",
    "_metadata",
    "_common_metadata",
    "_metadata.parquet",
    ".hidden.parquet",
    ".DS_Store",
    ".part-0.parquet.crc",
    "part-0.parquet.crc",
    "site=north_$folder$",
    "_temporary/part-0.csv",
]
UNREAD_FILES = ["part-1.PARQUET", "part-1.csv", "site=north/part-1.parquet.gz", "part-1.pq", "part-1", "notes.txt"]
UNREAD_FOLDERS = [
    ("Events", "part-0.parquet", "events"),
    ("EVENTS", "site=north/part-0.parquet", "events"),
    ("prior-treatments", "part-0.parquet", "prior_treatments"),
    ("assesments", "part-0.csv", "assessments"),
    ("old-events", "part-0.parquet", "events"),
]
"""A folder, the name of a file in it, and the table that is meant."""


@pytest.mark.parametrize("name", BY_PRODUCTS)
def test_files_that_writers_of_parquet_leave_are_passed_over(changed: Path, name: str) -> None:
    before = parts_of(changed)
    write(changed / "patients" / name)
    assert parts_of(changed) == before


@pytest.mark.parametrize("name", UNREAD_FILES)
def test_another_file_in_a_tables_folder_may_hold_patients_and_is_refused(changed: Path, name: str) -> None:
    write(changed / "patients" / name)
    (problem,) = problems_of(changed)
    assert problem.place == f"patients/{name}"
    assert problem.required == "files that end in .parquet, and other files elsewhere"


@pytest.mark.parametrize(("folder", "name", "table"), UNREAD_FOLDERS)
def test_a_folder_whose_name_is_nearly_a_tables_is_refused(changed: Path, folder: str, name: str, table: str) -> None:
    write(changed / folder / name)
    (problem,) = problems_of(changed)
    assert problem.place == folder
    assert problem.required.startswith(f"this table in the folder {table}")
    assert problem.found == "a folder of another name"


@pytest.mark.parametrize("name", ["events (1).csv", "_events.csv", "Events.csv.gz", "prior-treatments.xlsx"])
def test_a_file_whose_name_is_nearly_a_tables_is_refused_beside_folders_too(changed: Path, name: str) -> None:
    write(changed / name)
    (problem,) = problems_of(changed)
    assert (problem.place, problem.found) == (name, "a file of another name or format")


@pytest.mark.parametrize("name", ["archive/part-0.parquet", "patient_information/leaflet.pdf", "truth.parquet"])
def test_what_is_no_table_lies_beside_the_tables_as_before(changed: Path, name: str) -> None:
    before = parts_of(changed)
    write(changed / name)
    assert parts_of(changed) == before


def test_a_link_to_a_folder_of_parts_is_not_passed_over(changed: Path, tmp_path: Path) -> None:
    (changed / "patients" / "site=west").symlink_to(tmp_path, target_is_directory=True)
    (problem,) = problems_of(changed)
    assert (problem.place, problem.found) == ("patients/site=west", "a symbolic link")


def test_a_folder_that_can_not_be_opened_is_not_passed_over(changed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    listed = Path.iterdir

    def closed(self: Path) -> Iterator[Path]:
        if "site=" in self.name:
            raise PermissionError(str(self))
        return listed(self)

    monkeypatch.setattr(Path, "iterdir", closed)
    (problem,) = problems_of(changed)
    assert "/site=" in problem.place
    assert problem.found == "one that can't be opened"


def test_a_part_that_lacks_a_table_is_refused(changed: Path) -> None:
    lost = next((changed / "sessions").rglob("*.parquet"))
    lost.unlink()
    (problem,) = problems_of(changed)
    assert problem.place == str(lost.relative_to(changed))
    assert (problem.required, problem.found) == ("a file of each table for every part", "none")


def test_a_table_that_is_there_as_a_file_too_is_refused(changed: Path) -> None:
    pd.DataFrame({"patient_id": ["a"]}).to_csv(changed / "events.csv", index=False)
    (problem,) = problems_of(changed)
    assert (problem.place, problem.found) == ("events.csv", "both")


def test_a_site_in_the_column_and_in_the_folders_name_has_two_meanings(changed: Path) -> None:
    path = next((changed / "patients").rglob("*.parquet"))
    pd.read_parquet(path).assign(site_id="elsewhere").to_parquet(path, index=False)
    (problem,) = problems_of(changed)
    assert (problem.place, problem.column) == (str(path.relative_to(changed)), "site_id")


def in_folders(parts: Path, folder: Path, *names: str) -> Path:
    """One part of the cohort, in folders of these names."""
    for table in parts.iterdir():
        if table.is_dir():
            target = folder.joinpath("one", table.name, *names, "part-0.parquet")
            target.parent.mkdir(parents=True)
            shutil.copy(min(table.rglob("*.parquet")), target)
    return folder / "one"


@pytest.mark.parametrize(
    "name", ["Site=north", "SITE_ID=north", "sites=north", "site =north", "sex=female", "Sex=male"]
)
def test_a_folders_key_that_may_be_the_sites_or_a_columns_is_refused(parts: Path, tmp_path: Path, name: str) -> None:
    folder = in_folders(parts, tmp_path, name)
    for path in folder.glob("patients/*/*.parquet"):
        pd.read_parquet(path).drop(columns=["sex"]).to_parquet(path, index=False)
    (problem,) = problems_of(folder)
    assert (problem.place, problem.column) == (f"patients/{name}/part-0.parquet", name.partition("=")[0].strip())
    assert problem.found.startswith("another key in the name of a folder")
    assert ("did you mean" in problem.found) == (not name.startswith("sex"))


def test_another_key_of_folders_is_named_as_not_read_and_the_strict_reader_refuses_it(
    parts: Path, tmp_path: Path
) -> None:
    folder = in_folders(parts, tmp_path, "bucket=3", "site=north")
    reading = read_whole(folder)
    assert "bucket=... in names of folders" in reading.not_read
    assert reading.cohort.site_names == ("north",)
    with pytest.raises(CohortRefusedError) as refused:
        read_whole(folder, strict=True)
    assert [problem.column for problem in refused.value.problems] == ["bucket"]


def test_two_folders_that_name_a_site_have_two_meanings(parts: Path, tmp_path: Path) -> None:
    (problem,) = problems_of(in_folders(parts, tmp_path, "site=north", "site_id=south"))
    assert (problem.column, problem.found) == ("site_id", "several")


@pytest.mark.parametrize(
    ("value", "sites"), [("S%C3%A3o%20Paulo", ("S\xe3o Paulo",)), ("__HIVE_DEFAULT_PARTITION__", ())]
)
def test_a_sites_folder_is_named_as_writers_of_parquet_name_it(
    parts: Path, tmp_path: Path, value: str, sites: tuple[str, ...]
) -> None:
    assert read_whole(in_folders(parts, tmp_path, f"site={value}")).cohort.site_names == sites


def test_a_problem_names_the_file_of_the_part_and_its_row(changed: Path) -> None:
    path = min((changed / "assessments").rglob("*.parquet"))
    rows = pd.read_parquet(path)
    rows.loc[3, "patient_id"] = "nobody"
    rows.to_parquet(path, index=False)
    (problem,) = problems_of(changed)
    assert (problem.place, problem.row, problem.column) == (str(path.relative_to(changed)), 3, "patient_id")


def test_a_folder_without_files_is_refused(tmp_path: Path) -> None:
    (tmp_path / "patients").mkdir()
    (problem,) = problems_of(tmp_path)
    assert "files that end in .parquet" in problem.required


def test_a_relative_folder_is_read_by_workers_whose_own_folder_is_another(
    parts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(parts)
    (first, *_), protocol = parts_of(Path()), read_protocol(parts)
    monkeypatch.chdir(tmp_path)
    assert len(read_part(first, protocol, strict=False).cohort)


def test_a_worker_that_does_not_find_a_file_says_so(changed: Path) -> None:
    part = parts_of(changed)[0]
    (changed / part.place_of("sessions")).unlink()
    with pytest.raises(CohortRefusedError) as refused:
        read_part(part, Protocol(), strict=False)
    (problem,) = refused.value.problems
    assert problem.place == part.place_of("sessions")
    assert "also on every worker" in problem.required


def test_files_whose_names_no_two_tables_share_are_one_problem(changed: Path) -> None:
    """As pandas names them where nobody says how."""
    for number, path in enumerate(sorted(changed.glob("*/*/*.parquet"))):
        path.rename(path.with_name(f"{number}-0.parquet"))
    (problem,) = problems_of(changed)
    assert problem.place == "patients"
    assert "files of the same names in every table's folder" in problem.required
