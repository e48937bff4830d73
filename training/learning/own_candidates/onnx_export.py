"""Converts a fitted scikit-learn classifier to ONNX, and compares every answer with the original's.

A conversion counts only if onnxruntime gives the original's probability for every training patient and every made-up
row within `models.onnx_score.FAITHFUL`. Double precision is tried first; tree ensembles have single precision only.
"""

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from features.records.timeline import Floats
from models.onnx_score import FAITHFUL, OnnxRefusedError, OnnxScore, largest_difference
from training.learning.own_candidates.classifier import EstimatorScore

OPSETS = {"": 18, "ai.onnx.ml": 3}
"""Versions of ONNX's operators: fixed, so that the same training gives the same bytes with a newer library too."""
DOMAINS = frozenset({"", "ai.onnx", "ai.onnx.ml"})
"""Domains of the standard's own operators. Any other would need code beside the file."""
MISSING = "nodes_missing_value_tracks_true"
"""The attribute of a tree ensemble that says where missing values go."""
PRECISIONS = ("float64", "float32")


def converted(score: EstimatorScore, rows: Floats, made_up: Floats) -> OnnxScore | str:
    """The score through ONNX, or why it can't be had.

    ``rows`` (patients, features) are compared and not kept, ``made_up`` (rows, features) stay in the score.
    """
    reasons = []
    for precision in PRECISIONS:
        for is_log_odds in (True, False):
            try:
                raw = _file_of(score, precision, is_log_odds=is_log_odds)
                found = _score_of(score, raw, precision, made_up, is_log_odds=is_log_odds)
                parts = [largest_difference(found.predict(part), score.predict(part)) for part in (rows, made_up)]
                away = float(np.max(parts))  # NaN stays NaN, and is no faithful answer
            except OnnxRefusedError as error:
                reasons.append(str(error))
                continue
            except Exception as error:  # noqa: BLE001 - skl2onnx raises whatever it met
                reasons.append(f"skl2onnx does not convert {type(score.estimator).__name__} ({type(error).__name__})")
                continue
            if away <= FAITHFUL:
                return found
            reasons.append(f"its answers through ONNX differ by up to {away:.1e} (allowed {FAITHFUL:.0e})")
    return reasons[-1]


def _score_of(score: EstimatorScore, raw: bytes, precision: str, made_up: Floats, *, is_log_odds: bool) -> OnnxScore:
    return OnnxScore(
        raw=raw,
        precision=precision,
        is_log_odds=is_log_odds,
        limit=score.limit,
        missing=score.missing,
        reference=score.reference,
        checked_rows=made_up,
        checked_log_odds=score.predict(made_up),
    )


def _file_of(score: EstimatorScore, precision: str, *, is_log_odds: bool) -> bytes:
    """The ONNX file of an estimator, without anything that differs between two runs."""
    from skl2onnx import to_onnx  # two seconds, which only an own candidate needs
    from skl2onnx.common.data_types import DoubleTensorType, FloatTensorType

    kind = DoubleTensorType if precision == "float64" else FloatTensorType
    columns = score.features + len(score.missing.indicated)
    estimator = _of_the_library(score.estimator)
    with _corrected_library():
        model = to_onnx(
            estimator,
            initial_types=[("rows", kind([None, columns]))],
            options={id(_last_step(estimator)): {"zipmap": False} | ({"raw_scores": True} if is_log_odds else {})},
            target_opset=OPSETS,
        )
    _require_plain(model)
    model.producer_name = model.producer_version = model.domain = model.doc_string = ""
    model.model_version = 0
    model.graph.name, model.graph.doc_string = "score", ""
    del model.metadata_props[:]
    return bytes(model.SerializeToString(deterministic=True))


def _of_the_library(estimator: Any) -> Any:
    """An estimator of a derived class as one of scikit-learn's own class, which is all that skl2onnx knows.

    If the derived class answers differently, the comparison with the original finds it.
    """
    own = next((kind for kind in type(estimator).__mro__ if kind.__module__.startswith("sklearn.")), None)
    if own in (None, type(estimator)) or not hasattr(own, "predict_proba"):
        return estimator
    plain = copy.copy(estimator)
    plain.__class__ = own
    return plain


def _last_step(estimator: Any) -> Any:
    """The classifier within a pipeline, which the options of the conversion are about."""
    steps = getattr(estimator, "steps", None)
    return steps[-1][1] if steps else estimator


@contextmanager
def _corrected_library() -> Iterator[None]:
    """Let skl2onnx 1.20 convert what it would refuse or never finish; restored afterwards.

    * Its converter of histogram-based boosting writes booleans where onnx wants whole numbers.
    * For trees in double precision it searches thresholds without end if one is infinite. ONNX has no such trees.
    * It writes all the trees into the message of an error, which takes minutes.
    """
    from skl2onnx.common import _container, tree_ensemble

    make_node, threshold = _container.make_node, tree_ensemble.sklearn_threshold

    def with_whole_numbers(*names: Any, **attributes: Any) -> Any:
        if MISSING in attributes:
            attributes[MISSING] = [int(flag) for flag in attributes[MISSING]]
        try:
            return make_node(*names, **attributes)
        except (TypeError, ValueError) as error:
            raise OnnxRefusedError(f"onnx does not take what skl2onnx writes ({type(error).__name__})") from None

    def in_single_precision(value: float, dtype: Any, mode: str) -> Any:
        if np.dtype(dtype) == np.float64:
            raise OnnxRefusedError("trees in ONNX have single precision")
        return threshold(value, dtype, mode)

    _container.make_node, tree_ensemble.sklearn_threshold = with_whole_numbers, in_single_precision
    try:
        yield
    finally:
        _container.make_node, tree_ensemble.sklearn_threshold = make_node, threshold


def _require_plain(model: Any) -> None:
    """Raise ``OnnxRefusedError`` for operators outside the standard, functions, or numbers outside the file."""
    foreign = {node.domain for node in model.graph.node} - DOMAINS
    outside = [tensor.name for tensor in model.graph.initializer if tensor.external_data]
    if foreign or outside or model.functions:
        raise OnnxRefusedError("its ONNX form needs operators or numbers that are not in the file")
