"""The copies of models in BentoML's store, and which of them the service answers with."""

import os
from pathlib import Path
from typing import Any

from models.performance import PERFORMANCE_DIGEST
from training.registry.names import MODEL_NAME
from training.registry.stored_training import AnsweringCopy, ServedCopy
from training.stores.model_store import store_entries, store_entry

SERVED = "KAP_MODEL"
"""The setting of the service that names its model; a version of it may be pinned."""


def served_copies(name: str | None = None) -> tuple[ServedCopy, ...]:
    """Every copy in BentoML's store of a model, or of any, of this registry or another; the oldest first."""
    return tuple(_copy(model) for model in store_entries() if name in (None, model.tag.name) and _is_copy(model))


def answering_copy(name: str) -> AnsweringCopy:
    """The copy that a service of this store loads for a model, found as the service finds it.

    That is the entry which BentoML calls the latest of that name, whatever its age, or the one that KAP_MODEL names
    here.
    """
    tag = os.environ.get(SERVED) or f"{name}:latest"
    model, damaged = store_entry(tag)
    return AnsweringCopy(tag, None if model is None else _copy(model), damaged)


def _copy(model: Any) -> ServedCopy:
    return ServedCopy(
        tag=str(model.tag),
        version=str(model.info.labels.get("mlflow_version", "")),
        run_id=str(model.info.labels.get("run_id", "")),
        folder=Path(model.path),
        performance_digest=model.info.metadata.get(PERFORMANCE_DIGEST),
        metadata=dict(model.info.metadata),
    )


def _is_copy(model: Any) -> bool:
    """Whether an entry of BentoML's store was made by a promotion: the store may hold other models too."""
    return model.tag.name == MODEL_NAME or "bundle_digest" in model.info.metadata
