"""Points of a scale in a value or an answer: a number, a quantity without a dimension, or a coded answer.

A code counts by the terminology or by its ordinal value; where both are there, they must agree.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

from serving.fhir.elements.codings import element, elements, extension, text
from serving.fhir.parts import ReadingNotes
from serving.terminology.codes import Terminology

ORDINAL_VALUE: Final = (
    "http://hl7.org/fhir/StructureDefinition/ordinalValue",
    "http://hl7.org/fhir/StructureDefinition/itemWeight",
)
"""Extensions of a Coding that hold its points; R5 calls it itemWeight."""
LOINC: Final = "http://loinc.org"
_ANNOTATION = re.compile(r"1|\{[^{}]*\}")
"""UCUM codes of numbers without a dimension: ``1`` and annotations such as ``{score}``."""
_WORDS = frozenset({"", "score", "points", "point", "punkte", "punkt"})
"""Units in words, in small letters, where there is no code."""
_UCUM: Final = "http://unitsofmeasure.org"


def points_of(part: Mapping[str, Any], instrument: str, terminology: Terminology) -> float | None:
    """The points in ``value[x]`` of an Observation, a component or an answer; ``None`` where it has none.

    >>> points_of({"valueInteger": 3}, "gad7", terminology)
    3.0
    """
    number = _number(part, "valueInteger", "valueDecimal")
    if number is not None:
        return number
    if "valueQuantity" in part:
        return plain_quantity(element(part, "valueQuantity"))
    codings = [element(part, "valueCoding")] if "valueCoding" in part else _codings(part)
    found = {_coded(coding, instrument, terminology) for coding in codings} - {None}
    return found.pop() if len(found) == 1 else None


def plain_quantity(quantity: Mapping[str, Any]) -> float | None:
    """The value of a quantity without a dimension; ``None`` for another unit or a comparator such as "<"."""
    value = _number(quantity, "value")
    if value is None or quantity.get("comparator"):
        return None
    if "code" in quantity:
        known = quantity.get("system", _UCUM) == _UCUM and _ANNOTATION.fullmatch(text(quantity, "code"))
    else:
        unit = text(quantity, "unit")
        known = unit.strip().casefold() in _WORDS or _ANNOTATION.fullmatch(unit)
    return value if known else None


def read_number(part: Mapping[str, Any], expression: str, notes: ReadingNotes) -> float | None:
    """The number in ``value[x]`` of a total; refused where it is another kind of value or has an unknown unit."""
    number = _number(part, "valueInteger", "valueDecimal")
    if number is not None:
        return number
    quantity = element(part, "valueQuantity")
    value = plain_quantity(quantity)
    if value is None and quantity:
        found = "a comparator" if quantity.get("comparator") else "another unit, or no number"
        notes.refuse("value", expression, "a number of points: no unit, or {score} or 1 of UCUM", found)
    elif value is None:
        notes.refuse("value", expression, "a number of points, as an integer or a quantity", "another kind of value")
    return value


def _number(part: Mapping[str, Any], *names: str) -> float | None:
    """The first number of these names; true and false are none."""
    values = (part.get(name) for name in names)
    return next((float(one) for one in values if isinstance(one, int | float) and not isinstance(one, bool)), None)


def _codings(part: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return list(elements(element(part, "valueCodeableConcept"), "coding"))


def _coded(coding: Mapping[str, Any], instrument: str, terminology: Terminology) -> float | None:
    """The points of a coded answer. Codes of LOINC answers begin with LA, so that they need no system."""
    code = text(coding, "code")
    system = text(coding, "system") or (LOINC if code.startswith("LA") else "")
    answer = terminology.answer(system, code, instrument)
    found = {_number(one, "valueDecimal") for url in ORDINAL_VALUE for one in extension(coding, url)} - {None}
    found |= set() if answer is None else {float(answer.points)}
    return found.pop() if len(found) == 1 else None
