"""Next month's export has rows or columns that the mapping does not know: they are refused, or listed as not wanted."""

import pytest

from features.protocol.problems import InputRefusedError
from tests.training.intake.small_clinic import MAPPING, SESSIONS, SESSIONS_IN_MG_PER_KG, SmallClinic
from training.cohort.reader import describe_problems
from training.intake.conversion.cohort_import import ImportRecord
from training.intake.drafting.later_data import refuse_unknown_data
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
    refuse_unknown_data(read_source(clinic.source), read_mapping(mapping, "first.toml"))
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
    refuse_unknown_data(read_source(clinic.source), read_mapping(mapping))


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
        refuse_unknown_data(read_source(clinic.source), read_mapping(mapping, "first.toml"))
    (found,) = describe_problems(refused.value.problems)
    assert found.startswith("first.toml, key events: required a block that takes rows of events.csv, or [[not_read]]")
    unwanted = '[[not_read]]\nfrom = "events.csv"\n'
    refuse_unknown_data(read_source(clinic.source), read_mapping(mapping + unwanted, "first.toml"))


TOTALS = "id,date,gad7_total\nA,2025-03-09,16\nB,2025-04-01,12\n"
WITH_MADRS = "id,date,gad7_total,madrs_total\nA,2025-03-09,16,30\nB,2025-04-01,12,20\n"
OF_TOTALS = MAPPING.replace(
    'instrument = "scale"\nscore = "score"', 'instrument = { value = "gad7" }\nscore = "gad7_total"'
)
NOT_WANTED = '[[not_read]]\nfrom = "FILE.csv"\ncolumns = ["COLUMN"]\n'


def unknown_in(clinic: SmallClinic, mapping: str, **files: str) -> list[str]:
    """Why the files are refused beside a mapping of an earlier month; nothing where they are not."""
    read = read_mapping(mapping, "clinic.toml")
    try:
        refuse_unknown_data(read_source(clinic.write(**({"ratings": TOTALS} | files)).source), read)
    except InputRefusedError as error:
        return describe_problems(error.problems)
    return []


def without_dose(mapping: str) -> str:
    return mapping + NOT_WANTED.replace("FILE", "sessions").replace("COLUMN", "dose")


def test_a_scale_that_is_new_in_a_column_is_not_lost_in_silence(clinic: SmallClinic) -> None:
    mapping = without_dose(OF_TOTALS)
    assert unknown_in(clinic, mapping) == []
    (line,) = unknown_in(clinic, mapping, ratings=WITH_MADRS)
    assert line.startswith(
        "clinic.toml, key assessments: required keys or a block that take madrs_total of ratings.csv"
    )
    assert "or [[not_read]] with from and columns for them" in line
    listed = mapping + NOT_WANTED.replace("FILE", "ratings").replace("COLUMN", "madrs_total")
    assert unknown_in(clinic, listed, ratings=WITH_MADRS) == []


def test_a_column_that_is_not_wanted_leaves_its_rows_in(clinic: SmallClinic) -> None:
    listed = OF_TOTALS + NOT_WANTED.replace("FILE", "ratings").replace("COLUMN", "madrs_total")
    clinic.write(ratings=WITH_MADRS).import_it(listed)
    assert clinic.table("assessments") == ["A -1 gad7 16", "B 0 gad7 12"]


def test_a_new_column_of_the_patients_or_sessions_is_refused(clinic: SmallClinic) -> None:
    mapping = without_dose(OF_TOTALS)
    (line,) = unknown_in(clinic, mapping, patients="id,born,sex,bmi\nA,1980-05-10,F,22\nB,1990-01-01,M,23\n")
    assert "take bmi of patients.csv" in line
    routes = SESSIONS.replace("dose", "dose,route").replace("0\n", "0,oral\n")
    (line,) = unknown_in(clinic, mapping, sessions=routes)
    assert "take route of sessions.csv" in line


def test_what_the_mapping_takes_from_another_column_is_answered(clinic: SmallClinic) -> None:
    two = "id,born,sex,age\nA,1980-05-10,F,44\nB,1990-01-01,M,35\n"
    assert unknown_in(clinic, without_dose(OF_TOTALS), patients=two) == []


def test_a_new_file_is_refused_or_listed_as_a_whole(clinic: SmallClinic) -> None:
    mapping, events = without_dose(OF_TOTALS), "id,date,event\nA,2025-05-01,relapse\n"
    (line,) = unknown_in(clinic, mapping, events=events)
    assert line.startswith("clinic.toml, key events: required a block that takes rows of events.csv")
    assert unknown_in(clinic, mapping + '[[not_read]]\nfrom = "events.csv"\n', events=events) == []
