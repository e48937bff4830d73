"""Where everything lies in an audit package. Nobody else writes one of these names."""

from training.provenance import LOCK
from training.registry.seal import SEAL

__all__ = [
    "BUNDLE", "CHAIN", "EVALUATIONS", "FACTS", "FORMAT", "LOCK", "LOG_SEALS", "MANIFEST", "METADATA", "NOT_LISTED",
    "PARENT", "README", "RECIPE", "RECORD", "SIGNATURE", "SIGNER", "TIMESTAMP", "TRAINING", "folder_of", "is_model",
    "seal_of",
]  # fmt: skip

FORMAT = 1
MANIFEST = "manifest-sha256.txt"
"""A line for every other file but the signature: SHA-256, two spaces, name; `sha256sum --check` reads it."""
SIGNATURE = "manifest-sha256.txt.sig"
"""The Ed25519 signature of the manifest, 64 bytes; absent in a package that nobody signed."""
TIMESTAMP = "manifest-sha256.txt.tsr"
"""The time stamp of the manifest by RFC 3161; absent in a package for which none was asked."""
NOT_LISTED = (MANIFEST, SIGNATURE, TIMESTAMP)
"""The files that the manifest can't list."""
SIGNER = "signer.pem"
"""The public key of who signed."""
METADATA = "ro-crate-metadata.json"
FACTS = "package.json"
README = "README.md"
RECORD = "record.json"
CHAIN = "decisions.json"
RECIPE = "workflow/train.py"
TRAINING = "training"
EVALUATIONS = "evaluations"
PARENT = "parent/bundle"
"""The bundle that an update began with."""
LOG_SEALS = "log-seals"
BUNDLE = "artifacts/bundle"
"""The bundle among a model's artifacts."""


def folder_of(owner: str, run_id: str) -> str:
    """The folder of an owner's artifacts, below that of the training or evaluation ``run_id``."""
    if owner == run_id:
        return "artifacts"
    return f"model/{owner}" if is_model(owner) else f"runs/{owner}"


def is_model(owner: str) -> bool:
    """Whether an owner of artifacts is a model, and no run."""
    return owner.startswith("m-")


def seal_of(place: str) -> str:
    """The seal of the training or evaluation in the folder ``place``."""
    return f"{place}/artifacts/{SEAL}"
