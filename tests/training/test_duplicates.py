"""A patient under two ids is found, also with a few cells changed; different patients are never accused."""

from pathlib import Path

import numpy as np
import pytest

from features.cohort import Cohort
from features.columns import CHILD_TABLES
from tests.training.leaks import in_hand, with_copy, with_rows
from training.duplicates import near_duplicates, tellable
from training.leakage import duplicate_check
from training.read_cohort import read_cohort
from training.synthetic_cohort import simulate_cohort, write_cohort

COHORTS = Path(__file__).parents[3] / "shared" / "cohorts"
PUBLISHED = ("beat_the_blues", "antidepressant_trial", "uis", "rotterdam", "gbsg")


@pytest.fixture(scope="module")
def cohort(simulated: Path) -> Cohort:
    return read_cohort(simulated)


def pairs(cohort: Cohort) -> list[list[int]]:
    found: list[list[int]] = near_duplicates(cohort).tolist()
    return found


def test_different_synthetic_patients_are_never_taken_for_one(cohort: Cohort, tmp_path: Path) -> None:
    assert pairs(cohort) == []
    for seed in range(3):
        write_cohort(simulate_cohort(700, 4, 100 + seed), tmp_path / str(seed))
        assert pairs(read_cohort(tmp_path / str(seed))) == []


def test_a_patient_under_another_id_is_found(cohort: Cohort) -> None:
    assert pairs(with_copy(cohort, 17)) == [[17, 400]]


@pytest.mark.parametrize("patient", range(0, 400, 40))
def test_a_patient_under_another_id_is_found_with_one_rating_changed(cohort: Cohort, patient: int) -> None:
    copied = with_copy(cohort, patient)
    score = copied.assessments.numbers("score").copy()
    score[-1] += 1 if score[-1] == 0 else -1
    assert pairs(with_rows(copied, "assessments", score=score)) == [[patient, 400]]


@pytest.mark.parametrize("patient", range(0, 400, 40))
def test_a_patient_under_another_id_is_found_with_one_day_changed(cohort: Cohort, patient: int) -> None:
    copied = with_copy(cohort, patient)
    day = copied.sessions.numbers("day").copy()
    day[-1] += 1
    assert pairs(with_rows(copied, "sessions", day=day)) == [[patient, 400]]


@pytest.mark.parametrize("patient", range(0, 400, 40))
def test_a_patient_under_another_id_is_found_with_every_day_shifted(cohort: Cohort, patient: int) -> None:
    copied = with_copy(cohort, patient)
    for table in CHILD_TABLES:
        rows = copied.table(table)
        shifted = {
            name: rows.numbers(name) + (rows.patient == 400)
            for name in rows.columns
            if name in ("day", "start_day", "end_day")
        }
        copied = with_rows(copied, table, **shifted)
    assert pairs(copied) == [[patient, 400]]


def test_a_patient_at_two_clinics_is_found(cohort: Cohort) -> None:
    copied = with_copy(cohort, 17)
    copied.site[400] = (copied.site[17] + 1) % 3
    assert pairs(copied) == [[17, 400]]


def test_a_patient_under_three_ids_is_three_pairs(cohort: Cohort) -> None:
    twice = with_copy(with_copy(cohort, 17), 17)
    assert pairs(twice) == [[17, 400], [17, 401], [400, 401]]


def test_a_cohort_of_one_or_none_has_no_pairs(cohort: Cohort) -> None:
    assert pairs(cohort.take(np.array([3]))) == []
    assert pairs(cohort.take(np.array([], dtype=np.intp))) == []


def test_what_is_said_of_a_pair_names_rows_and_no_id(cohort: Cohort) -> None:
    copied = with_copy(cohort, 17)
    check = duplicate_check(copied, in_hand(copied).folds)
    assert not check.passed
    assert check.named == ["rows 19 and 402"]  # patients 17 and 400, from 0, below a header in row 1
    assert "1 pairs" in check.seen
    assert not any(str(name) in check.seen for name in cohort.patient_ids)


@pytest.mark.skipif(not COHORTS.is_dir(), reason="the published cohorts, ../shared/cohorts, are absent")
@pytest.mark.parametrize("name", PUBLISHED)
def test_no_two_patients_of_a_published_cohort_are_taken_for_one_and_a_copy_of_each_rich_one_is_found(
    name: str,
) -> None:
    published = read_cohort(COHORTS / name)
    assert pairs(published) == []
    rich = np.flatnonzero(tellable(published))
    assert len(rich) >= 0.2 * len(published)
    for patient in rich[:: max(len(rich) // 8, 1)].tolist():
        assert pairs(with_copy(published, patient)) == [[patient, len(published)]]
