"""MLflow models of version 0.4.0 look here for `Floats`, where this package was imported before their own code."""

from features.records.timeline import Floats

__all__ = ["Floats"]
