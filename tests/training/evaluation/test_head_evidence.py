"""Whether there were patients enough for the parameters of a head, with the arithmetic of the criteria's inputs."""

from dataclasses import replace
from functools import cache
from math import ceil, exp, log

import numpy as np
import pytest

from models.fitting.learners import fit_xgboost_at
from models.relapse import RelapseHead
from models.score import Constant, LinearScore
from tests.places import COHORTS
from tests.training.metrics.fitted import fitted
from tests.training.trainings import QUICK
from training.cohort.reader import read_cohort
from training.config import load_config
from training.evaluation import head_evidence as evidence_of_heads
from training.evaluation.head_evidence import (
    _loss_held_out,
    _needed,
    _relapse_r2,
    _remission_r2,
    head_evidence,
    parameters_of,
    sample_size,
)
from training.experiment.train import Training, quietly, train
from training.learning.fit import HeadFit
from training.learning.relapse_task import RelapseTask
from training.metrics.draws import Draws
from training.metrics.sample_size import binary, survival
from training.provenance import collect_provenance


def test_the_rate_of_relapse_is_per_year_at_risk() -> None:
    found = fitted(repeats=2)
    task = found.relapse.task
    assert isinstance(task, RelapseTask)
    at_risk = found.outcomes.at_risk
    days = np.minimum(found.outcomes.followed_days[at_risk], 182).sum()
    relapses = int(((found.outcomes.ended_by == 1) & (found.outcomes.followed_days <= 182))[at_risk].sum())
    years = days / 365.25
    expected = survival(2, relapses / years, 182 / 365.25, years / at_risk.sum(), _relapse_r2(found.relapse))
    assert expected is not None
    assert _needed(found.relapse, 2) == expected
    answer = sample_size(found.relapse, QUICK)
    assert answer is not None
    assert (answer.patients, answer.events) == (int(at_risk.sum()), relapses)
    assert answer.required == expected.required
    assert answer.met == (at_risk.sum() >= expected.required)


def test_the_r_squared_of_remission_is_that_of_those_held_out() -> None:
    found = fitted(repeats=2)
    losses, rates = [], []
    for repeat in found.remission.candidates["logistic"].held_out:
        y = np.concatenate([found.outcomes.remission[out.patient] for out in repeat])
        p = np.concatenate([out.probability for out in repeat])
        w = np.concatenate([found.weights[out.patient] for out in repeat])
        losses.append(float(np.average(-(y * np.log(p) + (1 - y) * np.log(1 - p)), weights=w)))
        rates.append(float(np.average(y, weights=w)))
    base = -(rates[0] * log(rates[0]) + (1 - rates[0]) * log(1 - rates[0]))
    expected = float(np.mean([1 - exp(-2 * (base - loss)) for loss in losses]))
    assert _remission_r2(found.remission) == pytest.approx(expected)
    wanted, needed = binary(2, rates[0], expected), _needed(found.remission, 2)
    assert wanted is not None
    assert needed is not None
    assert (needed.shrinkage, needed.optimism, needed.precision) == (
        wanted.shrinkage,
        wanted.optimism,
        wanted.precision,
    )


def test_the_r_squared_of_relapse_compares_the_same_weeks_with_and_without_a_model() -> None:
    found = fitted(repeats=2)
    task = found.relapse.task
    assert isinstance(task, RelapseTask)
    candidate = found.relapse.candidates["logistic"]
    loss = 0.0
    for repeat in range(2):
        for fold in range(4):
            head = candidate.fold_heads[repeat][fold]
            assert isinstance(head, RelapseHead)
            out = candidate.held_out[repeat][fold]
            for position, patient in enumerate(out.patient.tolist()):
                hazard = 1 / (1 + np.exp(-(head.baseline + out.linear_predictor[position])))
                weekly = np.repeat(hazard, np.diff(head.edges))
                followed = float(task.followed[patient]) / 7
                relapsed = bool(task.relapsed[patient])
                weeks = ceil(followed) if relapsed else followed
                for week in range(ceil(weeks)):
                    share = min(1.0, weeks - week)
                    last = relapsed and week == ceil(weeks) - 1
                    loss -= log(weekly[week]) if last else share * log(1 - weekly[week])
    assert _loss_held_out(found.relapse, "logistic") == pytest.approx(loss / 2)
    gained = _loss_held_out(found.relapse, "no_model") - loss / 2
    assert _relapse_r2(found.relapse) == pytest.approx(1 - exp(-2 * gained / task.patients))


