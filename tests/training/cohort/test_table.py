"""How a file may be laid out: encoding, header, quotes, rows; and what is said about one that is not."""

from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests.training.cohort_folder import ASSESSMENTS, MARKER, ONE_RATING, PATIENTS, Folder, by_pandas


@pytest.mark.parametrize(
    "dressed",
    [
        pytest.param(lambda text: b"\xef\xbb\xbf" + text, id="byte-order mark"),
        pytest.param(lambda text: text.replace(b"\n", b"\r\n"), id="CRLF"),
        pytest.param(lambda text: text.replace(b"\n", b"\r"), id="CR"),
        pytest.param(lambda text: text.rstrip(b"\n"), id="no last line end"),
        pytest.param(lambda text: text + b"\n\r\n\n", id="blank lines at the end"),
        pytest.param(
            lambda text: b'"' + text.strip().replace(b",", b'","').replace(b"\n", b'"\n"') + b'"\n', id="quoted"
        ),
    ],
)
def test_what_spreadsheets_add_to_a_file_changes_nothing(folder: Folder, dressed: Callable[[bytes], bytes]) -> None:
    plain = folder.write().read().digest
    folder.write(patients_csv=dressed(PATIENTS.encode()), assessments_csv=dressed(ASSESSMENTS.encode()))
    assert folder.read().digest == plain


def test_quoted_commas_and_quotes_belong_to_the_cell(folder: Folder) -> None:
    cohort = folder.write(patients_csv='patient_id,site_id\nA,"north, ""old"" wing"\nB,\n').read()
    assert cohort.site_names == ('north, "old" wing',)


def test_a_quoted_line_break_is_part_of_its_cell_and_of_its_row(folder: Folder) -> None:
    folder.write(patients_csv='patient_id,site_id,age_years\nA,"x\ny",41\nB,c1,400\n')
    site, age = folder.refusal()
    assert site.startswith("patients.csv, row 2, column site_id: required a text that is not blank; found ")
    assert site.endswith("found a text with control or invisible characters")
    assert age.startswith("patients.csv, row 3, column age_years: ")


@pytest.mark.parametrize(
    ("row", "what"), [('B,"40', "open quote"), ('B,4"0', "inside a cell"), ('B,"4"0', "after one")]
)
def test_a_stray_quote_is_refused_before_it_can_swallow_rows(folder: Folder, row: str, what: str) -> None:
    (problem,) = folder.write(patients_csv=f'patient_id,age_years\n"A",41\n{row}\nC,40\n').refusal()
    assert problem.startswith("patients.csv, row 3: required quotes around a whole cell"), what


@pytest.mark.parametrize("content", ["", "\n\n", "\ufeff", "\r\npatient_id\nA\n"])
def test_a_file_without_a_header_line_is_refused(folder: Folder, content: str) -> None:
    assert folder.write(patients_csv=content).refusal() == [
        "patients.csv: required a header line with the names of the columns; found none"
    ]


@pytest.mark.parametrize("line_end", ["", "\n"])
def test_a_header_alone_is_an_empty_table(folder: Folder, line_end: str) -> None:
    events = "patient_id,day,event" + line_end
    assert len(folder.write(events_csv=events).read().events) == 0


def test_bytes_that_are_not_utf8_are_refused_with_their_line(folder: Folder) -> None:
    (problem,) = folder.write(patients_csv=b"patient_id,site_id\nA,c1\nB,Z\xfcrich\n").refusal()
    assert problem == "patients.csv: required text in UTF-8; found a byte in line 3 that is not"


def test_rows_of_another_width_are_refused_and_later_rows_keep_their_numbers(folder: Folder) -> None:
    table = "patient_id,age_years,sex\nA,41\nB,40,,\nC,400,female\n"
    assert folder.write(patients_csv=table).refusal() == [
        "patients.csv, row 2: required 3 cells, as in the header; found fewer cells",
        "patients.csv, row 3: required 3 cells, as in the header; found more cells",
        "patients.csv, row 4, column age_years: required a number from 10 to 110 years; found a number out of range",
    ]


