"""An Excel workbook: sheets are tables, dates are dates, and what would be read wrongly is refused by its cell."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from openpyxl.utils.datetime import MAC_EPOCH, WINDOWS_EPOCH

from features.protocol.problems import InputRefusedError
from training.cohort.reader import describe_problems, read_cohort
from training.intake.conversion.cohort_import import import_cohort
from training.intake.mapping_reading import read_mapping
from training.intake.source import Source
from training.intake.sources.dispatch import read_source
from training.intake.sources.workbook import read_workbook

ROWS: list[list[Any]] = [
    ["ID", "Seen on", "Weight"],
    ["A", datetime(2025, 3, 10, 9, 30), 82.5],  # noqa: DTZ001 - cells of a sheet have no time zone
    ["B", datetime(2025, 3, 11), None],  # noqa: DTZ001
]


def write(path: Path, merged: str, **sheets: Sequence[Sequence[Any]]) -> Path:
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for title, rows in sheets.items():
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(row)
        if merged:
            sheet.merge_cells(merged)
    book.save(path)
    return path


def refusal(path: Path) -> list[str]:
    with pytest.raises(InputRefusedError) as refused:
        read_workbook(path)
    return describe_problems(refused.value.problems)


def read(tmp_path: Path, **sheets: Sequence[Sequence[Any]]) -> Source:
    return read_source(write(tmp_path / "b.xlsx", "", **sheets))


def test_every_sheet_is_a_table_with_typed_cells(tmp_path: Path) -> None:
    source = read(tmp_path, Visits=ROWS, Notes=[], Codes=[["code", "meaning"], [1, "male"]])
    assert (source.kind, list(source.tables)) == ("workbook", ["Visits", "Codes"])
    assert source.tables["Visits"].columns["Seen on"].values == (ROWS[1][1], ROWS[2][1])
    assert source.tables["Visits"].columns["Weight"].codes.tolist() == [0, -1]
    assert source.not_read == ("sheet Notes: nothing in it",)


def test_blank_rows_and_a_title_are_passed_over_and_rows_keep_their_numbers(tmp_path: Path) -> None:
    table = read(
        tmp_path, Visits=[["Registry of the clinic"], [], ROWS[0], [], ROWS[1], [None, " ", None], ROWS[2]]
    ).tables["Visits"]
    assert table.rows.tolist() == [5, 7]
    assert table.notes == (
        "passed over 2 blank rows of sheet Visits",
        "passed over 1 lines above the headings of sheet Visits",
    )


@pytest.mark.parametrize(
    ("rows", "merged", "said"),
    [
        (ROWS, "B1:C1", "unmerge the cells and fill each; found merged cells B1:C1"),
        (ROWS, "A2:A3", "unmerge the cells and fill each; found merged cells A2:A3"),
        ([ROWS[0], ["A", "#REF!", 1]], "", "column Seen on: required a value; found an error of a formula in cell B2"),
        ([ROWS[0], ["A", "=1+1", 1]], "", "row 2, column Seen on: required a formula with its stored value; open the"),
        ([["ID", "ID"], ["A", 1]], "", "required each heading once; found a heading that repeats, in cell B1"),
        ([["ID", None, "x"], ["A", 1, 2]], "", "for every column that holds something; found an empty cell B1"),
    ],
)  # fmt: skip
def test_what_would_be_read_wrongly_is_refused_by_its_cell(
    tmp_path: Path, rows: list[list[Any]], merged: str, said: str
) -> None:
    assert any(
        line.startswith("b.xlsx, sheet Visits") and said in line
        for line in refusal(write(tmp_path / "b.xlsx", merged, Visits=rows))
    )


def test_a_file_that_is_no_workbook_is_refused(tmp_path: Path) -> None:
    (tmp_path / "b.xlsx").write_bytes(b"no workbook")
    assert refusal(tmp_path / "b.xlsx") == [
        "b.xlsx: required an Excel workbook that opens without a password; found one that can't be read"
    ]


@pytest.mark.parametrize(("epoch", "born"), [(WINDOWS_EPOCH, 29_000), (MAC_EPOCH, 29_000 - 1_462)])
def test_numbers_count_days_from_where_the_workbook_counts_them(tmp_path: Path, epoch: datetime, born: int) -> None:
    book = openpyxl.Workbook()
    book.epoch = epoch
    sheet = book.worksheets[0]
    sheet.title = "Visits"
    for row in (["id", "born", "dose on", "gad7"], ["A", born, datetime(2025, 3, 10), 7]):  # noqa: DTZ001
        sheet.append(row)
    book.save(tmp_path / "b.xlsx")
    mapping = read_mapping(
        """format = 1
source = "workbook"
patients_are = { id = "id", pseudonyms = false }
[[patients]]
from = "Visits"
age_years = { column = "born", convert = "age_at_day_0", format = "excel" }
[[sessions]]
from = "Visits"
day = "dose on"
kind = { value = "dosing" }
[[assessments]]
from = "Visits"
day = "dose on"
instrument = { value = "gad7" }
score = "gad7"
"""
    )
    import_cohort(read_workbook(tmp_path / "b.xlsx"), mapping, tmp_path / "cohort", None)
    assert read_cohort(tmp_path / "cohort").patients["age_years"].tolist() == [45]  # born on 25 May 1979
