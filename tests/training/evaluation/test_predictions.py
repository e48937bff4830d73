"""Predictions are evaluated for held-out patients, by models fitted and recalibrated without them."""

from dataclasses import replace

import numpy as np
import pytest

from models.calibration import Recalibration
from models.outcome_model import OutcomeModel
from models.outcomes import expit
from models.relapse import FollowUpWeights, RelapseHead
from models.remission import RemissionHead
from tests.training.evaluation.evaluated_examples import outcomes_of
from tests.training.metrics.fitted import HORIZONS, FittedHeads, fitted
from training.evaluation.predictions import EvaluatedPredictions, Weights, evaluate_held_out, evaluate_model
from training.evaluation.questions import questions
from training.evaluation.relapse_incidence import relapse_incidence
from training.evaluation.relapse_measures import relapse_measures
from training.learning.fit import HeadFit, recalibration_on
from training.learning.tasks import HeldOut
from training.metrics.draws import Draws
from training.outcomes.labels import EndedBy


def fitted_twice() -> FittedHeads:
    return fitted(repeats=2)


def evaluated_with(found: FittedHeads, remission: HeadFit, relapse: HeadFit) -> EvaluatedPredictions:
    fits = (remission, relapse)
    return evaluate_held_out(found.features, found.outcomes, found.both_weights, fits, found.folds, HORIZONS)


def unsupported(fit: HeadFit) -> HeadFit:
    """The fit as it would be had no recalibration been tried."""
    return replace(fit, recalibration=None)


def test_predictions_are_those_that_were_held_out_when_the_candidates_were_compared() -> None:
    found = fitted_twice()
    assert (found.remission.winner, found.relapse.winner) == ("logistic", "logistic")
    evaluated = evaluated_with(found, unsupported(found.remission), unsupported(found.relapse))
    assert evaluated.remission_log_odds is not None
    for head in ("remission", "relapse"):
        candidate = getattr(found, head).candidates["logistic"]
        for repeat, fold in np.ndindex(2, 4):
            out = candidate.held_out[repeat][fold]
            rows = np.flatnonzero((evaluated.repeat == repeat) & (evaluated.fold == fold))
            place = rows[np.searchsorted(evaluated.patient[rows], out.patient)]
            assert (evaluated.patient[place] == out.patient).all()
            if head == "remission":
                assert expit(evaluated.remission_log_odds[place]) == pytest.approx(out.probability, abs=1e-12)
            else:
                assert evaluated.relapse[place, -1] == pytest.approx(out.probability[:, -1], abs=1e-12)


def test_everybody_eligible_is_evaluated_once_in_every_repeat_also_without_an_outcome() -> None:
    evaluated = fitted_twice().evaluated
    for repeat in range(2):
        assert sorted(evaluated.patient[evaluated.repeat == repeat].tolist()) == list(range(400))
    assert evaluated.repeats == 2


def test_a_fold_is_recalibrated_by_the_others_alone() -> None:
    found = fitted_twice()
    # Scores made twice as extreme, in training and held out: each fold must be set right by the other three.
    fit = stretched(found.remission)
    evaluated = evaluated_with(found, fit, found.relapse)
    candidate = fit.candidates["logistic"]
    others = [out for number, out in enumerate(candidate.held_out[1]) if number != 2]
    expected = recalibration_on(fit.task, [others])
    assert expected.supported
    rows = np.flatnonzero((evaluated.repeat == 1) & (evaluated.fold == 2))
    head = candidate.fold_heads[1][2].recalibrated(expected)
    assert isinstance(head, RemissionHead)
    assert evaluated.remission_log_odds is not None
    assert evaluated.remission_log_odds[rows] == pytest.approx(
        head.log_odds(found.features.values[evaluated.patient[rows]])
    )


