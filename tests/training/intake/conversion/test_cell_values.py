"""One cell as a number, a flag or a category: one meaning is read, two are refused."""

import math

import pytest

from features.protocol.diazepam import diazepam_mg
from training.intake.conversion.cell_values import mapped, plain_name, read_category, read_flag, read_number
from training.intake.conversion.moments import CellRefusedError
from training.intake.source import Cell


@pytest.mark.parametrize(
    ("cell", "comma", "number"),
    [
        ("12", False, 12.0),
        (" 12.0 ", False, 12.0),
        ("-1.5", False, -1.5),
        (".5", False, 0.5),
        ("1e+05", False, 100_000.0),
        ("1.234", False, 1.234),
        ("12,5", False, 12.5),
        ("0,125", False, 0.125),
        ("12,5", True, 12.5),
        ("1,234", True, 1.234),
        ("12.5", True, 12.5),
        (7, False, 7.0),
    ],
)
def test_a_number_with_one_meaning_is_read(cell: Cell, comma: bool, number: float) -> None:
    assert math.isclose(read_number(cell, decimal_comma=comma), number, rel_tol=0)


@pytest.mark.parametrize(
    ("cell", "comma"),
    [("1,234", False), ("12,345,678", False), ("1.234", True), ("1.234,5", True), ("82 kg", False), ("<5", False),
     ("2025-04-03", False), ("", False), (True, False), (float("inf"), False)],
)  # fmt: skip
def test_what_is_no_number_or_could_be_two_is_refused(cell: Cell, comma: bool) -> None:
    with pytest.raises(CellRefusedError):
        read_number(cell, decimal_comma=comma)


@pytest.mark.parametrize(
    ("cell", "flag"), [("TRUE", 1), ("yes", 1), (1.0, 1), ("Ja", 1), ("0", 0), (False, 0), ("No", 0)]
)
def test_a_flag_is_read_in_its_usual_spellings(cell: Cell, flag: int) -> None:
    assert read_flag(cell) == flag


@pytest.mark.parametrize("cell", ["2", "maybe", "-1", "01"])
def test_another_flag_is_refused(cell: str) -> None:
    with pytest.raises(CellRefusedError, match="true or false"):
        read_flag(cell)


@pytest.mark.parametrize("cell", ["GAD-7", "gad7", "Gad 7", "gad_7"])
def test_a_category_is_read_in_any_case_and_with_any_joint(cell: str) -> None:
    assert read_category(cell, {plain_name("gad7"): "gad7"}) == "gad7"


@pytest.mark.parametrize(
    ("cell", "meaning"), [("1", "male"), (1.0, "male"), ("01", "male"), ("1.0", "male"), (" x ", "")]
)
def test_a_code_means_what_the_mapping_says(cell: Cell, meaning: str) -> None:
    assert mapped(cell, {"1": "male", "x": ""}) == meaning


def test_another_code_is_refused_with_the_codes_of_the_mapping() -> None:
    with pytest.raises(CellRefusedError, match="one of the values in the mapping: 1, 2") as refused:
        mapped("7391", {"1": "male", "2": "female"})
    assert "7391" not in refused.value.required + refused.value.found


@pytest.mark.parametrize(
    ("drug", "mg", "diazepam"), [("lorazepam", 1.25, 12.5), ("Alprazolam", 0.5, 10), ("diazepam", 7, 7)]
)
def test_a_benzodiazepine_counts_as_diazepam(drug: str, mg: float, diazepam: float) -> None:
    assert diazepam_mg(drug, mg) == diazepam
