"""Puts a toy bundle into BentoML's model store, as a promotion does; run in a process of its own, whose store it is."""

import hashlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import bentoml

from models.bundle import save_bundle
from models.promotion import PROMOTION, PROMOTION_DIGEST, Promotion
from models.signature import NOT_SIGNED, SIGNATURE
from tests.serving.bundles import toy_bundle

Decided: TypeAlias = Callable[[str], Promotion]


def sign(copy: Path, key: Path) -> None:
    """Sign a copy as a promotion does."""
    from model_signing import hashing, signing  # takes a second, which other promotions do without

    config = signing.Config().use_elliptic_key_signer(private_key=key)
    config.set_hashing_config(hashing.Config().set_ignored_paths(paths=NOT_SIGNED)).sign(copy, copy / SIGNATURE)


def promote(
    version: str, *, damaged: bool = False, decided: Decided | None = None, signed_with: Path | None = None
) -> None:
    """Store the toy bundle as a version of the model; damaged: with one byte of its arrays changed afterwards.

    ``decided`` makes the decision about the digest of the bundle, ``signed_with`` is the file of a private key.
    """
    labels = {"mlflow_version": version, "run_id": "a1b2"}
    with bentoml.models.create("kap-outcomes", labels=labels) as model:
        digest = save_bundle(toy_bundle(), Path(model.path) / "bundle")
        model.info.labels["bundle_digest"] = digest[:63]  # the longest label that the store takes
        model.info.metadata["bundle_digest"] = digest
        if decided is not None:
            document = decided(digest).as_json()
            Path(model.path, PROMOTION).write_bytes(document)
            model.info.metadata[PROMOTION_DIGEST] = hashlib.sha256(document).hexdigest()
        if signed_with is not None:
            sign(Path(model.path), signed_with)
        if damaged:
            arrays = next(Path(model.path, "bundle").glob("*.npz"))
            content = bytearray(arrays.read_bytes())
            content[len(content) // 2] ^= 1
            arrays.write_bytes(content)


if __name__ == "__main__":
    promote(sys.argv[1], damaged="damaged" in sys.argv[2:])
