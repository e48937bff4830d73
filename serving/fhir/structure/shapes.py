"""FHIR's types as the models of `fhir.resources` declare them: elements, their JSON types, and choices.

The models take fifteen times as long as a walk over these declarations, and read a text as a number or as true. So what
fits the declarations plainly needs no model; whatever does not is left to them in `resource_check`.
"""

import datetime as dt
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, Literal, TypeAlias

from fhir.resources.R4B import get_fhir_model_class

Kind: TypeAlias = Literal["boolean", "whole", "number", "text"]
Location: TypeAlias = tuple[str | int, ...]
REQUIRED: Final[dict[Kind, str]] = {
    "boolean": "true or false",
    "whole": "a whole number",
    "number": "a number",
    "text": "a text",
}
_OF_TYPES: Final[dict[Kind, type | tuple[type, ...]]] = {
    "boolean": bool,
    "whole": int,
    "number": (int, float),
    "text": str,
}
_CHILD = re.compile(r"abc\.(\w+)Type")
_ANNOTATED = re.compile(r"Annotated\[.*?, (\w+)\(")
_SIGN = r"[^\s\ud800-\udfff\x00-\x1f]"
_DATE = r"(?!0000)\d{4}(-(0[1-9]|1[0-2])(-\d{2}"
_TIME = r"T([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,6})?(Z|[+-](0\d|1[0-3]):[0-5]\d)"
_PATTERNS: Final = {
    "String": re.compile(rf"(?:[ \r\n\t]|{_SIGN})+"),
    "Markdown": re.compile(rf"(?:[ \r\n\t]|{_SIGN})+"),
    "Code": re.compile(rf"{_SIGN}+(?: {_SIGN}+)*"),
    "Id": re.compile(r"[A-Za-z0-9.-]{1,64}"),
    "Uri": re.compile(rf"{_SIGN}+"),
    "Canonical": re.compile(rf"{_SIGN}+"),
    "Date": re.compile(rf"{_DATE})?)?", re.ASCII),
    "DateTime": re.compile(rf"{_DATE}({_TIME})?)?)?", re.ASCII),
}
"""Texts of a type that certainly fit it. Types and texts that are not here are left to the models."""
_NOT_PLAIN: Final = re.compile(r"(?!)")
_LOWEST: Final = {"PositiveInt": 1, "UnsignedInt": 0}
_MOST: Final = 2**31 - 1
_FULL_DATE: Final = 10


@dataclass(frozen=True)
class ElementShape:
    """What an element holds: a primitive type, or the elements of the named type, and of which choice it is one."""

    kind: Kind | None
    child: str
    is_list: bool
    choice: str
    pattern: re.Pattern[str]
    lowest: float
    is_date: bool


@dataclass(frozen=True)
class TypeShape:
    """The elements of a type by their JSON names, and the elements and choices of which one must be there."""

    elements: Mapping[str, ElementShape]
    required: frozenset[str]
    required_choices: frozenset[str]


@cache
def shape_of(name: str) -> TypeShape:
    """The declaration of a FHIR type.

    >>> shape_of("Quantity").elements["value"].kind
    'number'
    """
    elements: dict[str, ElementShape] = {}
    required, choices = set(), set()
    for key, field in get_fhir_model_class(name).model_fields.items():
        more = field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}
        json_name = field.alias or key
        choice = more.get("one_of_many")
        elements[json_name] = _shape(str(field.annotation), choice if isinstance(choice, str) else "")
        if field.is_required() or more.get("element_required"):
            required.add(json_name)
        if choice and more.get("one_of_many_required"):
            choices.add(str(choice))
    elements.pop("fhir_comments", None)
    return TypeShape(elements, frozenset(required), frozenset(choices))


def _shape(annotation: str, choice: str) -> ElementShape:
    child, named = _CHILD.search(annotation), _ANNOTATED.search(annotation)
    type_name = "" if named is None else named[1]
    kind: Kind | None = "text"
    if child:
        kind = None
    elif "bool" in annotation:
        kind = "boolean"
    elif type_name == "Decimal":
        kind = "number"
    elif "[int, " in annotation:
        kind = "whole"
    return ElementShape(
        kind,
        child[1] if child else "",
        "List[" in annotation,
        choice,
        _PATTERNS.get(type_name, _NOT_PLAIN),
        _LOWEST.get(type_name, -_MOST),
        type_name in ("Date", "DateTime"),
    )


def is_plainly_valid(name: str, resource: Mapping[str, Any]) -> bool:
    """Whether a resource fits the declaration of its type in every element; false where only the models can tell."""
    if resource.get("resourceType") != name:
        return False
    waiting: list[tuple[str, Any]] = [(name, {key: part for key, part in resource.items() if key != "resourceType"})]
    while waiting:
        type_name, part = waiting.pop()
        inner = _plain_parts(shape_of(type_name), part) if isinstance(part, dict) else None
        if inner is None:
            return False
        waiting += inner
    return True


def _plain_parts(shape: TypeShape, part: Mapping[str, Any]) -> list[tuple[str, Any]] | None:
    """The objects in a part with the types due, if the part itself certainly fits; else ``None``."""
    choices: set[str] = set()
    inner: list[tuple[str, Any]] = []
    for key, value in part.items():
        element = shape.elements.get(key)
        if element is None or element.choice in choices or isinstance(value, list) != element.is_list:
            return None
        if element.choice:
            choices.add(element.choice)
        values = value if element.is_list else (value,)
        if element.kind is None:
            inner += [(element.child, one) for one in values]
        elif not all(_is_plain(one, element) for one in values):
            return None
    return inner if part.keys() >= shape.required and choices >= shape.required_choices else None


def _is_plain(value: Any, element: ElementShape) -> bool:
    """Whether a primitive value certainly fits."""
    if element.kind == "boolean":
        return isinstance(value, bool)
    if element.kind == "text":
        return (
            isinstance(value, str)
            and element.pattern.fullmatch(value) is not None
            and not (element.is_date and not _is_on_calendar(value))
        )
    types = int if element.kind == "whole" else (int, float)
    return isinstance(value, types) and not isinstance(value, bool) and element.lowest <= value <= _MOST


def _is_on_calendar(date: str) -> bool:
    if len(date) < _FULL_DATE:
        return True
    try:
        dt.date.fromisoformat(date[:_FULL_DATE])
    except ValueError:
        return False
    return True


def wrong_types(name: str, resource: Mapping[str, Any]) -> Iterator[tuple[Location, Kind]]:
    """The places of primitive values of another JSON type, and the type due, in a resource that a model has read."""
    waiting: list[tuple[Location, str, Any]] = [((), name, resource)]
    while waiting:
        place, type_name, part = waiting.pop()
        elements = shape_of(type_name).elements
        for key, value in part.items():
            element = elements.get(key)
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