def test_a_fold_is_recalibrated_at_the_level_of_the_settings() -> None:
    """At a level that nothing reaches, no fold is recalibrated, however wrong its scores are."""
    found = fitted_twice()
    fit = stretched(found.remission)
    assert fit.recalibration is not None
    never = replace(fit, recalibration=replace(fit.recalibration, significance=0.0))
    evaluated, plain = (evaluated_with(found, one, found.relapse) for one in (never, unsupported(fit)))
    assert evaluated.remission_log_odds is not None
    assert plain.remission_log_odds is not None
    assert (evaluated.remission_log_odds == plain.remission_log_odds).all()


def test_the_outcomes_of_a_fold_do_not_enter_its_own_recalibration() -> None:
    found = fitted_twice()
    fit = stretched(found.remission)
    before = evaluated_with(found, fit, found.relapse)
    candidate = fit.candidates["logistic"]
    turned = [list(repeat) for repeat in candidate.held_out]
    out = turned[0][1]
    turned[0][1] = replace(
        out, binomial=replace(out.binomial, successes=out.binomial.failures, failures=out.binomial.successes)
    )
    changed = replace(candidate, held_out=tuple(map(tuple, turned)))
    after = evaluated_with(found, replace(fit, candidates={"logistic": changed}), found.relapse)
    assert before.remission_log_odds is not None
    assert after.remission_log_odds is not None
    same = before.remission_log_odds == after.remission_log_odds
    first = before.repeat == 0
    assert same[first & (before.fold == 1)].all()
    assert not same[first & (before.fold != 1)].any()
    assert same[~first].all()


def stretched(fit: HeadFit) -> HeadFit:
    """The fit with its score twice as extreme, and a recalibration that was tried."""
    candidate = fit.candidates["logistic"]

    def wide(out: HeldOut) -> HeldOut:
        return replace(out, linear_predictor=2 * out.linear_predictor)

    held = tuple(tuple(map(wide, repeat)) for repeat in candidate.held_out)
    heads = tuple(tuple(replace(head, slope=2.0) for head in repeat) for repeat in candidate.fold_heads)
    tried = Recalibration(0.0, 0.5, 0.0)
    return replace(
        fit, candidates={"logistic": replace(candidate, held_out=held, fold_heads=heads)}, recalibration=tried
    )


def test_what_lasts_is_remission_times_event_free_in_every_row_as_the_model_answers() -> None:
    found = fitted_twice()
    remission, relapse = found.remission.head, found.relapse.head
    assert isinstance(remission, RemissionHead)
    assert isinstance(relapse, RelapseHead)
    model = OutcomeModel(found.outcomes.landmark, HORIZONS, False, remission, relapse)
    evaluated = evaluate_model(found.features, found.outcomes, found.both_weights, model)
    answered = model.predict(found.features.values)
    asked = {each.name: each for each in questions(evaluated)}
    for number, day in enumerate(HORIZONS):
        assert asked[f"sustained to day {day}"].y_predicted == pytest.approx(answered.sustained[:, number], abs=1e-12)
        at_risk = asked[f"relapse by day {day}"].patient
        assert asked[f"relapse by day {day}"].y_predicted == pytest.approx(answered.relapse[at_risk, number], abs=1e-12)
    assert asked["remission"].y_predicted == pytest.approx(answered.remission, abs=1e-12)


def test_where_every_horizon_lies_beyond_reach_the_weeks_before_are_evaluated_all_the_same() -> None:
    found = fitted_twice()
    remission, relapse = found.remission.head, found.relapse.head
    assert isinstance(remission, RemissionHead)
    assert isinstance(relapse, RelapseHead)
    beyond = int(relapse.days[-1]) + 1
    model = OutcomeModel(found.outcomes.landmark, (beyond,), False, remission, relapse)
    evaluated = evaluate_model(found.features, found.outcomes, found.both_weights, model)
    assert len(evaluated.days)
    assert evaluated.days.max() < beyond
    assert np.isnan(model.predict(found.features.values).relapse).all()