def test_relapse_predicted_better_than_the_criteria_allow_has_no_size_and_does_not_stop_the_training(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(evidence_of_heads, "_relapse_r2", lambda _fit: 0.899)
    answer = sample_size(fitted(repeats=2).relapse, QUICK)
    assert answer is not None
    assert (answer.criteria, answer.required, answer.met) == ({}, None, None)


def test_the_overall_rate_needs_patients_enough_for_its_own_precision_alone() -> None:
    found = fitted(repeats=2)
    assert found.remission.choice is not None
    average = replace(found.remission.choice, winner="no_model")
    answer = sample_size(replace(found.remission, choice=average), QUICK)
    assert answer is not None
    assert (answer.parameters, list(answer.criteria)) == (0, ["precision"])
    rate = float(np.average(found.outcomes.remission[found.weights > 0], weights=found.weights[found.weights > 0]))
    assert answer.required == ceil((1.96 / 0.05) ** 2 * rate * (1 - rate))
    assert sample_size(replace(found.remission, choice=None), QUICK) is None


def test_parameters_are_weights_of_values_and_of_missing_ones() -> None:
    zeros = np.zeros(3)
    score = LinearScore(np.arange(3), zeros, zeros, zeros, np.array([0.5, 0.0, -1.0]), np.array([0.0, 0.0, 0.2]), 3)
    assert parameters_of(score) == 3
    assert parameters_of(Constant(3)) == 0


def test_penalised_parameters_count_as_the_unpenalised_ones_they_amount_to() -> None:
    found = fitted(repeats=2)
    effective = found.remission.candidates["logistic"].parameters["effective_parameters"]
    answer = sample_size(found.remission, QUICK)
    assert answer is not None
    assert 0 < effective < 2
    assert (answer.parameters, answer.considered) == (ceil(effective), 2)


@pytest.mark.parametrize("of", ["remission", "relapse"])
def test_trees_count_as_what_they_follow_of_outcomes_drawn_anew(of: str) -> None:
    """More than the two columns, because they search them; far from one for each distinct split."""
    fit = with_trees(getattr(fitted(repeats=2), of))
    answer = sample_size(fit, QUICK)
    assert answer is not None
    assert answer.considered is not None
    assert 2 < answer.parameters < answer.considered
    assert sample_size(fit, QUICK) == answer


def with_trees(fit: HeadFit) -> HeadFit:
    """The same predictions held out, by sixty trees of depth 2 instead of the winner."""
    everybody = np.ones(len(fit.task.training_data.rows), dtype=np.bool_)
    head, parameters = fit.task.fit(fit_xgboost_at(2, 60), everybody)
    trees = replace(fit.candidates["logistic"], name="xgboost", head=head, parameters=parameters)
    assert fit.choice is not None
    chosen = replace(fit.choice, winner="xgboost")
    return replace(fit, candidates={**fit.candidates, "xgboost": trees}, choice=chosen)


def test_a_head_is_reported_with_its_candidates_and_its_curve() -> None:
    found = fitted(repeats=2)
    draws = Draws(np.ones((3, 400)), np.ones((3, 400)), "patients", 2, 1)
    remission, relapse = (
        head_evidence(fit, found.evaluated, draws, None, None, QUICK) for fit in (found.remission, found.relapse)
    )
    assert (remission.loss, [one.name for one in remission.candidates]) == ("log_loss", ["no_model", "logistic"])
    assert relapse.loss == "log_loss"
    for head in (remission, relapse):
        average, best = head.candidates
        assert average.loss is not None
        assert best.loss is not None
        assert average.difference.estimate == pytest.approx(average.loss - best.loss)
        assert average.difference.low is not None
        assert average.difference.low < average.loss - best.loss
        assert average.z is not None
        half = average.loss - best.loss - average.difference.low
        assert average.z == pytest.approx(1.96 * (average.loss - best.loss) / half, rel=0.02)
        assert average.p is not None
        assert (average.p < 0.1) == (head.winner == best.name)
        assert (best.difference.estimate, best.z, best.p) == (0, None, None)
    assert remission.measures == {}
    assert set(relapse.measures) == {"c_index", "uno_c", "integrated_brier", "calibration_slope"}
    assert relapse.n == int(found.outcomes.at_risk.sum())


@cache
def beat_the_blues() -> Training:
    candidates = ("no_model", "one_variable", "logistic")
    config = replace(load_config(), candidates=candidates, fewest_repeats=1, most_repeats=1)
    return train(read_cohort(COHORTS / "beat_the_blues"), config, collect_provenance(), quietly, workers=1)


@pytest.mark.skipif(
    not COHORTS.is_dir(), reason="the real cohorts, ../shared/cohorts beside the repository, are absent"
)
def test_100_patients_are_too_few_and_the_number_needed_is_given() -> None:
    (landmark,) = beat_the_blues().landmarks
    assert landmark.remission is not None
    answer = sample_size(landmark.remission, QUICK)
    assert answer is not None
    assert answer.patients == 58
    assert answer.events == 26
    assert answer.required is not None
    assert answer.required > 58
    assert answer.met is False
    # One relapse among those in remission: the overall risk itself is not known.
    relapse = sample_size(landmark.relapse, QUICK)
    assert relapse is not None
    assert (relapse.events, relapse.met) == (1, False)
