"""Made-up refits of a head, whose weights are drawn around nothing."""

import numpy as np

from models.uncertainty import HeadRefits

EDGES = np.array([0, 8, 26])
COMPETING = np.array([[0.002, 0.004]])
"""Weekly probability of a competing event, for everybody, in each of the two bands."""


def head_refits(seed: int, *, relapse: bool, refits: int = 20, spread: float = 0.1) -> HeadRefits:
    """Refits over three features; weights are drawn around nothing."""
    rng = np.random.default_rng(seed)
    level = np.array([-3.0, -3.5]) if relapse else np.array([0.3])
    return HeadRefits(
        used=np.array([0, 2, 5]),
        lower=np.full(3, -10.0),
        upper=np.full(3, 10.0),
        centre=np.array([0.0, 1.0, 2.0]),
        weight=rng.normal(0, spread, (refits, 3)).astype(np.float32),
        missing_weight=rng.normal(0, spread, (refits, 3)).astype(np.float32),
        baseline=(level + rng.normal(0, spread, (refits, len(level)))).astype(np.float32),
        edges=EDGES if relapse else np.zeros(0, dtype=np.int64),
        unexplained=np.zeros(refits, dtype=np.float32),
        typical=np.array(0.2),
    )
