"""A leak stops a training, loudly and without a patient's value or id; an honest cohort passes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from features.protocol.document import Landmark
from features.protocol.problems import InputRefusedError
from features.records.cohort import Cohort
from features.records.timeline import Floats, Indices, Mask
from models.fitting.learners import Learner
from models.settings.sections import TuningSettings
from tests.places import COHORTS
from tests.training.leakage.leaks import LeakageArguments, leakage_arguments, with_copy, with_covariate
from tests.training.trainings import QUICK, drawn_relapses, remission_with
from training.cohort.reader import read_cohort
from training.config import TrainingConfig
from training.evidence.document import Acknowledgement, LeakageCheck
from training.leakage.acknowledgement import acknowledged, acknowledgements
from training.leakage.checks import LeakageFoundError, refuse_leakage
from training.leakage.implausible_features import feature_check, observed_of, positive_control_check
from training.leakage.shuffled_outcomes import shuffled, shuffled_auc, shuffled_auc_of, shuffled_check
from training.leakage.single_feature import SingleFeatureAuc, auc_of_each, limited, stratified_auc
from training.learning.relapse_task import RelapseTask
from training.learning.splits import Folds
from training.learning.tasks import Head, RemissionTask, Task
from training.outcomes.labels import EndedBy, Outcomes, deciding_readings


@pytest.mark.slow
def test_two_processes_find_what_one_finds(honest: LeakageArguments) -> None:
    assert honest.checks(workers=2) == honest.checks(workers=1)


def test_an_honest_cohort_passes_every_check(honest: LeakageArguments) -> None:
    checks = honest.checks()
    assert list(checks) == [
        "duplicated patients",
        "future perturbation",
        "positive control",
        "implausible features",
        "shuffled outcomes",
    ]
    assert all(check.passed for check in checks.values())
    refuse_leakage(list(checks.values()))


@pytest.mark.skipif(not COHORTS.is_dir(), reason="the published cohorts, ../shared/cohorts, are absent")
@pytest.mark.parametrize("name", ["beat_the_blues", "antidepressant_trial", "uis", "rotterdam", "gbsg"])
def test_published_cohorts_pass_every_check(name: str) -> None:
    checks = leakage_arguments(read_cohort(COHORTS / name)).checks()
    assert [check.seen for check in checks.values() if not check.passed] == []


# --- a covariate that holds the outcome


def remission(cohort: Cohort, outcomes: Outcomes) -> Floats:
    return outcomes.remission


def noisy_remission(cohort: Cohort, outcomes: Outcomes, every: int = 33) -> Floats:
    """Every thirty-third answer the other way round."""
    copied = outcomes.remission.copy()
    copied[::every] = 1 - copied[::every]
    return copied


def deciding_score(cohort: Cohort, outcomes: Outcomes) -> Floats:
    ratings = outcomes.primary.ratings_among(cohort.assessments)
    return deciding_readings(cohort, ratings).last_for_patient("score")


def relapse_flag(cohort: Cohort, outcomes: Outcomes) -> Floats:
    return (outcomes.ended_by == EndedBy.RELAPSE).astype(np.float64)


def days_to_relapse(cohort: Cohort, outcomes: Outcomes) -> Floats:
    return np.where(outcomes.ended_by == EndedBy.RELAPSE, outcomes.followed_days, np.nan)


def days_of_follow_up(cohort: Cohort, outcomes: Outcomes) -> Floats:
    return np.where(np.isnan(outcomes.followed_days), 0.0, outcomes.followed_days)


@pytest.mark.parametrize(
    ("leak", "head"),
    [
        (remission, "remission"),
        (noisy_remission, "remission"),
        (deciding_score, "remission"),
        (relapse_flag, "relapse"),
        (days_to_relapse, "relapse"),
        (days_of_follow_up, "relapse"),
    ],
)
def test_a_covariate_that_holds_the_outcome_stops_training(
    cohort: Cohort, honest: LeakageArguments, leak: Callable[[Cohort, Outcomes], Floats], head: str
) -> None:
    leaking = leakage_arguments(with_covariate(cohort, leak(cohort, honest.outcomes[0])))
    check = feature_check(cohort.protocol.landmarks, leaking.tasks, leaking.outcomes)
    assert not check.passed
    for landmark in cohort.protocol.landmarks:
        assert any(name.startswith(f"{landmark.name}, {head}: leak (AUC ") for name in check.named), check.named
    with pytest.raises(LeakageFoundError, match=r"(?s)implausible features: FAILED.*Remove it from the cohort"):
        refuse_leakage([check])


def test_that_an_outcome_is_there_at_all_can_be_the_leak(cohort: Cohort, honest: LeakageArguments) -> None:
    """A column that is filled only for those in remission, by whatever."""
    filled = np.where(honest.outcomes[0].remission == 1, np.random.default_rng(1).random(len(cohort)), np.nan)
    leaking = leakage_arguments(with_covariate(cohort, filled))
    assert not feature_check(cohort.protocol.landmarks, leaking.tasks, leaking.outcomes).passed


def test_a_covariate_that_tells_as_much_as_early_response_does_passes(cohort: Cohort, honest: LeakageArguments) -> None:
    """Remission and noise of 1.3 times its distance: AUC = Phi(1 / (0.77 * sqrt(2))) = 0.82."""
    noise = np.random.default_rng(4).normal(0, 0.77, len(cohort))
    suspicious = leakage_arguments(with_covariate(cohort, honest.outcomes[0].remission + noise))
    check = feature_check(cohort.protocol.landmarks, suspicious.tasks, suspicious.outcomes)
    assert check.passed, check.named


def test_suspicious_is_named_and_implausible_fails() -> None:
    assert limited(0.84, 100, 100) == pytest.approx(limited(0.16, 100, 100))
    cases = {0.84: (False, False), 0.86: (True, False), 0.89: (True, False), 0.93: (True, True)}
    for auc, verdicts in cases.items():
        alone = limited(auc, 100, 100)
        assert (alone.suspicious, alone.implausible) == verdicts


def test_few_patients_separated_perfectly_show_nothing() -> None:
    assert not limited(1.0, 9, 100).implausible
    assert limited(1.0, 10, 100).implausible


def test_the_lower_limit_is_that_of_hanley_and_mcneil() -> None:
    """AUC 0.8, 50 and 50: Q1 = 0.8 / 1.2, Q2 = 1.28 / 1.8; variance (0.16 + 49 (Q1 - 0.64) + 49 (Q2 - 0.64)) / 2500."""
    variance = (0.16 + 49 * (0.8 / 1.2 - 0.64) + 49 * (1.28 / 1.8 - 0.64)) / 2500
    assert limited(0.8, 50, 50).lowest == pytest.approx(0.8 - 1.959964 * variance**0.5)


def test_a_stratified_auc_compares_within_strata_only() -> None:
    """First stratum: 3 above 1 and 3 tied with 3, (1 + 0.5); second: 1 below 9, 0. Weights: 2 on the tie."""
    y_observed = np.array([1, 0, 0, 1, 0], dtype=np.bool_)
    values, stratum = np.array([3.0, 1.0, 3.0, 1.0, 9.0]), np.array([0, 0, 0, 1, 1])
    assert stratified_auc(y_observed, values, np.ones(5), stratum) == pytest.approx((1 + 0.5 + 0) / 3)
    weights = np.array([1.0, 1.0, 2.0, 1.0, 1.0])
    assert stratified_auc(y_observed, values, weights, stratum) == pytest.approx((1 + 2 * 0.5 + 0) / 4)


def test_a_detector_that_sees_nothing_fails_the_positive_control(
    honest: LeakageArguments, monkeypatch: pytest.MonkeyPatch
) -> None:
    arguments = (honest.cohort.protocol.landmarks, honest.tasks, honest.outcomes, 7)
    assert positive_control_check(*arguments).passed
    monkeypatch.setattr("training.leakage.single_feature.limited", lambda *_: SingleFeatureAuc(0.5, 0.0))
    check = positive_control_check(*arguments)
    assert not check.passed
    assert len(check.named) == 6  # two heads at three landmarks


def test_with_too_few_outcomes_nothing_is_said_of_a_feature(honest: LeakageArguments) -> None:
    few = remission_with(9, 400, effect=9.0)
    alone = auc_of_each(observed_of(few, honest.outcomes[0]), few.training_data.rows)
    assert not any(found.suspicious for found in alone)


# --- the product's own features


def steady_courses(folder: Path) -> Cohort:
    """140 patients with GAD-7 every week, a noise of half a point; the landmark is day 42, remission is read on 56."""
    rng = np.random.default_rng(7)
    ids = [f"p{number:03d}" for number in range(140)]
    level, slope = rng.normal(14, 3, 140), rng.normal(1, 0.6, 140)
    rows = [
        f"{ids[number]},{day},gad7,{int(np.clip(np.round(score), 0, 21))}"
        for number in range(140)
        for day in range(0, 57, 7)
        for score in [level[number] - slope[number] * day / 7 + rng.normal(0, 0.5)]
    ]
    tables = {"patients": "patient_id\n" + "\n".join(ids), "assessments": "patient_id,day,instrument,score\n"}
    folder.mkdir(exist_ok=True)
    (folder / "patients.csv").write_text(tables["patients"] + "\n")
    (folder / "assessments.csv").write_text(tables["assessments"] + "\n".join(rows) + "\n")
    (folder / "protocol.toml").write_text(
        'name = "weekly"\n[[landmarks]]\nname = "week 6"\nday = 42\n'
        '[remission]\ninstrument = "gad7"\nanchor = "index"\nwindow_days = [53, 59]\n'
    )
    return read_cohort(folder)


def test_features_of_the_product_that_decide_the_outcome_alone_warn_and_do_not_stop(tmp_path: Path) -> None:
    """Two weeks before the outcome a steady course is all but over: honest, and a doubtful moment of prediction."""
    check = leakage_arguments(steady_courses(tmp_path)).checks()["implausible features"]
    assert check.passed
    assert not check.stops
    assert "of dated records nearly decide" in check.warning
    assert any(name.startswith("week 6, remission: distance_to_remission (AUC 0.9") for name in check.named)
    assert check.verdict == "passed, with a warning"


def test_a_study_covariate_beside_such_features_still_stops_training(tmp_path: Path) -> None:
    cohort = steady_courses(tmp_path)
    (outcomes,) = leakage_arguments(cohort).outcomes
    leaking = leakage_arguments(with_covariate(cohort, noisy_remission(cohort, outcomes)))
    check = leaking.checks()["implausible features"]
    assert check.stops
    assert check.named[0].startswith("week 6, remission: leak (AUC 0.9")


# --- somebody answers for a failed check


ANSWERED = Acknowledgement(check="implausible features", by="A. Rivera", reason="expectancy, asked on day 0")


def test_a_failed_check_that_is_acknowledged_does_not_stop_and_says_who_and_why(
    cohort: Cohort, honest: LeakageArguments
) -> None:
    """One answer in thirteen the other way round: an AUC of about 0.93, above what a feature may have, and no copy."""
    leaking = leakage_arguments(with_covariate(cohort, noisy_remission(cohort, honest.outcomes[0], every=13)))
    check = feature_check(cohort.protocol.landmarks, leaking.tasks, leaking.outcomes)
    answered = acknowledged(check, [ANSWERED])
    assert check.stops
    assert not answered.stops
    assert not answered.passed
    assert answered.verdict == "FAILED, acknowledged by A. Rivera: expectancy, asked on day 0"
    refuse_leakage([answered])


@pytest.mark.parametrize("copied", [remission, noisy_remission])
def test_nobody_can_answer_for_a_covariate_that_equals_the_outcome_but_for_slips(
    cohort: Cohort, honest: LeakageArguments, copied: Callable[[Cohort, Outcomes], Floats]
) -> None:
    leaking = leakage_arguments(with_covariate(cohort, copied(cohort, honest.outcomes[0])))
    check = feature_check(cohort.protocol.landmarks, leaking.tasks, leaking.outcomes)
    assert acknowledged(check, [ANSWERED]).stops
    with pytest.raises(LeakageFoundError, match="implausible features: this check can't be acknowledged"):
        refuse_leakage([acknowledged(check, [ANSWERED])])


def test_a_check_that_passed_takes_no_acknowledgement(cohort: Cohort, honest: LeakageArguments) -> None:
    check = feature_check(cohort.protocol.landmarks, honest.tasks, honest.outcomes)
    assert acknowledged(check, [ANSWERED]) == check


@pytest.mark.parametrize(
    ("checks", "by", "reason", "found"),
    [
        (["duplicates"], "A", "why", ["--acknowledge: another name"]),
        (
            ["positive control"],
            "A",
            "why",
            ["--acknowledge: the positive control, which can't be acknowledged"],
        ),
        (["shuffled outcomes"], None, None, ["--by: no name", "--reason: no text"]),
        (["shuffled outcomes"], " ", "why", ["--by: no name"]),
        (["shuffled outcomes"], "A", " ", ["--reason: no text"]),
        ([], "A", "why", ["--reason: none"]),
    ],
)
def test_an_acknowledgement_names_a_check_somebody_and_a_reason(
    checks: list[str], by: str | None, reason: str | None, found: list[str]
) -> None:
    with pytest.raises(InputRefusedError) as refused:
        acknowledgements(checks, by, reason, "train")
    assert [f"{problem.column}: {problem.found}" for problem in refused.value.problems] == found


def test_several_checks_are_acknowledged_at_once_with_hyphens_or_without() -> None:
    answered = acknowledgements(["duplicated-patients", "Shuffled outcomes"], " A ", "why", "train")
    assert [(each.check, each.by, each.reason) for each in answered] == [
        ("duplicated patients", "A", "why"),
        ("shuffled outcomes", "A", "why"),
    ]
    assert acknowledgements([], None, None, "train") == ()


# --- outcomes that are shuffled


SITE = np.zeros(400, dtype=np.int32)
FOLDS = Folds("patients", (np.arange(400) % 4)[None, :], tuple("1234"), SITE)


@dataclass(frozen=True, eq=False)
class LeakyRemission(RemissionTask):
    """Learns from those held out too."""

    def fit(self, learner: Learner, fitted_on: Mask) -> tuple[Head, dict[str, float]]:
        return super().fit(learner, np.ones_like(fitted_on))


@dataclass(frozen=True, eq=False)
class LeakyRelapse(RelapseTask):
    """Learns from those held out too."""

    def fit(self, learner: Learner, fitted_on: Mask) -> tuple[Head, dict[str, float]]:
        return super().fit(learner, np.ones_like(fitted_on))


def check_of_shuffled(
    landmarks: Sequence[Landmark], tasks: Sequence[Sequence[Task]], folds: Folds, config: TrainingConfig
) -> LeakageCheck:
    aucs = [shuffled_auc_of(task, folds, config) for group in tasks for task in group]
    return shuffled_check(landmarks, tasks, aucs)


def wide(task: RemissionTask | RelapseTask) -> Task:
    """The task with twenty features, about as much as a cohort of 400 brings."""
    rows = np.random.default_rng(5).standard_normal((400, 20))
    names = tuple(f"x{column}" for column in range(20))
    return replace(task, training_data=replace(task.training_data, rows=rows, names=names, signs=(0,) * 20))


@pytest.mark.parametrize(
    "honest_task", [remission_with(150, 400, 2.0), drawn_relapses(400)], ids=["remission", "relapse"]
)
def test_shuffled_outcomes_are_not_predicted(honest_task: Task) -> None:
    found = shuffled_auc(honest_task, FOLDS, 7, TuningSettings())
    assert found.near_half
    assert found.tolerance < 0.1


@pytest.mark.parametrize(
    ("task", "leaky"), [(remission_with(150, 400), LeakyRemission), (drawn_relapses(400), LeakyRelapse)]
)
def test_a_fit_that_saw_those_held_out_is_noticed(
    honest: LeakageArguments, task: RemissionTask | RelapseTask, leaky: type[RemissionTask] | type[RelapseTask]
) -> None:
    wide_task = wide(task)
    leaking = leaky(**vars(wide_task))
    (landmark, *_) = honest.cohort.protocol.landmarks
    assert check_of_shuffled([landmark], [[wide_task]], FOLDS, QUICK).passed
    check = check_of_shuffled([landmark], [[leaking]], FOLDS, QUICK)
    assert not check.passed
    assert check.named == [f"before session 1: {task.name}"]
    assert "no figure is valid" in check.seen


def test_values_are_clipped_as_in_the_training(honest: LeakageArguments) -> None:
    """Clipped to the median, no feature tells patients apart, and every shuffle has an AUC of exactly one half."""
    task, (landmark, *_) = wide(remission_with(150, 400)), honest.cohort.protocol.landmarks
    clipped = replace(QUICK, tuning=TuningSettings(clip_percentiles=(50.0, 50.0)))
    (usual, flat) = (shuffled_auc(task, FOLDS, 7, config.tuning).auc for config in (QUICK, clipped))
    assert usual != 0.5
    assert flat == 0.5
    assert "remission: AUC 0.500" in check_of_shuffled([landmark], [[task]], FOLDS, clipped).seen


def test_a_leak_into_relapse_is_noticed_beside_an_honest_remission(honest: LeakageArguments) -> None:
    """Every head of a landmark is asked, not only its first."""
    (landmark, *_) = honest.cohort.protocol.landmarks
    relapse = wide(drawn_relapses(400))
    pair = [wide(remission_with(150, 400)), LeakyRelapse(**vars(relapse))]
    assert check_of_shuffled([landmark], [[pair[0], relapse]], FOLDS, QUICK).passed
    check = check_of_shuffled([landmark], [pair], FOLDS, QUICK)
    assert check.named == ["before session 1: relapse"]
    assert "before session 1, remission: AUC" in check.seen


def test_relapses_are_shuffled_among_those_at_risk_of_a_fold() -> None:
    task = replace(drawn_relapses(400), at_risk=np.arange(400) % 3 > 0)
    changed = shuffled(task, FOLDS.fold[0], np.random.default_rng(1))
    assert isinstance(changed, RelapseTask)
    assert (changed.ended_by != task.ended_by).any()
    np.testing.assert_array_equal(changed.ended_by[~task.at_risk], task.ended_by[~task.at_risk])
    for number in range(4):
        held = FOLDS.fold[0] == number
        assert changed.relapsed[held].sum() == task.relapsed[held].sum()
        assert changed.followed_days[held].sum() == task.followed_days[held].sum()


def test_with_many_folds_there_are_fewer_shuffles_and_no_more_fits(monkeypatch: pytest.MonkeyPatch) -> None:
    fits = []

    def counted(task: Task, fold: Indices, rng: np.random.Generator) -> Task:
        fits.append(1)
        return shuffled(task, fold, rng)

    monkeypatch.setattr("training.leakage.shuffled_outcomes.shuffled", counted)
    for folds in (5, 8):
        many = Folds("sites", (np.arange(400) % folds)[None, :], tuple("12345678"[:folds]), SITE)
        shuffled_auc(remission_with(150, 400), many, 7, TuningSettings())
    assert len(fits) == 25 + 24


def test_the_stated_error_is_that_of_chance() -> None:
    """Over 60 cohorts without a leak the AUC's distance from 0.5 in standard errors has a standard deviation of 1."""
    found = [
        shuffled_auc(
            remission_with(30, 80, 1.0, seed),
            Folds("patients", (np.arange(80) % 4)[None, :], tuple("1234"), np.zeros(80, np.int32)),
            seed,
            TuningSettings(),
        )
        for seed in range(60)
    ]
    distances = np.array([(auc.auc - 0.5) / auc.standard_error for auc in found])
    assert abs(distances.mean()) < 4 / np.sqrt(60)
    assert 0.7 < distances.std() < 1.3


