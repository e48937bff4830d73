"""The bundle as an MLflow model logged from code, so that MLflow's own tools can load it and predict on a plain frame.

The frame has a column ``landmark`` and one column per feature; the answer has one row per row.
"""

from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import pandas as pd

from models.bundle import Bundle, load_bundle


class OutcomePredictions(mlflow.pyfunc.PythonModel):  # type: ignore[misc]  # MLflow is not typed
    """Predicts remission, relapse and sustained remission from feature rows."""

    bundle: Bundle

    def load_context(self, context: Any) -> None:
        """Load the bundle, refusing it when anything differs from what was saved."""
        self.bundle = load_bundle(Path(context.artifacts["bundle"]))

    def predict(self, context: Any, model_input: pd.DataFrame, params: dict[str, Any] | None = None) -> pd.DataFrame:  # noqa: ARG002 - MLflow's signature
        """Probabilities per row: ``remission``, then ``relapse_H`` and ``sustained_H`` per horizon of H days.

        Raises ValueError for a landmark that the protocol does not have.
        """
        known = {model.landmark.name: model for model in self.bundle.models}
        if not set(model_input["landmark"]) <= known.keys():
            raise ValueError(f"landmark: one of {', '.join(known)} is required")
        horizons = self.bundle.protocol.horizons_days
        columns = ["remission", *(f"{kind}_{days}" for kind in ("relapse", "sustained") for days in horizons)]
        answers = np.full((len(model_input), len(columns)), np.nan)
        rows = model_input[list(self.bundle.features)].to_numpy(dtype=np.float64)
        for name, model in known.items():
            at = np.flatnonzero(model_input["landmark"] == name)
            predicted = model.predict(rows[at], with_curve=False)
            answers[at] = np.column_stack([predicted.remission, predicted.relapse, predicted.sustained])
        return pd.DataFrame(answers, columns=columns, index=model_input.index)


mlflow.models.set_model(OutcomePredictions())
