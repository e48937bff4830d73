"""The JSON types of FHIR's elements, from the models of `fhir.resources`, which read a text as a number or true.

A reader may rely on them: a boolean is true or false, a number is a number, and everything else is a text.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal, TypeAlias

from fhir.resources.R4B import get_fhir_model_class

Kind: TypeAlias = Literal["boolean", "whole", "number", "text"]
Location: TypeAlias = tuple[str | int, ...]
REQUIRED: dict[Kind, str] = {
    "boolean": "true or false",
    "whole": "a whole number",
    "number": "a number",
    "text": "a text",
}
_OF_TYPES: dict[Kind, type | tuple[type, ...]] = {
    "boolean": bool,
    "whole": int,
    "number": (int, float),
    "text": str,
}
_CHILD = re.compile(r"abc\.(\w+)Type")
_WHOLE = re.compile(r"\bint\b")


@dataclass(frozen=True)
class ElementShape:
    """What an element holds: a primitive type, or the elements of the named type."""

    kind: Kind | None
    child: str


@cache
def shape_of(name: str) -> Mapping[str, ElementShape]:
    """The elements of a FHIR type by their JSON names.

    >>> shape_of("Quantity")["value"].kind
    'number'
    """
    fields = get_fhir_model_class(name).model_fields
    return {field.alias or key: _shape(str(field.annotation)) for key, field in fields.items()}


def _shape(annotation: str) -> ElementShape:
    child = _CHILD.search(annotation)
    if child:
        return ElementShape(None, child[1])
    if "bool" in annotation:
        return ElementShape("boolean", "")
    if "Decimal" in annotation:
        return ElementShape("number", "")
    return ElementShape("whole" if _WHOLE.search(annotation) else "text", "")


def wrong_types(name: str, resource: Mapping[str, Any]) -> Iterator[tuple[Location, Kind]]:
    """The places of primitive values of another JSON type, and the type due, in a resource that pydantic has read."""
    waiting: list[tuple[Location, str, Any]] = [((), name, resource)]
    while waiting:
        place, kind_name, part = waiting.pop()
        shape = shape_of(kind_name)
        for key, value in part.items():
            element = shape.get(key)
            if element is None:
                continue  # resourceType
            listed = [((*place, key, n), one) for n, one in enumerate(value)] if isinstance(value, list) else None
            for where, one in [((*place, key), value)] if listed is None else listed:
                if element.kind is None:
                    if isinstance(one, dict) and element.child != "Resource":
                        waiting.append((where, element.child, one))
                elif one is not None and not _is(one, element.kind):
                    yield where, element.kind


def _is(value: Any, kind: Kind) -> bool:
    return isinstance(value, _OF_TYPES[kind]) and (kind == "boolean" or not isinstance(value, bool))
