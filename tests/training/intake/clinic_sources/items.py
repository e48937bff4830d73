"""Items of a scale that add up to its total."""

import numpy as np

HIGHEST = 3
"""GAD-7 and PHQ-9 count each item from 0 to 3."""


def split_total(total: int, items: int, rng: np.random.Generator) -> list[int]:
    """Items from 0 to 3 with this sum, drawn at random.

    Raises ``ValueError`` if the total is out of range.
    """
    if not 0 <= total <= HIGHEST * items:
        raise ValueError(f"{items} items have a total from 0 to {HIGHEST * items}")
    points = rng.permutation(HIGHEST * items)[:total] % items
    return np.bincount(points, minlength=items).tolist()
