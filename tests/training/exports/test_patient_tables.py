"""The features as a table: the rows from which a model is fitted, by name, where the landmark was reached."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from features.build import build_features
from features.catalogue import catalogue
from features.records.cohort import Cohort
from tests.cohorts import cohort_of, courses, random_cohort
from training.exports import patient_tables
from training.exports.patient_tables import write_features


@pytest.fixture(scope="module")
def cohort() -> Cohort:
    return random_cohort(np.random.default_rng(8), 50)


def test_one_row_per_patient_and_landmark_reached(cohort: Cohort, tmp_path: Path) -> None:
    write_features(cohort, tmp_path / "f.parquet")
    table = pd.read_parquet(tmp_path / "f.parquet")
    expected = []
    for index, patient_id in enumerate(cohort.patient_ids.tolist()):
        for landmark in cohort.protocol.landmarks:
            built = build_features(cohort, landmark)
            if not np.isnan(built.day[index]):
                expected.append((patient_id, landmark.name, built.day[index], built.ineligible[index] is None))
    columns = ["patient_id", "landmark", "landmark_day", "eligible"]
    assert list(table[columns].itertuples(index=False, name=None)) == expected
    assert (table["reason"].isna() == table["eligible"]).all()
    names = [feature.name for feature in catalogue(cohort.protocol)]
    assert list(table.columns) == [*columns, "reason", *names]


@pytest.mark.parametrize("name", ["f.csv", "f.parquet"])
def test_the_features_are_those_of_the_model_to_the_last_bit(cohort: Cohort, tmp_path: Path, name: str) -> None:
    write_features(cohort, tmp_path / name)
    table = pd.read_csv(tmp_path / name) if name == "f.csv" else pd.read_parquet(tmp_path / name)
    for landmark in cohort.protocol.landmarks:
        built = build_features(cohort, landmark)
        rows = table[table["landmark"] == landmark.name]
        np.testing.assert_array_equal(rows[list(built.names)].to_numpy(np.float64), built.values[~np.isnan(built.day)])


def test_the_table_is_the_same_in_parts(cohort: Cohort, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_features(cohort, tmp_path / "whole.csv")
    monkeypatch.setattr(patient_tables, "CHUNK", 7)
    write_features(cohort, tmp_path / "parts.csv")
    assert (tmp_path / "parts.csv").read_text() == (tmp_path / "whole.csv").read_text()


def test_a_feature_without_a_record_is_an_empty_cell(tmp_path: Path) -> None:
    records, _ = courses("patient | doses | gad7\n a | 0 7 | 0:16 6:9 \n b | 0 | 0:3 \n c | | 0:16")
    write_features(records.cohort(), tmp_path / "f.csv")
    table = pd.read_csv(tmp_path / "f.csv", dtype="string", keep_default_na=False)
    assert table[["patient_id", "landmark", "landmark_day", "eligible"]].to_numpy().tolist() == [
        ["a", "before session 1", "0", "true"],
        ["a", "before session 2", "7", "true"],
        ["a", "before session 3", "21", "true"],
        ["b", "before session 1", "0", "false"],
    ]
    assert table["age_years"].tolist() == ["", "", "", ""]
    assert table["reason"].tolist()[3] == "the baseline is already in the remission band"


def test_a_cohort_that_reached_nothing_has_the_columns_alone(tmp_path: Path) -> None:
    write_features(cohort_of(assessments="patient_id day instrument score\na 0 gad7 15"), tmp_path / "f.csv")
    assert (tmp_path / "f.csv").read_text().count("\n") == 1
