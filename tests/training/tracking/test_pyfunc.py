"""MLflow's own tools give the service's answers and limits, and refuse the same patients."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from features.build import build_features
from models.bundle import Bundle, save_bundle
from tests.cohorts import random_cohort
from tests.serving.bundles import toy_bundle, with_applicability, without
from training.exports.cohort_predictions import score_cohort
from training.registry.registration import _signature
from training.tracking.pyfunc import OutcomePredictions

ANSWERS = ["remission", "relapse_84", "relapse_182", "sustained_84", "sustained_182"]


def asked(bundle: Bundle, folder: Path, patients: int = 150) -> tuple[pd.DataFrame, pd.DataFrame]:
    """What MLflow answers, and what ``kap score`` does, for who can be predicted at the first landmark."""
    cohort = random_cohort(np.random.default_rng(3), patients)
    landmark = bundle.models[0].landmark
    features = build_features(cohort, landmark)
    reached = features.ineligible == None  # noqa: E711 - an array of objects
    frame = pd.DataFrame(features.values, columns=list(features.names)).assign(landmark=landmark.name)[reached]
    save_bundle(bundle, folder / "bundle")
    model = OutcomePredictions()
    model.load_context(SimpleNamespace(artifacts={"bundle": str(folder / "bundle")}))
    score_cohort(cohort, bundle, folder / "scores.parquet")
    scores = pd.read_parquet(folder / "scores.parquet").astype({"landmark": str})
    scores = scores[scores["landmark"] == landmark.name].set_index("patient_id")
    return model.predict(None, frame), scores.loc[cohort.patient_ids[reached]]


def test_who_is_too_unlike_the_training_patients_gets_a_verdict_and_no_number(tmp_path: Path) -> None:
    answers, scores = asked(with_applicability(toy_bundle()), tmp_path)
    outside = answers["applicability"] == "outside"
    assert outside.sum() > 3
    assert answers.loc[outside].drop(columns="applicability").isna().all(axis=None)
    assert answers.loc[~outside, ANSWERS].notna().all(axis=None)
    assert set(answers["applicability"]) == {"inside", "at_the_edge", "outside"}
    assert answers["applicability"].tolist() == scores["applicability"].tolist()
    numbers = list(answers.columns[1:])
    np.testing.assert_array_equal(answers[numbers].to_numpy(float), scores[numbers].to_numpy(float))


def test_a_landmark_without_a_fitted_head_has_no_answers(tmp_path: Path) -> None:
    answers, _ = asked(without(toy_bundle(), "remission", "relapse"), tmp_path)
    assert answers.isna().all(axis=None)


def test_the_signature_names_what_comes_out(tmp_path: Path) -> None:
    bundle = toy_bundle()
    answers, _ = asked(bundle, tmp_path)
    assert _signature(bundle).outputs.input_names() == list(answers.columns)
    assert [str(kind) for kind in _signature(bundle).outputs.input_types()[:2]] == [
        "DataType.string",
        "DataType.double",
    ]


def test_a_landmark_that_the_protocol_lacks_is_refused() -> None:
    model = OutcomePredictions()
    model.bundle = toy_bundle()
    with pytest.raises(ValueError, match="landmark: one of"):
        model.predict(None, pd.DataFrame({"landmark": ["never"]}))
