"""A patient under two ids is found, also with a few cells changed; different patients are never accused."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from features.protocol.columns import CHILD_TABLES
from features.records.cohort import Cohort
from features.records.timeline import Indices, Mask
from tests.places import COHORTS
from tests.training.leakage.leaks import leakage_arguments, with_copy, with_rows
from tests.training.leakage.poor_records import poor_records, with_copies, written
from training.cohort.reader import read_cohort
from training.leakage.chance_agreement import CellEvidence, evidence_of_codes
from training.leakage.checks import duplicate_check
from training.leakage.duplicates import RecordComparison
from training.simulation.cohort import simulate_cohort, write_cohort

PUBLISHED = {"beat_the_blues": 0.0, "antidepressant_trial": 0.5, "uis": 0.05, "rotterdam": 0.1, "gbsg": 0.1}
"""The least share of patients of whom an exact copy must be found: few numbers, half of which follow from another."""


def pairs(cohort: Cohort) -> list[list[int]]:
    found: list[list[int]] = RecordComparison.from_cohort(cohort).near_duplicates().tolist()
    return found


def test_different_synthetic_patients_are_never_taken_for_one(cohort: Cohort) -> None:
    assert pairs(cohort) == []


@pytest.mark.parametrize("seed", [100, *(pytest.param(seed, marks=pytest.mark.long) for seed in (101, 102))])
def test_nor_are_those_of_a_larger_cohort(tmp_path: Path, seed: int) -> None:
    write_cohort(simulate_cohort(700, 4, seed), tmp_path)
    assert pairs(read_cohort(tmp_path)) == []


def test_a_patient_under_another_id_is_found(cohort: Cohort) -> None:
    assert pairs(with_copy(cohort, 17)) == [[17, 400]]


def distinguishable(cohort: Cohort, changed: int = 0) -> Mask:
    return RecordComparison.from_cohort(cohort).distinguishable(changed)


TEN = range(0, 400, 40)


def with_copies_of(cohort: Cohort, patients: Iterable[int]) -> Cohort:
    """The cohort with the records of these patients once more, in their order."""
    for patient in patients:
        cohort = with_copy(cohort, patient)
    return cohort


def copies_of(patients: Iterable[int], count: int = 400) -> list[list[int]]:
    """The pairs of these patients of a cohort of so many and their copies."""
    return [[patient, count + number] for number, patient in enumerate(patients)]


def last_rows(cohort: Cohort, table: str) -> Indices:
    """The last row of each copy."""
    patient = cohort.table(table).patient
    return np.array([np.flatnonzero(patient == copy)[-1] for copy in range(400, len(cohort))])


def test_patients_under_another_id_are_found_with_one_rating_changed(cohort: Cohort) -> None:
    copied = with_copies_of(cohort, TEN)
    score, last = copied.assessments.numbers("score").copy(), last_rows(copied, "assessments")
    score[last] += np.where(score[last] == 0, 1, -1)
    assert pairs(with_rows(copied, "assessments", score=score)) == copies_of(TEN)


def test_patients_under_another_id_are_found_with_one_day_changed(cohort: Cohort) -> None:
    copied = with_copies_of(cohort, TEN)
    day = copied.sessions.numbers("day").copy()
    day[last_rows(copied, "sessions")] += 1
    assert pairs(with_rows(copied, "sessions", day=day)) == copies_of(TEN)


def test_patients_under_another_id_are_found_with_every_day_shifted(cohort: Cohort) -> None:
    copied = with_copies_of(cohort, TEN)
    for table in CHILD_TABLES:
        rows = copied.table(table)
        shifted = {
            name: rows.numbers(name) + (rows.patient >= 400)
            for name in rows.columns
            if name in ("day", "start_day", "end_day")
        }
        copied = with_rows(copied, table, **shifted)
    assert pairs(copied) == copies_of(TEN)


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
    check = duplicate_check(copied, leakage_arguments(copied).folds)
    assert not check.passed
    assert check.named == ["rows 19 and 402"]  # patients 17 and 400, from 0, below a header in row 1
    assert "1 pair of records" in check.seen
    assert not any(str(name) in check.seen for name in cohort.patient_ids)


@pytest.mark.skipif(not COHORTS.is_dir(), reason="the published cohorts, ../shared/cohorts, are absent")
@pytest.mark.parametrize(("name", "share"), PUBLISHED.items())
def test_no_two_patients_of_a_published_cohort_are_taken_for_one_and_a_copy_of_each_rich_one_is_found(
    name: str, share: float
) -> None:
    published = read_cohort(COHORTS / name)
    assert pairs(published) == []
    rich = np.flatnonzero(distinguishable(published))
    assert len(rich) >= share * len(published)
    some = rich[:: max(len(rich) // 8, 1)].tolist()
    assert pairs(with_copies_of(published, some)) == copies_of(some, len(published))


# --- poor records, whose cells depend on each other


def refused_and_found(seeds: Iterable[int], folder: Path) -> tuple[int, list[int]]:
    """How many honest cohorts have a pair, and how many of three copies are found in each."""
    refused, found = 0, []
    for seed in seeds:
        tables = poor_records(seed)
        honest = read_cohort(written(tables, folder / f"{seed}"))
        refused += bool(pairs(honest))
        rich = honest.patient_ids[distinguishable(honest, changed=2)]
        picked = np.random.default_rng(seed).choice(rich, 3, replace=False)
        with_pairs, names = with_copies(tables, np.flatnonzero(tables["patients"]["patient_id"].isin(picked)), seed)
        copied = read_cohort(written(with_pairs, folder / f"{seed}-copied"))
        seen = {(str(copied.patient_ids[one]), str(copied.patient_ids[two])) for one, two in pairs(copied)}
        found.append(len(seen & set(names)))
    return refused, found


def test_poor_records_are_not_taken_for_one_and_a_copy_with_two_changed_cells_is_found(tmp_path: Path) -> None:
    assert refused_and_found(range(2), tmp_path) == (0, [3, 3])


@pytest.mark.long
def test_of_twenty_cohorts_of_poor_records_at_most_one_is_refused_and_all_twenty_with_copies(tmp_path: Path) -> None:
    refused, found = refused_and_found(range(200, 220), tmp_path)
    assert refused <= 1
    assert min(found) >= 1
    assert sum(found) >= 0.95 * 3 * 20  # of so many copies


def test_three_ratings_are_too_few_for_a_copy_with_two_changed_ones_to_be_found(tmp_path: Path) -> None:
    """Age, sex, diagnosis and three ratings: thousands of others have nearly the same, so nobody is accused."""
    poor = read_cohort(written(poor_records(4, ratings=3), tmp_path))
    assert pairs(poor) == []
    assert distinguishable(poor, changed=2).mean() < 0.01
    assert distinguishable(poor).mean() < 0.5


def test_records_of_one_course_and_of_one_schedule_are_not_taken_for_one(tmp_path: Path) -> None:
    """Half of the patients have the same score at all eight visits: eight agreements tell what one does."""
    rng = np.random.default_rng(1)
    ids = np.array([f"p{number:04d}" for number in range(2000)])
    steady = rng.integers(0, 22, 2000)
    visits = [
        pd.DataFrame({"patient_id": ids, "day": 7 * visit, "instrument": "gad7", "score": scores})
        for visit in range(8)
        for scores in [np.where(np.arange(2000) % 2, steady, rng.integers(0, 22, 2000))]
    ]
    people = pd.DataFrame({"patient_id": ids, "age_years": rng.integers(18, 80, 2000)})
    assert pairs(read_cohort(written({"patients": people, "assessments": pd.concat(visits)}, tmp_path))) == []


def test_many_copies_do_not_hide_each_other(cohort: Cohort) -> None:
    """One patient in ten stands in the cohort twice."""
    forty = range(0, 400, 10)
    assert pairs(with_copies_of(cohort, forty)) == copies_of(forty)


def test_a_copy_that_lacks_the_last_rating_is_found(cohort: Cohort) -> None:
    copied = with_copy(cohort, 17)
    last = int(np.flatnonzero(copied.assessments.patient == 400)[-1])
    kept = np.delete(np.arange(len(copied.assessments)), last)
    assert pairs(replace(copied, assessments=copied.assessments.at(kept))) == [[17, 400]]


# --- what an agreement tells


def test_a_cell_tells_what_it_adds_to_the_one_that_tells_most_about_it() -> None:
    """Two coins: alone 1 bit each; the second one that always falls like the first adds nothing."""
    coins = np.random.default_rng(1).integers(0, 2, (20_000, 2))
    apart = np.stack([coins[:, 0], coins[:, 1]], axis=1).astype(np.int32)
    alike = np.stack([coins[:, 0], coins[:, 0]], axis=1).astype(np.int32)
    assert evidence_of_codes(apart).bits.mean(axis=0) == pytest.approx([1, 1], abs=0.01)
    assert evidence_of_codes(alike).bits.mean(axis=0) == pytest.approx([1, 0], abs=0.01)


def test_agreement_counts_what_agrees_and_charges_what_differs() -> None:
    """0.9 of the cells of a copy are as they were: a coin that agrees tells 1 + log2 0.9, one that differs log2 0.1."""
    codes = np.array([[0, 0, 0], [0, 1, -1]], dtype=np.int32)
    agreement = CellEvidence(codes, np.ones((2, 3), dtype=np.float32)).agreement(np.array([0]), np.array([1]))
    assert agreement == pytest.approx([1 + np.log2(0.9) + np.log2(0.1)])
