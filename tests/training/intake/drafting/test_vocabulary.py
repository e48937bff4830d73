"""By which words clinics know columns, scales, visits and categories."""

import pytest

from features.protocol.columns import DIAGNOSES, EVENTS, ROUTES, SEXES, TREATMENTS
from training.intake.vocabulary.category_names import category_of
from training.intake.vocabulary.column_names import IDENTIFIER, PATIENT_COLUMNS, fits
from training.intake.vocabulary.names import PlainName, plain, plain_name
from training.intake.vocabulary.scale_columns import ScaleColumns, instrument_of, scale_columns
from training.intake.vocabulary.visits import visit_of


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("Dose (mg/kg)", PlainName("dose", "mg_kg")),
        ("dose_mgkg", PlainName("dose", "mg_kg")),
        ("doseMg", PlainName("dose", "mg")),
        ("Gewicht [kg]", PlainName("gewicht", "kg")),
        ("Größe_cm", PlainName("groesse", "cm")),
        ("Age (years)", PlainName("age", "years")),
        ("route", PlainName("route")),
    ],
)
def test_the_unit_of_a_name_is_split_off(name: str, found: PlainName) -> None:
    assert plain_name(name) == found


@pytest.mark.parametrize(
    ("word", "day"),
    [("bl", 0), ("baseline", 0), ("w4", 28), ("week12", 84), ("month3", 91), ("m_6", 183), ("d7", 7), ("4weeks", 28)],
)
def test_a_visit_is_a_day(word: str, day: int) -> None:
    found = visit_of(word)
    assert found is not None
    assert found.day == day


def test_a_numbered_visit_has_no_day_and_another_word_is_none() -> None:
    found = visit_of("v2")
    assert found is not None
    assert found.day is None
    assert visit_of("screening") is None


@pytest.mark.parametrize(
    ("word", "name"),
    [("GAD-7", "gad7"), ("PHQ9", "phq9"), ("HAM-A", "hama"), ("Y-BOCS", "ybocs"), ("PCL-5", "pcl5"), ("BDI-II", "bdi2"),
     ("HDRS-17", "hamd17"), ("weight", None)],
)  # fmt: skip
def test_a_scale_is_known_by_its_usual_names(word: str, name: str | None) -> None:
    assert instrument_of(word) == name


def test_items_totals_and_visits_are_different_things() -> None:
    items = [f"GAD7_Q{number}" for number in range(1, 8)]
    names = [*items, "GAD7Total", "phq9_item3", "gad7_w4", "w8_gad7", "hama_total_bl", "weight", "gad7_note"]
    assert scale_columns(names) == (
        ScaleColumns("gad7", "", tuple(items), "GAD7Total"),
        ScaleColumns("gad7", "w4", (), "gad7_w4"),
        ScaleColumns("gad7", "w8", (), "w8_gad7"),
        ScaleColumns("hama", "bl", (), "hama_total_bl"),
    )


@pytest.mark.parametrize(
    ("column", "word", "category"),
    [
        ("sex", "F", "female"), ("sex", "männlich", "male"), ("sex", "Unknown", ""), ("sex", "1", None),
        ("diagnosis", "F41.1", "gad"), ("diagnosis", "Social anxiety disorder", "social_anxiety"),
        ("route", "i.m.", "intramuscular"), ("route", "2", None), ("treatment", "SSRI", "ssri"),
        ("event", "Hospitalization", "hospitalisation"), ("event", "moved away", None),
    ],
)  # fmt: skip
def test_a_word_is_a_category_and_a_code_is_none(column: str, word: str, category: str | None) -> None:
    known = {"sex": SEXES, "diagnosis": DIAGNOSES, "route": ROUTES, "treatment": TREATMENTS, "event": EVENTS}
    assert category_of(column, word, known[column]) == category


@pytest.mark.parametrize("name", ["record_id", "Patient ID", "pid", "SUBJID", "pat_id"])
def test_an_id_is_known_by_its_usual_names(name: str) -> None:
    assert any(fits(pattern, plain(name)) for pattern in IDENTIFIER)


@pytest.mark.parametrize(
    ("column", "name"), [("sex", "Gender"), ("diagnosis", "primary_dx"), ("body_mass_index", "BMI")]
)
def test_a_column_is_known_by_its_usual_names(column: str, name: str) -> None:
    assert fits(PATIENT_COLUMNS[column], plain(name))
