"""A cohort in parts is read part by part, and refused where a part lacks what another has."""

import shutil
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


def test_files_that_others_write_beside_are_passed_over(changed: Path) -> None:
    before = parts_of(changed)
    (changed / "patients" / "_metadata.parquet").write_bytes(b"")
    (changed / "patients" / ".hidden.parquet").write_bytes(b"")
    assert parts_of(changed) == before


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
