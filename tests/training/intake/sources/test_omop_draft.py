"""The draft of an OMOP mapping answers what is known by its id or code, and asks for what only a name suggests."""

from pathlib import Path
from typing import Any

import pytest

from features.protocol.columns import DIAGNOSES, ROUTES, SEXES, TABLES, TREATMENTS
from features.protocol.item_scoring import ITEM_SCORINGS
from tests.training.intake.sources import omop_tables
from training.intake.open_questions import open_questions
from training.intake.sources.omop import read_omop
from training.intake.sources.omop_concepts import CODES, OMOP_CONCEPTS
from training.intake.sources.omop_draft import omop_blocks
from training.intake.sources.omop_names import GUESSES, guess


@pytest.fixture(scope="module")
def blocks(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[dict[str, Any]]]:
    return omop_blocks(read_omop(omop_tables.write_csv(tmp_path_factory.mktemp("omop") / "cdm")))


def of(blocks: list[dict[str, Any]], key: str) -> dict[str, Any]:
    """The one block with a key."""
    (found,) = [block for block in blocks if key in block]
    return found


def test_a_person_is_drafted_and_another_sex_is_asked_for(blocks: dict[str, list[dict[str, Any]]]) -> None:
    person = of(blocks["patients"], "sex")
    assert person["site_id"] == "care_site_source_value"
    assert person["age_years"] == {"column": "birth_date", "convert": "age_at_day_0"}
    assert person["sex"]["values"] == {"8532": "female", "8507": "male", "8521": "?"}


def test_the_primary_diagnosis_is_the_main_one_and_others_are_comorbid(
    blocks: dict[str, list[dict[str, Any]]],
) -> None:
    main = of(blocks["patients"], "diagnosis")
    assert main["where"]["condition_status_concept_id"] == ["32902"]
    assert main["diagnosis"]["values"] == {"434613": "gad", "440383": "depression", "436074": "panic"}
    (beside, asked) = [block for block in blocks["patients"] if "comorbid_depression" in block] + [
        block for block in blocks["patients"] if "comorbid_ptsd" in block
    ]
    assert beside["comorbid_depression"] == {"value": True}
    assert beside["where"] == {"condition_concept_id": ["440383"], "condition_status_concept_id": ["32908", ""]}
    assert asked["comorbid_ptsd"]["values"] == {"4188539": "?", "4188540": "?"}
    assert "4188539 is 'Yes'" in asked["comorbid_ptsd"]["question"]


def test_seen_ingredients_are_answered_and_a_combination_is_asked_for(
    blocks: dict[str, list[dict[str, Any]]],
) -> None:
    drugs = of([one for one in blocks["prior_treatments"] if one["from"] == "drug_exposure"], "treatment")
    assert drugs["treatment"]["values"] == {"797617": "ssri", "739138": "ssri", "40000002": "?"}
    assert (drugs["start_day"], drugs["end_day"]) == ("drug_exposure_start_date", "drug_exposure_end_date")
    assert drugs["adequate"]["column"] == "linked_2000000003"
    procedures = of([one for one in blocks["prior_treatments"] if one["from"] == "procedure_occurrence"], "treatment")
    assert procedures["treatment"]["values"] == {"4030840": "ect"}


def test_dosing_sessions_are_exposures_to_ketamine(blocks: dict[str, list[dict[str, Any]]]) -> None:
    dosing, therapy = blocks["sessions"]
    assert dosing["where"] == {"ingredient_concept_id": ["1366610"]}
    assert dosing["kind"] == {"value": "dosing"}
    assert dosing["session_number"] == {"convert": "by_date"}
    assert dosing["dose_mg_per_kg"] == "quantity"
    assert dosing["route"]["values"] == {"4262914": "intranasal", "0": ""}
    assert dosing["peak_dissociation"]["candidates"] == ["linked_2000000001"]
    assert dosing["peak_systolic_mmhg"]["candidates"] == ["same_day_3004249"]
    assert "the highest of the day" in dosing["peak_systolic_mmhg"]["question"]
    assert therapy["where"] == {"procedure_concept_id": ["2000000005"]}
    assert therapy["kind"]["value"] == "?"


def test_a_scale_is_known_by_its_code_and_asked_for_by_its_name(blocks: dict[str, list[dict[str, Any]]]) -> None:
    (ratings,) = blocks["assessments"]
    assert ratings["instrument"]["values"] == {"5001": "gad7", "5002": "?"}
    assert "5002 is 'Hamilton anxiety total' (1 rows; hama?)" in ratings["instrument"]["question"]
    assert ratings["where"] == {"measurement_concept_id": ["5001", "5002"]}, "no laboratory value"


