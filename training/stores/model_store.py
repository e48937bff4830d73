"""The entries of BentoML's model store that can be read: its own list ends at a damaged one."""

import contextlib
from pathlib import Path
from typing import Any


def store_entries() -> list[Any]:
    """Every readable entry, of all names, the oldest first."""
    import bentoml
    from bentoml._internal.configuration.containers import BentoMLContainer

    found = []
    store = Path(BentoMLContainer.model_store.get()._path)  # noqa: SLF001 - it has no other name for it
    for folder in store.glob("*/*/"):
        with contextlib.suppress(Exception):
            found.append(bentoml.models.get(f"{folder.parent.name}:{folder.name}"))
    return sorted(found, key=lambda model: model.creation_time)
