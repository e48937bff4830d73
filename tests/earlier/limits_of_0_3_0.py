"""The rule of 0.3.0 for 90% limits, from refitted log-odds; 0.4.0 centred them on the answer instead.

Then the limits had the refits' mean in the middle, a fixed misfit of 0.25 beside their spread, and were widened to hold
the answer.
"""

import numpy as np

from models.outcomes import Floats, expit
from models.uncertainty import NORMAL_95, HeadRefits
from tests.earlier.stored_numbers import StoredNumbers

MISFIT = 0.25
SMALLEST = 1e-12


def refits_of(stored: StoredNumbers, path: str) -> HeadRefits:
    """Refits of 0.3.0 in today's class; none has a part that no linear score explains."""
    arrays = stored.below(path)
    return HeadRefits(
        used=arrays["used"].astype(np.int64),
        lower=arrays["lower"].astype(np.float64),
        upper=arrays["upper"].astype(np.float64),
        centre=arrays["centre"].astype(np.float64),
        weight=arrays["weight"].astype(np.float32),
        missing_weight=arrays["missing_weight"].astype(np.float32),
        baseline=arrays["baseline"].astype(np.float32),
        edges=arrays["edges"].astype(np.int64),
        unexplained=np.zeros(len(arrays["weight"]), dtype=np.float32),
        typical=np.array(0.25),
    )


def log_odds(probability: Floats) -> Floats:
    """Log-odds of probabilities that are neither 0 nor 1."""
    held = np.clip(probability, SMALLEST, 1 - SMALLEST)
    return np.asarray(np.log(held / (1 - held)))


def limits(answer: Floats, refitted: Floats) -> Floats:
    """Limits, shape (answers, n, 2), of answers (answers, n) from refitted log-odds (answers, n, refits)."""
    number = refitted.shape[-1]
    middle = refitted.sum(axis=-1) / number
    away = refitted - middle[..., None]
    spread = NORMAL_95 * np.sqrt(np.einsum("anr,anr->an", away, away) / (number - 1) + MISFIT**2)
    low, high = np.minimum(expit(middle - spread), answer), np.maximum(expit(middle + spread), answer)
    uncertain = (answer > 0) & (answer < 1)
    return np.stack([np.where(uncertain, low, answer), np.where(uncertain, high, answer)], axis=-1)
