"""Features and outcomes as frames: the numbers of the exported tables, one row per patient at a landmark."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from features.build import build_features
from features.protocol.problems import InputRefusedError
from tests.serving.bundles import toy_bundle
from training import feature_frame, outcome_frame, predict, train
from training.api.cohorts import LoadedCohort
from training.outcomes.table import outcomes_frame

THIRD = "before session 3"


def test_features_are_those_of_the_models_by_name_and_patient(cohort: LoadedCohort) -> None:
    frame = feature_frame(cohort, THIRD)
    rows = build_features(cohort, cohort.protocol.landmarks[2])
    reached = ~np.isnan(rows.day)
    assert 0 < len(frame) == reached.sum() < len(cohort)
    assert list(frame.columns) == list(rows.names)
    assert frame.index.tolist() == cohort.patient_ids[reached].tolist()
    np.testing.assert_array_equal(frame.to_numpy(), rows.values[reached])


def test_outcomes_are_those_of_the_exported_table_as_numbers(cohort: LoadedCohort) -> None:
    frame = outcome_frame(cohort, THIRD)
    exported = outcomes_frame(cohort).query(f"landmark == '{THIRD}' and landmark_day.notna()").set_index("patient_id")
    assert frame.index.tolist() == exported.index.tolist()
    for column in ("remission", "sustained_84", "sustained_182"):
        assert frame[column].dtype == np.float64
        words = frame[column].map({1.0: "yes", 0.0: "no"})
        asked = exported[exported[column].notna()].index
        assert words[asked].fillna("not_observed").tolist() == exported.loc[asked, column].tolist()
        assert words.drop(asked).isna().all()
    pd.testing.assert_series_equal(
        frame["followed_days"], exported["followed_days"].astype("float64"), check_index_type=False
    )
    assert set(frame["ended_by"].dropna()) == {"relapse", "censored", "competing"}


def test_both_frames_have_the_same_rows_at_every_landmark(cohort: LoadedCohort) -> None:
    for number in (1, 2, 3):
        assert feature_frame(cohort, number).index.equals(outcome_frame(cohort, number).index)


def test_a_landmark_may_be_given_by_its_number(cohort: LoadedCohort) -> None:
    pd.testing.assert_frame_equal(feature_frame(cohort, 3), feature_frame(cohort, THIRD))


@pytest.mark.parametrize("wrong", [0, 4, -1, "session 3", True, None])
def test_an_unknown_landmark_is_answered_with_the_known_ones(cohort: LoadedCohort, wrong: object) -> None:
    with pytest.raises(
        InputRefusedError, match=f"before session 1, before session 2, {THIRD}, or its number from 1 to 3"
    ):
        feature_frame(cohort, wrong)  # type: ignore[arg-type]


def test_a_misspelled_landmark_is_answered_with_the_nearest(cohort: LoadedCohort) -> None:
    with pytest.raises(InputRefusedError, match=r"found another name \(did you mean before session 3\?\)"):
        outcome_frame(cohort, "Before sesion 3")


TAKES_A_COHORT: dict[str, Callable[[Any], object]] = {
    "feature_frame": lambda given: feature_frame(given, 1),
    "outcome_frame": lambda given: outcome_frame(given, 1),
    "train": lambda given: train(given, record=False),
    "predict": lambda given: predict(toy_bundle(), given),
}


@pytest.mark.parametrize("function", TAKES_A_COHORT)
@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("clinic", r"read it first, with read_cohort\(path\); found a path"),
        (Path("clinic"), r"read it first, with read_cohort\(path\); found a path"),
        ({"patients": None}, r"read it first, with read_cohort\(frames\); found a mapping"),
        (7, "as read_cohort gives it; found another object"),
    ],
)
def test_what_is_no_cohort_is_answered_with_how_to_read_one(function: str, given: object, said: str) -> None:
    with pytest.raises(InputRefusedError, match=said):
        TAKES_A_COHORT[function](given)


@pytest.mark.parametrize("given", ["1", 1, Path("model")])
def test_what_is_no_model_is_answered_with_how_to_load_one(cohort: LoadedCohort, given: object) -> None:
    with pytest.raises(InputRefusedError, match=r"as load_model\(version\) or train gives it; found a version"):
        predict(given, cohort)  # type: ignore[arg-type]
