"""Equal draws stand for weighted ones."""

import numpy as np

from tests.mechanisms.resampling import resampled


def test_each_is_kept_as_often_as_its_weight_says() -> None:
    weight = np.array([[0.5, 0.3, 0.0, 0.2], [0.0, 0.0, 1.0, 0.0]])
    kept = resampled(weight, 100, np.random.default_rng(1))
    assert [np.bincount(row, minlength=4).tolist() for row in kept] == [[50, 30, 0, 20], [0, 0, 100, 0]]


def test_where_none_has_weight_all_are_kept_alike() -> None:
    kept = resampled(np.zeros((1, 4)), 8, np.random.default_rng(1))
    assert np.bincount(kept[0]).tolist() == [2, 2, 2, 2]
