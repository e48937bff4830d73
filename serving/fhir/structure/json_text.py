"""The body of a request as plain values: JSON of bounded size and depth, in which an object has each name once.

A null counts as absent, which is what several servers mean by it. Which resources the values hold is left to
`resources`.
"""

import json
import math
import re
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any, Final

from serving.fhir.parts import MOST_ISSUES, FhirIssue, FhirRefusedError

MOST_PARTS: Final = 16_000
MOST_VALUES: Final = 50_000
"""Objects and lists of a body, and commas between its values: a course in full has some thousands of either, and what
is above would take seconds to check [judgement]."""
DEEPEST: Final = 40
"""Objects and lists around a value. A bundle's deepest, an extension of a coding of a component, has about 15."""
ROOT: Final = "Bundle"
"""The place of problems of the whole body, whatever it holds."""
_LONGEST_WHOLE: Final = 310
"""Digits beyond which a number is not finite as a float."""
_STRINGS: Final = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
_MARKS: Final = re.compile(r"[\[\]{},]")
_STEPS: Final = {"{": 1, "[": 1, "}": -1, "]": -1, ",": 0}


def plain_json(body: bytes) -> Any:
    """The values in a JSON text; raises ``FhirRefusedError``.

    >>> plain_json(b'{"resourceType": "Bundle", "id": null}')
    {'resourceType': 'Bundle'}
    """
    text = _text(body)
    _check_size(text)
    names = _Names()
    try:
        value = names.decoder().decode(text)
    except json.JSONDecodeError as error:
        place = f"malformed JSON at line {error.lineno} column {error.colno}"
        raise _refused("structure", "a JSON text", place) from None
    except RecursionError:
        raise _refused("too-long", f"at most {DEEPEST} objects and lists in one another", "more") from None
    if names.repeated:
        places = (place for place, part in _containers(value) if isinstance(part, _RepeatedNames))
        repeated = list(islice(places, MOST_ISSUES))
        issues = [FhirIssue("structure", place, "each name once", "a name that is there twice") for place in repeated]
        raise FhirRefusedError(issues)
    return value


class _RepeatedNames(dict[str, Any]):
    """An object that has a name more than once."""


class _Names:
    """Makes objects from names and values, and notes whether one has a name more than once; null is absent."""

    def __init__(self) -> None:
        self.repeated = False

    def decoder(self) -> json.JSONDecoder:
        return json.JSONDecoder(object_pairs_hook=self._object, parse_int=_whole, parse_constant=_no_constant)

    def _object(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) != len(pairs):
            self.repeated = True
            return _RepeatedNames(found)
        if None in found.values():
            return {name: value for name, value in found.items() if value is not None}
        return found


def _whole(digits: str) -> int | float:
    return int(digits) if len(digits) <= _LONGEST_WHOLE else math.inf


def _no_constant(_: str) -> float:
    raise json.JSONDecodeError("a number that JSON does not have", "", 0)


def _check_size(text: str) -> None:
    """Raises ``FhirRefusedError`` for more values, or more in one another, than a course needs; texts don't count."""
    marks = _MARKS.findall(_STRINGS.sub("", text))
    values, depth, deepest = marks.count(","), 0, 0
    for mark in marks if len(marks) - values <= 2 * MOST_PARTS else ():
        depth += _STEPS[mark]
        deepest = max(deepest, depth)
    for number, most, parts in (
        ((len(marks) - values) // 2, MOST_PARTS, "objects and lists"),
        (values, MOST_VALUES, "values"),
        (deepest, DEEPEST, "objects and lists in one another"),
    ):
        if number > most:
            raise _refused("too-long", f"at most {most} {parts}", "more")


def _text(body: bytes) -> str:
    if not body.strip():
        raise _refused("structure", "a Bundle or Parameters as JSON", "nothing")
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise _refused("structure", "a JSON text in UTF-8", "other bytes") from None


def _containers(value: Any) -> Iterator[tuple[str, Any]]:
    """Every object and list with its place.

    Places name the parts of FHIR that hold resources; below a resource, names may be values.
    """
    root = value.get("resourceType") if isinstance(value, Mapping) else None
    waiting = [(root if root in ("Bundle", "Parameters") else ROOT, value)]
    while waiting:
        place, part = waiting.pop()
        yield place, part
        if isinstance(part, dict):
            inner = [(_below(place, name), one) for name, one in part.items()]
        else:
            is_named = place.endswith(_LISTS)
            inner = [(f"{place}[{number}]" if is_named else place, one) for number, one in enumerate(part)]
        waiting += [pair for pair in reversed(inner) if isinstance(pair[1], dict | list)]


_NAMES = ("entry", "resource", "parameter", "part", "contained")
_LISTS = tuple(f".{name}" for name in _NAMES if name != "resource")


def _below(place: str, name: str) -> str:
    return f"{place}.{name}" if name in _NAMES else place


def _refused(code: Any, required: str, found: str) -> FhirRefusedError:
    return FhirRefusedError([FhirIssue(code, ROOT, required, found)])
