"""Candidates are evaluated on held-out patients; too few outcomes to fit on are reported."""

from dataclasses import replace
from typing import cast

import numpy as np
import pytest

from models.outcomes import expit
from models.remission import RemissionHead
from tests.training.trainings import QUICK, drawn_relapses, relapse_task_of, remission_task_of, remission_with
from training.config import CANDIDATES
from training.learning.fit import HeadFit, absent_candidates, candidates_for, fit_heads, number_of_fits
from training.learning.splits import Folds, draw_folds, held_out
from training.learning.tasks import RemissionTask, Task
from training.outcomes.labels import EndedBy


def folds_for(patients: int, number: int = 4) -> Folds:
    fold = (np.arange(patients) % number)[None, :].astype(np.intp)
    return Folds("patients", fold, tuple(f"fold {place + 1}" for place in range(number)), np.zeros(patients, np.int32))


def fit_alone(task: Task, folds: Folds | None = None) -> HeadFit:
    (fit,) = fit_heads([task], folds or folds_for(len(task.training_data.rows)), QUICK, lambda: None, workers=1)
    return fit


def test_a_signal_is_fitted() -> None:
    fit = fit_alone(remission_with(200, 400, effect=2.0))
    assert fit.choice is not None
    assert fit.winner == fit.choice.best != "no_model"
    assert fit.note == ""
    assert fit.candidates[str(fit.winner)].measures["auc"] > 0.75


def test_without_a_signal_no_model_wins_and_the_note_says_so() -> None:
    fit = fit_alone(remission_with(200, 400))
    assert fit.winner == "no_model"
    assert fit.note.startswith("no candidate predicted held-out patients better")
    assert fit.note.endswith("the model gives every patient the cohort's average risk")


@pytest.mark.parametrize(("events", "fitted"), [(1, False), (19, False), (20, True), (280, True), (281, False)])
def test_from_twenty_outcomes_of_either_kind_on_models_are_tried(events: int, fitted: bool) -> None:
    names = candidates_for(remission_with(events, 300), QUICK)
    assert names == (("no_model", "one_variable", "logistic") if fitted else ("no_model",))


def test_a_candidate_that_is_not_fitted_has_a_reason() -> None:
    """A quick training fits no trees, the settings logistic; the one variable does not vary here."""
    task = remission_with(100, 300)
    task.training_data.rows[:, task.training_data.names.index(task.one_variable)] = 1.0
    config = replace(QUICK, quick=True, candidates=("no_model", "one_variable"))
    assert absent_candidates(task, config) == {
        "logistic": "the settings leave it out",
        "xgboost": "a quick training fits no trees",
        "one_variable": f"{task.one_variable} does not differ between the patients",
    }
    slow = replace(config, quick=False)
    assert absent_candidates(task, slow)["xgboost"] == "the settings leave it out"
    few = "too few outcomes: 19 of the rarer kind, and a model needs 20"
    every = replace(slow, candidates=CANDIDATES)
    assert absent_candidates(remission_with(19, 300), every) == dict.fromkeys(CANDIDATES[1:], few)
    assert absent_candidates(remission_with(20, 300), every) == {}


def test_a_head_with_one_event_gives_the_overall_rate_and_says_so() -> None:
    fit = fit_alone(remission_with(1, 40))
    assert fit.winner == "no_model"
    assert fit.note.startswith("the rarer outcome has 1 of 40 patients, and a model needs 20")
    head = cast(RemissionHead, fit.head)
    assert head.probability(np.zeros((2, 3))).tolist() == pytest.approx([1 / 40, 1 / 40])


@pytest.mark.parametrize("events", [0, 40])
def test_a_head_without_both_outcomes_says_that_nothing_can_be_said(events: int) -> None:
    fit = fit_alone(remission_with(events, 40))
    assert (fit.winner, fit.head, dict(fit.candidates)) == (None, None, {})
    assert fit.note.endswith("nothing is predicted")


def test_without_relapses_nothing_can_be_said_about_relapse() -> None:
    fit = fit_alone(relapse_task_of(np.zeros((30, 1)), np.full(30, 90.0), [EndedBy.CENSORED] * 30))
    assert (fit.winner, fit.head) == (None, None)


def test_relapses_that_all_fall_into_one_fold_can_still_be_evaluated() -> None:
    """As when a single site records relapses: the others give the overall rate, and no fit fails."""
    drawn = drawn_relapses(200)
    ended = np.where(np.arange(200) % 4 == 0, drawn.ended_by, EndedBy.CENSORED)
    fit = fit_alone(replace(drawn, ended_by=ended.astype(np.int8)))
    assert fit.winner is not None


def test_a_curve_of_one_week_is_evaluated_by_the_likelihood_of_that_week() -> None:
    """Half relapse: at random, which nobody can foretell; or those above the middle of x0, but for every fifth."""
    rows = np.random.default_rng(3).standard_normal((120, 2))
    foretold = (rows[:, 0] > np.median(rows[:, 0])) ^ (np.arange(120) % 5 == 0)
    for relapsed, predicted in ((np.arange(120) % 2 == 0, False), (foretold, True)):
        fit = fit_alone(relapse_task_of(rows, np.full(120, 7.0), [EndedBy(int(yes)) for yes in relapsed], 7))
        assert (fit.winner != "no_model") == predicted


