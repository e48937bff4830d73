"""Nobody is ever on both sides of a split, and sites are held out whole where there are enough of them."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.protocol.problems import InputRefusedError
from training.config import load_config
from training.learning.splits import Folds, draw_folds, held_out

CONFIG = load_config()
NAMES = ("north", "east", "south", "west", "small", "tiny")


def sites_with(*events_and_others: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Outcome classes and sites: so many with the outcome and so many without, per site."""
    outcome = np.concatenate([[1] * events + [0] * others for events, others in events_and_others])
    site = np.repeat(np.arange(len(events_and_others)), [sum(pair) for pair in events_and_others])
    return outcome.astype(np.intp), site.astype(np.int32)


def folds_of(*events_and_others: tuple[int, int]) -> tuple[Folds, np.ndarray, np.ndarray]:
    outcome, site = sites_with(*events_and_others)
    return draw_folds(outcome, site, NAMES[: len(events_and_others)], CONFIG), outcome, site


@given(
    outcome=st.lists(st.sampled_from([-1, 0, 1]), min_size=2, max_size=80),
    sites=st.integers(1, 4),
    seed=st.integers(0, 2**31 - 1),
)
def test_everybody_is_held_out_exactly_once_per_repeat(outcome: list[int], sites: int, seed: int) -> None:
    """Cohorts of any size and mixture: fitted on and held out are complements, and no fold is without patients."""
    classes, site = np.array(outcome, dtype=np.intp), (np.arange(len(outcome)) % sites).astype(np.int32)
    folds = draw_folds(classes, site, NAMES[:sites], replace(CONFIG, seed=seed, most_repeats=2))
    for repeat in range(folds.repeats):
        times = sum(held_out(folds, repeat, number).astype(int) for number in range(len(folds.names)))
        np.testing.assert_array_equal(times, 1)
        assert all(held_out(folds, repeat, number).any() for number in range(len(folds.names)))


def test_with_three_sites_of_enough_outcomes_whole_sites_are_held_out() -> None:
    folds, _, site = folds_of((20, 20), (30, 40), (25, 20))
    assert (folds.kind, folds.repeats) == ("sites", 1)
    assert folds.names == ("north", "east", "south")
    for number in range(3):
        np.testing.assert_array_equal(held_out(folds, 0, number), site == number)


def test_smaller_sites_are_held_out_together() -> None:
    folds, _, site = folds_of((20, 20), (30, 40), (25, 20), (19, 90), (90, 19), (1, 1))
    assert folds.names == ("north", "east", "south", "the smaller sites")
    np.testing.assert_array_equal(held_out(folds, 0, 3), site >= 3)


def test_who_belongs_to_no_site_is_held_out_with_the_smaller_ones() -> None:
    outcome, site = sites_with((20, 20), (20, 20), (20, 20))
    site[::7] = -1
    folds = draw_folds(outcome, site, NAMES[:3], replace(CONFIG, site_events=10))
    assert folds.names[-1] == "the smaller sites"
    np.testing.assert_array_equal(held_out(folds, 0, 3), site == -1)


@pytest.mark.parametrize(
    ("third", "kind"),
    [((19, 50), "patients"), ((20, 19), "patients"), ((20, 20), "sites"), ((21, 20), "sites")],
)
def test_a_site_counts_from_twenty_outcomes_of_either_kind_on(third: tuple[int, int], kind: str) -> None:
    folds, _, _ = folds_of((50, 50), (50, 50), third)
    assert folds.kind == kind


def test_folds_of_patients_have_the_same_share_of_outcomes() -> None:
    folds, outcome, _ = folds_of((60, 140), (40, 60))
    assert folds.names == ("fold 1", "fold 2", "fold 3", "fold 4", "fold 5")
    for repeat in range(folds.repeats):
        counts = [(outcome[held_out(folds, repeat, number)] == 1).sum() for number in range(5)]
        assert counts == [20] * 5


@pytest.mark.parametrize(("patients", "repeats"), [(60, 20), (100, 20), (400, 5), (900, 2), (10_000, 2)])
def test_small_cohorts_are_split_more_often(patients: int, repeats: int) -> None:
    """About 2,000 patients are held out in all, within 2 and 20 repeats."""
    folds, _, _ = folds_of((patients // 2, patients // 2))
    assert folds.repeats == repeats


def test_repeats_differ_and_a_seed_repeats_them() -> None:
    outcome, site = sites_with((50, 50))
    first, again = (draw_folds(outcome, site, NAMES[:1], CONFIG) for _ in range(2))
    np.testing.assert_array_equal(first.fold, again.fold)
    assert not np.array_equal(first.fold[0], first.fold[1])
    other = draw_folds(outcome, site, NAMES[:1], replace(CONFIG, seed=CONFIG.seed + 100))
    assert not np.array_equal(first.fold, other.fold)


@pytest.mark.parametrize("patients", [0, 1])
def test_one_patient_can_not_be_held_out_and_the_number_needed_is_said(patients: int) -> None:
    outcome, site = np.ones(patients, dtype=np.intp), np.zeros(patients, dtype=np.int32)
    with pytest.raises(InputRefusedError) as refused:
        draw_folds(outcome, site, NAMES[:1], CONFIG)
    (problem,) = refused.value.problems
    assert "at least 2 patients" in problem.required
    assert str(CONFIG.events_to_fit) in problem.required
    assert problem.found == str(patients)


@pytest.mark.parametrize("outcomes_per_site", [(30, 30), (3, 3)])
def test_the_site_of_every_patient_goes_with_the_folds_of_either_kind(outcomes_per_site: tuple[int, int]) -> None:
    folds, _, site = folds_of(*[outcomes_per_site] * 4)
    assert folds.kind == ("sites" if outcomes_per_site == (30, 30) else "patients")
    assert (folds.site == site).all()
