"""Puts a toy bundle into BentoML's model store, as a promotion does; run in a process of its own, whose store it is."""

import sys
from pathlib import Path

import bentoml

from models.bundle import save_bundle
from tests.serving.bundles import toy_bundle


def promote(version: str) -> str:
    """Store the toy bundle as a version of the model; the tag of the entry."""
    labels = {"mlflow_version": version, "run_id": "a1b2"}
    with bentoml.models.create("kap-outcomes", labels=labels) as model:
        digest = save_bundle(toy_bundle(), Path(model.path) / "bundle")
        model.info.labels["bundle_digest"] = digest[:63]  # the longest label that the store takes
    return str(model.tag)


if __name__ == "__main__":
    sys.stdout.write(promote(sys.argv[1] if len(sys.argv) > 1 else "3"))
