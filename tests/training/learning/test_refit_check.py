"""Whether the winners, fitted a second time, are the same to the last bit."""

from dataclasses import replace

import numpy as np
import pytest

from models.fitting.learners import FittedScore, Learner, TrainingData, fit_logistic
from models.relapse import RelapseHead
from models.score import LinearScore
from models.settings.sections import TuningSettings
from tests.training.metrics.fitted import TWO_CANDIDATES, fitted
from training.config import TrainingConfig
from training.learning import fit as fitting
from training.learning.fit import HeadFit
from training.learning.refit_check import bytes_of, check_refit
from training.learning.tasks import Task


def test_the_same_bytes_come_out_again() -> None:
    found = fitted(repeats=2)
    again = check_refit([found.remission, found.relapse], found.folds, TWO_CANDIDATES, workers=1)
    assert (again.heads, again.identical) == (2, True)


def test_a_learner_that_asks_the_clock_or_a_global_generator_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    found = fitted(repeats=2)

    def careless(_name: str, _task: Task, _config: TrainingConfig) -> Learner:
        def fit(training_data: TrainingData) -> FittedScore:
            refit = fit_logistic(TuningSettings())(training_data)
            score = refit.score
            assert isinstance(score, LinearScore)
            trembling = score.weight + 1e-15 * np.random.standard_normal(len(score.weight))
            return replace(refit, score=replace(score, weight=trembling))

        return fit

    monkeypatch.setattr(fitting, "learner_for", careless)
    again = check_refit([found.remission], found.folds, TWO_CANDIDATES, workers=1)
    assert (again.heads, again.identical) == (1, False)


def test_the_last_bit_of_any_number_counts() -> None:
    found = fitted(repeats=2)
    candidate = found.relapse.candidates["logistic"]
    head = candidate.head
    assert isinstance(head, RelapseHead)
    for changed in (
        replace(head, baseline=np.nextafter(head.baseline, 1)),
        replace(head, competing_hazard=np.nextafter(head.competing_hazard, 1)),
        replace(head, edges=head.edges + 1),
        replace(head, slope=float(np.nextafter(head.slope, 2))),
    ):
        candidates = {"logistic": replace(candidate, head=changed)}
        assert not check_refit(
            [replace(found.relapse, candidates=candidates)], found.folds, TWO_CANDIDATES, workers=1
        ).identical


def test_the_last_bit_of_a_score_of_competing_events_counts() -> None:
    found = fitted(repeats=2)
    head = found.relapse.candidates["logistic"].head
    assert isinstance(head, RelapseHead)
    score = head.score
    assert isinstance(score, LinearScore)
    with_score = replace(head, competing_score=score)
    assert bytes_of(with_score) == bytes_of(replace(head, competing_score=replace(score)))
    assert bytes_of(with_score) != bytes_of(head)
    changed = replace(score, weight=np.nextafter(score.weight, 1))
    assert bytes_of(with_score) != bytes_of(replace(head, competing_score=changed))


def test_a_head_without_a_winner_is_not_counted() -> None:
    found = fitted(repeats=2)
    lost: HeadFit = replace(found.relapse, choice=None, head=None)
    assert check_refit([found.remission, lost], found.folds, TWO_CANDIDATES, workers=1).heads == 1


def test_the_slope_of_either_head_counts() -> None:
    found = fitted(repeats=2)
    for fit in (found.remission, found.relapse):
        head = fit.candidates["logistic"].head
        assert bytes_of(head) == bytes_of(replace(head, slope=head.slope))
        assert bytes_of(head) != bytes_of(replace(head, slope=float(np.nextafter(head.slope, 2))))
