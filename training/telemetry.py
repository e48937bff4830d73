"""The libraries that report their use to their makers are told not to; a choice that the user made stays."""

import os

SWITCHES = {"DO_NOT_TRACK": "1", "MLFLOW_DISABLE_TELEMETRY": "true", "BENTOML_DO_NOT_TRACK": "True"}


def turn_off_telemetry() -> None:
    """Set what the libraries look at; to be called before the first of them is imported."""
    for name, value in SWITCHES.items():
        os.environ.setdefault(name, value)
