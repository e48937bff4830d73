"""Headings as German clinics write them, and a column that tells the kind of session, are drafted, not passed over."""

import tomllib
from typing import Any

import pytest

from tests.training.intake.small_clinic import SmallClinic
from training.intake.drafting.mapping_draft import draft_mapping
from training.intake.sources.dispatch import read_source

PATIENTS = "id,Geschlecht,Diagnose (ICD-10),Krank seit\nA,w,F41.1,2015\nB,m,F40.1,2010\n"
SITTINGS = "id,Datum,Art,RR syst\nA,2025-03-10,Ketamin,130\nA,2025-03-12,Psychotherapie,\nB,2025-04-01,Ketamin,141\n"


def drafted(clinic: SmallClinic, **files: str) -> dict[str, Any]:
    return tomllib.loads(draft_mapping(read_source(clinic.write(**files).source)))


def test_the_diagnosis_and_the_year_of_onset_are_read(clinic: SmallClinic) -> None:
    (patients,) = drafted(clinic, patients=PATIENTS)["patients"]
    assert patients["diagnosis"] == {
        "column": "Diagnose (ICD-10)",
        "values": {"F41.1": "gad", "F40.1": "social_anxiety"},
    }
    assert patients["illness_duration_years"] == {"column": "Krank seit", "convert": "years_until_day_0"}


@pytest.mark.parametrize("heading", ["Art", "Einheit"])
def test_a_column_tells_which_sessions_are_dosing(clinic: SmallClinic, heading: str) -> None:
    (sessions,) = drafted(clinic, sessions=SITTINGS.replace("Art", heading))["sessions"]
    assert sessions["kind"] == {
        "column": heading,
        "values": {"Ketamin": "dosing", "Psychotherapie": "psychotherapy"},
    }
    assert sessions["peak_systolic_mmhg"] == "RR syst"


def test_a_word_that_no_list_knows_is_asked(clinic: SmallClinic) -> None:
    (sessions,) = drafted(clinic, sessions=SITTINGS + "B,2025-04-02,Gespraech,\n")["sessions"]
    assert sessions["kind"]["values"]["Gespraech"] == "?"


def test_weeks_count_from_the_first_dose_and_the_draft_says_so(clinic: SmallClinic) -> None:
    clinic.write(patients="id,sex,gad7_bl,gad7_w2\nA,F,16,9\nB,M,12,8\n")
    assert "weeks and months count from the first dose" in draft_mapping(read_source(clinic.source))


def test_a_missing_dictionary_is_said(clinic: SmallClinic) -> None:
    clinic.source.mkdir()
    export = "record_id,redcap_event_name,sex,prior_tx___1\n1,baseline,F,1\n"
    (clinic.source / "x_DATA.csv").write_text(export, encoding="utf-8")
    (table,) = read_source(clinic.source).tables.values()
    assert "no data dictionary beside the export" in " ".join(table.notes)