def test_a_blank_line_between_rows_is_a_row_without_a_patient(folder: Folder) -> None:
    (problem,) = folder.write(patients_csv="patient_id,age_years\nA,41\n\nB,40\n").refusal()
    assert problem == "patients.csv, row 3, column patient_id: required a text that is not blank; found an empty cell"


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("patient_id,sex,sex", "patients.csv, column sex: required each column once; found a column name that repeats"),
        ("patient_id,,sex", "patients.csv: required a name for every column; found a blank column name, in position 2"),
        ("patient_id,mood,sex", "patients.csv, column mood: required one of patient_id, site_id, age_years"),
        ("patient_id, age_years,sex", "found a column name that is not an identifier, in position 2"),
        ("id,age_years,sex", "patients.csv, column patient_id: required this column; found no such column"),
        ("patient_id;age_years;sex", "found names that no comma separates"),
    ],
)
def test_a_wrong_header_is_refused_with_the_name_to_correct(folder: Folder, header: str, expected: str) -> None:
    row = ";;" if ";" in header else ",,"
    problems = folder.write(patients_csv=f"{header}\nA{row}\n", assessments_csv=ONE_RATING).refusal()
    assert any(expected in problem for problem in problems), problems


def test_a_missing_header_does_not_print_the_first_patient(folder: Folder) -> None:
    problems = folder.write(patients_csv=f"{MARKER},c1,41\nB,c1,40\n").refusal()
    assert len(problems) == 1
    assert "found none of these names" in problems[0]
    assert MARKER not in problems[0]


def test_a_file_that_is_only_called_parquet_is_refused(folder: Folder) -> None:
    problems = folder.write(patients_csv=None, patients_parquet=b"PAR1" + MARKER.encode()).refusal()
    assert problems == ["patients.parquet: required a Parquet file; found one that can't be read"]


def test_csv_and_parquet_give_the_same_cohort(folder: Folder, tmp_path: Path) -> None:
    as_csv = folder.write().read().digest
    for name, text in (("patients", PATIENTS), ("assessments", ASSESSMENTS)):
        (tmp_path / f"{name}.csv").unlink()
        pq.write_table(by_pandas(text), tmp_path / f"{name}.parquet")
    assert folder.read().digest == as_csv
    pq.write_table(by_pandas(PATIENTS, categories=("sex", "site_id")), tmp_path / "patients.parquet", row_group_size=1)
    assert folder.read().digest == as_csv


def test_the_order_of_rows_and_columns_leaves_no_trace(folder: Folder) -> None:
    digest = folder.write().read().digest
    header, *rows = ASSESSMENTS.splitlines()
    folder.write(assessments_csv="\n".join([header, *reversed(rows)]))
    assert folder.read().digest == digest
    backwards = [",".join(reversed(line.split(","))) for line in ASSESSMENTS.splitlines()]
    assert folder.write(assessments_csv="\n".join(backwards)).read().digest == digest
    assert folder.write(assessments_csv=ASSESSMENTS.replace("16", "15")).read().digest != digest


def test_many_rows_in_order_are_the_same_cohort_as_in_any_order(folder: Folder) -> None:
    """From 10,000 rows on a table that stands in order is not sorted again."""
    rows = [f"{patient},{day},gad7,{day % 20}" for patient in "AB" for day in range(6000)]
    digests = set()
    for lines in (rows, rows[::-1], rows[6000:] + rows[:6000], [rows[1], rows[0], *rows[2:]]):
        folder.write(assessments_csv="\n".join(["patient_id,day,instrument,score", *lines]))
        digests.add(folder.read().digest)
    assert len(digests) == 1


@pytest.mark.parametrize("block_bytes", [48, 64, 100, 1000])
def test_a_large_file_read_in_blocks_is_the_same_table(
    folder: Folder, monkeypatch: pytest.MonkeyPatch, block_bytes: int
) -> None:
    """Blocks end anywhere: within a quoted line break, between new ids, before and after a row of another width."""
    rows = [f'p{number},"a\nb\nc {number % 3}",40' if number % 7 else f"p{number},c1" for number in range(200)]
    folder.write(patients_csv="\n".join(["patient_id,site_id,age_years", *rows]), assessments_csv=ONE_RATING)
    whole = folder.refusal()
    monkeypatch.setattr("training.cohort.text.splitting.BLOCK_BYTES", block_bytes)
    assert folder.refusal() == whole
    assert [problem for problem in whole if "fewer cells" in problem] == [
        f"patients.csv, row {number + 2}: required 3 cells, as in the header; found fewer cells"
        for number in range(0, 200, 7)
    ]
