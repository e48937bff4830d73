"""Linear predictors on the log-odds, as contributions that add up; NumPy and XGBoost only.

`learners` fits such a score; the baseline to which it adds belongs to the head.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

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
        return self.predict(rows) - contributions.sum(axis=1), contributions

    def predict(self, rows: Floats) -> Floats:
        """Score per row, shape (n,)."""
        margin = self.booster.inplace_predict(rows.astype(np.float32), predict_type="margin", validate_features=False)
        return np.asarray(margin, dtype=np.float64)


Score: TypeAlias = Constant | LinearScore | Trees

_LINEAR_ARRAYS = ("lower", "upper", "centre", "weight", "missing_weight")


def to_arrays(score: Score) -> dict[str, NDArray[np.generic]]:
    """A score as named arrays, for storing; ``from_arrays`` is its inverse."""
    if isinstance(score, Constant):
        return {"kind": np.array("constant")}
    if isinstance(score, Trees):
        return {"kind": np.array("trees"), "booster": np.frombuffer(score.raw, dtype=np.uint8)}
    arrays = {name: getattr(score, name) for name in ("used", *_LINEAR_ARRAYS)}
    return arrays | {"kind": np.array("linear")}


def from_arrays(arrays: Mapping[str, NDArray[np.generic]], features: int) -> Score:
    """The score from the arrays of ``to_arrays``, over rows of ``features`` columns."""
    kind = str(arrays["kind"])
    if kind == "constant":
        return Constant(features)
    if kind == "trees":
        return Trees(arrays["booster"].astype(np.uint8).tobytes(), features)
    numbers = {name: np.asarray(arrays[name], dtype=np.float64) for name in _LINEAR_ARRAYS}
    return LinearScore(used=np.asarray(arrays["used"], dtype=np.int64), features=features, **numbers)
