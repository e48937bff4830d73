"""A category that holds the outcome stops a training, also if none of its levels does alone."""

import numpy as np
import pytest

from features.protocol.document import Covariate
from features.records.cohort import Cohort
from features.records.timeline import Indices
from tests.training.leakage.leaks import LeakageArguments, leakage_arguments, with_category
from training.evidence.document import LeakageCheck
from training.leakage.implausible_features import feature_check
from training.outcomes.labels import EndedBy


def wards(levels: int) -> Covariate:
    return Covariate("ward", "category", "ward at discharge", levels=tuple(f"ward {n}" for n in range(levels)))


def check_with(cohort: Cohort, covariate: Covariate, codes: Indices) -> LeakageCheck:
    leaking = leakage_arguments(with_category(cohort, covariate, codes))
    return feature_check(cohort.protocol.landmarks, leaking.tasks, leaking.outcomes)


def drawn(cohort: Cohort, levels: int) -> Indices:
    return np.random.default_rng(6).integers(0, levels, len(cohort))


@pytest.mark.parametrize("levels", [2, 8])
def test_levels_that_share_the_patients_in_remission_are_a_leak_together(
    cohort: Cohort, honest: LeakageArguments, levels: int
) -> None:
    """Of eight levels, four hold those in remission: each alone has an AUC of about 0.5 + 0.25 / 2."""
    half = levels // 2
    codes = drawn(cohort, half) + half * (honest.outcomes[0].remission == 1)
    check = check_with(cohort, wards(levels), codes)
    assert not check.passed
    assert not check.acknowledgeable
    for landmark in cohort.protocol.landmarks:
        assert any(name.startswith(f"{landmark.name}, remission: ward (AUC ") for name in check.named), check.named


def test_levels_that_share_the_patients_with_a_relapse_are_a_leak_together(
    cohort: Cohort, honest: LeakageArguments
) -> None:
    codes = drawn(cohort, 3) + 3 * (honest.outcomes[0].ended_by == EndedBy.RELAPSE)
    check = check_with(cohort, wards(6), codes)
    assert not check.passed
    assert any(", relapse: ward (AUC " in name for name in check.named), check.named


@pytest.mark.parametrize("levels", [2, 8, 60, 200])
def test_levels_without_a_relation_to_the_outcome_pass_however_many_there_are(cohort: Cohort, levels: int) -> None:
    """No share of a level counts the patient whom it is to predict: levels of one or two patients tell nothing."""
    check = check_with(cohort, wards(levels), drawn(cohort, levels))
    assert check.passed
    assert not [name for name in check.named if "ward" in name]


def test_levels_of_one_patient_in_remission_among_five_pass(cohort: Cohort, honest: LeakageArguments) -> None:
    """The others of a level then always say the opposite, which is no knowledge either."""
    remission = honest.outcomes[0].remission == 1
    codes = np.empty(len(cohort), dtype=np.intp)
    codes[remission] = np.arange(remission.sum())
    codes[~remission] = np.arange((~remission).sum()) % remission.sum()
    check = check_with(cohort, wards(int(remission.sum())), codes)
    assert not [name for name in check.named if ": ward (AUC" in name]
