"""A cohort is scored as its patients would be answered one by one, with intervals, flags and refusals."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from features.build import build_features
from features.records.cohort import Cohort
from models.bundle import Bundle
from tests.cohorts import random_cohort
from tests.serving.bundles import toy_bundle, waver, wavering, with_applicability
from training.exports import cohort_predictions as score
from training.exports.cohort_predictions import score_cohort

ANSWERS = ["remission", "relapse_84", "relapse_182", "sustained_84", "sustained_182"]


@pytest.fixture(scope="module")
def cohort() -> Cohort:
    return random_cohort(np.random.default_rng(3), 150)


def scored(cohort: Cohort, bundle: Bundle, folder: Path) -> pd.DataFrame:
    path = folder / "predictions.parquet"
    number, _ = score_cohort(cohort, bundle, path)
    table = pd.read_parquet(path)
    assert len(table) == number
    return table


def test_every_answer_has_the_limits_of_its_interval(cohort: Cohort, tmp_path: Path) -> None:
    table = scored(cohort, wavering(toy_bundle()), tmp_path)
    ends = [f"{name}{end}" for end in ("", "_low", "_high") for name in ANSWERS]
    assert list(table.columns) == ["patient_id", "landmark", "landmark_day", "applicability", "reason", *ends]
    for name in ANSWERS:
        given = table[table["reason"].isna()]
        assert len(given) > 50
        np.testing.assert_allclose(given[f"{name}_low"], given[name] - waver(given[name].to_numpy()), atol=1e-12)
        np.testing.assert_allclose(given[f"{name}_high"], given[name] + waver(given[name].to_numpy()), atol=1e-12)


def test_csv_holds_the_same_numbers(cohort: Cohort, tmp_path: Path) -> None:
    bundle = wavering(toy_bundle())
    table = scored(cohort, bundle, tmp_path)
    score_cohort(cohort, bundle, tmp_path / "predictions.csv")
    read = pd.read_csv(tmp_path / "predictions.csv")
    assert list(read.columns) == list(table.columns)
    for name in table.columns:
        assert read[name].isna().equals(table[name].isna())
        assert read[name].dropna().tolist() == table[name].dropna().tolist()


def test_without_refits_or_a_description_of_the_training_patients_the_columns_are_empty(
    cohort: Cohort, tmp_path: Path
) -> None:
    table = scored(cohort, toy_bundle(), tmp_path)
    assert table["applicability"].isna().all()
    assert table[[f"{name}_low" for name in ANSWERS]].isna().all(axis=None)
    assert table["remission"].notna().sum() > 50


def test_a_patient_outside_has_a_reason_in_plain_words_instead_of_numbers(cohort: Cohort, tmp_path: Path) -> None:
    table = scored(cohort, wavering(with_applicability(toy_bundle())), tmp_path)
    verdicts = dict(table["applicability"].value_counts())
    assert set(verdicts) == {"inside", "at_the_edge", "outside"}
    numbers = [name for name in table.columns if name.startswith(("remission", "relapse", "sustained"))]
    outside = table["applicability"] == "outside"
    assert table.loc[outside, numbers].isna().all(axis=None)
    reasons = table.loc[outside, "reason"]
    assert reasons.str.startswith("the patient is unlike the training patients: ").all()
    assert reasons.str.contains("age is far outside the range of the training patients").any()
    assert not reasons.str.contains("_").any()
    answered = table["applicability"].isin(["inside", "at_the_edge"])
    assert table.loc[answered, "reason"].isna().all()
    assert table.loc[answered, "remission"].notna().all()
    assert (table["applicability"].isna() == (table["reason"].notna() & ~outside)).all()


def test_the_verdict_is_that_of_the_patients_own_record(cohort: Cohort, tmp_path: Path) -> None:
    bundle = with_applicability(toy_bundle())
    table = scored(cohort, bundle, tmp_path)
    landmark = bundle.models[0].landmark
    age = build_features(cohort, landmark).values[:, bundle.features.index("age_years")]
    of_patient = dict(zip(cohort.patient_ids.tolist(), age.tolist(), strict=True))
    first = table[(table["landmark"] == landmark.name) & table["applicability"].notna()]
    too_old = first[first["patient_id"].map(of_patient) > 90]
    assert len(too_old) > 3
    assert set(too_old["applicability"]) == {"outside"}


def test_a_cohort_in_parts_is_scored_as_in_one(cohort: Cohort, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bundle = wavering(with_applicability(toy_bundle()))
    order = ["landmark", "patient_id"]
    whole = scored(cohort, bundle, tmp_path).sort_values(order, ignore_index=True)
    monkeypatch.setattr(score, "CHUNK", 40)
    parts = scored(cohort, bundle, tmp_path).sort_values(order, ignore_index=True)
    pd.testing.assert_frame_equal(parts, whole, check_categorical=False)


def test_parts_follow_one_another_in_the_order_of_the_cohort_whichever_is_ready_first(
    cohort: Cohort, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Part by part, in it landmark by landmark, in it patient by patient."""
    bundle = toy_bundle()
    monkeypatch.setattr(score, "CHUNK", 40)
    table = scored(cohort, bundle, tmp_path)
    landmarks = [model.landmark.name for model in bundle.models]
    place = {patient: number for number, patient in enumerate(cohort.patient_ids.tolist())}
    patients = [place[patient] for patient in table["patient_id"]]
    keys = [(at // 40, landmarks.index(name), at) for at, name in zip(patients, table["landmark"], strict=True)]
    assert len(keys) > 300
    assert keys == sorted(keys)


def test_a_landmark_without_a_fitted_head_gives_only_reasons(cohort: Cohort, tmp_path: Path) -> None:
    bundle = toy_bundle()
    unfitted = replace(bundle.models[0], remission=None, relapse=None)
    table = scored(cohort, replace(bundle, models=(unfitted,)), tmp_path)
    assert table["reason"].notna().all()
    assert table[ANSWERS].isna().all(axis=None)
