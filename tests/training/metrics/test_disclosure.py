"""No count of one to nine patients is shown, and none follows from the others and their total."""

from itertools import chain

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.metrics.disclosure import hidden_cells, pooled, rounded_count

ROW = st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), min_size=1, max_size=8)


@pytest.mark.parametrize(
    ("yes", "hidden"),
    [
        ([9, 40, 50], [True, True, False]),  # 9 alone would follow from the total: 40 goes with it
        ([10, 40, 50], [False, False, False]),
        ([0, 40, 50], [False, False, False]),  # none at all is shown
        ([3, 8, 50], [True, True, False]),  # 11 together
        ([3, 4, 0, 50], [True, True, True, True]),  # 7 together, and a 0 doesn't help
    ],
)
def test_a_small_cell_takes_others_with_it_until_ten_are_hidden(yes: list[int], hidden: list[bool]) -> None:
    assert hidden_cells([(count,) for count in yes]) == hidden


@given(ROW)
def test_no_count_of_a_shown_cell_and_of_the_hidden_together_is_one_to_nine(row: list[tuple[int, int]]) -> None:
    hidden = hidden_cells(row)
    shown = [cell for cell, suppressed in zip(row, hidden, strict=True) if not suppressed]
    assert not [count for count in chain.from_iterable(shown) if 0 < count < 10]
    together = [sum(cell[part] for cell, gone in zip(row, hidden, strict=True) if gone) for part in (0, 1)]
    assert all(hidden) or not [count for count in together if 0 < count < 10]


def test_small_groups_are_pooled_and_take_the_smallest_other_where_they_are_too_few() -> None:
    def groups(*sizes: int) -> list[tuple[str, np.ndarray]]:
        ends = np.cumsum(sizes)
        place = np.arange(sum(sizes))
        return [
            (f"g{number}", (place < end) & (place >= end - size))
            for number, (size, end) in enumerate(zip(sizes, ends, strict=True))
        ]

    def sizes_of(*sizes: int) -> dict[str, int]:
        return {name: int(members.sum()) for name, members in pooled(groups(*sizes), "others")}

    assert sizes_of(20, 30) == {"g0": 20, "g1": 30}
    assert sizes_of(20, 30, 6, 4) == {"g0": 20, "g1": 30, "others": 10}
    assert sizes_of(20, 30, 40, 9) == {"g1": 30, "g2": 40, "others": 29}
    assert sizes_of(20, 9) == {}  # a single group says no more than the total
    assert sizes_of(0, 20, 30) == {"g1": 20, "g2": 30}


def test_counts_are_rounded_to_five_and_one_to_nine_are_none() -> None:
    assert [rounded_count(count) for count in (0, 1, 9, 10, 12, 13, 100)] == [0, None, None, 10, 10, 15, 100]
