"""Numbers that are counted by value in parts have the quantiles of all of them, to the last digit."""

import numpy as np
import pytest

from training.metrics.counted_values import added_values, counted_values

LEVELS = [0, 0.25, 0.5, 0.75, 1]


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5, 10, 101, 1000])
def test_the_quantiles_of_parts_are_those_of_the_whole(size: int) -> None:
    drawn = np.random.default_rng(size).integers(0, 60, size) / 7
    parts = [counted_values(part) for part in np.array_split(drawn, 3)]
    assert added_values(parts).quantiles(LEVELS) == tuple(np.quantile(drawn, LEVELS).tolist())
    assert len(added_values(parts)) == size
