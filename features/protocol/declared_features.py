"""The features that a protocol declares: which words are known, and which names are taken."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from features.protocol.document import Protocol
from features.protocol.nearest_word import did_you_mean
from features.protocol.own_feature import MEASURES, QUANTITIES, OwnFeature

Refusal = tuple[int, str, str, str]
"""The position of a feature, the key to correct, what is required, and what was found."""
NO_CODE = (
    "an expression of name, of, measure and days; a protocol holds no code, because it is part of every bundle. "
    "features/README.md shows how to add a feature to the catalogue"
)
CODE_KEYS = frozenset({"code", "expression", "file", "formula", "function", "module", "path", "python", "script"})
"""Keys of someone who looks for a place for code."""
_ROUTES = "; a dose in mg/kg means something else for each route: use dose_relative_to_usual"


def declared_feature(entry: Mapping[str, Any]) -> OwnFeature:
    """The feature that a table declares, once its keys have no problem."""
    return OwnFeature(**entry)


def feature_problems(
    protocol: Protocol, given: Sequence[Mapping[str, Any]], taken: Collection[str]
) -> Iterator[Refusal]:
    """Unknown quantities, contradictory keys, and names that are a column's, another feature's or ``taken``."""
    names = set(taken)
    for index, feature in enumerate(protocol.own_features):
        if feature.name in names:
            yield index, "name", "a name of its own", "the name of another column or feature"
        names.add(feature.name)
        if feature.of not in protocol.instruments and feature.of not in QUANTITIES:
            yield index, "of", _quantities(feature.of, protocol), "an unknown quantity"
        for key, required, found in feature.problems(protocol.instruments, has_source="source" in given[index]):
            yield index, key, required, found


def _quantities(given: str, protocol: Protocol) -> str:
    if ".py" in given or ":" in given or "(" in given:
        return NO_CODE
    known = [*protocol.instruments, *QUANTITIES]
    hint = _ROUTES if given == "dose_mg_per_kg" else did_you_mean(given, known)
    return f"a rating scale, or one of {', '.join(QUANTITIES)}{hint}"


def measure_required(given: object) -> str:
    """What is required of a measure."""
    return f"one of {', '.join(MEASURES)}{did_you_mean(given, MEASURES)}"
