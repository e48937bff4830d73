"""Ids that only the whole cohort makes clear are read in parts as in one file, or are refused."""

from pathlib import Path

import pandas as pd
import pytest

from features.protocol.problems import CohortRefusedError, Problem
from training.cohort.parts.whole import read_whole
from training.cohort.reader import read_cohort

Columns = dict[str, list[str]]


def rows_of(patients: Columns) -> dict[str, pd.DataFrame]:
    ids = patients["patient_id"]
    ratings = {"patient_id": ids, "day": 0, "instrument": "gad7", "score": 12}
    return {"patients": pd.DataFrame(patients), "assessments": pd.DataFrame(ratings)}


def written(folder: Path, *parts: Columns) -> Path:
    """A folder with these patients in parts, and the folder `whole` in it with all of them in files."""
    (folder / "whole").mkdir()
    tables = [rows_of(part) for part in parts]
    for name in tables[0]:
        (folder / name).mkdir()
        for number, table in enumerate(tables):
            table[name].to_parquet(folder / name / f"part-{number}.parquet", index=False)
        pd.concat([table[name] for table in tables]).to_parquet(folder / "whole" / f"{name}.parquet", index=False)
    return folder


def refused(folder: Path) -> Problem:
    with pytest.raises(CohortRefusedError) as said:
        read_whole(folder)
    (problem,) = said.value.problems
    return problem


def test_ids_such_as_12_0_are_12_if_every_part_has_numbers(tmp_path: Path) -> None:
    folder = written(tmp_path, {"patient_id": ["12.0", "13.0"]}, {"patient_id": ["14", "15"]})
    found = read_whole(folder).cohort
    assert found.patient_ids.tolist() == ["12", "13", "14", "15"]
    assert found.digest == read_cohort(folder / "whole").digest


@pytest.mark.parametrize("column", ["patient_id", "site_id"])
def test_ids_such_as_12_0_are_not_read_as_12_beside_names_in_another_part(tmp_path: Path, column: str) -> None:
    """In one file with names they are names."""
    first, second = {"patient_id": ["1", "2"]}, {"patient_id": ["3", "4"]}
    folder = written(tmp_path, first | {column: ["11.0", "12.0"]}, second | {column: ["11.1", "a"]})
    assert read_cohort(folder / "whole")
    problem = refused(folder)
    assert (problem.place, problem.column) == ("patients/part-0.parquet", column)
    assert problem.found == "ids such as 12.0, and in patients/part-1.parquet ids that are no whole numbers"


def test_ids_such_as_12_0_and_names_in_one_part_are_names_as_in_one_file(tmp_path: Path) -> None:
    folder = written(tmp_path, {"patient_id": ["12.0", "a"]}, {"patient_id": ["14", "15"]})
    assert read_whole(folder).cohort.digest == read_cohort(folder / "whole").digest


@pytest.mark.parametrize(("one", "other"), [("7", "07"), ("12.0", "12")])
def test_ids_in_two_parts_that_differ_only_in_what_a_spreadsheet_changes_may_be_one_patient(
    tmp_path: Path, one: str, other: str
) -> None:
    problem = refused(written(tmp_path, {"patient_id": [one, "a"]}, {"patient_id": [other, "b"]}))
    assert (problem.place, problem.column) == ("patients", "patient_id")
    assert problem.found == "1 that differ only by leading zeros or by .0, the first in part-0 and part-1"


def test_the_strict_reader_takes_leading_zeros_for_another_id_in_parts_too(tmp_path: Path) -> None:
    folder = written(tmp_path, {"patient_id": ["7"]}, {"patient_id": ["07"]})
    assert read_whole(folder, strict=True).cohort.digest == read_cohort(folder / "whole", strict=True).digest


@pytest.mark.parametrize(("one", "other"), [("North", "north"), ("7", "07")])
def test_sites_in_two_parts_that_differ_only_in_case_or_zeros_may_be_one(tmp_path: Path, one: str, other: str) -> None:
    first, second = {"patient_id": ["p"], "site_id": [one]}, {"patient_id": ["q"], "site_id": [other]}
    folder = written(tmp_path, first, second)
    with pytest.raises(CohortRefusedError):
        read_cohort(folder / "whole")
    problem = refused(folder)
    assert (problem.place, problem.column) == ("patients/part-1.parquet", "site_id")
    assert problem.found.startswith("an id that differs from another one, in patients/part-0.parquet, only ")


@pytest.mark.parametrize(("ages", "other"), [(["30,500"], ["30,5"]), (["30,5"], ["31,5"])])
def test_commas_in_parts_are_those_of_one_file(tmp_path: Path, ages: list[str], other: list[str]) -> None:
    first, second = {"patient_id": ["p"], "age_years": ages}, {"patient_id": ["q"], "age_years": other}
    folder = written(tmp_path, first, second)
    assert read_whole(folder).cohort.digest == read_cohort(folder / "whole").digest


def test_a_site_called_na_is_refused_in_a_part_that_has_no_other_na(tmp_path: Path) -> None:
    first = {"patient_id": ["p"], "site_id": ["NA"], "age_years": ["30"]}
    folder = written(tmp_path, first, {"patient_id": ["q"], "site_id": ["a"], "age_years": ["NA"]})
    assert read_cohort(folder / "whole")
    assert refused(folder).column == "site_id"
