"""One record in a JSON text, in days or in dates, as a `PredictionRequest`, or why it is refused.

`FieldNames` finds what pydantic does not see: a name that an object has twice, of which only the last would count. It
also bounds what a refusal costs: beyond `MOST_COVARIATES` unknown names the others are only counted.
"""

import json
import math
from collections.abc import Iterable, Iterator, Sequence, Set
from itertools import islice
from typing import Any, Final, TypeAlias
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from serving.contract.dated_record import ReceivedRecord, dated_record, in_days
from serving.contract.dated_request import AS_OF_DATE, FIRST_DOSE_DATE, DatedPredictionRequest
from serving.contract.refusal import (
    FIELDS,
    IN_DATES,
    MOST_PROBLEMS,
    NOTHING_SENT,
    Location,
    RequestProblem,
    RequestRefusedError,
    Suggestions,
    refusal_of,
    shown_path,
)
from serving.contract.request import MOST_COVARIATES, MOST_ROWS, PredictionRequest

Pairs: TypeAlias = list[tuple[str, Any]]
MOST_PARTS: Final = 2 * sum(MOST_ROWS.values())
"""Objects and lists in a text, besides one for every `CHARACTERS_OF_PART` characters: more than any record needs.

Millions of empty ones would take seconds to decode. No row is as short as that.
"""
CHARACTERS_OF_PART: Final = 16
DEEPEST: Final = 4
"""Parts of the longest path of the contract, such as ``requests[0].patient.covariates``."""
_IN_DATES: Final = {FIRST_DOSE_DATE, AS_OF_DATE}
"""A record with a field of these names is in dates."""
_LONGEST_WHOLE: Final = 310
"""Digits beyond which a number is not finite as a float."""


def read_request(body: bytes | str) -> PredictionRequest:
    """The request in a JSON text, in days; raises ``RequestRefusedError``."""
    return in_days(read_record(body))


def read_record(body: bytes | str, zone: ZoneInfo | None = None) -> ReceivedRecord:
    """The record in a JSON text, in the form in which it came; raises ``RequestRefusedError``.

    ``zone`` is the clinic's, for a record in dates that names none.
    """
    if not body:
        raise RequestRefusedError([NOTHING_SENT])
    sent = body.encode("utf-8", "surrogatepass") if isinstance(body, str) else body
    text = sent.decode("utf-8", "surrogateescape")
    check_parts(text)
    return read_checked(text, names_in(text), Suggestions(), zone)


def names_in(text: str) -> "FieldNames":
    """The names in a JSON text; none where it is malformed, for pydantic says where."""
    names = FieldNames()
    try:
        names.decoder().decode(text)
    except (ValueError, RecursionError):
        return FieldNames()
    return names


def check_parts(text: str) -> None:
    """Raises ``RequestRefusedError`` for a JSON text with more objects and lists than a record needs."""
    most = MOST_PARTS + len(text) // CHARACTERS_OF_PART
    if text.count("{") + text.count("[") > most:
        raise RequestRefusedError([RequestProblem("", f"at most {most} objects and lists", "more")])


def read_checked(
    text: str, names: "FieldNames", suggestions: Suggestions, zone: ZoneInfo | None = None
) -> ReceivedRecord:
    """The record in a JSON text whose names were checked.

    Bytes that are not UTF-8 are escaped as lone surrogates. Raises ``RequestRefusedError``.
    """
    if names.repeated:
        raise repeated_names(text, names)
    omitted = 0
    if names.unknown > MOST_COVARIATES:  # refused in any case: no part of a record may have as many
        text, omitted = _shortened(text)
    checked = text.encode("utf-8", "surrogateescape")
    if not names.outermost.isdisjoint(_IN_DATES):
        return _read_dates(checked, suggestions, omitted, zone)
    try:
        return PredictionRequest.model_validate_json(checked)
    except ValidationError as error:
        raise refusal_of(error, suggestions, omitted) from None


def _read_dates(text: bytes, suggestions: Suggestions, omitted: int, zone: ZoneInfo | None) -> ReceivedRecord:
    try:
        return dated_record(DatedPredictionRequest.model_validate_json(text), zone)
    except ValidationError as error:
        raise refusal_of(error, suggestions, omitted, IN_DATES) from None


class FieldNames:
    """Counts names in a JSON text while it is decoded. Objects are not kept, and numbers stay texts.

    ``repeated``: names that an object has already; ``unknown``: names that the contract does not have; ``outermost``:
    the names of the object that ended last, around all others.
    """

    def __init__(self) -> None:
        """Nothing has been decoded yet."""
        self.repeated = 0
        self.unknown = 0
        self.outermost: Set[str] = frozenset()

    def decoder(self) -> json.JSONDecoder:
        """A decoder that shows every object to this."""
        return json.JSONDecoder(object_pairs_hook=self._count, parse_int=str, parse_float=str, parse_constant=str)

    def _count(self, pairs: Pairs) -> None:
        names = dict(pairs).keys()
        self.repeated += len(pairs) - len(names)
        self.unknown += len(names - FIELDS)
        self.outermost = names


def repeated_names(text: str, names: FieldNames, *location: str | int) -> RequestRefusedError:
    """The refusal of a JSON text with names that an object has more than once; ``location`` is the path of the text."""
    tree = json.loads(text, object_pairs_hook=_PairsOfObject, parse_int=str)
    paths = [(*location, *path) for path in islice(_repeated(tree), MOST_PROBLEMS)]
    return name_twice(paths, names.repeated)


def name_twice(paths: Sequence[Location], number: int) -> RequestRefusedError:
    """The refusal of ``number`` names that stand more than once, the first of them at these paths."""
    shown = [shown_path(path[:DEEPEST]) for path in paths]
    listed = [RequestProblem(path, "each name once", "a name that is there twice") for path in shown]
    return RequestRefusedError(listed, number - len(listed))


class _PairsOfObject(tuple[tuple[str, Any], ...]):
    """The names and values of an object as they came."""

    __slots__ = ()


def _repeated(tree: Any) -> Iterator[Location]:
    """The paths of the names that an object has already, in the order of the text."""
    waiting: list[tuple[Location, Any]] = [((), tree)]
    while waiting:
        place, part = waiting.pop()
        if isinstance(part, _PairsOfObject):
            seen: set[str] = set()
            for name, _ in part:
                if name in seen:
                    yield (*place, name)
                seen.add(name)
            named: Iterable[tuple[str | int, Any]] = part
        else:
            named = enumerate(part) if isinstance(part, list) else ()
        inner = [((*place, name), value) for name, value in named if isinstance(value, _PairsOfObject | list)]
        waiting += reversed(inner)


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
