"""The refits behind the intervals: the same for any number of workers, and wide where little is known."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest

from models.calibration import fit_baseline
from models.fitting.learners import fit_xgboost_at
from models.outcomes import expit
from models.remission import RemissionHead
from models.uncertainty import OutcomeRefits, PointAnswers, to_arrays
from tests.training.trainings import QUICK, drawn_relapses, remission_task_of, remission_with
from training.evaluation.winner_refits import instabilities
from training.learning.fit import HeadFit, fit_heads
from training.learning.refits import draw_within_sites, fit_refits, number_of_refitted
from training.learning.splits import draw_folds
from training.learning.tasks import Task

PATIENTS = 400
NO_COMPETING = np.zeros((1, 1))
SITE = np.arange(PATIENTS) % 3


def nothing() -> None:
    """Progress that nobody watches."""


def fitted(*tasks: Task) -> list[HeadFit]:
    folds = draw_folds(np.arange(PATIENTS) % 2, np.zeros(PATIENTS, dtype=np.int32), ("a",), QUICK)
    return fit_heads(list(tasks), folds, QUICK, nothing, 1)


@pytest.fixture(scope="module")
def heads() -> Mapping[str, HeadFit]:
    fits = fitted(remission_with(150, PATIENTS, effect=1.0), drawn_relapses(PATIENTS))
    return dict(zip(("remission", "relapse"), fits, strict=True))


def as_bytes(refits: OutcomeRefits) -> list[bytes]:
    return [
        values.tobytes()
        for head in (refits.remission, refits.relapse)
        if head is not None
        for values in to_arrays(head).values()
    ]


def test_the_same_refits_whatever_the_number_of_workers(heads: Mapping[str, HeadFit]) -> None:
    (alone,), (shared,) = (fit_refits([heads], SITE, QUICK, nothing, workers) for workers in (1, 2))
    assert as_bytes(alone) == as_bytes(shared)


def test_another_seed_gives_other_refits(heads: Mapping[str, HeadFit]) -> None:
    (one,) = fit_refits([heads], SITE, QUICK, nothing, 1)
    (other,) = fit_refits([heads], SITE, replace(QUICK, seed=8), nothing, 1)
    assert as_bytes(one) != as_bytes(other)


def test_every_site_keeps_its_size_in_every_bootstrap_sample() -> None:
    counts = draw_within_sites(SITE, 20, 1)
    for members in (np.flatnonzero(site == SITE % 3) for site in range(3)):
        assert (counts[:, members].sum(axis=1) == len(members)).all()
    assert counts.min() == 0


def test_a_head_that_was_not_fitted_has_no_refits(heads: Mapping[str, HeadFit]) -> None:
    not_fitted = {**heads, "remission": replace(heads["remission"], head=None, choice=None)}
    (found,) = fit_refits([not_fitted], SITE, QUICK, nothing, 1)
    assert found.remission is None
    assert found.relapse is not None
    assert len(found.relapse.baseline) == QUICK.intervals.refits
    assert number_of_refitted([not_fitted]) == 1


def test_true_probabilities_lie_within_the_intervals_of_most_patients() -> None:
    """Log-odds of x0 - 0.3, known here: about nine patients in ten, and surely between three and all of four."""
    rng = np.random.default_rng(3)
    rows = rng.standard_normal((PATIENTS, 4))
    truth = expit(rows[:, 0] - 0.3)
    (fit,) = fitted(remission_task_of(rows, (rng.random(PATIENTS) < truth).astype(np.float64)))
    (refits,) = fit_refits([{"remission": fit}], SITE, QUICK, nothing, 1)
    assert isinstance(fit.head, RemissionHead)
    none, answered = np.full((PATIENTS, 0), np.nan), fit.head.probability(rows)
    found = refits.intervals(rows, PointAnswers(answered, None, none, none), (), NO_COMPETING)
    low, high = found.remission.T
    assert ((low <= truth) & (truth <= high)).mean() >= 0.75
    assert (high - low).mean() < 0.5


def test_a_head_that_gives_everybody_the_average_has_no_refits(heads: Mapping[str, HeadFit]) -> None:
    """Ten remissions among 400, one rate for all: an interval about a patient would speak of what was not looked at."""
    (fit,) = fitted(remission_with(10, PATIENTS))
    assert fit.winner == "no_model"
    average = {**heads, "remission": fit}
    (found,) = fit_refits([average], SITE, QUICK, nothing, 1)
    assert found.remission is None
    assert found.relapse is not None
    assert number_of_refitted([average]) == 1


def test_refits_keep_to_the_declared_signs_where_the_data_speak_against_them() -> None:
    """x0 lowers and x1 raises the chance, both against their declaration; x2 has none, and lowers it."""
    rng = np.random.default_rng(5)
    rows = rng.standard_normal((PATIENTS, 3))
    outcome = (rng.random(PATIENTS) < expit(rows @ np.array([-0.6, 0.6, -0.6]))).astype(np.float64)
    free = remission_task_of(rows, outcome)
    (fit,) = fitted(replace(free, training_data=replace(free.training_data, signs=(1, -1, 0))))
    assert fit.winner == "logistic"
    (refits,) = fit_refits([{"remission": fit}], SITE, QUICK, nothing, 1)
    assert refits.remission is not None
    weight = refits.remission.weight
    assert (weight[:, 0] >= 0).all()
    assert (weight[:, 1] <= 0).all()
    assert (weight[:, 2] < 0).all()


def test_the_interval_of_trees_is_centred_on_what_the_trees_answer() -> None:
    """The refits are linear; the trees step where x0 passes 0, and the limits step with them, whatever the refits."""
    rng = np.random.default_rng(6)
    rows = rng.standard_normal((PATIENTS, 2))
    outcome = (rng.random(PATIENTS) < np.where(rows[:, 0] > 0, 0.8, 0.2)).astype(np.float64)
    (fit,) = fitted(remission_task_of(rows, outcome))
    training_data = fit.task.training_data
    score = fit_xgboost_at(1, 40)(training_data).score
    trees = RemissionHead(score, float(fit_baseline(training_data.binomial, score.predict(rows))[0]))
    assert fit.choice is not None
    won = replace(fit, head=trees, choice=replace(fit.choice, winner="xgboost"))
    (refits,) = fit_refits([{"remission": won}], SITE, QUICK, nothing, 1)
    answered, none = trees.probability(rows), np.full((PATIENTS, 0), np.nan)
    limits = refits.intervals(rows, PointAnswers(answered, None, none, none), (), NO_COMPETING).remission
    log_odds = np.log(limits / (1 - limits))
    np.testing.assert_allclose(log_odds.mean(axis=1), np.log(answered / (1 - answered)), atol=1e-9)
    assert (np.diff(limits) > 0.02).all()


def test_the_refits_of_a_head_vary_by_what_no_linear_score_explains(heads: Mapping[str, HeadFit]) -> None:
    """Their levels have at least the standard deviation that the outcomes say of it, which is stored with them."""
    (refits,) = fit_refits([heads], SITE, QUICK, nothing, 1)
    for head in (refits.remission, refits.relapse):
        assert head is not None
        assert head.misfit > 0.01
        assert head.unexplained.mean() == pytest.approx(0, abs=1e-6)


def test_a_winner_that_looks_at_patients_is_less_stable_than_an_overall_rate(heads: Mapping[str, HeadFit]) -> None:
    fit = heads["remission"]
    assert fit.choice is not None
    fits = [replace(fit, choice=replace(fit.choice, winner=name)) for name in ("logistic", "no_model")]
    model, rate, none = instabilities([*fits, replace(fit, choice=None)], SITE, QUICK, nothing, 1)
    assert none is None
    assert model is not None
    assert rate is not None
    assert model.refits == QUICK.intervals.refits
    assert model.mean_absolute_change is not None
    assert rate.mean_absolute_change is not None
    assert model.mean_absolute_change > rate.mean_absolute_change > 0
