"""What one cell may hold: nothing is guessed, and every other text has a defined answer."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.training.cohort_folder import COVARIATES, ONE_RATING, Folder


@pytest.mark.parametrize(
    ("cell", "age"),
    [
        ("41", 41.0),
        ("41.0", 41.0),
        ("41.5", 41.5),
        ('"41"', 41.0),
        ("", np.nan),
        ('""', np.nan),
        ("10", 10.0),
        ("110", 110.0),
    ],
)
def test_a_number_is_a_plain_decimal_or_an_empty_cell(folder: Folder, cell: str, age: float) -> None:
    cohort = folder.write(patients_csv=f"patient_id,age_years\nA,{cell}\nB,\n").read()
    np.testing.assert_array_equal(cohort.patients["age_years"], [age, np.nan])


@pytest.mark.parametrize(
    ("cell", "found"),
    [
        ("12 ", "blanks at an edge"),
        (" 12", "blanks at an edge"),
        ("\u00a012", "blanks at an edge"),
        ("   ", "blanks only; leave the cell empty where nothing was recorded"),
        ("1e1", "a number in exponent notation; write it as a plain decimal"),
        ("NaN", "a mark for a missing value; leave the cell empty"),
        ("nan", "a mark for a missing value; leave the cell empty"),
        ("NA", "a mark for a missing value; leave the cell empty"),
        ("null", "a mark for a missing value; leave the cell empty"),
        ('"41,5"', "a number with a comma; write a point, and no thousands separator"),
        ("+41", "a number that is not a plain decimal such as -1.5"),
        ("41.", "a number that is not a plain decimal such as -1.5"),
        ("inf", "an infinite number"),
        ("4" * 16, "a number with too many digits"),
        ("2024-05-01", "a date"),
        ("yes", "a yes or no in another spelling"),
        ("forty", "another text"),
        ("\u0664\u0661", "another text"),
        ("9.99", "a number out of range"),
        ("110.01", "a number out of range"),
        ("-41", "a number out of range"),
    ],
)
def test_a_cell_that_is_no_number_is_refused_by_row_and_column(folder: Folder, cell: str, found: str) -> None:
    required = "required a number from 10 to 110 years"
    assert folder.refusal_of_age(cell) == [f"patients.csv, row 2, column age_years: {required}; found {found}"]


@pytest.mark.parametrize("cell", ["7", "7.0", "-7", "007"])
def test_a_day_is_a_whole_number_with_or_without_a_point(folder: Folder, cell: str) -> None:
    table = f"patient_id,day,instrument,score\nA,{cell},gad7,12.0\n"
    assert folder.write(assessments_csv=table).read().assessments["day"].tolist() == [float(cell)]


def test_half_a_day_is_refused(folder: Folder) -> None:
    (problem,) = folder.write(assessments_csv="patient_id,day,instrument,score\nA,7.5,gad7,12\n").refusal()
    required = "a whole number from -40000 to 40000 days"
    assert problem == f"assessments.csv, row 2, column day: required {required}; found a fraction"


@pytest.mark.parametrize("cell", ["TRUE", "True", "1", "0", "yes", " true"])
def test_a_flag_is_true_or_false_and_nothing_else(folder: Folder, cell: str) -> None:
    (problem,) = folder.write(patients_csv=f"patient_id,comorbid_ptsd\nA,{cell}\nB,false\n").refusal()
    assert problem.startswith("patients.csv, row 2, column comorbid_ptsd: required true or false; found ")


def test_a_binary_covariate_may_be_written_as_one_and_zero_too(folder: Folder) -> None:
    ids = [f"p{number}" for number in range(7)]
    cells = zip(ids, ("true", "false", "1", "0", "1.0", "0.0", ""), strict=True)
    table = "patient_id,remote\n" + "".join(f"{patient},{cell}\n" for patient, cell in cells)
    cohort = folder.write(patients_csv=table, assessments_csv="patient_id,day,instrument,score\n")
    cohort.write(defaults=False, protocol_toml=COVARIATES)
    np.testing.assert_array_equal(cohort.read().patients["remote"], [1, 0, 1, 0, 1, 0, np.nan])


@pytest.mark.parametrize("cell", ["2", "TRUE", "1.00", "0.5"])
def test_a_binary_covariate_is_nothing_else(folder: Folder, cell: str) -> None:
    folder.write(patients_csv=f"patient_id,remote\nA,{cell}\nB,1\n", protocol_toml=COVARIATES)
    (problem,) = folder.refusal()
    assert "column remote: required true or false, or 1 or 0; found" in problem


def test_a_covariate_keeps_to_the_range_of_the_protocol(folder: Folder) -> None:
    folder.write(patients_csv="patient_id,expectancy\nA,10\nB,10.1\n", protocol_toml=COVARIATES)
    assert folder.refusal() == [
        "patients.csv, row 3, column expectancy: required a number from 0 to 10; found a number out of range"
    ]


@pytest.mark.parametrize(
    ("identifier", "found"),
    [
        ("A ", "blanks at an edge"),
        ("  ", "blanks only; leave the cell empty where nothing was recorded"),
        ("", "an empty cell"),
        ('""', "an empty cell"),
        ("A\tB", "a text with control or invisible characters"),
        ("A\u200b", "a text with control or invisible characters"),
        ("A" * 201, "more than 200 characters"),
    ],
)
def test_an_identifier_is_visible_text_without_blanks_at_the_edges(folder: Folder, identifier: str, found: str) -> None:
    table = f"patient_id,day,event\n{identifier},3,death\n"
    required = "required a text that is not blank"
    assert folder.write(events_csv=table).refusal() == [
        f"events.csv, row 2, column patient_id: {required}; found {found}"
    ]


def test_an_identifier_may_hold_blanks_inside_and_letters_of_any_script(folder: Folder) -> None:
    folder.write(
        patients_csv="patient_id\nAnna 1\n\u00c9\u00df-2\n", assessments_csv=ONE_RATING.replace("A,", "Anna 1,")
    )
    assert folder.read().patient_ids.tolist() == ["Anna 1", "\u00c9\u00df-2"]


def test_a_category_in_capitals_is_refused(folder: Folder) -> None:
    (problem,) = folder.write(patients_csv="patient_id,sex\nA,Female\nB,\n").refusal()
    assert problem == (
        "patients.csv, row 2, column sex: required one of female, male, intersex; found upper-case letters"
    )


@pytest.mark.parametrize(
    ("column", "values", "expected"),
    [
        ("age_years", pa.array(["41", "40"]), "required a column of numbers; found a column of text"),
        ("age_years", pa.array([1, 2], pa.timestamp("s")), "a column of numbers; found a column of dates or times"),
        ("age_years", pa.array([True, False]), "required a column of numbers; found a column of true and false"),
        ("age_years", pa.array([[1], [2]]), "required a column of numbers; found a column of lists or structures"),
        ("sex", pa.array([1, 0]), "required a column of text; found a column of whole numbers"),
        ("patient_id", pa.array([1, 2]), "required a column of text; found a column of whole numbers"),
        ("comorbid_ptsd", pa.array([1.0, 0.0]), "required a column of true and false; found a column of numbers"),
        ("comorbid_ptsd", pa.array(["true", "false"]), "a column of true and false; found a column of text"),
    ],
)
def test_a_parquet_column_of_another_type_is_refused_whole(
    folder: Folder, tmp_path: Path, column: str, values: pa.Array, expected: str
) -> None:
    table = pa.table({"patient_id": pa.array(["A", "B"])} | {column: values})
    pq.write_table(table, tmp_path / "patients.parquet")
    (problem,) = folder.write(patients_csv=None).refusal()
    assert problem.startswith(f"patients.parquet, column {column}: ")
    assert expected in problem


def test_a_null_in_parquet_is_not_recorded_but_a_nan_is_refused(folder: Folder, tmp_path: Path) -> None:
    columns = {"patient_id": ["A", "B"], "sex": pa.nulls(2), "age_years": pa.array([41.0, None])}
    pq.write_table(pa.table(columns), tmp_path / "patients.parquet")
    cohort = folder.write(patients_csv=None).read()
    np.testing.assert_array_equal(cohort.patients["age_years"], [41, np.nan])
    np.testing.assert_array_equal(cohort.patients["sex"], [-1, -1])
    columns["age_years"] = pa.array([np.inf, np.nan])
    pq.write_table(pa.table(columns), tmp_path / "patients.parquet")
    required = "column age_years: required a number from 10 to 110 years; found"
    assert folder.refusal() == [
        f"patients.parquet, data row 1, {required} an infinite number",
        f"patients.parquet, data row 2, {required} NaN; write a null where nothing was recorded",
    ]
