"""A text file of cells in any usual dialect and encoding: what was found is said, and rows keep their numbers."""

from pathlib import Path

import pytest

from features.protocol.problems import InputRefusedError
from tests.training.intake.small_clinic import PATIENTS, SmallClinic
from training.cohort.reader import describe_problems
from training.intake.source import SourceTable, text_of
from training.intake.sources.delimited import read_delimited

TEXT = "id;größe;gewicht\nA;170;82,5\nB;;64,0\n"


def table_of(path: Path, content: str | bytes) -> SourceTable:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    (table,) = read_delimited(path).tables.values()
    return table


def cells(table: SourceTable) -> list[list[str]]:
    columns = [[*map(text_of, column.values), ""] for column in table.columns.values()]
    codes = [column.codes.tolist() for column in table.columns.values()]
    return [[values[code] for values, code in zip(columns, row, strict=True)] for row in zip(*codes, strict=True)]


@pytest.mark.parametrize(
    ("data", "encoding"),
    [
        (TEXT.encode(), "UTF-8"),
        (TEXT.encode("utf-8-sig"), "UTF-8"),
        (TEXT.encode("cp1252"), "Windows-1252"),
        (TEXT.encode("utf-16"), "UTF-16"),
        (TEXT.encode("utf-16-le"), "UTF-16"),
        (TEXT.encode("utf-16-be"), "UTF-16"),
    ],
)
def test_the_encoding_is_found_and_said(tmp_path: Path, data: bytes, encoding: str) -> None:
    table = table_of(tmp_path / "p.csv", data)
    assert list(table.columns) == ["id", "größe", "gewicht"]
    assert table.notes == (f"read p.csv as {encoding} with semicolons and decimal commas",)
    assert table.decimal_comma


def test_a_file_in_two_encodings_is_refused_instead_of_garbling_half_of_its_names(tmp_path: Path) -> None:
    """Put together from two exports; as Windows-1252, the first id would have another letter than in other files."""
    with pytest.raises(InputRefusedError) as refused:
        table_of(tmp_path / "p.csv", "id,a\nMü,1\n".encode() + "Lü,2\n".encode("cp1252"))
    (said,) = describe_problems(refused.value.problems)
    assert said.endswith("found a byte in line 3 that is not, beside letters that are; save the file as UTF-8")


@pytest.mark.parametrize(("separator", "name"), [(",", "commas"), (";", "semicolons"), ("\t", "tabs"), ("|", "bars")])
def test_the_separator_is_found_and_said(tmp_path: Path, separator: str, name: str) -> None:
    text = (
        'id,a,b\nA,"x, y; z",1.5\nB,,2\n'
        if separator == ","
        else f'id{separator}a{separator}b\nA{separator}"x, y; z"{separator}1.5\nB{separator}{separator}2\n'
    )
    table = table_of(tmp_path / "p.txt", text)
    assert cells(table) == [["A", "x, y; z", "1.5"], ["B", "", "2"]]
    assert table.notes == (f"read p.txt as UTF-8 with {name}",)


def test_blank_rows_are_passed_over_and_the_others_keep_their_numbers(tmp_path: Path) -> None:
    table = table_of(tmp_path / "p.csv", "\nid,a\n,\nA,1\n\n  ,\nB,2\n")
    assert table.rows.tolist() == [4, 7]
    assert "passed over 4 blank rows of p.csv" in table.notes


def test_columns_without_a_name_and_content_are_passed_over(tmp_path: Path) -> None:
    assert cells(table_of(tmp_path / "p.csv", "id,a,\nA,1,\nB,2,\n")) == [["A", "1"], ["B", "2"]]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("id,a\nA,1\nB\n", "p.csv, row 3: required 2 cells, as in the header; found fewer cells"),
        ("id,a\nA,1,9\nB,2\n", "p.csv, row 2: required 2 cells, as in the header; found more cells"),
        ("id,a,a\nA,1,9\n", "p.csv, column a: required each column once; found a column name that repeats"),
        ("id,a,\nA,1,9\n", "p.csv: required a name for every column that holds something; found a blank name, in pos"),
        ('id,a\nA,"1\n', 'p.csv: required quotes around a whole cell, and "" for a quote in it; found a stray or'),
        ("", "p.csv: required a header line and rows whose cells commas, semicolons, tabs or bars sep"),
        ("id\nA\n", "p.csv: required a header line and rows whose cells commas, semicolons, tabs or bars sep"),
    ],
)  # fmt: skip
def test_what_is_no_table_is_refused_by_row(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(InputRefusedError) as refused:
        table_of(tmp_path / "p.csv", text)
    assert describe_problems(refused.value.problems)[0].startswith(said)


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252", "utf-16"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_every_dialect_gives_the_same_cohort(clinic: SmallClinic, encoding: str, separator: str) -> None:
    clinic.write(patients=PATIENTS.replace(",", separator).encode(encoding)).import_it()
    assert clinic.table("patients") == ["A 44 female", "B 35 male"]
