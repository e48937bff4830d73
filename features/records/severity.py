"""Severity points: scores of which higher is worse, whatever the direction of their scale.

A cohort holds severity points from its assembly on, so that rules and features need to know one direction only.
Whatever shows a score to people turns it back to the points that were recorded.
"""

import numpy as np
from numpy.typing import NDArray

from features.protocol.document import Protocol
from features.protocol.instrument import DECIMALS
from features.records.timeline import Floats, Rows


def turned(points: Floats, instrument: NDArray[np.generic], protocol: Protocol) -> Floats:
    """Recorded points as severity points, or severity points as recorded; ``instrument`` has the scales' codes.

    On a scale on which higher is better, both are the sum of the ends of the range less the other.
    """
    about = protocol.scale_numbers["turned_about"][np.asarray(instrument, dtype=np.intp)]
    turns = ~np.isnan(about)
    return np.where(turns, np.round(about - points, DECIMALS), points) if turns.any() else points


def as_recorded(ratings: Rows, protocol: Protocol) -> Rows:
    """Ratings of a cohort with the scores that were recorded."""
    scores = turned(ratings.numbers("score"), ratings["instrument"], protocol)
    return Rows(ratings.patients, ratings.patient, {**ratings.columns, "score": scores})
