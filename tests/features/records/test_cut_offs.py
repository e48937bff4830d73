"""A cut-off is reached by what a person would call equal, and by nothing that is a tenth of a point away."""

import numpy as np
import pytest

from features.records.cut_offs import TOLERANCE, at_least, at_most

BELOW_AND_ABOVE = np.array([4 - 0.1, 8.2 - 4.2, 4.0, 4 + 0.5 * TOLERANCE, 4.1, np.nan])


def test_equal_within_a_billionth_counts_as_reached() -> None:
    assert 8.2 - 4.2 < 4, "the computer's difference is not the person's"
    assert at_least(BELOW_AND_ABOVE, 4.0).tolist() == [False, True, True, True, True, False]
    assert at_most(BELOW_AND_ABOVE, 4.0).tolist() == [True, True, True, True, False, False]


@pytest.mark.parametrize("decimals", [0, 1, 2, 3])
def test_every_pair_of_scores_with_a_few_decimals_is_evaluated_as_in_decimal_arithmetic(decimals: int) -> None:
    """Whole numbers of the smallest step subtract exactly; their decimals must give the same verdict."""
    rng = np.random.default_rng(decimals)
    step = 10**decimals
    before, after, cut_off = rng.integers(0, 60 * step, (3, 5_000))
    cut_off[::2] = np.abs(before - after)[::2]
    exact = before - after >= cut_off
    assert at_least(before / step - after / step, cut_off / step).tolist() == exact.tolist()
