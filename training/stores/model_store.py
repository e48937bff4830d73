"""The entries of BentoML's model store, whose own list ends at a damaged one."""

import contextlib
from pathlib import Path
from typing import Any


def store_entry(tag: str) -> tuple[Any, str]:
    """The entry with a tag, such as ``kap-outcomes:latest``, and an empty text.

    ``None`` and an empty text if there is none, ``None`` and why if it can't be read.
    """
    import bentoml

    try:
        return bentoml.models.get(tag), ""
    except bentoml.exceptions.NotFound:
        return None, ""
    except Exception as error:  # noqa: BLE001 - BentoML raises what its parser does
        return None, f"it can't be read ({type(error).__name__})"


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