def test_a_linear_head_never_moves_against_a_declared_sign_though_the_data_do() -> None:
    """The larger x0 the fewer recover, against its declaration; x1 tells something else, so that a regression wins."""
    rng = np.random.default_rng(5)
    rows = rng.standard_normal((600, 2))
    outcome = (rng.random(600) < expit(-0.8 * rows[:, 0] + 1.2 * rows[:, 1])).astype(np.float64)
    free = remission_task_of(rows, outcome)
    bound = replace(free, training_data=replace(free.training_data, signs=(1, 0)))
    walk = np.column_stack([np.linspace(-4, 4, 41), np.zeros(41)])
    for task, falls in ((free, True), (bound, False)):
        fit = fit_alone(task)
        assert fit.winner == "logistic"
        for found in fit.candidates.values():
            for head in (found.head, *found.fold_heads[0]):
                assert isinstance(head, RemissionHead)
                along = np.diff(head.probability(walk))
                assert (along >= 0).all() or (falls and found.name != "no_model")
        assert isinstance(fit.head, RemissionHead)
        assert (np.diff(fit.head.probability(walk)) < 0).any() == falls


def test_no_model_is_fitted_on_held_out_patients() -> None:
    """Other outcomes of the patients of one fold leave their own predictions as they are, and change the others'."""
    task = remission_with(200, 400, effect=1.0)
    folds = folds_for(400)
    held = held_out(folds, 0, 0)
    other = np.where(held, 1 - task.remission, task.remission)
    swapped = remission_task_of(task.training_data.rows, other)
    for name in ("no_model", "one_variable", "logistic"):
        before, after = (fit_alone(which, folds).candidates[name].held_out[0] for which in (task, swapped))
        np.testing.assert_array_equal(before[0].probability, after[0].probability)
        assert not np.array_equal(before[1].probability, after[1].probability)


def test_what_candidates_are_compared_by_is_the_likelihood_of_the_outcomes_held_out() -> None:
    """Per patient, averaged over the repeats; who was not observed has none, and no part in the mean."""
    drawn = remission_with(100, 200, effect=1.0)
    outcome = np.where(np.arange(200) % 10 == 0, np.nan, drawn.remission)
    task = remission_task_of(drawn.training_data.rows, outcome)
    folds = draw_folds(
        np.nan_to_num(outcome, nan=-1).astype(np.intp),
        np.zeros(200, np.int32),
        ("a",),
        replace(QUICK, fewest_repeats=2, most_repeats=2),
    )
    assert folds.repeats == 2
    for candidate in fit_alone(task, folds).candidates.values():
        losses = np.zeros(200)
        for out in (out for repeat in candidate.held_out for out in repeat):
            came = np.where(outcome[out.patient] == 1, out.probability, 1 - out.probability)
            losses[out.patient] -= np.log(came) / 2
        assert candidate.losses == pytest.approx(losses)
        assert candidate.loss == pytest.approx(losses[~np.isnan(outcome)].mean())


def test_every_patient_is_evaluated_once_per_repeat() -> None:
    task = remission_with(100, 200)
    folds = draw_folds(task.remission.astype(np.intp), np.zeros(200, np.int32), ("a",), replace(QUICK, most_repeats=3))
    for fit in fit_alone(task, folds).candidates.values():
        assert len(fit.held_out) == folds.repeats
        for repeat in fit.held_out:
            assert sorted(np.concatenate([out.patient for out in repeat]).tolist()) == list(range(200))


def test_progress_is_reported_for_every_fit() -> None:
    tasks: list[Task] = [remission_with(60, 200), remission_with(1, 200)]
    calls: list[None] = []
    fit_heads(tasks, folds_for(200), QUICK, lambda: calls.append(None), workers=1)
    assert len(calls) == number_of_fits(tasks, folds_for(200), QUICK) == (3 + 1) * (4 + 1)


def test_predictions_that_come_out_too_extreme_are_drawn_in() -> None:
    """A score that pays in training and not on those held out: its slope is recalibrated to what it is worth there."""
    rng = np.random.default_rng(4)
    rows = rng.standard_normal((600, 1))
    fold = np.arange(600) % 4
    outcome = (rng.random(600) < expit(1.2 * rows[:, 0])).astype(np.float64)
    task = remission_task_of(rows, outcome)
    fit = fit_alone(
        task, Folds("patients", fold[None, :].astype(np.intp), ("a", "b", "c", "d"), np.zeros(600, np.int32))
    )
    assert fit.recalibration is not None
    assert isinstance(task, RemissionTask)
    head, raw = cast(RemissionHead, fit.head), cast(RemissionHead, fit.candidates[str(fit.winner)].head)
    expected = raw.recalibrated(fit.recalibration) if fit.recalibration.supported else raw
    assert (head.slope, head.baseline) == (expected.slope, expected.baseline)
    assert fit.recalibration.slope == pytest.approx(1, abs=0.3)
