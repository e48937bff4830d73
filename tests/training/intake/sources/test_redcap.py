"""A REDCap export with its dictionary: forms, events, checkboxes, calculated fields and codes for missing data."""

from collections import Counter
from csv import DictReader
from io import StringIO
from pathlib import Path

import pytest
from linkml_redcap.record import group_flat_records

from tests.training.intake.small_clinic import SESSIONS_IN_MG_PER_KG, SmallClinic
from training.intake.drafting.mapping_draft import draft_mapping
from training.intake.drafting.parts import parts_of
from training.intake.source import Source
from training.intake.sources.dispatch import read_source

ADDED = "record_id,redcap_event_name,redcap_repeat_instrument,redcap_repeat_instance"
EXPORT = f"""{ADDED},sex,prior_tx___1,prior_tx____9,gad7_total,q_date
1,baseline_arm_1,,,2,1,0,,
1,baseline_arm_1,questionnaires,1,,,,14,2025-03-01
1,treatment_arm_1,questionnaires,1,,,,9,2025-03-20
2,baseline_arm_1,,,1,0,1,,
2,treatment_arm_1,questionnaires,1,,,,-99,2025-04-20
"""
SHORT = """Variable / Field Name,Form Name,Field Type,Field Label,"Choices, Calculations, OR Slider Labels"
sex,baseline,radio,Sex,"1, Male | 2, Female"
prior_tx,baseline,checkbox,Earlier treatments,"1, SSRI | -9, Not asked"
gad7_total,questionnaires,calc,GAD-7 total,"sum([gad7_1], [gad7_2])"
q_date,questionnaires,text,Date,
"""
OFFICIAL = (
    "Variable / Field Name,Form Name,Section Header,Field Type,Field Label,"
    '"Choices, Calculations, OR Slider Labels",Field Note,Text Validation Type OR Show Slider Number,'
    "Text Validation Min,Text Validation Max,Identifier?,Branching Logic (Show field only if...),Required Field?,"
    "Custom Alignment,Question Number (surveys only),Matrix Group Name,Matrix Ranking?,Field Annotation\n"
    'sex,baseline,,radio,<b>Sex</b>,"1, Male | 2, Female",,,,,,,y,,,,,\n'
    'prior_tx,baseline,,checkbox,Earlier treatments,"1, SSRI | -9, Not asked",,,,,,,,,,,,\n'
    'gad7_total,questionnaires,,calc,GAD-7 total,"sum([gad7_1], [gad7_2])",,,,,,,,,,,,\n'
    "q_date,questionnaires,,text,Date,,,date_ymd,,,,,,,,,,\n"
)


def read(folder: Path, dictionary: str | None) -> Source:
    (folder / "Study_DATA.csv").write_text(EXPORT, encoding="utf-8")
    if dictionary is not None:
        (folder / "A_Dictionary.csv").write_text(dictionary, encoding="utf-8")
    return read_source(folder)


@pytest.mark.parametrize("dictionary", [SHORT, OFFICIAL], ids=["five columns", "eighteen columns"])
def test_the_dictionary_is_found_and_labels_the_export(tmp_path: Path, dictionary: str) -> None:
    source = read(tmp_path, dictionary)
    (table,) = source.tables.values()
    assert (source.kind, table.name) == ("redcap", "Study_DATA.csv")
    assert (table.columns["sex"].label, dict(table.columns["sex"].labels)) == ("Sex", {"1": "Male", "2": "Female"})
    assert table.columns["prior_tx___1"].label == "Earlier treatments: SSRI"
    assert table.columns["prior_tx____9"].label == "Earlier treatments: Not asked"
    assert table.columns["gad7_total"].field_type == "calc"
    assert not table.columns["gad7_total"].labels
    assert "read A_Dictionary.csv as the data dictionary" in table.notes


def test_an_export_alone_is_known_by_its_columns(tmp_path: Path) -> None:
    assert read(tmp_path, None).kind == "redcap"


def test_forms_are_grouped_as_linkml_redcap_groups_them(tmp_path: Path) -> None:
    """The rows of a repeating form are its instances, and the others make one record per patient."""
    grouped = group_flat_records(DictReader(StringIO(EXPORT)), drop_empty=True)
    instances = Counter(one["redcap_repeat_instrument"] for record in grouped for one in record["repeated_elements"])
    baseline, questionnaires = parts_of(read(tmp_path, SHORT))
    assert len(baseline.rows) == len(grouped) == 2
    assert baseline.is_one_row_per_patient
    assert {questionnaires.title: len(questionnaires.rows)} == instances
    assert set(questionnaires.columns) == {name for record in grouped for one in record["repeated_elements"]
                                           for name in one if not name.startswith("redcap_")}  # fmt: skip


CHECKBOXES = """Variable / Field Name,Field Type,Field Label,"Choices, Calculations, OR Slider Labels"
comorb,checkbox,Comorbidities,"1, PTSD"
tx,checkbox,Earlier treatments,"1, SSRI"
"""


@pytest.mark.parametrize(
    ("second", "answer", "rows"),
    [
        ("0,0", "no", ["A female true true", "B male false true"]),
        ("0,0", "not_recorded", ["A female true true", "B male  false"]),
        (",", None, ["A female true true", "B male"]),
    ],
)
def test_what_no_tick_means_is_asked_unless_blank_cells_tell_it(
    clinic: SmallClinic, second: str, answer: str | None, rows: list[str]
) -> None:
    patients = f"id,redcap_event_name,sex,comorb___1,tx___1\nA,bl,F,1,1\nB,bl,M,{second}\n"
    clinic.write(dictionary=CHECKBOXES, patients=patients, sessions=SESSIONS_IN_MG_PER_KG)
    text = draft_mapping(read_source(clinic.source)).replace("pseudonyms = true", "pseudonyms = false")
    head, _, rest = text.partition("[[patients]]")
    assert head.count('answer = "?"') == (0 if answer is None else 2)
    assert rest.count('answer = "?"') == 1, "whether ticked treatments have ended"
    answered = head.replace('answer = "?"', f'answer = "{answer}"'), rest.replace('answer = "?"', 'answer = "no"')
    clinic.import_it("[[patients]]".join(answered))
    assert clinic.table("patients") == rows
    assert clinic.table("prior_treatments") == ["A ssri"]
