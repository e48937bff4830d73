"""A mapping is read whole or refused: open questions first, then every problem at the path of its key."""

import pytest

from features.protocol.problems import InputRefusedError
from tests.training.intake.small_clinic import MAPPING, SmallClinic
from training.cohort.reader import describe_problems
from training.intake.mapping_reading import read_mapping


def refusal(text: str) -> list[str]:
    with pytest.raises(InputRefusedError) as refused:
        read_mapping(text, "clinic.toml")
    return describe_problems(refused.value.problems)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            'values = { F = "female", M = "male" }',
            'question = "Which sex is each code?", candidates = ["female", "male"], values = { F = "female", M = "?" }',
            "key patients.1.sex: required an answer: Which sex is each code? One of female, male; found an open",
        ),
        ('"scale"', '{ question = "Which?", candidates = ["gad7"] }', "key assessments.1.instrument: required an"),
        ('"scale"', '{ value = "?" }', "key assessments.1.instrument.value: required an answer in place of the"),
        ("[[patients]]", '[dates]\nformat = { question = "Which?", candidates = ["a"], answer = "?" }\n[[patients]]',
         "key dates.format: required an answer: Which? One of a"),
    ],
)  # fmt: skip
def test_an_open_question_is_refused_with_its_path_and_candidates(old: str, new: str, said: str) -> None:
    (found,) = refusal(MAPPING.replace(old, new))
    assert found.startswith(f"clinic.toml, {said}")


def test_an_answer_may_stand_beside_its_question(clinic: SmallClinic) -> None:
    asked = 'question = "Which scale?", candidates = ["scale"]'
    mapping = MAPPING.replace('instrument = "scale"', f'instrument = {{ {asked}, answer = "scale" }}').replace(
        "sex = { column", 'sex = { question = "Which sex?", column'
    )
    clinic.write().import_it(mapping)
    assert clinic.table("assessments") == ["A -1 gad7 16", "A 14 gad7 9", "B 0 gad7 12"]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('sex = {', 'sx = {', "key patients.1.sx: required one of from, id, where, rows, site_id, age_years"),
        ('score = "score"', 'scor = "score"', "key assessments.1.scor: required one of"),
        ("values = { F", 'values = { f = "intersex", F', "key patients.1.sex.values: required one meaning for codes"),
        ("values = {", "vallues = {", "key patients.1.sex.vallues: required one of column"),
        ("age_at_day_0", "age", "key patients.1.age_years.convert: required \"days\" or"),
        ("format = 1", "format = 2", "key format: required 1; found a number"),
        ('id = "id"', "id = 7", "key patients_are.id: required a text that is not blank; found a number"),
        ('from = "sessions.csv"', "", "key sessions.1.from: required the file, sheet or table"),
        ('source = "delimited"', 'source = "delimited"\ntime_zone = "Berlin"', "key time_zone: required the name of a"),
        ('kind = { value = "dosing" }', 'kind = { }', "key sessions.1.kind: required either column or value"),
        ('id = "id"', 'id = "id"\n[protocol]\nfile = "none.toml"', "key protocol.pseudonyms: required one of file"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_at_its_key(old: str, new: str, said: str) -> None:
    assert any(line.startswith(f"clinic.toml, {said}") for line in refusal(MAPPING.replace(old, new, 1)))


def test_a_nearly_right_key_is_suggested() -> None:
    (found,) = (line for line in refusal(MAPPING.replace('score = "score"', 'scor = "score"')) if "scor:" in line)
    assert found.endswith("found an unknown key; did you mean score?")


def test_text_that_is_no_toml_is_refused_with_its_line() -> None:
    assert refusal("format = \n") == [
        "clinic.toml: required a TOML document; found text that is none, at line 1, column 10"
    ]


def test_a_key_of_items_stands_in_every_row_of_its_scale_or_in_none() -> None:
    items = ", ".join(f'"q{number}"' for number in range(1, 8))
    rows = f'{{ day = {{ value = 0 }}, items = [{items}], item_key = "1 to 4" }}, {{ day = "d", items = [{items}] }}'
    block = f'[[assessments]]\nfrom = "wide.csv"\ninstrument = {{ value = "gad7" }}\nrows = [{rows}]\n'
    (found,) = refusal(MAPPING + block)
    assert found.startswith("clinic.toml, key assessments.2.rows.2.item_key: required a key, as other rows of the same")
    assert read_mapping(MAPPING + block.replace(', item_key = "1 to 4"', "")).name == "mapping"
