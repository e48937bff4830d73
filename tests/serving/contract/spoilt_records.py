"""Ways to spoil a record: fields that are gone, renamed or swapped, other kinds, extreme numbers, nesting, odd text."""

import copy
import json
from collections.abc import Callable, Iterator
from random import Random
from typing import Any, TypeAlias

from tests.serving.markers import MARKED_DIGITS, MARKER, PREDICT, PREDICT_BATCH, RawRequest
from tests.serving.requests import Document, changed

Place: TypeAlias = tuple[str | int, ...]
Way: TypeAlias = Callable[[Document, Random], RawRequest]
_RAW = "raw token {}"


class _Tokens(dict[str, str]):
    """Pieces of JSON that no Python value is written as, by the text that stands for each until then."""

    def raw(self, token: str) -> str:
        placeholder = _RAW.format(len(self))
        self[placeholder] = token
        return placeholder

    def written(self, document: Any) -> bytes:
        text = json.dumps(document)
        for placeholder, token in self.items():
            text = text.replace(json.dumps(placeholder), token)
        return text.encode("utf-8", "surrogatepass")


def _places(part: Any, at: Place = ()) -> Iterator[Place]:
    """Where the values of a document are, inner ones too."""
    if at:
        yield at
    inner = part.items() if isinstance(part, dict) else enumerate(part) if isinstance(part, list) else ()
    for name, value in inner:
        yield from _places(value, (*at, name))


def _at(document: Any, place: Place) -> Any:
    for name in place:
        document = document[name]
    return document


def _somewhere(document: Document, random: Random) -> Place:
    return random.choice(list(_places(document)))


def _drop(document: Document, random: Random, _: _Tokens) -> Document:
    place = _somewhere(document, random)
    spoilt = copy.deepcopy(document)
    del _at(spoilt, place[:-1])[place[-1]]
    return spoilt


def _rename(document: Document, random: Random, _: _Tokens) -> Document:
    place = random.choice([place for place in _places(document) if isinstance(place[-1], str)])
    spoilt = copy.deepcopy(document)
    holder = _at(spoilt, place[:-1])
    name = random.choice((MARKER, f"{place[-1]}{MARKER}", f"{MARKER} 1980", "", "é", "__proto__", "a" * 300))
    holder[name] = holder.pop(place[-1])
    return spoilt


def _duplicate(document: Document, random: Random, _: _Tokens) -> Document:
    lists = [place for place in _places(document) if isinstance(_at(document, place), list) and _at(document, place)]
    if not lists:
        return document
    rows = list(_at(document, random.choice(lists)))
    place = random.choice(lists)
    return changed(place, rows + rows, document)


def _swap(document: Document, random: Random, _: _Tokens) -> Document:
    one, other = _somewhere(document, random), _somewhere(document, random)
    return changed(one, copy.deepcopy(_at(document, other)), document)


def _another_kind(document: Document, random: Random, _: _Tokens) -> Document:
    values = (None, True, False, 0, -1, 1.5, "", MARKER, "12", [], {}, [MARKER], {MARKER: MARKER}, [[]], [None], "null")
    return changed(_somewhere(document, random), random.choice(values), document)


_NUMBERS = (
    *("1e400", "-1e400", "1e308", "-1e308", "5e-324", "1e-400", "-0.0", "NaN", "Infinity", "-Infinity", MARKED_DIGITS),
    *("9223372036854775808", "18446744073709551616", "1E+2", "00", "01", "1.", ".5", "+1", "0x10", "1_000", "-", "1e"),
    *("9" * 5_000, "-" + "9" * 400, "0." + "0" * 2_000 + "1", "1e" + "9" * 30),
)
"""Numbers that are too large, too long or not finite, and what only looks like a number."""


def _extreme_number(document: Document, random: Random, tokens: _Tokens) -> Document:
    return changed(_somewhere(document, random), tokens.raw(random.choice(_NUMBERS)), document)


def _nested(document: Document, random: Random, tokens: _Tokens) -> Document:
    depth = random.choice((2, 20, 129, 300, 5_000, 100_000))
    opening, closing = random.choice((("[", "]"), ('{"a":', "}"), ('{"patient":', "}")))
    inside = random.choice((f'"{MARKER}"', "1", ""))
    inside = "1" if opening != "[" and not inside else inside
    return changed(
        _somewhere(document, random),
        tokens.raw(opening * depth + inside + closing * random.choice((depth, 0))),
        document,
    )


def _odd_text(document: Document, random: Random, tokens: _Tokens) -> Document:
    texts = (
        "\x00",
        "\u202e" + MARKER,
        "\ufeff",
        "\U0001d54f" * 40,
        "é" * 200,
        MARKER * 10_000,
        "\u2028",
        "\x7f",
        "a\r\nb: c",
    )
    raw = (r'"\ud800"', r'"\udc00\ud800"', r'"\u00"', r'"\x41"', '"a\nb"', "'a'", '"\\', r'"\ud83d\ude00"')
    text = random.choice(texts) if random.random() < 0.6 else tokens.raw(random.choice(raw))
    return changed(_somewhere(document, random), text, document)


_PLAIN = (_drop, _rename, _duplicate, _swap, _another_kind)
"""Ways that need no token, and so can come before any other."""


def spoilt_before(record: Document, random: Random) -> Document:
    """The record, often spoilt once or twice already."""
    for _ in range(random.choice((0, 0, 0, 1, 2))):
        record = random.choice(_PLAIN)(record, random, _Tokens())
    return record


def _way(spoil: Callable[[Document, Random, _Tokens], Document]) -> Way:
    """A record spoilt alone, or beside others in a batch."""

    def way(record: Document, random: Random) -> RawRequest:
        tokens = _Tokens()
        if random.random() < 0.7:
            return RawRequest(PREDICT, tokens.written(spoil(record, random, tokens)), made=(spoil.__name__,))
        size = random.choice((1, 2, 5))
        requests = [copy.deepcopy(record) for _ in range(size)]
        requests[random.randrange(size)] = spoil(record, random, tokens)
        return RawRequest(PREDICT_BATCH, tokens.written({"requests": requests}), made=("batch", spoil.__name__))

    return way


OF_RECORDS = tuple(_way(spoil) for spoil in (*_PLAIN, _extreme_number, _nested, _odd_text))
"""Every way of spoiling a record."""
