"""Next month's export has kinds of rows that the mapping does not know: they are refused, or listed as not wanted."""

import pytest

from features.protocol.problems import InputRefusedError
from tests.training.intake.small_clinic import SESSIONS_IN_MG_PER_KG, SmallClinic
from training.cohort.reader import describe_problems
from training.intake.conversion.cohort_import import ImportRecord
from training.intake.drafting.later_rows import refuse_unknown_rows
from training.intake.drafting.mapping_draft import draft_mapping
from training.intake.mapping_reading import read_mapping
from training.intake.sources.dispatch import read_source

FIRST = """record_id,redcap_repeat_instrument,redcap_repeat_instance,sex,session_date,dose_mgkg,ev_date,event
1,,,F,,,,
1,ketamine,1,,2025-03-10,0.7,,
"""
LATER = FIRST + "1,clinical_event,1,,,,2025-04-10,relapse\n"
RATINGS = """
[[assessments]]
from = "x_DATA.csv"
where = { redcap_repeat_instrument = ["questionnaires"] }
day = "ev_date"
instrument = { value = "gad7" }
score = "dose_mgkg"
"""


def mapping_of_first_month(clinic: SmallClinic) -> str:
    clinic.source.mkdir()
    (clinic.source / "x_DATA.csv").write_text(FIRST, encoding="utf-8")
    return draft_mapping(read_source(clinic.source))


def next_month(clinic: SmallClinic, mapping: str) -> ImportRecord:
    (clinic.source / "x_DATA.csv").write_text(LATER, encoding="utf-8")
    refuse_unknown_rows(read_source(clinic.source), read_mapping(mapping, "first.toml"))
    return clinic.import_it(mapping)


def test_a_form_that_is_new_is_not_lost_in_silence(clinic: SmallClinic) -> None:
    mapping = mapping_of_first_month(clinic)
    with pytest.raises(InputRefusedError) as refused:
        next_month(clinic, mapping)
    (found,) = describe_problems(refused.value.problems)
    assert found.startswith(
        "first.toml, key events: required a block that takes the rows of x_DATA.csv with redcap_repeat"
    )
    assert "clinical_event, or [[not_read]] with from and where for them" in found


def test_the_same_export_again_is_known(clinic: SmallClinic) -> None:
    mapping = mapping_of_first_month(clinic)
    refuse_unknown_rows(read_source(clinic.source), read_mapping(mapping))


def test_rows_that_no_block_takes_are_named_unless_they_are_listed(clinic: SmallClinic) -> None:
    mapping = mapping_of_first_month(clinic).replace("pseudonyms = true", "pseudonyms = false") + RATINGS
    unwanted = '[[not_read]]\nfrom = "x_DATA.csv"\nwhere = { redcap_repeat_instrument = ["clinical_event"] }\n'
    record = next_month(clinic, mapping + unwanted)
    assert not [line for line in record.not_read if " row with " in line]
    clinic.cohort.rename(clinic.path / "first")
    named = "x_DATA.csv: 1 row with redcap_repeat_instrument clinical_event"
    assert any(line.startswith(named) for line in clinic.import_it(mapping).not_read)


def test_a_file_that_is_new_is_not_lost_in_silence(clinic: SmallClinic) -> None:
    clinic.write(sessions=SESSIONS_IN_MG_PER_KG)
    mapping = draft_mapping(read_source(clinic.source))
    clinic.write(
        sessions=SESSIONS_IN_MG_PER_KG, events="id,date,event\nA,2025-05-01,relapse\n", rooms="id,room\nA,3\nA,4\n"
    )
    with pytest.raises(InputRefusedError) as refused:
        refuse_unknown_rows(read_source(clinic.source), read_mapping(mapping, "first.toml"))
    (found,) = describe_problems(refused.value.problems)
    assert found.startswith("first.toml, key events: required a block that takes rows of events.csv, or [[not_read]]")
    unwanted = '[[not_read]]\nfrom = "events.csv"\n'
    refuse_unknown_rows(read_source(clinic.source), read_mapping(mapping + unwanted, "first.toml"))
