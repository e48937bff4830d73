"""The JSON text of a batch, of which one value at a time is decoded: never more than a record may have.

Bytes that are not UTF-8 become lone surrogates, so that they spoil only the record that they stand in.
"""

import codecs
import json
import re
from collections.abc import Iterator
from typing import Any, Final, NamedTuple, NoReturn

from serving.contract.reading import FieldNames, check_parts
from serving.contract.refusal import Location, RequestProblem, RequestRefusedError, shown_path

_BLANK: Final = re.compile(r"[ \t\n\r]*")
_LONGEST_LITERAL: Final = 16
"""Characters at the end of a text within which an error may come from its being cut: a literal, an escape."""
_NO_OBJECT: Final = tuple('["-0123456789tfn')
"""How a value begins that is no object."""


class DecodedValue(NamedTuple):
    """A value's own text, the value unless it is an object, and the names of its objects."""

    text: str
    value: Any
    names: FieldNames


class BatchText:
    """A cursor over the text. Every method raises ``RequestRefusedError`` where it is malformed."""

    def __init__(self, body: bytes, most_bytes: int) -> None:
        """``most_bytes``: the size of the longest value that is decoded."""
        self._body = memoryview(body)
        self._most = most_bytes
        self._decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
        self._text = ""
        self._at = 0

    def next(self) -> str:
        """The next character that is not blank; empty at the end."""
        while True:
            blank = _BLANK.match(self._text, self._at)
            self._at = blank.end() if blank else self._at
            if self._at < len(self._text):
                return self._text[self._at]
            if not self._read_on():
                return ""

    def names(self) -> Iterator[str]:
        """Each name of the object that the whole text is. The value after it must be taken before the next name."""
        if self.next() in _NO_OBJECT:
            raise RequestRefusedError([RequestProblem("", "a JSON object", "another type")])
        for _ in self._parts("{", "}"):
            if self.next() != '"':
                _refuse()
            name = self.value().value
            self._take(":")
            yield name
        if self.next():
            _refuse()

    def items(self) -> Iterator[None]:
        """Once for each item of the list that begins here. The item must be taken before the next."""
        return self._parts("[", "]")

    def value(self, *location: str | int) -> DecodedValue:
        """The value that begins here; ``location`` is its path."""
        self.next()
        while True:
            names = FieldNames()
            try:
                value, end = names.decoder().raw_decode(self._text, self._at)
            except RecursionError:
                _refuse(location)
            except json.JSONDecodeError as error:
                self._read_on_at(error, location)
                continue
            if end == len(self._text) and self._read_on():
                continue  # it may be a part of a number
            if end - self._at > self._most:
                self._refuse_longer(location)
            text = self._text[self._at : end]
            self._at = end
            return DecodedValue(text, value, names)

    def _parts(self, first: str, last: str) -> Iterator[None]:
        """Once for each part between two brackets, which are separated by commas."""
        self._take(first)
        if self.next() != last:
            yield
            while self.next() == ",":
                self._take(",")
                yield
        self._take(last)

    def _take(self, character: str) -> None:
        if self.next() != character:
            _refuse()
        self._at += 1

    def _read_on(self) -> bool:
        """Add as much text as the longest value may have; whether there was more.

        Raises ``RequestRefusedError`` if it has too many parts.
        """
        if not self._body:
            return False
        part, self._body = self._body[: self._most], self._body[self._most :]
        self._text = self._text[self._at :] + self._decoder.decode(part, final=not self._body)
        self._at = 0
        check_parts(self._text)
        return True

    def _read_on_at(self, error: json.JSONDecodeError, location: Location) -> None:
        """Read on if the error may come from the end of what was read so far; refuse a text that is malformed."""
        is_cut = error.msg.startswith("Unterminated") or error.pos + _LONGEST_LITERAL >= len(self._text)
        if not is_cut:
            _refuse(location)
        if len(self._text) - self._at > self._most:
            self._refuse_longer(location)
        if not self._read_on():
            _refuse(location)

    def _refuse_longer(self, location: Location) -> NoReturn:
        required = f"at most {self._most} bytes"
        raise RequestRefusedError([RequestProblem(shown_path(location), required, "more")])


def _refuse(location: Location = ()) -> NoReturn:
    raise RequestRefusedError([RequestProblem(shown_path(location), "a JSON text", "malformed JSON")])
