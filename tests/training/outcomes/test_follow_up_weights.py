"""Those still followed stand for those lost to follow-up who were like them at the last contact."""

from dataclasses import dataclass, replace
from functools import cache

import numpy as np
import pytest

from features.build import FeatureRows, build_features
from features.catalogue import catalogue
from features.protocol.document import Protocol
from features.records.assemble import rows_in_order
from features.records.cohort import Cohort
from features.records.timeline import Floats
from models.fitting.learners import fit_nothing
from models.outcomes import expit
from models.relapse import FollowUpWeights
from tests.training.outcomes.followed import DECIDING, PatientCourse, cohort_of, drawn_scores, followed, lost_when_worse
from tests.training.trainings import QUICK
from training.learning.relapse_task import RelapseTask, reach_of, relapse_task
from training.outcomes.follow_up_weights import _KeptContacts, follow_up_weights
from training.outcomes.labels import EndedBy, Outcomes, derive_outcomes

PATIENTS = 4000
UNCAPPED = replace(QUICK, largest_weight=1e6)
BY_EVENT = replace(Protocol(), relapse=replace(Protocol().relapse, rule="event"))


@dataclass(frozen=True, eq=False)
class WeightedCohort:
    """A cohort at the first landmark, with the weights of its follow-up."""

    cohort: Cohort
    features: FeatureRows
    outcomes: Outcomes
    weights: FollowUpWeights

    @staticmethod
    def from_cohort(cohort: Cohort) -> "WeightedCohort":
        landmark = cohort.protocol.landmarks[0]
        features, outcomes = build_features(cohort, landmark), derive_outcomes(cohort, landmark)
        weights = follow_up_weights(cohort, features, outcomes, reach_of(outcomes, 182, UNCAPPED.relapse), UNCAPPED)
        return WeightedCohort(cohort, features, outcomes, weights)

    def incidence(self, weights: FollowUpWeights | None) -> Floats:
        """Of relapse by days 84 and 182, without a model."""
        declared = catalogue(self.cohort.protocol)
        task = relapse_task(self.features, declared, self.outcomes, 182, UNCAPPED, weights)
        head, _ = task.fit(fit_nothing, np.ones(len(self.cohort), dtype=np.bool_))
        assert isinstance(task, RelapseTask)
        return head.curve(self.features.values[:1], np.array([84, 182])).relapse[0]  # type: ignore[union-attr]


@cache
def everybody_and_those_left() -> tuple[WeightedCohort, WeightedCohort]:
    """The same patients, all followed to the end, and less those lost after a visit on which they were worse."""
    rng = np.random.default_rng(1)
    scores = drawn_scores(rng, PATIENTS)
    kept = lost_when_worse(rng, scores)
    return WeightedCohort.from_cohort(followed(scores, np.ones_like(kept))), WeightedCohort.from_cohort(
        followed(scores, kept)
    )


def test_the_true_incidence_is_recovered_where_those_who_are_worse_are_lost() -> None:
    everybody, left = everybody_and_those_left()
    true = everybody.incidence(None)
    plain, weighted = left.incidence(None), left.incidence(left.weights)
    # Some 570 of 870 relapses are left, so that the noise of the later incidence is about a twentieth of 0.22.
    assert true[1] - plain[1] > 0.05
    assert weighted == pytest.approx(true, abs=0.03)
    assert (abs(weighted - true) < abs(plain - true) / 2).all()


def test_where_everybody_is_followed_all_weights_are_1() -> None:
    weights = everybody_and_those_left()[0].weights
    assert (weights.weekly == 1).all()
    assert (weights.at_event == 1).all()


def test_the_weights_of_those_at_risk_in_a_week_average_1() -> None:
    """So that a week weighs as much as there are patients in it, however many were lost before."""
    left = everybody_and_those_left()[1]
    outcomes, weekly = left.outcomes, left.weights.weekly
    assert np.ptp(weekly) > 0.1
    for week in range(weekly.shape[1]):
        at_risk = outcomes.at_risk & (outcomes.followed_days > 7 * week)
        assert weekly[at_risk, week].mean() == pytest.approx(1)


