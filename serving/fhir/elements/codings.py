"""Codes and quantities of a resource, as far as they are there: absent and empty parts give nothing."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final, TypeVar

Found = TypeVar("Found")
UCUM: Final = "http://unitsofmeasure.org"


def codings_of(concept: object) -> Iterator[tuple[str, str]]:
    """System and code of each coding of a CodeableConcept."""
    for coding in elements(concept, "coding"):
        system, code = coding.get("system"), coding.get("code")
        if isinstance(system, str) and isinstance(code, str):
            yield system, code


def meanings_of(concept: object, find: Callable[[str, str], Found | None]) -> list[Found]:
    """What the codings of a concept mean, each meaning once, in their order."""
    found = (find(system, code) for system, code in codings_of(concept))
    return list(dict.fromkeys(meaning for meaning in found if meaning is not None))


def elements(part: object, name: str) -> Sequence[Mapping[str, Any]]:
    """The objects in a list of a part."""
    listed = part.get(name) if isinstance(part, Mapping) else None
    return [one for one in listed if isinstance(one, Mapping)] if isinstance(listed, list) else []


def element(part: object, *names: str) -> Mapping[str, Any]:
    """The object at a path of names; empty where there is none."""
    for name in names:
        part = part.get(name) if isinstance(part, Mapping) else None
    return part if isinstance(part, Mapping) else {}


def text(part: object, name: str) -> str:
    """A text of a part; empty where there is none."""
    found = part.get(name) if isinstance(part, Mapping) else None
    return found if isinstance(found, str) else ""


def amount(quantity: Mapping[str, Any], units: Mapping[str, float]) -> float | None:
    """The value of a quantity in one unit; ``units`` gives what one of each known unit counts.

    A code counts if its system is UCUM, a unit in words if there is no code. Comparators such as "<" have no value.

    >>> amount({"value": 500, "unit": "ug"}, {"mg": 1.0, "ug": 1e-3})
    0.5
    """
    value = quantity.get("value")
    if isinstance(value, bool) or not isinstance(value, int | float) or quantity.get("comparator"):
        return None
    if "code" in quantity:
        unit = text(quantity, "code") if quantity.get("system", UCUM) == UCUM else ""
    else:
        unit = text(quantity, "unit")
    factor = units.get(unit)
    if factor is None:
        return None
    return float(value) if factor == 1 else float(value) * factor


def extension(resource: Mapping[str, Any], url: str) -> list[Mapping[str, Any]]:
    """The extensions of a resource with this address."""
    return [one for one in elements(resource, "extension") if one.get("url") == url]
