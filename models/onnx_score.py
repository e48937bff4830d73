"""The score of a scikit-learn classifier that was converted to ONNX; its answers come from onnxruntime, without code.

It carries the original's answers to made-up rows, and `check` compares them.
`training/learning/own_candidates/onnx_export.py` converts; nothing here imports scikit-learn.
"""

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from models.contributions import exchanged_contributions
from models.outcomes import Floats, expit

if TYPE_CHECKING:
    import onnxruntime

FAITHFUL = 1e-6
"""Largest difference of a probability between onnxruntime and the original. Tree ensembles in ONNX answer in single
precision, which costs about 3e-7."""
NOWHERE = Path("/nonexistent")
"""Where onnxruntime may look for numbers outside of the file: a bundle has none."""


class OnnxRefusedError(Exception):
    """A converted model can't be loaded or gives other answers than the original; the message says which."""


@dataclass(frozen=True, eq=False)
class MissingValues:
    """What a classifier gets for a feature row: numbers in single precision, and something for missing values.

    Trees compare a value with a threshold. In single precision, which ONNX has for trees, values that differ by a
    rounding error would fall on either side of it; the classifier is therefore fitted on single precision, as XGBoost
    is.

    ``fill`` (features,) takes the place of a missing value, NaN where a missing value is passed on. For each feature of
    ``indicated`` a column is appended: 1 where its value is missing, else 0. A value of one of the features
    ``never_recorded`` counts as missing: no training patient had one, or the settings leave the feature out.
    """

    fill: Floats
    indicated: NDArray[np.int64]
    never_recorded: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, dtype=np.int64))

    def replaced(self, rows: Floats) -> Floats:
        """Rows (n, features + indicated) in single precision, without missing values unless they are passed on."""
        rows = rows.astype(np.float32).astype(np.float64)
        missing = np.isnan(rows)
        missing[:, self.never_recorded] = True
        return np.hstack([np.where(missing, self.fill, rows), missing[:, self.indicated].astype(np.float64)])


@dataclass(frozen=True, eq=False)
class OnnxScore:
    """The log-odds of a converted classifier, clipped to ``-limit`` and ``limit``, over all the features.

    ``raw`` is the ONNX file, whose input has ``precision`` float32 or float64, and whose last output has log-odds or,
    without ``is_log_odds``, probabilities. ``reference`` (features,) is where contributions start: rounded medians.
    ``checked_rows`` (rows, features) are made-up rows, ``checked_log_odds`` (rows,) the original's answers to them.
    """

    raw: bytes
    precision: str
    is_log_odds: bool
    limit: float
    missing: MissingValues
    reference: Floats
    checked_rows: Floats
    checked_log_odds: Floats

    @property
    def features(self) -> int:
        """Columns of a feature row."""
        return len(self.reference)

    @cached_property
    def session(self) -> "onnxruntime.InferenceSession":
        """The loaded model, held to one thread and to the plain kernels so that its sums keep their order."""
        import onnxruntime  # a second and 50 MB, which the other scores don't need

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
        options.use_deterministic_compute = True
        options.log_severity_level = 4
        options.add_session_config_entry("session.model_external_initializers_file_folder_path", str(NOWHERE))
        try:
            return onnxruntime.InferenceSession(self.raw, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # noqa: BLE001 - onnxruntime's exceptions share no class of their own
            raise OnnxRefusedError(f"onnxruntime refuses the ONNX file ({type(error).__name__})") from None

    def __getstate__(self) -> dict[str, Any]:
        """All but the session, which can't be pickled and is made again."""
        return {name: value for name, value in self.__dict__.items() if name != "session"}

    def predict(self, rows: Floats) -> Floats:
        """Score per row, shape (n,)."""
        if not len(rows):
            return np.zeros(0)
        session, values = self.session, self.missing.replaced(rows).astype(self.precision)
        found = session.run([session.get_outputs()[-1].name], {session.get_inputs()[0].name: values})[0]
        answers = np.asarray(found, dtype=np.float64).reshape(len(rows), -1)[:, -1]
        log_odds = answers if self.is_log_odds else log_odds_within(answers, self.limit)
        return np.clip(log_odds, -self.limit, self.limit)

    def explain(self, rows: Floats) -> tuple[Floats, Floats]:
        """Start, shape (n,), and contributions, shape (n, features), whose sum is the score."""
        return exchanged_contributions(self.predict, rows, self.reference)

    def check(self) -> None:
        """Raise ``OnnxRefusedError`` if an answer to the made-up rows is not the original's, within ``FAITHFUL``."""
        away = largest_difference(self.predict(self.checked_rows), self.checked_log_odds)
        if not away <= FAITHFUL:
            raise OnnxRefusedError(
                f"onnxruntime's answers differ from the original's by up to {away:.1e} (allowed {FAITHFUL:.0e})"
            )


def log_odds_within(probability: Floats, limit: float) -> Floats:
    """Log-odds of probabilities, at least ``-limit`` and at most ``limit``; NaN stays NaN."""
    lowest = float(expit(np.array([-limit]))[0])
    held = np.clip(probability, lowest, 1 - lowest)
    return np.asarray(np.log(held) - np.log1p(-held))


def largest_difference(log_odds: Floats, others: Floats) -> float:
    """The largest difference of two answers as probabilities; NaN if one is not a number."""
    return float(np.max(np.abs(expit(log_odds) - expit(others)), initial=0.0))
