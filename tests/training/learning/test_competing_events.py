"""Competing events depend on who the patient is where the cohort can tell; else they have one rate for all."""

import warnings
from dataclasses import replace
from typing import cast

import numpy as np
import pytest

from models.fitting.learners import fit_logistic, fit_nothing
from models.outcomes import expit
from models.relapse import RelapseHead
from models.score import LinearScore
from models.settings.sections import TuningSettings
from tests.training.trainings import QUICK, relapse_task_of, remission_with
from training.learning.competing_events import with_competing
from training.learning.relapse_task import RelapseTask
from training.learning.splits import Folds
from training.outcomes.labels import EndedBy

PATIENTS = 600
STRONG = -6.0
"""Log-odds in a week with which, at an effect of 2, some forty have a competing event."""
EVERYBODY = np.ones(PATIENTS, dtype=np.bool_)
FOLDS = Folds(
    "patients", (np.arange(PATIENTS) % 4)[None, :].astype(np.intp), tuple("1234"), np.zeros(PATIENTS, np.int32)
)


def drawn(competing: float, effect: float, seed: int = 1) -> RelapseTask:
    """Relapse at 3% a week, the likelier the larger x0; competing events at log-odds ``competing``, moved by x1."""
    rng = np.random.default_rng(seed)
    rows = rng.standard_normal((PATIENTS, 2))
    relapse = rng.geometric(expit(rows[:, 0] - 3.5)) * 7.0 - 3
    other = rng.geometric(expit(effect * rows[:, 1] + competing)) * 7.0 - 3
    end = rng.integers(60, 183, PATIENTS).astype(np.float64)
    days = np.minimum(np.minimum(relapse, other), end)
    ended = np.select([relapse <= days, other <= days], [EndedBy.RELAPSE, EndedBy.COMPETING], EndedBy.CENSORED)
    return relapse_task_of(rows, days, [EndedBy(each) for each in ended.tolist()])


def chosen(task: RelapseTask) -> RelapseTask:
    return cast(RelapseTask, with_competing([task], FOLDS, QUICK, 1)[0])


def fitted_head(task: RelapseTask) -> RelapseHead:
    head, _ = task.fit(fit_logistic(TuningSettings()), EVERYBODY)
    assert isinstance(head, RelapseHead)
    return head


def test_forty_competing_events_that_depend_strongly_on_a_feature_get_a_score() -> None:
    task = drawn(STRONG, 2.0)
    assert 35 <= task.competed.sum() <= 70
    task = chosen(task)
    assert task.competing_learner is not fit_nothing
    head = fitted_head(task)
    assert isinstance(head.competing_score, LinearScore)
    assert head.competing_score.weight[1] > 0.5
    assert abs(head.competing_score.weight[0]) < 0.5


def test_a_head_that_gives_the_average_gives_it_to_every_patient() -> None:
    """A score of competing events alone would give each patient another risk of relapse."""
    task = chosen(drawn(STRONG, 2.0))
    assert task.competing_learner is not fit_nothing
    head, _ = task.fit(fit_nothing, EVERYBODY)
    assert isinstance(head, RelapseHead)
    curve = head.curve(np.array([[1.0, -2.0], [1.0, 2.0]]), head.days)
    assert np.array_equal(curve.relapse[0], curve.relapse[1])
    assert curve.competing[0, -1] > 0


def test_the_curve_follows_the_score_and_its_parts_add_up() -> None:
    """Of patients with the same hazard of relapse, one who is likely to be treated anew has less time to relapse in."""
    head = fitted_head(chosen(drawn(STRONG, 2.0)))
    assert isinstance(head.score, LinearScore)
    head = replace(head, score=replace(head.score, weight=head.score.weight * [1, 0]))
    curve = head.curve(np.array([[1.0, -2.0], [1.0, 0.0], [1.0, 2.0]]), head.days)
    np.testing.assert_allclose(curve.relapse + curve.competing + curve.event_free, 1, atol=1e-12)
    assert (np.diff(curve.competing[:, 1:], axis=0) > 0).all()
    assert (np.diff(curve.relapse[:, 2:], axis=0) < 0).all()
    assert curve.competing[2, -1] > 3 * curve.competing[1, -1] > 0


