"""The answers of a bundle's models to its reference inputs, and whether they are those that were recorded."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from features.build import build_features
from features.protocol.document import Protocol
from models.onnx_score import FAITHFUL, OnnxScore
from models.outcome_model import OutcomeModel, Predictions
from models.reference_inputs import cohort_of_reference_inputs

TOLERANCES = {
    "rows": 0.0,
    "remission": 1e-9,
    "relapse": 1e-9,
    "sustained": 1e-9,
    "intervals": 1e-9,
    "applicability": 0.0,
    "contributions": 1e-5,
}
"""Largest difference between the recomputed and the recorded answer to a reference input, in the order in which they
are compared: none in a row or a verdict, 1e-9 in a probability or a limit (1e-6 if a head was converted to ONNX, which
answers in single precision), and in a contribution what single precision leaves open."""


def reference_answers(
    protocol: Protocol, models: Sequence[OutcomeModel], reference_inputs: Mapping[str, Any]
) -> dict[str, Any]:
    """Rows of the reference inputs and the models' answers to them, by landmark."""
    cohort = cohort_of_reference_inputs(dict(reference_inputs), protocol)
    answers = {}
    for model in models:
        rows = build_features(cohort, model.landmark).values
        predicted = model.predict(rows)
        contributions = [head.explain(rows)[1] for head in (model.remission, model.relapse) if head]
        answers[model.landmark.name] = {
            "rows": nullable(rows),
            "remission": nullable(predicted.remission),
            "relapse": nullable(predicted.relapse),
            "sustained": nullable(predicted.sustained),
            "intervals": _limits(predicted),
            "applicability": _verdicts(model, rows),
            "contributions": [nullable(values) for values in contributions],
        }
    return answers


def difference(recorded: Mapping[str, Any], rebuilt: Mapping[str, Any], models: Sequence[OutcomeModel]) -> str:
    """What differs between recorded and rebuilt answers beyond the tolerance; empty if nothing does."""
    if recorded.keys() != rebuilt.keys():
        return "reference inputs: their landmarks are not those of the bundle"
    least = FAITHFUL if converted_scores(models) else 0.0
    for landmark, parts in recorded.items():
        for part, tolerance in TOLERANCES.items():
            here = np.array(rebuilt[landmark][part], dtype=np.float64)
            then = np.array(parts[part], dtype=np.float64)
            allowed = max(tolerance, least) if tolerance else 0.0
            if here.shape != then.shape or not np.allclose(here, then, rtol=0, atol=allowed, equal_nan=True):
                return f"reference inputs at {landmark!r}: {part} differ from those recorded"
    return ""


def converted_scores(models: Sequence[OutcomeModel]) -> list[OnnxScore]:
    """The scores of the models that were converted to ONNX."""
    heads = [head for model in models for head in (model.remission, model.relapse) if head]
    return [head.score for head in heads if isinstance(head.score, OnnxScore)]


def nullable(values: np.ndarray) -> list[Any]:
    """Numbers as plain values, NaN as null."""
    return np.where(np.isnan(values), np.array(None, dtype=object), values).tolist()


def _limits(predicted: Predictions) -> list[Any]:
    """All limits of the answers to the reference inputs, one list per input; empty without refits."""
    found = predicted.interval
    if found is None:
        return []
    limits = [found.remission, found.relapse, found.sustained, found.curve_relapse, found.curve_event_free]
    kept = [part.reshape(len(part), -1) for part in limits if part is not None]
    return nullable(np.hstack(kept))


def _verdicts(model: OutcomeModel, rows: np.ndarray) -> list[Any]:
    """The verdict on each reference input; empty without an applicability domain."""
    return [] if model.applicability is None else model.applicability.assess(rows).verdict.tolist()
