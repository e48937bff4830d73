"""Feature rows written as JSON, for many patients at once.

An explanation names dozens of features with their meanings, which are the same for every patient. They are written
once. Only the numbers are written per patient, for all patients together, and inserted when an answer is written.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
import orjson

from features.catalogue import Feature
from features.records.timeline import Floats, Indices
from models.explanation import Explanations
from serving.contract.response import Document

_BEFORE_CONTRIBUTION = b',"contribution":'
ROWS_AT_ONCE = 64
"""Rows whose pieces are made at a time: those of a thousand would exceed the processor's cache and take twice as
long."""


@dataclass(frozen=True, eq=False)
class _Pieces:
    """The pieces of some rows' contributions, made when the first is needed.

    ``before`` is the JSON before a value, ``values`` and ``added`` are the numbers, all of the same length.
    """

    before: Sequence[bytes]
    columns: Indices
    values: Floats
    added: Floats

    @cached_property
    def all(self) -> list[bytes]:
        between = [_BEFORE_CONTRIBUTION] * len(self.values)
        return _interleaved(_chosen(self.before, self.columns), _written(self.values), between, _written(self.added))


class Contributions:
    """One row's contributions (a list of `response.Contribution`), not yet written."""

    __slots__ = ("_end", "_pieces", "_start")

    def __init__(self, pieces: _Pieces, start: int, end: int) -> None:
        """The contributions are the pieces ``start`` to ``end``."""
        self._pieces, self._start, self._end = pieces, start, end

    def as_json(self) -> orjson.Fragment:
        """The contributions as a JSON array."""
        return orjson.Fragment(_bracketed(self._pieces.all[self._start : self._end], b"[", b"}]"))


def write(document: Document | Sequence[Document]) -> bytes:
    """A document as JSON, with the contributions in it."""
    return orjson.dumps(document, default=Contributions.as_json)


class RowWriter:
    """Writes feature rows and contributions."""

    def __init__(self, features: Sequence[Feature]) -> None:
        """Write what is the same for every patient; ``features`` are those of the columns, in order."""
        self._names = [b"," + orjson.dumps(feature.name) + b":" for feature in features]
        declared = [{"feature": one.name, "meaning": one.meaning, "unit": one.unit} for one in features]
        self._before_value = [b"}," + orjson.dumps(one)[:-1] + b',"value":' for one in declared]

    def recorded(self, rows: Floats) -> list[bytes]:
        """Each row of shape (n, features) as a JSON object of the features that were recorded, by name."""
        return [written for part in _parts(len(rows)) for written in self._recorded(rows[part])]

    def _recorded(self, rows: Floats) -> list[bytes]:
        known = ~np.isnan(rows)
        pieces = _interleaved(_chosen(self._names, known.nonzero()[1]), _written(rows[known]))
        return [_bracketed(pieces[start:end], b"{", b"}") for start, end in _spans(known.sum(axis=1), 2)]

    def contributions(self, explained: Explanations, rows: Floats) -> list[Contributions]:
        """Each row's contributions, with the value of each feature in the rows explained, null where not recorded."""
        acting = np.arange(explained.contributions.shape[1]) < explained.number[:, None]
        values = rows[np.arange(len(rows))[:, None], explained.columns]
        found = []
        for part in _parts(len(rows)):
            own = acting[part]
            numbers = (explained.columns[part][own], values[part][own], explained.contributions[part][own])
            pieces = _Pieces(self._before_value, *numbers)
            found += [Contributions(pieces, start, end) for start, end in _spans(explained.number[part], 4)]
        return found


def _parts(rows: int) -> Iterator[slice]:
    return (slice(start, start + ROWS_AT_ONCE) for start in range(0, rows, ROWS_AT_ONCE))


def _chosen(texts: Sequence[bytes], columns: Indices) -> list[bytes]:
    return [texts[column] for column in columns.tolist()]


def _written(numbers: Floats) -> list[bytes]:
    """Each number as JSON with the digits needed to read the same number again; null for NaN."""
    if not len(numbers):
        return []
    return orjson.dumps(numbers, option=orjson.OPT_SERIALIZE_NUMPY)[1:-1].split(b",")


def _interleaved(*parts: list[bytes]) -> list[bytes]:
    """The first of each part, then the second of each, and so on."""
    pieces = [b""] * sum(map(len, parts))
    for turn, part in enumerate(parts):
        pieces[turn :: len(parts)] = part
    return pieces


def _bracketed(pieces: list[bytes], opening: bytes, closing: bytes) -> bytes:
    """Entries joined between brackets; the first piece loses its end of a previous entry."""
    if not pieces:
        return opening + closing[-1:]
    pieces[0] = opening + pieces[0][len(closing) :]
    pieces.append(closing)
    return b"".join(pieces)


def _spans(numbers: Indices, each: int) -> list[tuple[int, int]]:
    """The first and last piece of each row, which has ``each`` pieces for every one of its ``numbers``."""
    return list(pairwise([0, *(each * np.cumsum(numbers)).tolist()]))
