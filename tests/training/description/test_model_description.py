"""A head in full: limits that contain their coefficient, importances that find what matters, curves of ten patients."""

from dataclasses import replace

import numpy as np
import pytest

from features.catalogue import catalogue
from features.protocol.document import Protocol
from models.fitting.learners import fit_xgboost_at
from models.remission import RemissionHead
from models.score import LinearScore, Trees
from tests.training.evidences import good_evidence
from tests.training.trainings import remission_with
from training.description.dependence import dependences
from training.description.importance import importances
from training.description.linear_terms import FROM_BOOTSTRAP, FROM_REFITS, limits_from_refits
from training.description.model_description import DescribedHead, describe_models
from training.evidence.descriptions import ModelSpecification
from training.experiment.train import Training
from training.learning.choice import Choice
from training.learning.fit import CandidateFit, HeadFit
from training.learning.tasks import RemissionTask

THREE = catalogue(Protocol())[:3]
LEARNER = fit_xgboost_at(1, 25)


def described(trained: Training, winner: str) -> list[ModelSpecification]:
    """The remission heads of the training as if a candidate had won, recalibrated by a slope of 0.5."""
    models, heads = [], []
    for model, mark in zip(trained.bundle.models, trained.landmarks, strict=True):
        fit = mark.remission
        assert fit is not None
        assert fit.choice is not None
        head = replace(fit.candidates[winner].head, slope=0.5)
        assert isinstance(head, RemissionHead)
        models.append(replace(model, remission=head))
        as_won = replace(fit, choice=replace(fit.choice, winner=winner), head=head)
        rows = fit.task.training_data.rows[fit.task.fitted_on]
        heads.append({"remission": DescribedHead(rows, trained.cohort.site, as_won)})
    declared = catalogue(trained.cohort.protocol)
    landmarks = describe_models(good_evidence(trained.cohort.protocol).landmarks, models, heads, declared, 7)
    found = [head.model for landmark in landmarks for head in landmark.heads if head.head == "remission"]
    return [model for model in found if model is not None]


def test_weights_have_the_recalibration_in_them_and_keep_their_declared_sign(trained: Training) -> None:
    for model, fit in zip(described(trained, "logistic"), trained.landmarks, strict=True):
        assert fit.remission is not None
        score = fit.remission.candidates["logistic"].head.score
        assert isinstance(score, LinearScore)
        assert [term.weight for term in model.terms] == (0.5 * score.weight).tolist()
        assert (model.form, model.recalibration_slope) == ("linear", 0.5)
        assert all(term.weight * term.sign >= 0 for term in model.terms)
        assert any(term.sign for term in model.terms)


def test_limits_come_from_the_refits_of_the_same_columns_and_contain_the_coefficient(trained: Training) -> None:
    for model in described(trained, "logistic"):
        assert model.limits_from.startswith(FROM_REFITS)
        for term in model.terms:
            assert term.low is not None
            assert term.high is not None
            assert term.low <= term.weight <= term.high
            assert min(term.low * term.sign, term.high * term.sign) >= 0


def test_of_one_variable_limits_come_from_its_own_bootstrap_because_refits_have_all_features(trained: Training) -> None:
    for model, mark in zip(described(trained, "one_variable"), trained.bundle.models, strict=True):
        (term,) = model.terms
        assert model.limits_from.startswith(FROM_BOOTSTRAP)
        assert term.low is not None
        assert term.high is not None
        assert term.low < term.weight < term.high <= 0
        assert mark.refits is not None
        assert isinstance(mark.remission, RemissionHead)
        score = trained.landmarks[0].remission.candidates["one_variable"].head.score  # type: ignore[union-attr]
        assert isinstance(score, LinearScore)
        assert limits_from_refits(score, mark.refits.remission) is None


def test_a_head_that_gives_the_average_has_an_intercept_and_no_terms(trained: Training) -> None:
    for model, fit in zip(described(trained, "no_model"), trained.landmarks, strict=True):
        assert fit.remission is not None
        rate = fit.remission.task.events / fit.remission.task.patients
        assert (model.form, model.terms, model.limits_from) == ("average", [], "")
        assert 1 / (1 + np.exp(-model.intercepts[0])) == pytest.approx(rate, abs=0.1)


@pytest.fixture(scope="module")
def trees() -> HeadFit:
    """Trees on three columns of which the first alone matters, held out in two folds."""
    task = remission_with(200, 400, effect=2.0)
    assert isinstance(task, RemissionTask)
    parts = np.arange(400) % 2
    heads = tuple(task.fit(LEARNER, parts != fold)[0] for fold in (0, 1))
    held_out = tuple(task.hold_out(head, parts == fold) for fold, head in enumerate(heads))
    whole = task.fit(LEARNER, np.ones(400, dtype=np.bool_))[0]
    candidate = CandidateFit("xgboost", (held_out,), (heads,), {}, (), np.zeros(400), 0.0, whole, {})
    return HeadFit(task, {"xgboost": candidate}, Choice("xgboost", "xgboost", {}), whole, None, "")


def test_of_trees_the_feature_that_matters_is_the_first_and_its_shuffling_costs(trees: HeadFit) -> None:
    assert trees.head is not None
    found = importances(trees.head.score, trees, THREE, seed=1)
    assert found[0].feature == THREE[0].name
    assert sum(one.gain_share or 0.0 for one in found) == pytest.approx(1.0)
    first, *others = [one.loss_increase for one in found]
    assert first is not None
    assert first > 0.05
    assert all(other is not None and abs(other) < 0.02 for other in others)
    assert found == importances(trees.head.score, trees, THREE, seed=1)


def test_without_held_out_patients_trees_have_their_gain_only(trees: HeadFit) -> None:
    assert trees.head is not None
    found = importances(trees.head.score, None, THREE, seed=1)
    assert [one.loss_increase for one in found] == [None] * len(found)
    assert found[0].gain_share is not None
    assert found[0].gain_share > 0.8


def test_partial_dependence_is_the_mean_of_the_rows_with_the_value_put_in(trees: HeadFit) -> None:
    head, rows = trees.head, trees.task.training_data.rows
    assert isinstance(head, RemissionHead)
    assert isinstance(head.score, Trees)
    first, second = dependences(head.probability, [0, 1], THREE, rows, None)
    changed = rows.copy()
    changed[:, 0] = first.values[-1]
    assert first.probability[-1] == pytest.approx(head.probability(changed).mean())
    assert first.probability[-1] - first.probability[0] > 0.15
    assert max(second.probability) - min(second.probability) < 0.05
    low, high = np.percentile(rows[:, 0], (5, 95))
    assert low - 0.1 <= first.values[0] < first.values[-1] <= high + 0.1


def test_a_value_that_nine_patients_have_is_in_no_curve() -> None:
    rows = np.repeat([0.0, 1.0, 2.0], [30, 10, 9])[:, None]
    (curve,) = dependences(lambda values: values[:, 0] / 10, [0], THREE, rows, None)
    assert (curve.values, curve.probability) == ([0.0, 1.0], pytest.approx([0.0, 0.1]))
    assert dependences(lambda values: values[:, 0], [0], THREE, rows[:39], None) == []