def test_shuffling_stays_within_folds_and_among_those_observed() -> None:
    task = remission_with(150, 400)
    changed = shuffled(task, FOLDS.fold[0], np.random.default_rng(1)).training_data.binomial
    binomial = task.training_data.binomial
    assert (changed.successes != binomial.successes).any()
    np.testing.assert_array_equal(changed.patient, binomial.patient)
    for number in range(4):
        held = FOLDS.fold[0][binomial.patient] == number
        assert changed.successes[held].sum() == binomial.successes[held].sum()


def test_with_too_few_outcomes_there_is_nothing_to_shuffle(honest: LeakageArguments) -> None:
    check = check_of_shuffled(honest.cohort.protocol.landmarks[:1], [[remission_with(3, 400)]], FOLDS, QUICK)
    assert check.passed
    assert "too few outcomes" in check.seen


# --- the refusal


def test_a_duplicated_patient_stops_training_and_nobody_is_named(cohort: Cohort) -> None:
    copied = with_copy(cohort, 17)
    with pytest.raises(LeakageFoundError) as raised:
        refuse_leakage(list(leakage_arguments(copied).checks().values()))
    assert [check.name for check in raised.value.checks] == ["duplicated patients"]
    words = str(raised.value)
    assert words.startswith("leakage found: no model was fitted.\nduplicated patients: FAILED")
    assert "- rows 19 and 402" in words
    assert not any(str(patient) in words for patient in copied.patient_ids[:-1])


