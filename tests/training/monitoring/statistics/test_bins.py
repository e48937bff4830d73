"""What is kept of training patients' values: counts of bins, none of a few patients."""

import numpy as np
import pytest

from training.monitoring.statistics.bins import Bins, number_bins, yes_no_bins


@pytest.mark.parametrize(
    ("yes", "no", "kept"), [(4, 40, False), (5, 40, True), (0, 40, True), (40, 4, False), (4, 5, False)]
)
def test_of_a_yes_or_no_nothing_is_kept_where_it_would_tell_of_a_few(yes: int, no: int, kept: bool) -> None:
    binned = yes_no_bins(np.repeat([1.0, 0.0], [yes, no]))
    assert (binned is not None) == kept
    if binned is not None:
        assert binned.counts.tolist() == [no, yes]


@pytest.mark.parametrize("number", [10, 19, 57, 400])
def test_no_bin_of_numbers_holds_fewer_than_ten(number: int) -> None:
    rng = np.random.default_rng(number)
    for values in (rng.exponential(size=number), rng.poisson(0.4, number).astype(np.float64)):
        binned = number_bins(values)
        if binned is not None:
            assert binned.counts.min() >= 10
            assert binned.counts.sum() == number
            assert len(binned.counts) <= 10


def test_of_fewer_than_ten_numbers_nothing_is_kept() -> None:
    assert number_bins(np.arange(9.0)) is None


def test_a_value_that_all_share_has_a_bin_of_its_own() -> None:
    binned = number_bins(np.full(30, 2.0))
    assert binned is not None
    assert binned.counts.tolist() == [0, 30, 0]
    assert binned.place(np.array([1.999999, 2.0, 2.000001])).tolist() == [0, 1, 2]


def test_cuts_are_no_patient_s_value_to_the_last_digit() -> None:
    binned = number_bins(np.random.default_rng(1).uniform(20, 40, 200))
    assert binned is not None
    assert all(cut == float(f"{cut:.3g}") for cut in binned.cuts.tolist())


def test_the_standing_of_the_middle_is_a_half() -> None:
    binned = Bins(np.array([1.0, 2.0]), np.array([10.0, 20.0, 10.0]))
    assert binned.standing(np.array([0.0, 1.5, 9.0])).tolist() == [0.125, 0.5, 0.875]


def test_cells_have_the_widths_of_few_bins_and_are_quarters_of_many() -> None:
    assert Bins(np.zeros(1), np.array([8.0, 0.0])).cells.tolist() == [0.9, 0.1]  # 8 + 1 and 0 + 1 of 10
    assert Bins(np.arange(4.0), np.full(5, 10.0)).cells.tolist() == [0.25] * 4
