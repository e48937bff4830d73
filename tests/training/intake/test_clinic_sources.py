"""The made-up sources hold the cohort that they were made from: pandas alone reads it back from each."""

from pathlib import Path

import pandas as pd
import pytest
from linkml_redcap.data_dictionary import schema_view
from linkml_redcap.record import group_flat_records

from tests.training.intake.clinic_sources.dated_cohort import DatedCohort, dated_cohort
from tests.training.intake.clinic_sources.items import split_total
from tests.training.intake.clinic_sources.redcap import write_redcap
from tests.training.intake.clinic_sources.redcap_dictionary import COLUMNS
from tests.training.intake.made_up_sources import SOURCES, original_tables
from tests.training.intake.pandas_readings.tables import canonical, differences


@pytest.fixture(scope="module")
def dated() -> DatedCohort:
    return dated_cohort(40, 4, 5)


@pytest.mark.parametrize("name", SOURCES)
def test_a_source_holds_the_cohort_to_the_last_bit(name: str, dated: DatedCohort, tmp_path: Path) -> None:
    source = SOURCES[name]
    found = canonical(source.read(source.write(dated, tmp_path)))
    assert differences(found, original_tables(dated)) == []


@pytest.mark.long
@pytest.mark.parametrize("name", SOURCES)
def test_a_source_of_600_patients_holds_the_cohort(name: str, tmp_path: Path) -> None:
    dated, source = dated_cohort(600, 4, 12), SOURCES[name]
    found = canonical(source.read(source.write(dated, tmp_path)))
    assert differences(found, original_tables(dated)) == []


@pytest.mark.parametrize("name", ["redcap", "health record", "omop"])
def test_the_same_cohort_gives_the_same_bytes(name: str, dated: DatedCohort, tmp_path: Path) -> None:
    folders = [SOURCES[name].write(dated, tmp_path / copy) for copy in "ab"]
    first, second = ({path.name: path.read_bytes() for path in folder.iterdir()} for folder in folders)
    assert first == second


def test_what_a_clinic_had_by_a_day_is_part_of_what_it_has_later(dated: DatedCohort) -> None:
    last = dated.assessments["date"].quantile(0.8)
    known = dated.until(last)
    assert known.assessments["date"].max() <= last
    assert 0 < len(known.cohort.patients) <= len(dated.cohort.patients)
    assert set(known.cohort.sessions) == set(dated.cohort.sessions)
    rows = pd.merge(known.cohort.assessments, dated.cohort.assessments, how="left", indicator=True)
    assert set(rows["_merge"]) == {"both"}


def test_the_dictionary_is_one_that_redcap_takes(dated: DatedCohort, tmp_path: Path) -> None:
    """The 18 columns, and the kinds of field and validation that REDCap knows."""
    (path,) = write_redcap(dated, tmp_path).glob("*Dictionary*.csv")
    dictionary = pd.read_csv(path, keep_default_na=False)
    known = schema_view()
    assert tuple(dictionary) == COLUMNS
    assert len(COLUMNS) == 18
    kinds, validations = dictionary["Field Type"], dictionary["Text Validation Type OR Show Slider Number"]
    assert set(kinds) <= set(known.get_enum("FieldType").permissible_values)
    assert set(validations) <= {"", *known.get_enum("TextValidationType").permissible_values}


def test_the_export_groups_into_one_record_per_patient(dated: DatedCohort, tmp_path: Path) -> None:
    (path,) = write_redcap(dated, tmp_path).glob("*_DATA_*.csv")
    data = pd.read_csv(path, dtype=str, keep_default_na=False)
    grouped = group_flat_records(data.to_dict("records"), drop_empty=True)
    assert len(grouped) == len(dated.patients)
    assert {record["record_id"] for record in grouped} == set(dated.patients["patient_id"])


@pytest.mark.parametrize(("total", "items"), [(0, 7), (1, 7), (20, 7), (21, 7), (0, 9), (27, 9)])
def test_items_add_up_to_their_total(total: int, items: int, dated: DatedCohort) -> None:
    found = split_total(total, items, dated.rng(0))
    assert len(found) == items
    assert sum(found) == total
    assert set(found) <= {0, 1, 2, 3}


@pytest.mark.parametrize("total", [-1, 22])
def test_no_items_have_a_total_out_of_range(total: int, dated: DatedCohort) -> None:
    with pytest.raises(ValueError, match="7 items"):
        split_total(total, 7, dated.rng(0))
