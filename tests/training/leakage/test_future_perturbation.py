"""A random change of the records after a landmark changes outcomes and no feature; a wrong cut in time is found."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

import features.build
from features.build import build_features
from features.protocol.document import Landmark
from features.records.cohort import Cohort
from features.records.landmark import KnownAtLandmark, known_at, landmark_days
from tests.cohorts import random_cohort, random_protocol
from training.evidence.document import LeakageCheck
from training.leakage.future_perturbation import future_check, perturb_future
from training.outcomes.labels import derive_outcomes


def check_of(cohort: Cohort) -> LeakageCheck:
    return future_check(cohort, [build_features(cohort, landmark) for landmark in cohort.protocol.landmarks], seed=3)


def test_another_future_changes_no_feature(cohort: Cohort) -> None:
    check = check_of(cohort)
    assert check.passed
    assert check.named == []


@pytest.mark.parametrize("seed", range(12))
def test_another_future_changes_no_feature_under_any_protocol(seed: int) -> None:
    rng = np.random.default_rng(seed)
    check = check_of(random_cohort(rng, 60, random_protocol(rng)))
    assert check.passed, check.named


def test_the_future_is_really_another_one_and_the_past_is_not(cohort: Cohort) -> None:
    landmark = cohort.protocol.landmarks[1]
    day = landmark_days(cohort, landmark)
    other = perturb_future(cohort, landmark, day, np.random.default_rng(1))
    before, after = derive_outcomes(cohort, landmark), derive_outcomes(other.cohort, landmark)
    eligible = before.eligible & ~np.isnan(before.remission)
    assert (before.remission != after.remission)[eligible].mean() > 0.25
    assert other.rows > 10 * len(cohort)
    np.testing.assert_array_equal(landmark_days(other.cohort, landmark), day)
    for old, new in ((cohort, other.cohort), (other.cohort, cohort)):
        known, again = known_at(old, landmark), known_at(new, landmark)
        for table in ("sessions", "assessments", "events"):
            first, second = getattr(known, table), getattr(again, table)
            np.testing.assert_array_equal(first.patient, second.patient)
            for column in first.columns:
                np.testing.assert_array_equal(first[column], second[column])


Cut = Callable[[Cohort, Landmark], KnownAtLandmark]


def late_ratings(cohort: Cohort, landmark: Landmark) -> KnownAtLandmark:
    known = known_at(cohort, landmark)
    rows = cohort.assessments
    return replace(known, assessments=rows.where(rows.numbers("day") <= rows.spread(known.day) + 1))


def sessions_of_the_day(cohort: Cohort, landmark: Landmark) -> KnownAtLandmark:
    known = known_at(cohort, landmark)
    rows = cohort.sessions
    return replace(known, sessions=rows.where(rows.numbers("day") <= rows.spread(known.day)))


def every_session(cohort: Cohort, landmark: Landmark) -> KnownAtLandmark:
    return replace(known_at(cohort, landmark), sessions=cohort.sessions)


@pytest.mark.parametrize(
    ("wrong", "noticed"),
    [
        (late_ratings, "before session 2: change_points"),
        (sessions_of_the_day, "before session 2: dose_relative_to_usual"),
        (every_session, "before session 1: psychotherapy_sessions"),
    ],
    ids=["ratings of a day later", "sessions of the landmark day", "every session"],
)
def test_a_cut_in_time_that_is_wrong_is_noticed(
    cohort: Cohort, monkeypatch: pytest.MonkeyPatch, wrong: Cut, noticed: str
) -> None:
    monkeypatch.setattr(features.build, "known_at", wrong)
    check = check_of(cohort)
    assert not check.passed
    assert any(name.startswith(noticed) for name in check.named), check.named
    assert "are not known at the landmark" in check.seen


def test_a_landmark_day_that_depends_on_what_follows_is_noticed(
    cohort: Cohort, monkeypatch: pytest.MonkeyPatch
) -> None:
    def until_the_last_session(cohort: Cohort, landmark: Landmark) -> KnownAtLandmark:
        return replace(known_at(cohort, landmark), day=cohort.sessions.last_for_patient("day"))

    monkeypatch.setattr(features.build, "known_at", until_the_last_session)
    assert not check_of(cohort).passed


def test_where_nobody_reached_the_landmark_there_is_nothing_to_change(cohort: Cohort) -> None:
    later = replace(cohort.protocol, landmarks=(Landmark("never", before_session=900),))
    assert check_of(replace(cohort, protocol=later)).passed
