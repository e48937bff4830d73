"""Files of SPSS, Stata and SAS keep their labels, missing codes, dates and texts on the way into a table."""

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pyreadstat
import pytest

from features.protocol.problems import CohortRefusedError
from training.intake.source import SourceTable, text_of
from training.intake.sources.statistical import read_statistical

MARKER = "Wanda"
"""A text of a patient that no problem may show."""
VISITS = pd.DataFrame(
    {
        "id": ["007", "Ä2 ", "a3"],
        "gad7_1": [3.0, -99.0, None],
        "visited": [dt.date(2025, 1, 2), None, dt.date(2024, 2, 29)],
        "dosed": pd.to_datetime(["2025-01-02 10:30:00", "", "2024-02-29 23:59:59"]),
        "at": [dt.time(10, 30), None, dt.time(0, 0)],
    }
)
LABELS = {"gad7_1": "Feeling nervous", "visited": "Date of the visit"}
CODES = {"gad7_1": {3: "Nearly every day", -99: "refused"}}
WRITERS: dict[str, Callable[..., Any]] = {
    ".sav": pyreadstat.write_sav,
    ".zsav": lambda frame, path, **options: pyreadstat.write_sav(frame, path, compress=True, **options),
    ".dta": pyreadstat.write_dta,
    ".xpt": pyreadstat.write_xport,
}


def table_of(path: Path) -> SourceTable:
    source = read_statistical(path)
    assert source.kind == "statistical"
    assert list(source.tables) == list(source.digests) == [path.name]
    return source.tables[path.name]


def cells(table: SourceTable, name: str) -> list[Any]:
    column = table.columns[name]
    return [None if code < 0 else column.values[code] for code in column.codes]


def problem_of(path: Path) -> tuple[str, str]:
    with pytest.raises(CohortRefusedError) as refused:
        read_statistical(path)
    (problem,) = refused.value.problems
    assert problem.place == path.name
    return problem.required, problem.found


