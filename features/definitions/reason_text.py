"""The features that raise or lower a probability most, in words; they are associations, no sentence says "because"."""

from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any

from features.definitions.display_names import label_of


def leading_reasons(contributions: Sequence[Mapping[str, Any]], most: int = 2) -> tuple[list[str], list[str]]:
    """The largest recorded features that raise and that lower it, up to ``most`` each."""
    recorded = [entry for entry in contributions if entry["value"] is not None]
    more = islice((entry for entry in recorded if entry["contribution"] > 0), most)
    less = islice((entry for entry in recorded if entry["contribution"] < 0), most)
    return [*map(reason_text, more)], [*map(reason_text, less)]


def reason_text(entry: Mapping[str, Any]) -> str:
    """A feature's name with its value in brackets."""
    label = label_of(entry["feature"], entry["meaning"])
    if entry["unit"] == "no/yes" and entry["value"] in (0, 1):
        return f"{label} ({'yes' if entry['value'] == 1 else 'no'})"
    if entry["unit"] == "share":
        return f"{label} ({100 * entry['value']:.0f}%)"
    unit = entry["unit"].removesuffix("s") if entry["value"] == 1 else entry["unit"]
    return f"{label} ({entry['value']:.3g} {unit})"
