"""Linear predictors on the log-odds, as contributions that add up; NumPy, XGBoost and onnxruntime only.

`learners` fits such a score; the baseline to which it adds belongs to the head.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from models.onnx_score import MissingValues, OnnxScore

if TYPE_CHECKING:
    import xgboost

Floats: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Constant:
    """The score of no model: the same for every patient."""

    features: int

    def explain(self, rows: Floats) -> tuple[Floats, Floats]:
        """Start, shape (n,), and contributions, shape (n, features), whose sum is the score."""
        return np.zeros(len(rows)), np.zeros((len(rows), self.features))

    def predict(self, rows: Floats) -> Floats:
        """Score per row, shape (n,)."""
        return np.zeros(len(rows))


@dataclass(frozen=True, eq=False)
class LinearScore:
    """A linear score over some of the features; arrays have one entry per used feature.

    A value is clipped to ``lower`` and ``upper`` (the bulk of the training values). A missing value contributes
    ``missing_weight`` instead.
    """

    used: NDArray[np.int64]
    lower: Floats
    upper: Floats
    centre: Floats
    weight: Floats
    missing_weight: Floats
    features: int

    def explain(self, rows: Floats) -> tuple[Floats, Floats]:
        """Start, shape (n,), and contributions, shape (n, features), whose sum is the score."""
        contributions = np.zeros((len(rows), self.features))
        contributions[:, self.used] = self._terms(rows)
        return np.zeros(len(rows)), contributions

    def predict(self, rows: Floats) -> Floats:
        """Score per row, shape (n,)."""
        return self._terms(rows).sum(axis=1)

    def _terms(self, rows: Floats) -> Floats:
        values = rows[:, self.used]
        held = np.minimum(np.maximum(values, self.lower), self.upper)  # NaN stays NaN
        return np.where(np.isnan(values), self.missing_weight, (held - self.centre) * self.weight)


@dataclass(frozen=True, eq=False)
class Trees:
    """Gradient-boosted trees over all the features, in XGBoost's own format.

    XGBoost answers in single precision; the start absorbs its rounding errors in the sum of the contributions.
    """

    raw: bytes
    features: int

    @cached_property
    def booster(self) -> "xgboost.Booster":
        """The loaded booster, held to one thread so that its sums keep their order."""
        import xgboost  # imports pandas and scikit-learn, which linear scores don't need

        booster = xgboost.Booster({"nthread": 1})
        booster.load_model(bytearray(self.raw))
        return booster

    def explain(self, rows: Floats) -> tuple[Floats, Floats]:
        """Start, shape (n,), and contributions, shape (n, features), whose sum is the score."""
        import xgboost

        matrix = xgboost.DMatrix(rows.astype(np.float32), nthread=1)
        added = self.booster.predict(matrix, pred_contribs=True).astype(np.float64)
        contributions = added.reshape(len(rows), self.features + 1)[:, :-1]  # without rows XGBoost forgets the columns
        score = self.booster.predict(matrix, output_margin=True).astype(
            np.float64
        )  # on the matrix that is there already
        return score - contributions.sum(axis=1), contributions

    def predict(self, rows: Floats) -> Floats:
        """Score per row, shape (n,)."""
        margin = self.booster.inplace_predict(rows.astype(np.float32), predict_type="margin", validate_features=False)
        return np.asarray(margin, dtype=np.float64)


class Score(Protocol):
    """A linear predictor of feature rows. `Constant`, `LinearScore`, `Trees` and `OnnxScore` can be stored."""

    @property
    def features(self) -> int:
        """Columns of a feature row."""

    def explain(self, rows: Floats) -> tuple[Floats, Floats]:
        """Start, shape (n,), and contributions, shape (n, features), whose sum is the score."""

    def predict(self, rows: Floats) -> Floats:
        """Score per row, shape (n,)."""


_LINEAR_ARRAYS = ("lower", "upper", "centre", "weight", "missing_weight")
_ONNX_ARRAYS = ("reference", "checked_rows", "checked_log_odds")


def to_arrays(score: Score) -> dict[str, NDArray[np.generic]]:
    """A score as named arrays, for storing; ``from_arrays`` is its inverse. Another kind raises ``TypeError``."""
    if isinstance(score, Constant):
        return {"kind": np.array("constant")}
    if isinstance(score, Trees):
        return {"kind": np.array("trees"), "booster": np.frombuffer(score.raw, dtype=np.uint8)}
    if isinstance(score, OnnxScore):
        return _onnx_arrays(score)
    if not isinstance(score, LinearScore):
        raise TypeError(f"{type(score).__name__}: a score that can't be stored")
    arrays = {name: getattr(score, name) for name in ("used", *_LINEAR_ARRAYS)}
    return arrays | {"kind": np.array("linear")}


def _onnx_arrays(score: OnnxScore) -> dict[str, NDArray[np.generic]]:
    return {
        "kind": np.array("onnx"),
        "onnx": np.frombuffer(score.raw, dtype=np.uint8),
        "precision": np.array(score.precision),
        "is_log_odds": np.array(score.is_log_odds),
        "limit": np.array(score.limit),
        "fill": score.missing.fill,
        "indicated": score.missing.indicated,
        "never_recorded": score.missing.never_recorded,
        **{name: getattr(score, name) for name in _ONNX_ARRAYS},
    }


def from_arrays(arrays: Mapping[str, NDArray[np.generic]], features: int) -> Score:
    """The score from the arrays of ``to_arrays``, over rows of ``features`` columns."""
    kind = str(arrays["kind"])
    if kind == "constant":
        return Constant(features)
    if kind == "trees":
        return Trees(arrays["booster"].astype(np.uint8).tobytes(), features)
    if kind == "onnx":
        return _onnx_score(arrays)
    numbers = {name: np.asarray(arrays[name], dtype=np.float64) for name in _LINEAR_ARRAYS}
    return LinearScore(used=np.asarray(arrays["used"], dtype=np.int64), features=features, **numbers)


def _onnx_score(arrays: Mapping[str, NDArray[np.generic]]) -> OnnxScore:
    return OnnxScore(
        raw=arrays["onnx"].astype(np.uint8).tobytes(),
        precision=str(arrays["precision"]),
        is_log_odds=bool(arrays["is_log_odds"]),
        limit=float(np.asarray(arrays["limit"], dtype=np.float64)),
        missing=MissingValues(
            np.asarray(arrays["fill"], dtype=np.float64),
            np.asarray(arrays["indicated"], dtype=np.int64),
            np.asarray(arrays["never_recorded"], dtype=np.int64),
        ),
        **{name: np.asarray(arrays[name], dtype=np.float64) for name in _ONNX_ARRAYS},
    )
