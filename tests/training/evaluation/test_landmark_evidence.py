"""A landmark's evidence put together: what adds up, what is inside its interval, and what nobody can be asked."""

import numpy as np
import pytest

from features.build import build_features
from features.records.cohort import Cohort
from training.evaluation.gather import gather_landmarks
from training.evaluation.predictions import EvaluatedPredictions, Weights, evaluate_held_out, evaluate_model, weights_of
from training.evidence.document import Estimate, HeadEvidence, LandmarkEvidence
from training.experiment.train import Training
from training.metrics.draws import Draws, draw
from training.metrics.intervals import over_sites
from training.outcomes.labels import derive_outcomes
from training.settings.sections import EvaluationSettings


def no_heads(_evaluated: EvaluatedPredictions, _draws: Draws) -> list[HeadEvidence]:
    return []


def evaluated_of(training: Training) -> list[EvaluatedPredictions]:
    folds, horizons = training.folds, training.cohort.protocol.horizons_days
    return [
        evaluate_held_out(
            mark.features,
            mark.outcomes,
            weights_of([fit.task for fit in mark.heads.values()]),
            (mark.remission, mark.relapse),
            folds,
            horizons,
        )
        for mark in training.landmarks
    ]


@pytest.fixture(scope="module")
def landmarks(trained: Training) -> list[LandmarkEvidence]:
    """The evidence of the synthetic cohort's second and third landmark, with few draws."""
    draws = draw(trained.cohort, False, 40, 3)
    evaluated = evaluated_of(trained)[1:]
    return gather_landmarks(trained.cohort, evaluated, [no_heads] * 2, draws, EvaluationSettings(), (lambda: None, 1))


def test_the_boxes_of_the_flow_add_up(landmarks: list[LandmarkEvidence]) -> None:
    for landmark in landmarks:
        box = {count.name: count.n for count in landmark.flow}
        left_out = sum(n for name, n in box.items() if name.startswith("left_out."))
        assert box["patients"] - left_out == box["eligible"]
        assert box["eligible"] == sum(n for name, n in box.items() if name.startswith("remission."))
        assert box["remission.yes"] >= sum(n for name, n in box.items() if name.startswith("ended_by."))


def test_every_question_counts_everybody_whom_it_was_put_to(landmarks: list[LandmarkEvidence]) -> None:
    for landmark in landmarks:
        box = {count.name: count.n for count in landmark.flow}
        for question in landmark.questions:
            asked = box["remission.yes"] if question.head == "relapse" else box["eligible"]
            slack = asked - question.n - question.not_observed
            assert slack == 0 or (question.head == "relapse" and slack > 0)  # those not followed for a day
        remission = landmark.questions[0]
        assert (remission.events, remission.not_observed) == (box["remission.yes"], box["remission.not_observed"])
        assert {one.treatment: one.n for one in remission.sensitivity} == {
            "weights": remission.n,
            "all-no": box["eligible"],
            "worse by 0.5": box["eligible"],
            "worse by 1.0": box["eligible"],
            "excluded": remission.n,
        }


def test_estimates_lie_within_their_intervals(landmarks: list[LandmarkEvidence]) -> None:
    seen = 0
    for landmark in landmarks:
        for question in landmark.questions:
            for name, measure in question.measures.items():
                if name == "brier_within_bins":  # may have either sign, and draws repeat patients within a bin
                    continue
                assert within(measure), (question.name, name)
                seen += measure.low is not None
            for site in question.sites:
                assert within(site.discrimination)
                assert within(site.calibration_in_the_large)
    assert seen > 50


def within(found: Estimate) -> bool:
    if found.low is None or found.high is None or found.estimate is None:
        return True
    return found.low - 1e-12 <= found.estimate <= found.high + 1e-12


def test_brier_is_the_sum_of_its_parts(landmarks: list[LandmarkEvidence]) -> None:
    for question in landmarks[1].questions:
        part = {name: measure.estimate or 0.0 for name, measure in question.measures.items()}
        total = part["brier_reliability"] - part["brier_resolution"] + part["brier_uncertainty"]
        assert total + part["brier_within_bins"] == pytest.approx(part["brier"])


