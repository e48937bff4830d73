"""The second mechanism is what it says: a cohort that the product accepts, with true probabilities that are true."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import chi2
from sklearn.metrics import roc_auc_score

from features.records.cohort import Cohort
from features.records.timeline import Floats
from tests.mechanisms.second import SecondCohort, draw_cohort, true_probabilities, write_cohort
from tests.mechanisms.true_risks import HORIZONS_DAYS, TrueRisks
from training.cohort.reader import read_cohort
from training.outcomes.labels import EndedBy, derive_outcomes

LANDMARKS = ("before session 1", "before session 2", "before session 3")


@pytest.fixture(scope="module")
def drawn() -> SecondCohort:
    return draw_cohort(6000, seed=1)


@pytest.fixture(scope="module")
def truths(drawn: SecondCohort) -> tuple[TrueRisks, TrueRisks, TrueRisks]:
    return true_probabilities(drawn.people, drawn.course, draws=150)


def read(cohort: SecondCohort, folder: Path) -> Cohort:
    write_cohort(cohort, folder)
    return read_cohort(folder)


@pytest.mark.parametrize("missing", [0.0, 0.36])
def test_the_folder_is_accepted_and_holds_every_patient(missing: float, tmp_path: Path) -> None:
    cohort = read(draw_cohort(500, seed=2, missing=missing), tmp_path)
    assert len(cohort) == 500
    assert tuple(landmark.name for landmark in cohort.protocol.landmarks) == LANDMARKS
    assert cohort.protocol.landmarks[2].else_days == 14


@pytest.mark.parametrize("landmark", LANDMARKS)
def test_the_outcome_rules_find_in_the_tables_what_the_mechanism_drew(landmark: str, tmp_path: Path) -> None:
    drawn = draw_cohort(2000, seed=3)
    cohort = read(drawn, tmp_path)
    outcomes = derive_outcomes(cohort, cohort.protocol.landmark(landmark))
    eligible = outcomes.eligible
    assert np.array_equal(outcomes.remission[eligible] == 1, drawn.remission[eligible])
    remitted = eligible & drawn.remission
    relapse, competing = (day[remitted] for day in drawn.ended)
    ended = np.minimum(relapse, competing)
    assert np.array_equal(outcomes.ended_by[remitted] == EndedBy.RELAPSE, relapse < 400)
    assert np.array_equal(outcomes.ended_by[remitted] == EndedBy.COMPETING, competing < 400)
    assert np.array_equal(outcomes.followed_days[remitted][ended < 400], ended[ended < 400])
    assert (outcomes.followed_days[remitted][ended > 400] > max(HORIZONS_DAYS)).all()


@pytest.mark.parametrize("missing", [0.28, 0.36])
def test_who_is_lost_had_the_worse_ratings_and_as_many_are_lost_as_asked_for(missing: float, tmp_path: Path) -> None:
    drawn = draw_cohort(6000, seed=4, missing=missing)
    cohort = read(drawn, tmp_path)
    outcomes = derive_outcomes(cohort, cohort.protocol.landmark(LANDMARKS[0]))
    assert np.isnan(outcomes.remission).mean() == pytest.approx(missing, abs=0.02)
    assert np.nanmean(outcomes.remission) > drawn.remission.mean() + 0.05


def test_the_same_seed_draws_the_same_courses_whatever_is_missing() -> None:
    whole, poor = draw_cohort(300, seed=5), draw_cohort(300, seed=5, missing=0.36)
    assert np.array_equal(whole.course.deciding_score, poor.course.deciding_score)
    assert np.array_equal(whole.follow_up.score, poor.follow_up.score)


def test_the_rates_are_those_of_the_literature(drawn: SecondCohort) -> None:
    relapse, _ = drawn.ended
    assert 0.28 <= drawn.remission.mean() <= 0.40
    assert 0.30 <= (relapse[drawn.remission] <= 182).mean() <= 0.45
    assert 0.10 <= (drawn.course.received < drawn.people.columns["site_planned"]).mean() <= 0.25


@pytest.mark.long
def test_the_true_probabilities_tell_patients_apart_as_well_as_models_in_the_literature(
    drawn: SecondCohort, truths: tuple[TrueRisks, TrueRisks, TrueRisks]
) -> None:
    first, _, third = (auc(truth.remission, drawn.remission) for truth in truths)
    assert 0.62 <= first <= 0.70
    assert 0.75 <= third <= 0.82
    relapsed = drawn.ended[0] <= 182
    for truth in truths:
        assert 0.62 <= auc(truth.relapse[drawn.remission, 1], relapsed[drawn.remission]) <= 0.70


def auc(truth: Floats, outcome: np.ndarray) -> float:
    reached = ~np.isnan(truth)
    return float(roc_auc_score(outcome[reached], truth[reached]))


@pytest.mark.long
@pytest.mark.parametrize("landmark", range(3))
def test_of_patients_with_a_true_probability_so_many_have_the_outcome(
    landmark: int, drawn: SecondCohort, truths: tuple[TrueRisks, TrueRisks, TrueRisks]
) -> None:
    truth = truths[landmark]
    relapse, competing = drawn.ended
    agrees(truth.remission[truth.reached], drawn.remission[truth.reached])
    remitted = truth.reached & drawn.remission
    for position, days in enumerate(HORIZONS_DAYS):
        free = np.minimum(relapse, competing) > days
        agrees(truth.relapse[remitted, position], (relapse <= days)[remitted])
        agrees(truth.event_free[remitted, position], free[remitted])
        agrees(truth.sustained[truth.reached, position], (drawn.remission & free)[truth.reached])


def agrees(probability: Floats, outcome: np.ndarray, another: Floats | None = None) -> None:
    """In ten groups by the probability, the outcomes are those of ten binomials; one false alarm in a thousand.

    Groups by ``another`` estimate of the probability do not pick out where the first one erred.
    """
    groups = np.array_split(np.argsort(probability if another is None else another), 10)
    squares = [
        (outcome[group].sum() - probability[group].sum()) ** 2 / (probability[group] * (1 - probability[group])).sum()
        for group in groups
    ]
    assert sum(squares) < chi2.ppf(0.999, 10)


def test_the_truth_knows_nothing_that_the_record_does_not_show() -> None:
    drawn = draw_cohort(80, seed=6)
    people, course = drawn.people, drawn.course
    hidden = {
        name: np.where(people.recorded[name], values, values[::-1]) if name in people.recorded else values
        for name, values in people.columns.items()
    }
    elsewhere = replace(people, columns=hidden)
    later = course.score.copy()
    later[:, 3:] = later[::-1, 3:]
    another = replace(course, score=later, deciding_score=course.deciding_score[::-1])
    for one, other in zip(
        true_probabilities(people, course, draws=50), true_probabilities(elsewhere, another, draws=50), strict=True
    ):
        assert np.array_equal(one.remission, other.remission, equal_nan=True)
        assert np.array_equal(one.relapse, other.relapse, equal_nan=True)


def test_a_cell_that_is_not_recorded_is_integrated_over_and_not_taken_for_a_usual_one() -> None:
    """One more failure closes the switch: between known to be open and known to be shut lies not knowing."""
    drawn = draw_cohort(300, seed=7)
    few, many, unknown = (with_failures(drawn, failures) for failures in (0.0, 4.0, None))
    assert (few > many).mean() > 0.95
    assert many.mean() < unknown.mean() < few.mean()


def with_failures(drawn: SecondCohort, failures: float | None) -> Floats:
    """True probability of remission before session 3 if everybody had so many failures, or nobody had been asked."""
    people = drawn.people
    count = len(people)
    recorded = dict(people.recorded) | {"failures": np.full(count, failures is not None)}
    columns = dict(people.columns) | {"failures": np.full(count, failures or 0.0)}
    truth = true_probabilities(replace(people, recorded=recorded, columns=columns), drawn.course, draws=300)[2]
    return truth.remission[truth.reached]
