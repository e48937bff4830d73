"""Keeps the answers of a fold's model instead of the model: a hundred forests need more memory than there is.

In all repeats but the first, the models of folds predict for the patients held out from them and for nobody else.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from features.records.timeline import Floats
from training.learning.own_candidates.classifier import EstimatorScore
from training.learning.own_candidates.survival import CurveScore, OwnRelapseHead, mean_over_weeks
from training.learning.tasks import Head


@dataclass(frozen=True, eq=False)
class AnsweredRows:
    """Log-odds (answers, bands) for some feature rows, found by the row's bytes; one band for remission.

    ``competing_events`` (answers, bands) are weekly probabilities, ``None`` if the estimator predicts none.
    """

    place: Mapping[bytes, int]
    log_odds: Floats
    edges: NDArray[np.int64]
    competing_events: Floats | None
    features: int

    def bands(self, rows: Floats) -> Floats:
        """Log-odds of relapse in a week of each band, shape (n, bands)."""
        return np.asarray(self.log_odds[self._places(rows)])

    def predict(self, rows: Floats) -> Floats:
        """Score per row, shape (n,)."""
        return mean_over_weeks(self.bands(rows), self.edges)

    def competing(self, rows: Floats) -> Floats | None:
        """Weekly probability of a competing event, shape (n, bands); ``None`` if the estimator predicts none."""
        return None if self.competing_events is None else np.asarray(self.competing_events[self._places(rows)])

    def explain(self, rows: Floats) -> tuple[Floats, Floats]:
        """No contributions: the whole score is its start."""
        return self.predict(rows), np.zeros((len(rows), self.features))

    def _places(self, rows: Floats) -> NDArray[np.intp]:
        places = [self.place.get(row.tobytes(), -1) for row in np.ascontiguousarray(rows)]
        if -1 in places:  # a KeyError would show the patient's values
            raise LookupError("a row is not among those whose answers were kept")
        return np.array(places, dtype=np.intp)


def with_answers_only(head: Head, rows: Floats) -> Head:
    """A head of another package's estimator with its answers for ``rows`` instead of it; any other as it is."""
    score = head.score
    place = {row.tobytes(): number for number, row in enumerate(np.ascontiguousarray(rows))}
    if isinstance(score, EstimatorScore):
        one_band = np.array([0, 1], dtype=np.int64)
        answered = AnsweredRows(place, score.predict(rows)[:, None], one_band, None, score.features)
        return replace(head, score=answered)
    if isinstance(score, CurveScore) and isinstance(head, OwnRelapseHead):
        answered = AnsweredRows(place, score.bands(rows), score.edges, score.competing(rows), score.features)
        return replace(head, score=answered, bands_score=answered)
    return head
