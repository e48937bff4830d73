"""Puts the usual bundle into BentoML's model store, as a promotion does; run in a process of its own."""

from pathlib import Path

import bentoml

from models.bundle import save_bundle
from tests.serving.decision.pages import usual_bundle


def promote(version: str) -> None:
    """Store the usual bundle as a version of the model."""
    with bentoml.models.create("kap-outcomes", labels={"mlflow_version": version, "run_id": "a1b2"}) as model:
        model.info.labels["bundle_digest"] = save_bundle(usual_bundle(), Path(model.path) / "bundle")[:63]


if __name__ == "__main__":
    promote("3")
