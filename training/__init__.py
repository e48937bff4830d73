"""Fit, evaluate, record, promote and audit; this folder has the settings, provenance and failures that all share.

Public names: `collect_provenance`, `failed`, `load_config`, `not_checked`, `passed`, `PromotionPolicy`, `Provenance`,
`require_reason`, `StoreUnreachableError`, `TrainingConfig`, `turn_off_telemetry`, `Verdict`; the Python interface.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from training.api.cohorts import read_cohort
    from training.api.evaluation import evaluate_predictions
    from training.api.frames import feature_frame, outcome_frame
    from training.api.models import load_model, predict
    from training.api.train import train

__all__ = ["evaluate_predictions", "feature_frame", "load_model", "outcome_frame", "predict", "read_cohort", "train"]
_PLACES = {
    "evaluate_predictions": "training.api.evaluation",
    "feature_frame": "training.api.frames",
    "load_model": "training.api.models",
    "outcome_frame": "training.api.frames",
    "predict": "training.api.models",
    "read_cohort": "training.api.cohorts",
    "train": "training.api.train",
}


def __getattr__(name: str) -> Any:
    """Import a name when it is first asked for, so that ``import training``, and so every command, stays quick."""
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_PLACES[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