def test_a_score_that_makes_loss_likely_makes_those_who_came_again_stand_for_more() -> None:
    """Everybody in the fourth week after the first visit, by the score on that visit: 4 against 0."""
    left = everybody_and_those_left()[1]
    first = left.outcomes.primary.ratings_among(left.cohort.assessments)
    first = first.where(first.numbers("day") == DECIDING)
    score = np.full(PATIENTS, np.nan)
    score[first.patient] = first.numbers("score")
    # 4 in 100 are lost after a score of 4, and 1.2 in 100 after one of 0.
    ratio = left.weights.weekly[score == 4, 3].mean() / left.weights.weekly[score == 0, 3].mean()
    assert ratio == pytest.approx((1 - expit(np.array(-4.4))) / (1 - expit(np.array(-3.2))), abs=0.02)


def test_no_weight_exceeds_the_largest_that_is_allowed() -> None:
    left = everybody_and_those_left()[1]
    last_day = reach_of(left.outcomes, 182, UNCAPPED.relapse)
    held = follow_up_weights(
        left.cohort, left.features, left.outcomes, last_day, replace(UNCAPPED, largest_weight=1.25)
    )
    assert left.weights.weekly.max() > 1.25
    assert held.weekly == pytest.approx(np.minimum(left.weights.weekly, 1.25))
    assert held.at_event == pytest.approx(np.minimum(left.weights.at_event, 1.25))


@pytest.mark.parametrize(("lost", "equal"), [(0, True), (19, True), (20, False), (21, False)])
def test_below_twenty_lost_nothing_is_estimated(lost: int, equal: bool) -> None:
    """Of 200, those with the highest score on the second visit have no visit after it."""
    scores = np.tile(np.arange(200)[:, None] % 5, (1, 9)).astype(np.float64)
    kept = np.ones(scores.shape, dtype=np.bool_)
    kept[np.argsort(-scores[:, 1])[:lost], 2:] = False
    weights = WeightedCohort.from_cohort(followed(scores, kept)).weights
    assert (np.ptp(weights.weekly) == 0) == equal


def events_only(rng: np.random.Generator, *, lose: bool) -> Cohort:
    """Nobody is rated after the start of risk: relapses are events, and their hazard, like loss, rises with severity.

    The baseline alone is known of severity. Without loss everybody is followed for 190 days.
    """
    baseline = rng.integers(11, 22, PATIENTS)
    relapse = rng.geometric(expit(0.3 * (baseline - 16) - 6.0)) + DECIDING
    lost = rng.geometric(expit(0.3 * (baseline - 16) - 5.3)) + DECIDING
    end = np.where(lose, np.minimum(lost, DECIDING + 190), DECIDING + 190)
    return cohort_of(
        [
            PatientCourse(
                [(0, worst), (DECIDING, 2)],
                [(onset, "relapse"), (last, "end_of_follow_up")] if onset <= last else [(last, "end_of_follow_up")],
            )
            for worst, onset, last in zip(baseline.tolist(), relapse.tolist(), end.tolist(), strict=True)
        ],
        BY_EVENT,
    )


def test_without_ratings_after_the_start_of_risk_those_left_stand_for_those_with_like_features() -> None:
    everybody, left = (
        WeightedCohort.from_cohort(events_only(np.random.default_rng(2), lose=lose)) for lose in (False, True)
    )
    true = everybody.incidence(None)
    plain, weighted = left.incidence(None), left.incidence(left.weights)
    # Some 960 relapses are left of 1,700: the noise of the later incidence is about 0.012.
    assert true[1] - plain[1] > 0.05
    assert weighted == pytest.approx(true, abs=0.03)


@pytest.mark.parametrize("last", [168, 175, 176, 180, 182])
def test_a_study_that_ends_on_any_day_of_a_week_has_patients_who_were_kept(last: int) -> None:
    """Of three visits 15 of 50 who scored 0 on the second do not come to the third, and 30 of 50 who scored 4."""
    score, lost = np.repeat([0.0, 4.0], 50), np.tile(np.arange(50), 2) < np.repeat([15, 30], 50)
    patients = [
        PatientCourse([(0, 16), (DECIDING, 2), (DECIDING + 28, at), *([] if gone else [(DECIDING + last, 2)])])
        for at, gone in zip(score.tolist(), lost.tolist(), strict=True)
    ]
    weekly = WeightedCohort.from_cohort(cohort_of(patients)).weights.weekly
    assert weekly[score == 4, 10].mean() > weekly[score == 0, 10].mean() + 0.1


