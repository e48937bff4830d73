"""The settings of a training from a file, from a dictionary of the same shape, or from single arguments.

A dictionary becomes the file that it stands for, so that the same code checks both and refuses them in the same words.
"""

import os
import tempfile
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import tomlkit

from features.protocol.problems import InputRefusedError
from training.api.refusals import argument_error
from training.config import TrainingConfig, load_config

Settings = str | os.PathLike[str] | Mapping[str, Any] | None
PLACE = "settings"
"""The place of a problem in a dictionary."""


def training_config(
    settings: Settings, candidates: Sequence[str | type] | None = None, seed: int | None = None
) -> TrainingConfig:
    """The settings, with the candidates and the seed replaced where given; raises ``InputRefusedError``."""
    if isinstance(settings, Mapping):
        document = dict(settings)
    else:
        path = None if settings is None else Path(settings)
        config = load_config(path, _seed(seed))  # a file's own problems first, at its own lines
        if candidates is None:
            return config
        document = {} if path is None else tomllib.loads(path.read_text(encoding="utf-8"))
    if candidates is not None:
        section = document.get("training", {})
        document["training"] = dict(section) | {"candidates": [candidate_name(each) for each in candidates]}
    return _of_document(document, _seed(seed))


def candidate_name(candidate: str | type) -> str:
    """The name of a candidate in the settings; a class has the address by which processes import it.

    Raises ``InputRefusedError`` for a class that only the running script or notebook has.
    """
    if isinstance(candidate, str):
        return candidate
    if not isinstance(candidate, type):
        raise argument_error("candidates", "names of candidates, or classes", "another object")
    if candidate.__module__ in ("__main__", "builtins") or "." in candidate.__qualname__:
        required = "a class at the top of a module; put it into a .py file beside the notebook and import it from there"
        raise argument_error("candidates", required, "a class that other processes can't import")
    return f"{candidate.__module__}:{candidate.__qualname__}"


def _seed(seed: int | None) -> int | None:
    if seed is not None and (not isinstance(seed, int) or isinstance(seed, bool) or not 0 <= seed < 2**31):
        raise argument_error("seed", f"a whole number from 0 to {2**31 - 1}", "another value")
    return seed


def _of_document(document: Mapping[str, Any], seed: int | None) -> TrainingConfig:
    try:
        text = tomlkit.dumps(_plain(document))
    except (TypeError, ValueError):
        raise argument_error(
            PLACE, "numbers, texts, lists and sections, as a TOML file has them", "another kind of value"
        ) from None
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / f"{PLACE}.toml"
        path.write_text(text, encoding="utf-8")
        try:
            return load_config(path, seed)
        except InputRefusedError as error:
            # Lines of a file that nobody wrote say nothing.
            found = [replace(problem, place=PLACE, row=None) for problem in error.problems]
            raise type(error)(found) from None


def _plain(value: Any) -> Any:
    """The value without what NumPy or a tuple adds to it."""
    if isinstance(value, Mapping):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return value.item() if isinstance(value, np.generic) else value
