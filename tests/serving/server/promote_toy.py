"""Puts a toy bundle into BentoML's model store, as a promotion does; run in a process of its own, whose store it is."""

import sys
from pathlib import Path

import bentoml

from models.bundle import save_bundle
from tests.serving.bundles import toy_bundle


def promote(version: str, *, damaged: bool = False) -> None:
    """Store the toy bundle as a version of the model; damaged: with one byte of its arrays changed afterwards."""
    labels = {"mlflow_version": version, "run_id": "a1b2"}
    with bentoml.models.create("kap-outcomes", labels=labels) as model:
        digest = save_bundle(toy_bundle(), Path(model.path) / "bundle")
        model.info.labels["bundle_digest"] = digest[:63]  # the longest label that the store takes
        if damaged:
            arrays = next(Path(model.path, "bundle").glob("*.npz"))
            content = bytearray(arrays.read_bytes())
            content[len(content) // 2] ^= 1
            arrays.write_bytes(content)


if __name__ == "__main__":
    promote(sys.argv[1], damaged="damaged" in sys.argv[2:])
