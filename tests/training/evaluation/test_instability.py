"""How much one patient's probability moves between bootstrap refits, by hand."""

import numpy as np
import pytest

from training.evaluation.instability import instability


def test_instability_by_hand() -> None:
    """One patient moves by 0.2 in every refit, the other never: on average 0.1, and half of them more than 0.1."""
    point = np.array([0.5, 0.3])
    refits = np.array([[0.3, 0.7], [0.3, 0.3]])
    found = instability(point, refits)
    assert found.refits == 2
    assert found.mean_absolute_change == pytest.approx((0.2 + 0) / 2)
    assert found.share_moving_over_ten_points == 0.5
    assert found.median_width == pytest.approx((0.95 * (0.7 - 0.3) + 0) / 2)  # 2.5% to 97.5% of two values


def test_patients_without_an_answer_do_not_count() -> None:
    found = instability(np.array([0.5, np.nan]), np.array([[0.6, 0.4], [0.1, 0.9]]))
    assert found.mean_absolute_change == pytest.approx(0.1)


def test_without_an_answer_nothing_is_said_of_instability() -> None:
    found = instability(np.array([np.nan]), np.array([[0.1, 0.9]]))
    assert found.mean_absolute_change is None
    assert found.median_width is None
