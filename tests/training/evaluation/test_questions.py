"""The yes/no questions: who is asked, who has an answer, what was predicted, and for whom an answer stands."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from features.build import build_features
from features.records.timeline import Floats
from tests.training.evaluation.evaluated_examples import NAN, evaluated_of, outcomes_of
from tests.training.evaluation.evaluated_examples import asked_of as remission_of
from tests.training.trainings import QUICK
from training.cohort.reader import read_cohort
from training.evaluation.predictions import EvaluatedPredictions
from training.evaluation.questions import questions
from training.learning.cohort_tasks import tasks_of
from training.metrics.question_data import FEWEST_FOLLOWED, QuestionData
from training.outcomes.labels import EndedBy, derive_outcomes
from training.simulation.cohort import simulate_cohort, write_cohort

CENSORED, RELAPSE, COMPETING, NEVER = EndedBy.CENSORED, EndedBy.RELAPSE, EndedBy.COMPETING, EndedBy.NOT_AT_RISK
FOLLOWED = [(1.0, 200.0, CENSORED)] * FEWEST_FOLLOWED
"""Enough patients in remission who are followed beyond every day asked about."""
PATIENTS = [
    (1.0, 84.0, RELAPSE),  # on the very day: by then
    (1.0, 85.0, RELAPSE),  # the day after
    (1.0, 84.0, COMPETING),
    (1.0, 84.0, CENSORED),  # free through the day
    (1.0, 83.0, CENSORED),  # lost the day before
    (1.0, 0.0, CENSORED),  # never followed
    (0.0, NAN, NEVER),
    (NAN, NAN, NEVER),
]


def evaluated(patients: list[tuple[float, float, EndedBy]], **changes: object) -> EvaluatedPredictions:
    remission, followed, ended_by = zip(*patients, strict=True)
    number = len(patients)
    outcomes = outcomes_of(remission, followed, ended_by, changes.pop("eligible", ()))  # type: ignore[arg-type]
    chance = changes.pop("remission", [0.4] * number)
    return evaluated_of(outcomes, chance, [[0.25]] * number, **changes)  # type: ignore[arg-type]


def answers(asked: QuestionData) -> dict[int, float]:
    return dict(zip(asked.patient.tolist(), asked.y_observed.tolist(), strict=True))


def asked_of(seen: EvaluatedPredictions, head: str) -> QuestionData:
    (asked,) = (each for each in questions(seen) if each.head == head)
    return asked


def test_relapse_is_asked_of_those_in_remission_and_followed_and_a_competing_event_first_is_no() -> None:
    asked = asked_of(evaluated([*PATIENTS, *FOLLOWED]), "relapse")
    found = answers(asked)
    assert {number: found[number] for number in (0, 1, 2, 3)} == {0: 1, 1: 0, 2: 0, 3: 0}
    assert np.isnan(found[4])
    assert not {5, 6, 7} & set(found)


def test_sustained_is_no_without_remission_and_not_observed_where_remission_is_or_loss_came_first() -> None:
    found = answers(asked_of(evaluated([*PATIENTS, *FOLLOWED]), "sustained"))
    assert {number: found[number] for number in (0, 1, 2, 3, 6)} == {0: 0, 1: 1, 2: 0, 3: 1, 6: 0}
    assert all(np.isnan(found[number]) for number in (4, 5, 7))


def test_who_was_lost_is_stood_for_by_those_followed_and_no_remission_needs_no_follow_up() -> None:
    # Twenty in remission on day 50, of whom one is lost: the chance of not being lost is 19/20 from then on, and the
    # others weigh 20/19 times their weight for having been observed at all.
    early = [(1.0, 20.0, RELAPSE), (1.0, 50.0, CENSORED), (1.0, 60.0, RELAPSE), (0.0, NAN, NEVER)]
    seen = evaluated([*early, *[(1.0, 200.0, CENSORED)] * 18], weights=[1.5] * 4 + [1.0] * 18)
    asked = asked_of(seen, "sustained")
    assert asked.weights.tolist() == pytest.approx([1.5, 0, 1.5 * 20 / 19, 1.5] + [20 / 19] * 18)
    assert asked_of(seen, "relapse").weights.tolist() == pytest.approx([1, 0, 20 / 19] + [20 / 19] * 18)


def test_a_day_is_not_asked_about_when_nobody_without_an_event_was_followed_to_it() -> None:
    # All that is known by day 84 would be the relapses: a rate of 100%.
    visits = [(1.0, 80.0, CENSORED)] * 30 + [(1.0, 20.0, RELAPSE)] * 10
    assert [each.name for each in questions(evaluated(visits))] == ["remission"]
    just_enough = visits + FOLLOWED
    assert [each.head for each in questions(evaluated(just_enough))] == ["remission", "relapse", "sustained"]
    all_relapsed = [(1.0, 20.0, RELAPSE)] * 12
    assert [each.head for each in questions(evaluated(all_relapsed))] == ["remission", "relapse", "sustained"]


def test_what_is_predicted_to_last_is_remission_times_event_free_row_by_row() -> None:
    asked = asked_of(evaluated([*PATIENTS, *FOLLOWED], remission=np.linspace(0.1, 0.9, 18).tolist()), "sustained")
    assert asked.y_predicted == pytest.approx(np.linspace(0.1, 0.9, 18) * (1 - 0.25))


def test_where_everyone_is_in_remission_at_the_landmark_sustained_is_event_free() -> None:
    seen = evaluated([(1.0, 30.0, RELAPSE), *FOLLOWED], remission=None, at_landmark=True)
    assert [each.head for each in questions(seen)] == ["relapse", "sustained"]
    asked = asked_of(seen, "sustained")
    assert asked.y_predicted == pytest.approx([0.75] * 11)
    assert asked.y_observed.tolist() == [0] + [1] * 10


def test_without_a_remission_head_nothing_is_said_of_what_lasts() -> None:
    assert [each.head for each in questions(evaluated(FOLLOWED, remission=None))] == ["relapse"]


def test_without_a_relapse_head_remission_alone_is_asked() -> None:
    outcomes = outcomes_of([1.0, 0.0], [10.0, NAN], [CENSORED, NEVER])
    assert [each.name for each in questions(evaluated_of(outcomes, [0.3, 0.3], None))] == ["remission"]


def test_nobody_is_asked_where_nobody_is_eligible_and_the_ineligible_never_are() -> None:
    for asked in questions(evaluated(FOLLOWED, eligible=[False] * 10)):
        assert len(asked.row) == 0
    some = evaluated([*PATIENTS, *FOLLOWED], eligible=[False] + [True] * 17)
    assert all(0 not in asked.patient for asked in questions(some))


def test_other_treatments_of_the_unobserved_differ() -> None:
    asked = asked_of(evaluated([*PATIENTS, *FOLLOWED], weights=[1.5] * 18), "remission")
    assert asked.weights.tolist() == [1.5] * 7 + [0.0] + [1.5] * 10
    assert asked.treated("all-no").y_observed[7] == 0
    assert asked.treated("all-no").weights.tolist() == [1.0] * 18
    assert 7 not in asked.treated("excluded").patient
    assert asked.treated("excluded").weights.tolist() == [1.0] * 17
    assert asked.treated("weights") is asked


@pytest.mark.slow
def test_the_weighted_rates_are_the_true_ones_of_everybody_also_of_those_not_observed(tmp_path: Path) -> None:
    drawn = simulate_cohort(4000, 4, 11)
    write_cohort(drawn, tmp_path, "parquet")
    cohort = read_cohort(tmp_path)
    landmark = cohort.protocol.landmarks[1]
    outcomes, number = derive_outcomes(cohort, landmark), len(cohort)
    ((task, _),) = tasks_of(cohort, [build_features(cohort, landmark)], [outcomes], QUICK)
    seen = evaluated_of(outcomes, [0.3] * number, [[0.2]] * number, weights=task.weights.tolist())
    truth = _truth(drawn.truth, cohort.patient_ids, landmark.name)[outcomes.eligible]
    # Some 2,500 have an answer, at a rate of a quarter to a third: the standard error is about 0.01.
    assert _rate(asked_of(seen, "remission")) == pytest.approx(truth[:, 0].mean(), abs=0.02)
    # The true relapse is its onset, seen at a visit up to six weeks later: what lasts is between the two, but for the
    # few who had a competing event.
    by_week_6, by_week_12 = (float((truth[:, 0] * (1 - truth[:, column])).mean()) for column in (1, 2))
    assert by_week_12 - 0.02 <= _rate(asked_of(seen, "sustained")) <= by_week_6 + 0.02
    assert _rate(asked_of(seen, "sustained").treated("all-no")) < by_week_12 - 0.05


def _rate(asked: QuestionData) -> float:
    return float(np.average(asked.observed.y_observed, weights=asked.observed.weights))


def _truth(truth: pd.DataFrame, patient_ids: NDArray[np.str_], landmark: str) -> Floats:
    """True remission and, given it, relapse begun by weeks 6 and 12; NaN for who did not reach the landmark."""
    rows = truth[truth["landmark"] == landmark].set_index("patient_id")
    columns = ["true_remission", "true_relapse_week_6", "true_relapse_week_12"]
    return rows.reindex(patient_ids)[columns].to_numpy(dtype=np.float64)


def test_those_lost_may_have_done_worse_than_predicted() -> None:
    """Predicted 1/2: a whole unit of log-odds less is 1 / (1 + e) = 0.269, half a unit 0.378."""
    asked = remission_of([1, 0, NAN, NAN], [0.6, 0.4, 0.5, 0.5], weights=[3.0, 2.0, 1.0, 1.0])
    for shift, chance in ((0.0, 1 / 2), (0.5, 1 / (1 + np.exp(0.5))), (1.0, 1 / (1 + np.e))):
        worse = asked.worse_by(shift)
        assert worse.weights.sum() == pytest.approx(4)
        assert worse.weights @ worse.y_observed == pytest.approx(1 + 2 * chance)
        expected = worse.weights @ worse.y_predicted
        assert expected == pytest.approx(0.6 + 0.4 + 0.5 + 0.5)
    nobody = remission_of([1, 0], [0.6, 0.4]).worse_by(1.0)
    assert (nobody.y_observed.tolist(), nobody.weights.tolist()) == ([1, 0], [1, 1])
