"""The bundle as an MLflow model logged from code, so that MLflow's own tools can load it and predict on a plain frame.

The frame has a column ``landmark`` and one column per feature; the answer has one row per row, with the names and the
refusals of `kap score`.
"""

from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.records.timeline import Floats
from models.applicability import Applicable
from models.bundle import Bundle, load_bundle
from models.outcome_model import OutcomeModel


class OutcomePredictions(mlflow.pyfunc.PythonModel):  # type: ignore[misc]  # MLflow is not typed
    """Predicts remission, relapse and sustained remission from feature rows, except for patients outside."""

    bundle: Bundle

    def load_context(self, context: Any) -> None:
        """Load the bundle; any difference from the saved one raises an error."""
        self.bundle = load_bundle(Path(context.artifacts["bundle"]))

    def predict(self, context: Any, model_input: pd.DataFrame, params: dict[str, Any] | None = None) -> pd.DataFrame:  # noqa: ARG002 - MLflow's signature
        """Per row ``applicability`` (inside, at_the_edge, outside), every answer, and its ``_low`` and ``_high``.

        Answers are ``remission``, then ``relapse_H`` and ``sustained_H`` per horizon of H days; NaN if outside.
        Raises ValueError for a landmark that the protocol does not have.
        """
        known = {model.landmark.name: model for model in self.bundle.models}
        if not set(model_input["landmark"]) <= known.keys():
            raise ValueError(f"landmark: one of {', '.join(known)} is required")
        horizons = self.bundle.protocol.horizons_days
        names = ["remission", *(f"{kind}_{days}" for kind in ("relapse", "sustained") for days in horizons)]
        columns = [f"{name}{end}" for end in ("", "_low", "_high") for name in names]
        answers = np.full((len(model_input), len(columns)), np.nan)
        verdicts = np.full(len(model_input), None, dtype=object)
        rows = model_input[list(self.bundle.features)].to_numpy(dtype=np.float64)
        for name, model in known.items():
            at = np.flatnonzero(model_input["landmark"] == name)
            if model.can_answer:
                answers[at], verdicts[at] = _answered(model, rows[at])
        found = pd.DataFrame(answers, columns=columns, index=model_input.index)
        found.insert(0, "applicability", verdicts)
        return found


def _answered(model: OutcomeModel, rows: Floats) -> tuple[Floats, NDArray[np.object_]]:
    """Answers with both limits (n, 3 x answers), NaN if outside, and verdicts (n,), as the service gives them.

    A model without an applicability domain has no verdicts.
    """
    answers, limits = model.predict(rows, with_curve=False).answers_and_limits()
    answers = np.hstack([answers, limits[..., 0], limits[..., 1]])
    words = np.full(len(rows), None, dtype=object)
    if model.applicability is not None:
        verdict = model.applicability.assess(rows).verdict
        words[:] = [Applicable(level).name.lower() for level in verdict.tolist()]
        answers[verdict == Applicable.OUTSIDE] = np.nan
    return answers, words


mlflow.models.set_model(OutcomePredictions())