@pytest.mark.slow
def test_two_processes_find_what_one_finds(trained: Training) -> None:
    evaluated, draws = evaluated_of(trained), draw(trained.cohort, False, 5, 1)
    heads = [no_heads] * len(evaluated)
    one, two = (
        gather_landmarks(trained.cohort, evaluated, heads, draws, EvaluationSettings(), (lambda: None, workers))
        for workers in (1, 2)
    )
    assert one == two
    assert [len(landmark.questions) > 1 for landmark in two] == [True] * len(evaluated)


def test_a_gain_stands_at_the_later_landmark_only(landmarks: list[LandmarkEvidence]) -> None:
    assert landmarks[0].gains == []
    first = landmarks[1].gains[0]
    assert (first.before, first.head) == ("before session 2", "remission")


def test_where_whole_sites_were_held_out_all_but_a_sites_own_figures_vary_over_sites(
    trained: Training, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Draws over patients that never differ have intervals without width; those over sites have some."""
    cohort = trained.cohort
    resampled = over_sites(cohort.site.astype(np.intp), 20, seed=1)
    draws = Draws(np.ones_like(resampled), resampled, "sites, and patients within them", 20, 1)
    drawn_for_groups = []
    monkeypatch.setattr(
        "training.evaluation.landmark_evidence.relapse_incidence",
        lambda _evaluated, weights: drawn_for_groups.append(weights),
    )
    (found,) = gather_landmarks(
        cohort, evaluated_of(trained)[:1], [no_heads], draws, EvaluationSettings(), (lambda: None, 1)
    )
    assert drawn_for_groups[0] is resampled
    for group in found.questions[0].subgroups:
        if group.observed is not None and group.observed.low is not None:  # of few events there is no interval
            assert (width(group.observed.low, group.observed.high) > 0) == (group.variable != "site")


def width(low: float | None, high: float | None) -> float:
    assert low is not None
    assert high is not None
    return high - low


def test_a_landmark_without_anybody_has_a_flow_and_no_figures(trained: Training) -> None:
    cohort = trained.cohort.take(np.empty(0, dtype=np.intp))
    mark = trained.landmarks[0]
    seen = empty(cohort, trained)
    draws = draw(cohort, False, 3, 1)
    (found,) = gather_landmarks(cohort, [seen], [no_heads], draws, EvaluationSettings(), (lambda: None, 1))
    assert found.name == mark.outcomes.landmark.name
    assert (found.questions, found.incidence) == ([], None)
    assert all(summary.mean is None for summary in found.case_mix)


def empty(cohort: Cohort, trained: Training) -> EvaluatedPredictions:
    """The first landmark's model on a cohort of nobody."""
    model = trained.bundle.models[0]
    outcomes = derive_outcomes(cohort, model.landmark)
    return evaluate_model(build_features(cohort, model.landmark), outcomes, Weights.equal(0), model)


def test_the_rate_falls_the_worse_those_lost_did(trained: Training) -> None:
    cohort = trained.cohort
    draws = draw(cohort, False, 5, 1)
    (found,) = gather_landmarks(
        cohort, evaluated_of(trained)[:1], [no_heads], draws, EvaluationSettings(), (lambda: None, 1)
    )
    remission = next(question for question in found.questions if question.head == "remission")
    group = {row.treatment: row.measures for row in remission.sensitivity}
    for measure in ("observed_rate", "oe", "calibration_intercept"):
        ended = [group[treatment][measure].estimate for treatment in ("worse by 0.5", "worse by 1.0", "all-no")]
        assert None not in ended
        assert ended == sorted(ended, reverse=True)  # type: ignore[type-var]
    others = [question for question in found.questions if question.head != "remission"]
    assert {row.treatment for question in others for row in question.sensitivity} == {"weights", "all-no", "excluded"}
