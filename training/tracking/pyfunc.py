"""The bundle as an MLflow model logged from code, so that MLflow's own tools can load it and predict on a plain frame.

The frame has a column ``landmark`` and one column per feature; the answer has one row per row, with the names and the
refusals of `kap score`. The parameter ``answer`` asks for less, in the form that MLflow's evaluators take:

* "all" (the default): the whole frame,
* "remission": P(remission), shape (n,),
* "remission_class": 1.0 where P(remission) is at least one half, else 0.0, shape (n,).

It is given with a call (``params={"answer": ...}``), or when the model is loaded (``model_config={"answer": ...}``).
"""

import sys
from contextlib import suppress
from importlib.util import cache_from_source
from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import pandas as pd
from numpy.typing import NDArray

if Path(__file__).with_name("MLmodel").exists():  # loaded from a recorded model, whose files are sealed: add none
    sys.dont_write_bytecode = True
    cached = Path(cache_from_source(__file__))
    with suppress(OSError):
        cached.unlink(missing_ok=True)
        cached.parent.rmdir()

from features.records.timeline import Floats
from models.applicability import Applicable
from models.bundle import Bundle, load_bundle
from models.outcome_model import OutcomeModel

ANSWERS = ("all", "remission", "remission_class")
CLASS_FROM = 0.5
"""The probability from which a class is 1: the likelier outcome. It is no threshold for a treatment."""


class OutcomePredictions(mlflow.pyfunc.PythonModel):  # type: ignore[misc]  # MLflow is not typed
    """Predicts remission, relapse and sustained remission from feature rows, except for patients outside."""

    bundle: Bundle

    def load_context(self, context: Any) -> None:
        """Load the bundle; any difference from the saved one raises an error."""
        self.bundle = load_bundle(Path(context.artifacts["bundle"]))

    def predict(self, context: Any, model_input: pd.DataFrame, params: dict[str, Any] | None = None) -> Any:
        """The answers to the rows, in the form that the parameter ``answer`` asks for.

        Raises ValueError for a version that is research only, for a landmark that the protocol does not have, for an
        unknown ``answer``, and for "remission_class" if a row has no probability: leave out the rows whose
        ``applicability`` is outside.
        """
        if self.bundle.research_only:
            raise ValueError(f"this version is research only and answers nobody: {self.bundle.research_only}")
        wanted = (
            (params or {}).get("answer") or (getattr(context, "model_config", None) or {}).get("answer") or ANSWERS[0]
        )
        if wanted not in ANSWERS:
            raise ValueError(f"answer: one of {', '.join(ANSWERS)} is required")
        found = self._frame(model_input)
        if wanted == "all":
            return found
        probability = found["remission"].to_numpy(dtype=np.float64)
        if wanted == "remission":
            return probability
        absent = int(np.isnan(probability).sum())
        if absent:
            raise ValueError(f"{absent} of {len(probability)} rows have no probability of remission: leave them out")
        return (probability >= CLASS_FROM).astype(np.float64)

    def _frame(self, model_input: pd.DataFrame) -> pd.DataFrame:
        """Per row ``applicability`` (inside, at_the_edge, outside), every answer, and its ``_low`` and ``_high``.

        Answers are ``remission``, then ``relapse_H`` and ``sustained_H`` per horizon of H days; NaN if outside.
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
