"""Ranks among training and new patients are uniform and independent for any distribution and size."""

from itertools import permutations

import numpy as np
import pytest
from scipy.stats import kstest

from training.monitoring.statistics.bins import Bins
from training.monitoring.statistics.ranks import ranks, ties


def test_a_rank_counts_the_share_below_and_a_part_of_its_own_bin() -> None:
    """Training: 3 low, 1 high. The first new one is low: 0 below, of 4 among 5. The second high: 4 below, of 2 in 6."""
    found = ranks(np.array([3.0, 1.0]), np.array([0, 1]), np.array([0.5, 0.25]))
    assert found.tolist() == pytest.approx([0.5 * 4 / 5, (4 + 0.25 * 2) / 6])


def test_over_all_orders_of_the_same_patients_every_rank_is_as_likely() -> None:
    """One training patient and two new ones with the values 1, 2 and 3, in all six orders: thirds, then halves."""
    firsts, seconds = [], []
    for order in permutations((1.0, 2.0, 3.0)):
        bins = Bins(np.array([1.5, 2.5]), np.bincount([int(order[0]) - 1], minlength=3).astype(np.float64))
        first, second = ranks(bins.counts, bins.place(np.array(order[1:])), np.array([0.5, 0.5])).tolist()
        firsts.append(round(first, 9))
        seconds.append(round(second, 9))
    assert sorted(firsts) == pytest.approx([0.25] * 3 + [0.75] * 3)
    assert sorted(seconds) == pytest.approx([1 / 6] * 2 + [0.5] * 2 + [5 / 6] * 2)
    assert len(set(zip(firsts, seconds, strict=True))) == 6  # each pair once: independent


def test_ranks_of_few_discrete_values_at_a_small_training_are_uniform() -> None:
    rng, found = np.random.default_rng(1), []
    for _ in range(400):
        values = rng.integers(0, 3, 25 + 15)
        counts = np.bincount(values[:25], minlength=3).astype(np.float64)
        found.append(ranks(counts, values[25:], rng.random(15)))
    drawn = np.array(found)
    assert kstest(drawn[:, 0], "uniform").pvalue > 0.01
    assert kstest(drawn[:, 14], "uniform").pvalue > 0.01
    assert abs(np.corrcoef(drawn[:, 0], drawn[:, 1])[0, 1]) < 0.15


def test_ties_are_broken_the_same_way_again_and_otherwise_for_another_check() -> None:
    ids = [f"prediction {number}" for number in range(500)]
    found = ties(ids, "value age_years")
    assert np.array_equal(found, ties(ids, "value age_years"))
    assert kstest(found, "uniform").pvalue > 0.01
    assert abs(np.corrcoef(found, ties(ids, "recorded age_years"))[0, 1]) < 0.15