def test_who_is_lost_by_chance_after_the_landmark_leaves_all_weights_near_1() -> None:
    """Everyone is in remission at the landmark; 3 in 10 have no later visit, half of the others do from day 5 on.

    That the lost were not rated on day 5 is what their loss looks like, and no reason for it.
    """
    rng = np.random.default_rng(3)
    remission = replace(Protocol().remission, at_landmark=True)
    protocol = replace(Protocol(), remission=remission, landmarks=Protocol().landmarks[:1])
    visits = [[0], [0, 5, *range(20, 200, 20)], [0, *range(20, 200, 20)]]
    patients = [
        PatientCourse([(day, score) for day, score in zip(days, rng.integers(5, 9, len(days)).tolist(), strict=True)])
        for days in (visits[kind] for kind in rng.choice(3, 400, p=[0.3, 0.35, 0.35]))
    ]
    seen = WeightedCohort.from_cohort(cohort_of(patients, protocol))
    at_risk = seen.outcomes.at_risk
    assert 100 < (~at_risk).sum() < 140
    assert np.ptp(seen.weights.weekly) > 0
    assert seen.weights.weekly[at_risk] == pytest.approx(1, abs=0.15)


def test_nobody_at_risk_has_weights_of_1() -> None:
    never = [PatientCourse([(0, 16), (DECIDING, 12)])] * 30
    seen = WeightedCohort.from_cohort(cohort_of(never))
    assert (seen.outcomes.ended_by == EndedBy.NOT_AT_RISK).all()
    assert (seen.weights.weekly == 1).all()


@pytest.mark.parametrize(
    ("day", "chance"),
    [(0, 0.9), (6.9, 0.9), (7, 0.72), (7.1, 0.72), (34, 0.72), (35, 0.36), (400, 0.36)],
)
def test_a_contact_counts_from_its_very_day_on(day: float, chance: float) -> None:
    """Contacts on days 0, 7 and 35, kept after each with 90%, 80% and 50%; another patient's change nothing."""
    contacts = np.array([1, 1, 1, 3])
    kept = _KeptContacts(contacts, np.array([0.0, 7, 35, 2]), np.array([0.9, 0.9 * 0.8, 0.9 * 0.8 * 0.5, 0.1]), 4)
    found = kept.through(np.full((4, 1), float(day)))[:, 0]
    assert found.tolist() == pytest.approx([1, chance, 1, 0.1 if day >= 2 else 1])


def test_before_any_contact_everybody_is_kept() -> None:
    none = np.empty(0)
    assert (
        _KeptContacts(none.astype(np.intp), none, none, 2).through(np.array([[0.0, 50], [0, 50]])).tolist()
        == [[1, 1]] * 2
    )


def test_a_rating_before_and_another_after_the_dose_of_a_day_are_one_contact() -> None:
    """The second of them is no sign that the patient came again."""
    rng = np.random.default_rng(5)
    scores = drawn_scores(rng, 800)
    once = followed(scores, lost_when_worse(rng, scores))
    ratings = once.assessments
    again = ratings.where(ratings.numbers("day") > 0)
    columns = {name: np.concatenate([values, again[name]]) for name, values in ratings.columns.items()}
    columns["after_dose"] = np.append(np.full(len(ratings), np.nan), np.ones(len(again)))
    both = rows_in_order("assessments", len(once), np.append(ratings.patient, again.patient), columns)
    one, other = (WeightedCohort.from_cohort(cohort) for cohort in (once, replace(once, assessments=both)))
    assert np.ptp(one.weights.weekly) > 0.1
    np.testing.assert_array_equal(one.outcomes.followed_days, other.outcomes.followed_days)
    np.testing.assert_array_equal(one.weights.weekly, other.weights.weekly)
    np.testing.assert_array_equal(one.weights.at_event, other.weights.at_event)
