"""The part of an answer that follows from a feature row alone, and can be computed again from a logged row.

Many rows of one landmark are answered at once; `predictor` adds the parts about the record itself.
"""

from collections.abc import Mapping, Sequence
from itertools import islice

import numpy as np

from features.catalogue import Feature
from features.definitions.display_names import label_of
from features.records.timeline import Floats
from models.applicability import ApplicabilityVerdicts, Applicable
from models.bundle import HeadRecord
from models.explanation import explain
from models.outcome_model import OutcomeModel
from models.relapse import RelapseHead
from models.remission import RemissionHead
from serving.contract.response import Document
from serving.prediction.no_prediction import not_fitted, not_predictable, outside_training
from serving.prediction.probabilities import ImpossibleAnswerError, ProbabilityLayout
from serving.prediction.row_writer import RowWriter
from serving.prediction.verdicts import is_outside, verdicts_on

PREDICTED = "predicted"


class RowAnswers:
    """Answers for feature rows at one landmark."""

    def __init__(self, model: OutcomeModel, records: Mapping[str, HeadRecord], features: Sequence[Feature]) -> None:
        """``features`` are those of the catalogue, in the order of a row's columns."""
        self.model = model
        self._names = tuple(feature.name for feature in features)
        self._labels = tuple(label_of(feature.name, feature.meaning) for feature in features)
        self._writer = RowWriter(features)
        self._notes = _notes(model, records)
        self._layout = ProbabilityLayout(model)

    def answer(self, rows: Floats, *, in_full: bool) -> list[Document]:
        """For each row of shape (n, features) the part of its answer that follows from it.

        It has ``outcome``, ``applicability`` and ``reasons``; with a prediction also ``remission``,
        ``relapse``, ``sustained_remission``, ``not_recorded`` and ``notes`` (`response.Prediction`, `NotPredictable`).
        Raises ``ImpossibleAnswerError`` if any of them shows a defect.
        """
        if not len(rows):
            return []
        if not self.model.can_answer:
            return [not_predictable(None, not_fitted(self.model.landmark)) for _ in range(len(rows))]
        if np.isinf(rows).any():
            raise ImpossibleAnswerError("a feature is infinite")
        if self.model.applicability is None:
            return self._predicted(rows, [None] * len(rows), in_full)
        evaluated = self.model.applicability.assess(rows)
        verdicts = verdicts_on(evaluated, self._names, self._labels)
        outside = evaluated.verdict == Applicable.OUTSIDE
        answered = iter(self._predicted(rows[~outside], [one for one in verdicts if not is_outside(one)], in_full))
        return [
            self._outside(evaluated, row, rows[row], verdict) if is_outside(verdict) else next(answered)
            for row, verdict in enumerate(verdicts)
        ]

    def _outside(self, evaluated: ApplicabilityVerdicts, row: int, values: Floats, verdict: Document) -> Document:
        return not_predictable(verdict, outside_training(self.model, evaluated, row, self._labels, values))

    def _predicted(self, rows: Floats, applicability: Sequence[Document | None], in_full: bool) -> list[Document]:
        if not len(rows):
            return []
        texts = self._layout.lay_out(self.model.predict(rows, with_curve=in_full))
        reasons = self._reasons(rows) if in_full else [None] * len(rows)
        parts = zip(
            applicability,
            texts.remission,
            texts.relapse,
            texts.sustained,
            reasons,
            self._not_recorded(rows),
            strict=True,
        )
        return [
            {
                "outcome": PREDICTED,
                "applicability": evaluated,
                "remission": probability,
                "relapse": risks,
                "sustained_remission": lasting,
                "reasons": why,
                "not_recorded": lacking,
                "notes": self._notes,
            }
            for evaluated, probability, risks, lasting, why, lacking in parts
        ]

    def _reasons(self, rows: Floats) -> list[Document]:
        """Why each row got its answers (`response.Reasons`)."""
        remission, relapse = (self._explained(head, rows) for head in (self.model.remission, self.model.relapse))
        return [{"remission": one, "relapse": other} for one, other in zip(remission, relapse, strict=True)]

    def _explained(self, head: RemissionHead | RelapseHead | None, rows: Floats) -> Sequence[Document | None]:
        """Why each row got its answer from a head (`response.Explanation`)."""
        if head is None:
            return [None] * len(rows)
        explained = explain(head, rows)
        if not np.isfinite(explained.log_odds).all():
            raise ImpossibleAnswerError("a contribution to an answer is not finite")
        written = self._writer.contributions(explained, rows)
        found = zip(explained.log_odds.tolist(), explained.start.tolist(), written, strict=True)
        return [
            {"log_odds": whole, "start": start, "contributions": contributions} for whole, start, contributions in found
        ]

    def _not_recorded(self, rows: Floats) -> list[list[str]]:
        missing = np.isnan(rows)
        names = iter([self._names[column] for column in missing.nonzero()[1].tolist()])
        return [list(islice(names, number)) for number in np.count_nonzero(missing, axis=1).tolist()]


def _notes(model: OutcomeModel, records: Mapping[str, HeadRecord]) -> list[str]:
    """Notes on the heads; a head that could not be fitted is named even without a note of its own."""
    expected = ("relapse",) if model.in_remission_at_landmark else ("remission", "relapse")
    notes = {name: record.note for name, record in records.items() if record.note}
    for name in expected:
        if getattr(model, name) is None:
            notes.setdefault(name, "not fitted, because there are too few training data")
    return [f"{name}: {note}" for name, note in notes.items()]