def test_as_many_competing_events_are_expected_as_were_seen() -> None:
    task = chosen(drawn(STRONG, 2.0))
    head, binomial = fitted_head(task), task.competing_counts(EVERYBODY)
    weeks = binomial.successes + binomial.failures
    expected = weeks @ head.competing(task.training_data.rows)[binomial.patient, 0]
    assert expected == pytest.approx(task.competed.sum(), abs=1e-6)


def test_competing_events_that_depend_on_nothing_have_one_rate() -> None:
    task = drawn(-4.5, 0.0)
    assert task.competed.sum() > 60
    head = fitted_head(chosen(task))
    assert head.competing_score is None
    binomial = task.competing_counts(EVERYBODY)
    rate = binomial.successes.sum() / (binomial.successes.sum() + binomial.failures.sum())
    np.testing.assert_allclose(head.competing(task.training_data.rows), rate)


@pytest.mark.parametrize(("events", "asked"), [(0, False), (1, False), (19, False), (20, True)])
def test_below_twenty_competing_events_there_is_one_rate_however_much_they_depend(events: int, asked: bool) -> None:
    """Those who have one are those with the largest x1."""
    rows = np.random.default_rng(2).standard_normal((PATIENTS, 2))
    ended = np.full(PATIENTS, EndedBy.CENSORED)
    by_x1 = np.argsort(-rows[:, 1])
    ended[by_x1[:events]] = EndedBy.COMPETING
    ended[by_x1[events::9]] = EndedBy.RELAPSE
    task = chosen(relapse_task_of(rows, np.full(PATIENTS, 100.0), [EndedBy(each) for each in ended.tolist()]))
    assert task.competed.sum() == events
    assert (task.competing_learner is not fit_nothing) == asked
    head = fitted_head(task)
    assert (head.competing_score is not None) == asked
    assert head.competing_hazard.any() == (events > 0)


def test_competing_events_within_one_fold_are_evaluated_without_failing() -> None:
    """As when one site alone records them: the others give a rate of none."""
    task = drawn(-4.0, 2.0)
    ended = np.where((task.ended_by == EndedBy.COMPETING) & (FOLDS.fold[0] > 0), EndedBy.CENSORED, task.ended_by)
    only = replace(task, ended_by=ended.astype(np.int8))
    assert only.competed.sum() >= 20
    fitted_head(chosen(only))


@pytest.mark.parametrize(("events", "scored"), [(0, False), (4, False), (5, True)])
def test_a_part_with_too_few_competing_events_to_tune_by_has_one_rate(events: int, scored: bool) -> None:
    """As when a fold is held out, or a learning curve looks at fewer patients."""
    task = chosen(drawn(STRONG, 2.0))
    part = ~task.competed
    part[np.flatnonzero(task.competed)[:events]] = True
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        rate, score = task.fit_competing(part)
    assert (score is not None) == scored
    assert (rate > 0) == (events > 0)


def test_the_choice_is_the_same_for_any_number_of_workers() -> None:
    task = drawn(STRONG, 2.0)
    assert cast(RelapseTask, with_competing([task], FOLDS, QUICK, 2)[0]).competing_learner is not fit_nothing


def test_remission_and_trainings_without_a_regression_are_left_as_they_are() -> None:
    remission = remission_with(50, PATIENTS)
    assert with_competing([remission], FOLDS, QUICK, 1)[0] is remission
    task = drawn(STRONG, 2.0)
    simple = replace(QUICK, candidates=("no_model", "one_variable"))
    assert cast(RelapseTask, with_competing([task], FOLDS, simple, 1)[0]).competing_learner is fit_nothing
