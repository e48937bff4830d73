"""One record in a JSON text as a `PredictionRequest`, or why it is refused.

`FieldNames` finds what pydantic does not see: a name that an object has twice, of which only the last would count. It
also bounds what a refusal costs: beyond `MOST_COVARIATES` unknown names the others are only counted.
"""

import json
import math
from collections.abc import Iterator, Sequence
from typing import Any, Final, TypeAlias

from pydantic import ValidationError

from serving.contract.refusal import (
    FIELDS,
    MOST_PROBLEMS,
    NOTHING_SENT,
    RequestProblem,
    RequestRefusedError,
    Suggestions,
    refusal_of,
    shown_path,
)
from serving.contract.request import MOST_COVARIATES, PredictionRequest

Pairs: TypeAlias = list[tuple[str, Any]]
Location: TypeAlias = tuple[str | int, ...]
DEEPEST: Final = 4
"""Parts of the longest path of the contract, such as ``requests[0].patient.covariates``."""
_LONGEST_WHOLE: Final = 310
"""Digits beyond which a number is not finite as a float."""


def read_request(body: bytes | str) -> PredictionRequest:
    """The request in a JSON text; raises ``RequestRefusedError``."""
    if not body:
        raise RequestRefusedError([NOTHING_SENT])
    sent = body.encode("utf-8", "surrogatepass") if isinstance(body, str) else body
    text = sent.decode("utf-8", "surrogateescape")
    names = FieldNames()
    try:
        tree = names.decoder().decode(text)
    except (ValueError, RecursionError):
        return read_decoded(text, None, FieldNames(), Suggestions())  # pydantic says where it is malformed
    return read_decoded(text, tree, names, Suggestions())


def read_decoded(text: str, tree: Any, names: "FieldNames", suggestions: Suggestions) -> PredictionRequest:
    """The request in a JSON text that was decoded to ``tree`` under the eyes of ``names``.

    Bytes that are not UTF-8 are escaped as lone surrogates. Raises ``RequestRefusedError``.
    """
    if names.repeated:
        raise repeated_names(tree)
    omitted = 0
    if names.unknown > MOST_COVARIATES:  # refused in any case: no part of a record may have as many
        text, omitted = _shortened(text)
    try:
        return PredictionRequest.model_validate_json(text.encode("utf-8", "surrogateescape"))
    except ValidationError as error:
        raise refusal_of(error, suggestions, omitted) from None


class FieldNames:
    """Watches the names of the objects in a JSON text while it is decoded. Numbers stay texts."""

    def __init__(self) -> None:
        """No object has been seen yet. ``unknown`` counts the names that the contract does not have."""
        self.unknown = 0
        self.repeated = False

    def decoder(self) -> json.JSONDecoder:
        """A decoder that shows every object to this."""
        return json.JSONDecoder(object_pairs_hook=self._object, parse_int=str, parse_float=str, parse_constant=str)

    def _object(self, pairs: Pairs) -> dict[str, Any]:
        found = dict(pairs)
        self.unknown += len(found.keys() - FIELDS)
        if len(found) == len(pairs):
            return found
        self.repeated = True
        return _RepeatingObject(pairs)


class _RepeatingObject(dict[str, Any]):
    """An object that has a name more than once."""

    def __init__(self, pairs: Pairs) -> None:
        super().__init__(pairs)
        seen: set[str] = set()
        self.names = [name for name, _ in pairs if name in seen or seen.add(name)]  # type: ignore[func-returns-value]


def repeated_names(tree: Any, location: Location = ()) -> RequestRefusedError:
    """The refusal of a decoded text with names that an object has more than once."""
    found = _repeating_objects(tree, location)
    return name_twice([(*place, name) for place, part in found for name in dict.fromkeys(part.names)])


def name_twice(paths: Sequence[Location]) -> RequestRefusedError:
    """The refusal of names that stand more than once, at these paths."""
    shown = [shown_path(path[:DEEPEST]) for path in paths[:MOST_PROBLEMS]]
    listed = [RequestProblem(path, "each name once", "a name that is there twice") for path in shown]
    return RequestRefusedError(listed, len(paths) - len(listed))


def _repeating_objects(tree: Any, location: Location) -> Iterator[tuple[Location, _RepeatingObject]]:
    """Every such object with its path, from the outside in."""
    waiting = [(location, tree)]
    for place, part in waiting:
        if isinstance(part, _RepeatingObject):
            yield place, part
        if isinstance(part, dict):
            waiting += [((*place, name), value) for name, value in part.items() if isinstance(value, dict | list)]
        elif isinstance(part, list):
            waiting += [((*place, row), value) for row, value in enumerate(part) if isinstance(value, dict | list)]


def _shortened(text: str) -> tuple[str, int]:
    """The JSON text with one unknown name more than any part may have, and the number of those left out."""
    kept = left_out = 0

    def shorten(pairs: Pairs) -> dict[str, Any]:
        nonlocal kept, left_out
        found: dict[str, Any] = {}
        for name, value in pairs:
            known = name in FIELDS
            if known or kept <= MOST_COVARIATES:
                found[name] = value
                kept += not known
            else:
                left_out += 1
        return found

    tree = json.loads(text, object_pairs_hook=shorten, parse_int=_whole)
    return json.dumps(tree), left_out


def _whole(digits: str) -> int | float:
    return int(digits) if len(digits) <= _LONGEST_WHOLE else math.inf