def test_a_landmark_at_which_nobody_is_eligible_is_evaluated_without_a_figure() -> None:
    found = fitted_twice()
    nobody = outcomes_of(
        found.outcomes.remission.tolist(),
        found.outcomes.followed_days.tolist(),
        found.outcomes.ended_by.tolist(),
        [False] * 400,
    )
    fits = (found.remission, found.relapse)
    evaluated = evaluate_held_out(found.features, nobody, found.both_weights, fits, found.folds, HORIZONS)
    assert len(evaluated.patient) == 0
    assert all(len(asked.observed.row) == 0 for asked in questions(evaluated))
    draws = Draws(np.ones((3, 400)), np.ones((3, 400)), "patients", 2, 1)
    assert relapse_incidence(evaluated, draws.patients) is None
    assert relapse_measures(evaluated, draws.resampled) == {}


def test_an_answer_by_a_day_weighs_as_the_event_before_it_or_as_the_week_in_which_it_lies() -> None:
    """Three weeks are known; the last weight goes on. One relapses on day 10, one on day 30, one is lost on day 30."""
    ended = [EndedBy.RELAPSE, EndedBy.RELAPSE, EndedBy.CENSORED]
    outcomes = outcomes_of([1, 1, 1], [10, 30, 30], ended)
    weekly = np.array([[1.0, 2, 3], [4, 5, 6], [7, 8, 9]])
    weights = Weights(np.ones(3), FollowUpWeights(weekly, np.array([10.0, 20, 30])))
    assert weights.to_day(outcomes, 9).tolist() == [2, 5, 8]
    assert weights.to_day(outcomes, 10).tolist() == [10, 5, 8]
    assert weights.to_day(outcomes, 14).tolist() == [10, 5, 8]
    assert weights.to_day(outcomes, 15).tolist() == [10, 6, 9]
    assert weights.to_day(outcomes, 30).tolist() == [10, 20, 9]


def test_answers_stand_for_those_lost_who_were_like_them() -> None:
    """Followed or lost by chance, an answer weighs as its follow-up does, and one to sustained remission by both."""
    found = fitted_twice()
    follow_up = FollowUpWeights(np.full((400, 1), 2.0), np.full(400, 3.0))
    fits = (found.remission, found.relapse)
    heavier = Weights(found.weights, follow_up)
    plain, weighted = (
        {asked.name: asked for asked in questions(evaluated)}
        for evaluated in (
            evaluate_held_out(found.features, found.outcomes, weights, fits, found.folds, HORIZONS)
            for weights in (found.both_weights, heavier)
        )
    )
    assert (plain["remission"].weights == weighted["remission"].weights).all()
    for name, day in (("relapse by day 84", 84), ("sustained to day 84", 84)):
        before, after = plain[name], weighted[name]
        happened = (found.outcomes.ended_by > 0) & (found.outcomes.followed_days <= day)
        times = np.where(happened, 3.0, 2.0)[before.patient]
        times[found.outcomes.remission[before.patient] == 0] = 1.0
        assert after.weights == pytest.approx(before.weights * times)


def test_a_head_without_a_winner_says_nothing_and_the_other_still_does() -> None:
    found = fitted_twice()
    lost = replace(found.relapse, candidates={}, choice=None, head=None, recalibration=None)
    evaluated = evaluated_with(found, found.remission, lost)
    assert [asked.name for asked in questions(evaluated)] == ["remission"]
    assert relapse_measures(evaluated, np.ones((3, 400))) == {}
    lost = replace(found.remission, candidates={}, choice=None, head=None, recalibration=None)
    evaluated = evaluated_with(found, lost, found.relapse)
    assert [asked.head for asked in questions(evaluated)] == ["relapse", "relapse"]


def test_where_every_horizon_is_beyond_the_curve_the_curve_is_evaluated_and_no_question_of_relapse_is_asked() -> None:
    found = fitted_twice()
    fits = (found.remission, found.relapse)
    evaluated = evaluate_held_out(found.features, found.outcomes, found.both_weights, fits, found.folds, (365,))
    assert (evaluated.days % 7 == 0).all()
    assert evaluated.days[-1] == 182
    assert [asked.name for asked in questions(evaluated)] == ["remission"]
    assert relapse_measures(evaluated, np.ones((2, 400)))["c_index"].estimate is not None
