"""Feature rows written as JSON, for many patients at once.

An explanation names dozens of features with their meanings, which are the same for everybody. They are written once;
of each patient only the numbers are, those of all patients together, and put in between when an answer is written.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import orjson

from features.catalogue import Feature
from features.timeline import Floats, Indices
from models.explanation import Explanations
from serving.answer import Document

_BEFORE_SHARE = b',"contribution":'


@dataclass(frozen=True, slots=True, eq=False)
class Contributions:
    """One row's contributions (a list of `answer.Contribution`), not yet written: the pieces ``start`` to ``end``."""

    pieces: list[bytes]
    start: int
    end: int

    def as_json(self) -> orjson.Fragment:
        """The contributions as a JSON array."""
        return orjson.Fragment(_bracketed(self.pieces[self.start : self.end], b"[", b"}]"))


def write(document: Document | Sequence[Document]) -> bytes:
    """A document as JSON, with the contributions in it."""
    return orjson.dumps(document, default=Contributions.as_json, option=orjson.OPT_PASSTHROUGH_DATACLASS)


class RowWriter:
    """Writes what stands in the columns of feature rows."""

    def __init__(self, features: Sequence[Feature]) -> None:
        """Write once what is the same for everybody; ``features`` are the columns' in their order."""
        self._names = [b"," + orjson.dumps(feature.name) + b":" for feature in features]
        declared = [{"feature": one.name, "meaning": one.meaning, "unit": one.unit} for one in features]
        self._before_value = [b"}," + orjson.dumps(one)[:-1] + b',"value":' for one in declared]

    def recorded(self, rows: Floats) -> list[bytes]:
        """Each row of shape (n, features) as a JSON object of the features that were recorded, by name."""
        known = ~np.isnan(rows)
        pieces = _woven(self._before(self._names, known.nonzero()[1]), _written(rows[known]))
        return [_bracketed(pieces[start:end], b"{", b"}") for start, end in _spans(known.sum(axis=1), 2)]

    def contributions(self, explained: Explanations, rows: Floats) -> list[Contributions]:
        """Each row's contributions, with the value of each feature in the rows explained, null where not recorded."""
        acting = np.arange(explained.shares.shape[1]) < explained.number[:, None]
        before = self._before(self._before_value, explained.columns[acting])
        values = _written(rows[np.arange(len(rows))[:, None], explained.columns][acting])
        pieces = _woven(before, values, [_BEFORE_SHARE] * len(values), _written(explained.shares[acting]))
        return [Contributions(pieces, start, end) for start, end in _spans(explained.number, 4)]

    def _before(self, texts: Sequence[bytes], columns: Indices) -> list[bytes]:
        return [texts[column] for column in columns.tolist()]


def _written(numbers: Floats) -> list[bytes]:
    """Each number as JSON, in as many digits as it takes to read the same number again; null for NaN."""
    if not len(numbers):
        return []
    return orjson.dumps(numbers, option=orjson.OPT_SERIALIZE_NUMPY)[1:-1].split(b",")


def _woven(*parts: list[bytes]) -> list[bytes]:
    """The first of each part, then the second of each, and so on."""
    pieces = [b""] * sum(map(len, parts))
    for turn, part in enumerate(parts):
        pieces[turn :: len(parts)] = part
    return pieces


def _bracketed(pieces: list[bytes], opening: bytes, closing: bytes) -> bytes:
    """Entries put together between brackets, without what the first piece has to end the entry before."""
    if not pieces:
        return opening + closing[-1:]
    pieces[0] = opening + pieces[0][len(closing) :]
    pieces.append(closing)
    return b"".join(pieces)


def _spans(numbers: Indices, each: int) -> list[tuple[int, int]]:
    """Where the pieces of each row begin and end, ``each`` for every one of its ``numbers``."""
    return list(pairwise([0, *(each * np.cumsum(numbers)).tolist()]))