def test_what_passed_is_not_in_the_refusal() -> None:
    good = LeakageCheck(name="good", passed=True, required="", seen="")
    bad = LeakageCheck(name="bad", passed=False, required="nothing", seen="something", named=["here"])
    with pytest.raises(LeakageFoundError) as raised:
        refuse_leakage([good, bad])
    assert raised.value.checks == (bad,)
    assert str(raised.value).splitlines()[1:] == [
        "bad: FAILED",
        "  required: nothing",
        "  found: something",
        "  - here",
        ('bad: if this is no leak, add --acknowledge "bad" --by NAME --reason TEXT; both are recorded with the model'),
    ]


@pytest.mark.parametrize("column", ["working_alliance", "expectancy", "body_mass_index"])
def test_a_patient_column_of_the_product_that_holds_the_outcome_stops_training(cohort: Cohort, column: str) -> None:
    """It has no day: nothing shows that it was filled in before the outcome was known."""
    (outcomes, *_) = leakage_arguments(cohort).outcomes
    leaking = replace(cohort, patients=dict(cohort.patients) | {column: 10 + outcomes.remission})
    held = leakage_arguments(leaking)
    check = feature_check(cohort.protocol.landmarks, held.tasks, held.outcomes)
    assert check.stops
    assert not check.acknowledgeable
    assert column in check.named[0]