@pytest.mark.parametrize("ending", WRITERS)
def test_texts_numbers_dates_and_times_come_typed(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"visits{ending}"
    frame = VISITS if ending != ".dta" else VISITS.drop(columns="at")  # Stata has no time of day
    WRITERS[ending](frame, path)
    table = table_of(path)
    assert table.rows.tolist() == [1, 2, 3]
    assert cells(table, "id") == ["007", "Ä2", "a3"]
    assert cells(table, "gad7_1") == [3, -99, None]
    assert cells(table, "visited") == [dt.date(2025, 1, 2), None, dt.date(2024, 2, 29)]
    times = [None if cell is None else cell.isoformat() for cell in cells(table, "dosed")]
    assert times == ["2025-01-02T10:30:00", None, "2024-02-29T23:59:59"]
    if "at" in frame:
        assert cells(table, "at") == [dt.time(10, 30), None, dt.time(0, 0)]


def test_a_portable_file_of_spss_is_read_too(tmp_path: Path) -> None:
    pyreadstat.write_por(VISITS[["gad7_1", "visited"]], tmp_path / "visits.POR")
    table = table_of(tmp_path / "visits.POR")
    assert cells(table, "VISITED") == [dt.date(2025, 1, 2), None, dt.date(2024, 2, 29)]


@pytest.mark.parametrize("ending", [".sav", ".dta"])
def test_labels_of_columns_and_values_are_kept_beside_the_codes(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"visits{ending}"
    frame = VISITS.drop(columns="at")
    WRITERS[ending](frame, path, column_labels=LABELS, variable_value_labels=CODES)
    column = table_of(path).columns["gad7_1"]
    assert column.label == "Feeling nervous"
    assert column.labels == {"3": "Nearly every day", "-99": "refused"}
    assert {text_of(value) for value in column.values} == {"3", "-99"}


def test_codes_that_spss_declares_as_missing_are_named_and_stay_in_their_cells(tmp_path: Path) -> None:
    frame = pd.DataFrame({"item": [-99.0, -90.0, -89.0, 8.0, 1.0], "sex": ["f", "X", "m", "f", "f"]})
    ranges: dict[str, list[Any]] = {"item": [{"lo": -99, "hi": -90}, 8], "sex": ["X"]}
    pyreadstat.write_sav(frame, tmp_path / "a.sav", missing_ranges=ranges)
    table = table_of(tmp_path / "a.sav")
    assert table.columns["item"].missing_codes == {"-99", "-90", "8"}
    assert table.columns["sex"].missing_codes == {"X"}
    assert cells(table, "item") == [-99, -90, -89, 8, 1]


def test_letters_that_stata_declares_as_missing_are_named_and_labelled(tmp_path: Path) -> None:
    frame = pd.DataFrame({"item": [1.0, "a", "z", None], "plain": [1.0, 2.0, 3.0, 4.0]})
    labels: dict[str, dict[Any, str]] = {"item": {1: "Several days", "a": "refused"}}
    missing = {"item": ["a", "z"]}
    pyreadstat.write_dta(frame, tmp_path / "a.dta", missing_user_values=missing, variable_value_labels=labels)
    column = table_of(tmp_path / "a.dta").columns["item"]
    assert column.missing_codes == {".a", ".z"}
    assert column.labels == {"1": "Several days", ".a": "refused"}
    assert cells(table_of(tmp_path / "a.dta"), "item") == [1, ".a", ".z", None]
    assert table_of(tmp_path / "a.dta").columns["plain"].missing_codes == frozenset()


def test_long_texts_come_whole_and_without_blanks_at_their_end(tmp_path: Path) -> None:
    long = "x" * 300 + " y"
    pyreadstat.write_sav(pd.DataFrame({"note": [long + "  ", "   "]}), tmp_path / "a.sav")
    assert cells(table_of(tmp_path / "a.sav"), "note") == [long, None]


def test_a_month_or_quarter_is_said_to_be_a_number(tmp_path: Path) -> None:
    pyreadstat.write_sav(pd.DataFrame({"q": [1e10]}), tmp_path / "a.sav", variable_format={"q": "QYR8"})
    (note,) = table_of(tmp_path / "a.sav").notes
    assert note == "column q has the format QYR8: read as the number behind it, not as a date"


@pytest.mark.parametrize("ending", WRITERS)
@pytest.mark.parametrize("share", [0.0, 0.1, 0.5])
def test_a_file_that_is_cut_off_is_refused(tmp_path: Path, ending: str, share: float) -> None:
    path = tmp_path / f"visits{ending}"
    WRITERS[ending](VISITS.drop(columns="at"), path)
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    _, found = problem_of(path)
    assert found in {"an empty file", "one that is damaged or cut off; export it again"}


def test_an_encrypted_file_is_refused_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "a.sav").write_bytes(b"\x1c\0\0\0\0\0\0\0ENCRYPTEDSAV" + b"\0" * 500)
    assert problem_of(tmp_path / "a.sav")[1] == "an encrypted file; save it without a password"


def test_bytes_that_the_declared_encoding_does_not_know_are_refused_and_not_dropped(tmp_path: Path) -> None:
    path = tmp_path / "a.sav"
    pyreadstat.write_sav(pd.DataFrame({"name": ["plain", MARKER + "ä"]}), path)
    path.write_bytes(path.read_bytes().replace("ä".encode(), b"\xe4 "))
    required, found = problem_of(path)
    assert required == "text in the encoding that the file declares (UTF-8)"
    assert MARKER not in found


def test_a_last_letter_that_the_width_of_its_column_cut_off_does_not_keep_a_file_from_being_read(
    tmp_path: Path,
) -> None:
    path = tmp_path / "a.sav"
    pyreadstat.write_sav(pd.DataFrame({"name": ["plain", "cut-ä"]}), path)
    path.write_bytes(path.read_bytes().replace("cut-ä".encode(), "cut--ä".encode()[:6]))
    assert cells(table_of(path), "name") == ["plain", "cut--"]


def test_a_date_beyond_the_calendar_is_refused(tmp_path: Path) -> None:
    pyreadstat.write_sav(pd.DataFrame({"d": [1e15]}), tmp_path / "a.sav", variable_format={"d": "DATE11"})
    assert "years 1 to 9999" in problem_of(tmp_path / "a.sav")[0]


@pytest.mark.parametrize(
    ("name", "found"), [("none.sav", "none of this name"), ("visits.rds", "another ending"), ("folder.sav", "a folder")]
)
def test_what_is_no_such_file_is_refused(tmp_path: Path, name: str, found: str) -> None:
    (tmp_path / "folder.sav").mkdir()
    assert problem_of(tmp_path / name)[1] == found
