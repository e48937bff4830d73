"""The promotion policy: a good model passes, and each way of being bad is named with its numbers."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from features.protocol.problems import InputRefusedError
from tests.training.evidences import (
    NO_CHAMPION,
    direction,
    good_evidence,
    with_heads,
    with_landmarks,
    with_measure,
    with_questions,
)
from training.config import load_config, load_policy, looser_keys
from training.evidence.document import Acknowledgement, Estimate, Evidence, Question, RefitCheck, SampleSize, Subgroup
from training.experiment.champion_comparison import ChampionComparison, HeadComparison, ImpossibleComparison
from training.policy.evidence_policy import check_policy, policy_digest
from training.registry.policy_check import PolicyCheck

POLICY = load_policy()


def failed(evidence: Evidence, comparison: ChampionComparison = NO_CHAMPION) -> list[PolicyCheck]:
    return [check for check in check_policy(evidence, POLICY, comparison) if not check.passed]


def kinds(checks: list[PolicyCheck]) -> set[str]:
    """The names of checks without the landmark."""
    return {check.name.split(",")[0] for check in checks}


def benefit(change: float | None, high: float | None) -> Callable[[Question], Question]:
    """Net benefit that differs so much from the better of acting for all and for none, with its upper limit.

    The model's own interval stays wide, as it is where the patients are few: it must not matter.
    """

    def changed(question: Question) -> Question:
        assert question.decision is not None
        many = len(question.decision.thresholds)
        curve = {"difference": [change] * many, "difference_high": [high] * many, "high": [1.0] * many}
        return question.model_copy(update={"decision": question.decision.model_copy(update=curve)})

    return changed


def subgroup(n: int, low: float, high: float) -> Callable[[Question], Question]:
    figure = Estimate(estimate=(low + high) / 2, low=low, high=high)
    group = Subgroup(variable="sex", group="other", n=n, events=n // 3, calibration_in_the_large=figure)
    return lambda question: question.model_copy(update={"subgroups": [*question.subgroups, group]})


def test_a_good_model_passes_and_every_check_says_what_it_asked_and_saw() -> None:
    checks = check_policy(good_evidence(), POLICY, NO_CHAMPION)
    assert all(check.passed for check in checks), [check for check in checks if not check.passed]
    assert all(check.required and check.seen for check in checks)
    assert len(checks) == 6 + 5 * 3  # of the training as a whole, and of each of three landmarks
    assert len({check.name for check in checks}) == len(checks)


@pytest.mark.parametrize(
    ("figure", "passes"),
    [
        (Estimate(estimate=1.0, low=0.9, high=1.1), True),
        (Estimate(estimate=0.7, low=0.55, high=0.8), True),  # the interval reaches 0.8
        (Estimate(estimate=0.7, low=0.55, high=0.79), False),
        (Estimate(estimate=1.4, low=1.25, high=1.6), True),
        (Estimate(estimate=1.4, low=1.26, high=1.6), False),
        (Estimate(estimate=0.49, low=-0.3, high=1.3), False),  # however wide
        (Estimate(estimate=2.01, low=0.9, high=3.0), False),
        (Estimate(estimate=None), False),
        (None, False),
    ],
)
def test_the_calibration_slope_is_evaluated_by_its_interval_and_never_far_out(
    figure: Estimate | None, passes: bool
) -> None:
    found = failed(with_measure(good_evidence(), "calibration_slope", figure))
    assert kinds(found) == (set() if passes else {"calibration slope"})


@pytest.mark.parametrize(
    ("value", "passes"), [(0.3, True), (-0.3, True), (0.301, False), (-0.301, False), (None, False)]
)
def test_predictions_too_high_or_too_low_on_average_are_refused(value: float | None, passes: bool) -> None:
    found = failed(with_measure(good_evidence(), "calibration_intercept", Estimate(estimate=value, low=-1.0, high=1.0)))
    assert kinds(found) == (set() if passes else {"calibration in the large"})


@pytest.mark.parametrize(
    ("largest", "against", "passes"),
    [(0.0, 0, True), (0.005, 0, True), (0.0051, 1, False), (0.2, 419, False)],
)
def test_a_step_that_moves_an_answer_against_its_declared_sign_is_refused(
    largest: float, against: int, passes: bool
) -> None:
    rows = [direction("before session 3", "remission", against, largest), direction("before session 3", "relapse")]
    found = failed(good_evidence().model_copy(update={"directions": rows}))
    assert kinds(found) == (set() if passes else {"directions"})
    if against == 419:
        assert "before session 3, worse rating: remission should become less likely" in found[0].seen
        assert "moves against this for 419 of 900 patients, by up to 0.200" in found[0].seen
        assert "1 of 2 steps keep their direction" in found[0].seen


def test_a_policy_may_allow_some_patients_but_not_by_a_margin_that_was_not_counted() -> None:
    evidence = good_evidence().model_copy(update={"directions": [direction("a", "remission", 3, 0.02)]})
    for changes, passes in (
        ({"direction_patients": 2}, False),
        ({"direction_patients": 3}, True),
        ({"direction_margin": 0.02}, True),
        ({"direction_margin": 0.001, "direction_patients": 3}, False),
    ):
        checks = check_policy(evidence, replace(POLICY, **changes), NO_CHAMPION)
        assert next(check for check in checks if check.name == "directions").passed == passes, changes


def test_directions_that_were_not_checked_do_not_pass() -> None:
    assert kinds(failed(good_evidence().model_copy(update={"directions": []}))) == {"directions"}


def test_the_overall_rate_has_no_slope_but_is_evaluated_in_the_large() -> None:
    base_rate = with_measure(good_evidence(winner="no_model"), "calibration_slope", Estimate(estimate=None))
    assert not failed(base_rate)
    slopes = [check for check in check_policy(base_rate, POLICY, NO_CHAMPION) if check.name.startswith("calibration s")]
    assert all("not applicable" in check.seen for check in slopes)
    off = with_measure(base_rate, "calibration_intercept", Estimate(estimate=0.5, low=0.4, high=0.6))
    assert kinds(failed(off)) == {"calibration in the large"}


@pytest.mark.parametrize(
    ("change", "high", "passes"),
    [
        (-0.019, 0.01, True),
        (-0.021, 0.01, False),  # two in a hundred patients worse
        (-0.01, 0.001, True),
        (-0.01, -0.001, False),  # the upper limit of the difference is below 0
        (-1e-16, -1e-16, True),  # treating all, except for rounding
        (0.0, None, True),  # without limits by itself
        (-0.001, None, False),
        (None, None, False),
    ],
)
def test_a_model_worse_than_acting_for_all_or_for_none_is_refused(
    change: float | None, high: float | None, passes: bool
) -> None:
    found = failed(with_questions(good_evidence(), benefit(change, high)))
    assert kinds(found) == (set() if passes else {"net benefit"})


def test_net_benefit_without_its_difference_does_not_pass() -> None:
    def without(question: Question) -> Question:
        assert question.decision is not None
        return question.model_copy(update={"decision": question.decision.model_copy(update={"difference": []})})

    found = failed(with_questions(good_evidence(), without))
    assert kinds(found) == {"net benefit"}
    assert "not computed at 20%" in found[0].seen


def test_net_benefit_that_was_not_computed_is_refused() -> None:
    found = failed(with_questions(good_evidence(), lambda each: each.model_copy(update={"decision": None})))
    assert kinds(found) == {"net benefit"}
    assert "not computed" in found[0].seen


@pytest.mark.parametrize(
    ("n", "low", "high", "passes"),
    [
        (100, 0.41, 0.9, False),
        (100, -0.9, -0.41, False),
        (99, 0.41, 0.9, True),  # too small to be evaluated
        (100, 0.39, 0.9, True),  # perhaps within 0.4
        (5000, 0.1, 0.2, True),  # surely off, but by little
    ],
)
def test_a_group_for_whom_predictions_are_clearly_off_is_named(n: int, low: float, high: float, passes: bool) -> None:
    found = failed(with_questions(good_evidence(), subgroup(n, low, high)))
    assert kinds(found) == (set() if passes else {"worst subgroup"})
    assert all("sex other" in check.seen for check in found)


def test_a_refusal_for_sample_size_says_how_many_are_needed() -> None:
    small = SampleSize(parameters=6, patients=100, events=30, criteria={"precision": 340}, required=1229, met=False)
    found = failed(with_heads(good_evidence(), sample_size=small))
    assert kinds(found) == {"sample size"}
    assert "the model has 6 parameters and needs 1,229 patients; the cohort has 100" in found[0].seen


@pytest.mark.parametrize("winner", ["logistic", "no_model"])
def test_a_sample_size_that_is_not_known_is_refused(winner: str) -> None:
    unknown = SampleSize(parameters=6, patients=100, events=30, criteria={}, required=None, met=None)
    assert kinds(failed(with_heads(good_evidence(winner=winner), sample_size=unknown))) == {"sample size"}
    assert kinds(failed(with_heads(good_evidence(winner=winner), sample_size=None))) == {"sample size"}


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({"quick": True}, "whole training"),
        ({"kind": "external"}, "whole training"),
        ({"leakage": []}, "leakage checks"),
        ({"refit_check": None}, "refit check"),
        ({"landmarks": []}, "every question answered"),
    ],
)
def test_what_was_skipped_is_not_passed(change: dict[str, object], name: str) -> None:
    assert name in kinds(failed(good_evidence().model_copy(update=change)))


@pytest.mark.parametrize(("heads", "identical"), [(6, False), (5, True)])
def test_a_training_that_did_not_reproduce_is_refused(heads: int, identical: bool) -> None:
    evidence = good_evidence()
    assert evidence.refit_check is not None
    done = evidence.refit_check.model_copy(update={"heads": heads, "identical": identical})
    assert kinds(failed(evidence.model_copy(update={"refit_check": done}))) == {"refit check"}


def updated(*said: str, identical: bool | None = True) -> Evidence:
    """The evidence of an update: what was done to each head is among its caveats."""
    done = None if identical is None else RefitCheck(heads=1, identical=identical)
    return good_evidence().model_copy(update={"kind": "updated", "refit_check": done, "caveats": list(said)})


@pytest.mark.parametrize("identical", [None, False])
def test_an_update_that_did_not_reproduce_is_refused(identical: bool | None) -> None:
    assert kinds(failed(updated(identical=identical))) == {"refit check"}
    assert not failed(updated())


@pytest.mark.parametrize(
    ("said", "passes"),
    [
        ("before session 3, relapse: nothing; against refit p = 0.31", True),
        ("before session 3, relapse: intercept (shift +0.210, slope 1.000)", False),
        ("before session 3, relapse: refit; against nothing p = 0.01", False),
    ],
)
def test_an_update_needs_a_sample_size_for_the_heads_that_it_changed_alone(said: str, passes: bool) -> None:
    unknown = with_heads(updated(said), sample_size=None)
    found = failed(unknown)
    assert [check.name for check in found] == ([] if passes else ["sample size, before session 3"])
    sizes = [check.seen for check in check_policy(unknown, POLICY, NO_CHAMPION) if check.name.startswith("sample size")]
    assert "remission: not applicable, nothing was estimated" in sizes[0]


def test_a_comparison_that_favours_somebody_says_so() -> None:
    compared = HeadComparison("before session 3", "relapse", "squared error", 640, -0.01, 0.002)
    favoured = ChampionComparison("1", (compared,), caveat="version 2 had seen the outcomes of these patients")
    seen = check_policy(good_evidence(), POLICY, favoured)[-1].seen
    assert seen.endswith("640 patients). version 2 had seen the outcomes of these patients")


def test_each_leakage_check_must_pass_and_none_may_be_missing() -> None:
    evidence = good_evidence()
    leaking = [evidence.leakage[0].model_copy(update={"passed": False, "seen": "AUC 0.93"}), *evidence.leakage[1:]]
    (found,) = failed(evidence.model_copy(update={"leakage": leaking}))
    assert found.seen.startswith("not met: shuffled outcomes: AUC 0.93")
    (found,) = failed(evidence.model_copy(update={"leakage": evidence.leakage[1:]}))
    assert "shuffled outcomes: not made" in found.seen


def test_a_failed_leakage_check_that_somebody_answers_for_is_met_and_shown_as_a_requirement_of_its_own() -> None:
    evidence = good_evidence()
    answered = Acknowledgement(check="shuffled outcomes", by="A. Rivera", reason="seen before, one seed in many")
    leaking = evidence.leakage[0].model_copy(update={"passed": False, "seen": "AUC 0.56", "acknowledged": answered})
    checks = check_policy(
        evidence.model_copy(update={"leakage": [leaking, *evidence.leakage[1:]]}), POLICY, NO_CHAMPION
    )
    assert all(check.passed for check in checks)
    by_name = {check.name: check for check in checks}
    assert by_name["acknowledged: shuffled outcomes"].seen == "acknowledged by A. Rivera: seen before, one seed in many"
    assert "shuffled outcomes: FAILED, acknowledged by A. Rivera: seen before" in by_name["leakage checks"].seen


def test_a_warning_of_a_leakage_check_is_shown_and_the_check_is_met() -> None:
    evidence = good_evidence()
    warned = evidence.leakage[0].model_copy(update={"warning": "8 features nearly decide the outcome alone"})
    checks = check_policy(evidence.model_copy(update={"leakage": [warned]}), POLICY, NO_CHAMPION)
    (check,) = [one for one in checks if one.name == "leakage checks"]
    assert "Warning: 8 features nearly decide the outcome alone" in check.seen


def test_a_head_that_was_not_fitted_and_a_question_not_answered_are_named() -> None:
    unfitted = with_heads(good_evidence(), winner=None, note="too few patients")
    assert any("remission was not fitted (too few patients)" in check.seen for check in failed(unfitted))
    whole = good_evidence()
    short = whole.landmarks[0].model_copy(update={"questions": whole.landmarks[0].questions[:-1]})
    (found,) = failed(whole.model_copy(update={"landmarks": [short, *whole.landmarks[1:]]}))
    assert found.name == "every question answered"
    assert "sustained to day" in found.seen


def test_a_landmark_without_questions_is_refused() -> None:
    empty = with_landmarks(good_evidence(), lambda landmark: landmark.model_copy(update={"questions": []}))
    assert "every question answered" in kinds(failed(empty))


@pytest.mark.parametrize(
    ("head", "difference", "error", "passes"),
    [
        ("remission", 0.02, 0.01, True),  # at least 0.02 - 1.645 * 0.01 = 0.00355 worse
        ("remission", 0.02, 0.009, False),  # at least 0.0052 worse
        ("remission", -0.1, 0.001, True),
        ("relapse", 0.0101, 0.005, True),  # at least 0.0019 worse
        ("relapse", 0.0103, 0.005, False),  # at least 0.0021 worse
    ],
)
def test_a_model_clearly_worse_than_the_champion_is_refused(
    head: str, difference: float, error: float, passes: bool
) -> None:
    compared = HeadComparison("before session 1", head, "log loss", 2100, difference, error)
    found = failed(good_evidence(), ChampionComparison("1", (compared,)))
    assert kinds(found) == (set() if passes else {"champion"})


def test_a_champion_who_can_not_be_compared_with_refuses_and_says_what_to_do() -> None:
    (found,) = failed(
        good_evidence(), ChampionComparison("1", (), (ImpossibleComparison("give the cohort with --cohort DIR"),))
    )
    assert "--cohort DIR" in found.seen
    assert failed(good_evidence(), ChampionComparison("1"))


@pytest.mark.parametrize(
    ("change", "looser"),
    [
        ({}, []),
        ({"in_the_large": 0.3}, []),
        ({"in_the_large": 0.2, "net_benefit_margin": 0.0, "subgroup_patients": 50}, []),
        ({"slope": (0.9, 1.1), "slope_outermost": (0.8, 1.2)}, []),
        ({"remission_thresholds": (0.1, *POLICY.remission_thresholds)}, []),
        ({"leakage_checks": (*POLICY.leakage_checks, "another")}, []),
        ({"in_the_large": 0.31}, ["in_the_large"]),
        ({"slope": (0.79, 1.1)}, ["slope"]),
        ({"slope": (0.9, 1.26)}, ["slope"]),
        ({"slope_outermost": (0.5, 2.1)}, ["slope_outermost"]),
        ({"relapse_thresholds": (0.2, 0.3, 0.5)}, ["relapse_thresholds"]),
        ({"subgroup_patients": 101}, ["subgroup_patients"]),
        ({"leakage_checks": POLICY.leakage_checks[1:]}, ["leakage_checks"]),
        ({"champion_brier_margin": 1.0, "net_benefit_margin": 1.0}, ["champion_brier_margin", "net_benefit_margin"]),
    ],
)
def test_a_policy_is_looser_wherever_it_lets_more_pass(change: dict[str, Any], looser: list[str]) -> None:
    assert sorted(looser_keys(replace(POLICY, **change), POLICY)) == looser


def test_a_policy_has_a_digest_that_any_change_changes(tmp_path: Path) -> None:
    path = tmp_path / "strict.toml"
    path.write_text("[policy]\nin_the_large = 0.2\n")
    strict = load_policy(path)
    assert strict.in_the_large == 0.2
    assert strict.slope == POLICY.slope
    assert len(policy_digest(POLICY)) == 64
    assert policy_digest(strict) != policy_digest(POLICY) == policy_digest(load_policy())


@pytest.mark.parametrize(
    ("line", "key"),
    [
        ("slopes = [0.8, 1.2]", "slopes"),
        ("slope = [0.8]", "slope"),
        ("slope = [1.2, 0.8]", "slope"),
        ("slope = [0.8, nan]", "slope"),
        ("in_the_large = -0.1", "in_the_large"),
        ("in_the_large = inf", "in_the_large"),
        ("in_the_large = true", "in_the_large"),
        ('in_the_large = "0.3"', "in_the_large"),
        ("remission_thresholds = []", "remission_thresholds"),
        ("relapse_thresholds = [0.2, 1.0]", "relapse_thresholds"),
        ("sustained_thresholds = 0.2", "sustained_thresholds"),
        ("subgroup_patients = 0", "subgroup_patients"),
        ("subgroup_patients = 50.0", "subgroup_patients"),
        ("leakage_checks = 5", "leakage_checks"),
        ("leakage_checks = []", "leakage_checks"),
    ],
)
def test_a_wrong_key_of_the_policy_is_refused_by_its_name(tmp_path: Path, line: str, key: str) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(f"[policy]\n{line}\n")
    with pytest.raises(InputRefusedError) as refused:
        load_policy(path)
    assert [problem.column for problem in refused.value.problems] == [key]


def test_settings_and_policy_do_not_take_each_others_section(tmp_path: Path) -> None:
    policy, settings = tmp_path / "policy.toml", tmp_path / "settings.toml"
    policy.write_text("[policy]\nin_the_large = 0.2\n")
    settings.write_text("[training]\nfolds = 3\n")
    for read, path in ((load_config, policy), (load_policy, settings)):
        with pytest.raises(InputRefusedError):
            read(path)
