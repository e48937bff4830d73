"""What a training leaves behind for monitoring: counts, none of a few patients, and no patient's value."""

import json

import numpy as np
import pytest

from features.build import build_features
from tests.serving.bundles import toy_bundle, with_applicability
from training.experiment.train import Training
from training.monitoring.statistics.reference import (
    Reference,
    _answered,
    read_reference,
    reference_of_training,
    reference_of_update,
)


@pytest.fixture(scope="module")
def reference(trained: Training) -> Reference:
    return reference_of_training(trained)


def test_every_feature_is_counted_at_every_landmark(reference: Reference, trained: Training) -> None:
    assert [one.name for one in reference.landmarks] == [one.name for one in trained.cohort.protocol.landmarks]
    for landmark, fit in zip(reference.landmarks, trained.landmarks, strict=True):
        predictable = fit.features.values[fit.features.ineligible == None]  # noqa: E711 - elementwise
        assert landmark.patients == len(predictable)
        recorded = (~np.isnan(predictable)).sum(axis=0).tolist()
        assert [(one.name, one.recorded) for one in landmark.features] == list(
            zip(trained.bundle.features, recorded, strict=True)
        )


def test_no_count_tells_of_one_to_four_patients(reference: Reference) -> None:
    spreads = [one.spread for mark in reference.landmarks for one in mark.features]
    spreads += [one.spread for mark in reference.landmarks for one in mark.answers]
    counts = [count for spread in spreads if spread for count in spread.counts]
    counts += [count for mark in reference.landmarks if mark.answered for count in mark.answered.counts]
    assert len(counts) > 300
    assert not [count for count in counts if 0 < count < 5]


def test_answers_are_those_of_the_model_that_is_shipped(reference: Reference, trained: Training) -> None:
    """Their mean is that over the training patients; a head with one answer for all patients has no spread."""
    for mark, model in zip(reference.landmarks, trained.bundle.models, strict=True):
        rows = build_features(trained.cohort, model.landmark)
        values = rows.values[rows.ineligible == None]  # noqa: E711 - elementwise
        found = {one.head: one for one in mark.answers}
        assert model.remission is not None
        probability = model.remission.probability(values)
        assert found["remission"].mean == pytest.approx(probability.mean())
        assert (found["remission"].spread is None) == (np.ptp(probability) < 1e-9)


def test_who_was_inside_at_the_edge_and_without_a_prediction_adds_up(reference: Reference, trained: Training) -> None:
    for mark, fit in zip(reference.landmarks, trained.landmarks, strict=True):
        assert mark.answered is not None
        assert sum(mark.answered.counts) == int((~np.isnan(fit.features.day)).sum())
        assert [name for group in mark.answered.groups for name in group] == ["inside", "at_the_edge", "not_predicted"]


def test_a_reference_is_read_as_it_was_written(reference: Reference) -> None:
    assert read_reference(reference.as_json()) == reference


@pytest.mark.parametrize("document", ["", "{}", '{"format": 2, "landmarks": []}', "[1]"])
def test_what_is_no_reference_is_none_and_no_error(document: str) -> None:
    assert read_reference(document) is None


def test_an_update_s_patients_are_compared_with_those_the_model_was_fitted_on(trained: Training) -> None:
    bundle = with_applicability(toy_bundle(trained.cohort.protocol))
    found = reference_of_update(trained.cohort, bundle.models)
    answered = found.landmarks[0].answered
    assert answered is not None
    assert answered.counts[0] < found.landmarks[0].patients  # those under 30 and over 60 are at the edge
    assert json.loads(found.as_json())["landmarks"][0]["answers"][1]["horizon_days"] == 182


@pytest.mark.parametrize(
    ("proportions", "predictable", "refused", "expected"),
    [
        ([0.9, 0.1, 0.0], 100, 0, {"inside": 90, "at_the_edge": 10, "not_predicted": 0}),
        ([0.9, 0.1, 0.0], 100, 7, {"inside": 90, "at_the_edge": 10, "not_predicted": 7}),
        ([0.9, 0.06, 0.04], 100, 0, {"inside": 90, "at_the_edge not_predicted": 10}),
        ([0.98, 0.02, 0.0], 100, 0, {"inside at_the_edge": 100, "not_predicted": 0}),
        ([0.99, 0.01, 0.0], 100, 3, None),
        (None, 100, 20, {"inside": 100, "at_the_edge": 0, "not_predicted": 20}),
    ],
)
def test_answers_of_a_few_are_counted_together(
    proportions: list[float] | None, predictable: int, refused: int, expected: dict[str, int] | None
) -> None:
    found = _answered(None if proportions is None else np.array(proportions), predictable, refused)
    assert expected == (found and {" ".join(g): c for g, c in zip(found.groups, found.counts, strict=True)})
