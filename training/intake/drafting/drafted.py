"""A mapping in the making: keys with the value that was found, or with a question, and what they were drafted from."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from training.intake.mapping_keys import OPEN


@dataclass(frozen=True)
class DraftedKey:
    """One key of the mapping with its value, plain enough for TOML, and the comment beside it."""

    key: str
    value: Any
    comment: str = ""


@dataclass(frozen=True)
class DraftedBlock:
    """One block of a table."""

    table: str
    keys: tuple[DraftedKey, ...]
    comment: str = ""


def question(asked: str, candidates: Sequence[str], **keys: Any) -> dict[str, Any]:
    """An open question; without other keys, the whole value is asked for."""
    return {"question": asked, "candidates": list(candidates), **(keys or {"answer": OPEN})}


def is_question(value: Any) -> bool:
    """Whether a drafted value asks something."""
    return isinstance(value, dict) and "question" in value