def test_events_are_those_with_a_name_of_one_and_deaths(blocks: dict[str, list[dict[str, Any]]]) -> None:
    asked, dead = blocks["events"]
    assert asked["event"]["values"] == {"2000000004": "?"}
    assert dead == {"from": "death", "day": "death_date", "event": {"value": "death"}}


def test_every_guess_leaves_an_open_question_so_that_an_import_waits(blocks: dict[str, list[dict[str, Any]]]) -> None:
    asked = {path.split(".")[0] for path, _ in open_questions(dict(blocks))}
    assert asked == {"patients", "prior_treatments", "sessions", "assessments", "events"}


def test_only_seen_concepts_are_taken_without_a_question(tmp_path: Path) -> None:
    """Ketamine's own id is recalled: its exposures are sessions only once a person says so."""
    folder = omop_tables.write_csv(tmp_path / "cdm")
    path = folder / "drug_exposure.csv"
    path.write_text(path.read_text("utf-8").replace("1366610", "785649"), encoding="utf-8")
    dosing = omop_blocks(read_omop(folder))["sessions"][0]
    assert dosing["where"] == {"ingredient_concept_id": ["785649"]}
    assert dosing["kind"]["value"] == "?"
    assert "785649 is 'ketamine'" in dosing["kind"]["question"]


@pytest.mark.parametrize(
    ("unit", "drafted"),
    [("mg/kg", "quantity"), ("mg", {"column": "?", "convert": "per_kg", "weight_kg": "weight_3025315"}),
     ("mL", {"column": "?"})],
)  # fmt: skip
def test_a_quantity_is_a_dose_in_mg_per_kg_only_where_its_unit_says_so(
    tmp_path: Path, unit: str, drafted: str | dict[str, str]
) -> None:
    folder = omop_tables.write_csv(tmp_path / "cdm")
    path = folder / "drug_exposure.csv"
    path.write_text(path.read_text("utf-8").replace("mg/kg", unit), encoding="utf-8")
    dose = omop_blocks(read_omop(folder))["sessions"][0]["dose_mg_per_kg"]
    if isinstance(drafted, str):
        assert dose == drafted
    else:
        assert {key: value for key, value in dose.items() if key not in ("question", "candidates")} == drafted


def test_every_built_in_concept_says_where_it_was_seen_or_that_it_is_recalled() -> None:
    allowed = {
        "ingredient": set(TREATMENTS),
        "procedure": set(TREATMENTS),
        "condition": set(DIAGNOSES) | {column.name for column in TABLES["patients"]},
        "route": set(ROUTES),
        "sex": set(SEXES),
        "answer": {"true", "false"},
        "scale": set(ITEM_SCORINGS),
        "measure": {""},
    }
    for concept in (*OMOP_CONCEPTS.values(), *CODES.values()):
        assert concept.source.endswith(("[seen]", "[recalled]")), concept
        assert concept.meaning in allowed[concept.domain], concept


@pytest.mark.parametrize(
    ("kind", "name", "meaning"),
    [
        ("scale", "Generalized anxiety disorder 7 item (GAD-7) total score [Reported.PHQ]", "gad7"),
        ("scale", "Patient Health Questionnaire 9 item (PHQ-9) total score [Reported]", "phq9"),
        ("scale", "Hemoglobin", ""),
        ("diagnosis", "Mixed anxiety and depressive disorder", "mixed_anxiety_depression"),
        ("ingredient", "esketamine", "ketamine"),
        ("procedure", "Repetitive transcranial magnetic stimulation", "tms"),
        ("result", "No response", "no_response"),
        ("event", "Withdrawal from the programme", "withdrawal"),
        ("event", "Alcohol withdrawal", ""),
    ],
)
def test_a_name_suggests_what_a_reader_would_take_it_for(kind: str, name: str, meaning: str) -> None:
    assert guess(kind, name) == meaning


def test_guesses_are_categories_of_the_intake() -> None:
    assert set(GUESSES["ingredient"]) | set(GUESSES["procedure"]) <= set(TREATMENTS)
    assert set(GUESSES["diagnosis"]) <= set(DIAGNOSES)
    assert set(GUESSES["route"]) == set(ROUTES)
