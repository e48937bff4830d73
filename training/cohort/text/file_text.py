"""The bytes of a text file as UTF-8: what encoding it has, and when that can't be told.

The strict reader takes UTF-8 alone. The forgiving reader also takes UTF-16 and UTF-32, which show themselves, and
Windows-1252 where no other encoding explains the bytes as well.
"""

import codecs
import re
from dataclasses import dataclass

UTF_8, WINDOWS = "UTF-8", "Windows-1252"
_MARKS = (
    (codecs.BOM_UTF32_LE, "UTF-32", "utf-32"),
    (codecs.BOM_UTF32_BE, "UTF-32", "utf-32"),
    (codecs.BOM_UTF16_LE, "UTF-16", "utf-16"),
    (codecs.BOM_UTF16_BE, "UTF-16", "utf-16"),
)
"""Byte-order marks, the longer first, because that of UTF-32 begins as that of UTF-16 does."""
_PIECES_OF_UTF_8 = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}")
_BLANKS = "".join(chr(code) for code in range(0x3001) if chr(code).isspace()) + "\ufeff\u200b"


@dataclass(frozen=True)
class FileText:
    """The content as UTF-8 without a byte-order mark, and the encoding found; or the ``obstacle`` to reading it."""

    data: bytes = b""
    encoding: str = UTF_8
    obstacle: str | None = None


def strict_text(data: bytes) -> FileText:
    """The content of a file that must be UTF-8, with or without a byte-order mark."""
    broken = _first_wrong_byte(data)
    if broken is not None:
        line = data.count(b"\n", 0, broken) + 1
        return FileText(obstacle=f"a byte in line {line} that is not")
    return FileText(data.removeprefix(codecs.BOM_UTF8))


def found_text(data: bytes) -> FileText:
    """The content of a file in UTF-8, UTF-16, UTF-32 or Windows-1252, where only one of them fits."""
    encoding, codec = _wide_encoding(data)
    if codec is not None:
        try:
            return FileText(data.decode(codec).removeprefix("\ufeff").encode(), encoding)
        except UnicodeError:
            return FileText(obstacle=f"a file that begins as {encoding} and is not; save it as UTF-8")
    plain = strict_text(data)
    if plain.obstacle is None:
        return plain
    if _PIECES_OF_UTF_8.search(data):
        return FileText(obstacle=f"{plain.obstacle}, beside letters that are; save the file as UTF-8")
    try:
        return FileText(data.decode("cp1252").encode(), WINDOWS)
    except UnicodeDecodeError:
        return FileText(obstacle=f"{plain.obstacle}, nor {WINDOWS}; save the file as UTF-8")


def without_blanks(text: str) -> str:
    """The text without blanks at its edges, those that do not break a line or have no width included."""
    return text.strip(_BLANKS)


def _first_wrong_byte(data: bytes) -> int | None:
    if not data.isascii():
        try:
            data.decode()
        except UnicodeDecodeError as error:
            return error.start
    return None


def _wide_encoding(data: bytes) -> tuple[str, str | None]:
    """UTF-16 or UTF-32 by the mark; UTF-16 without one by the zero bytes beside the letters of the header."""
    for mark, name, codec in _MARKS:
        if data.startswith(mark):
            return name, codec
    head = data[:64]
    even, odd = head[::2], head[1::2]
    if len(head) >= 8 and 0 in head:
        if not any(odd) and all(even):
            return "UTF-16", "utf-16-le"
        if not any(even) and all(odd):
            return "UTF-16", "utf-16-be"
    return UTF_8, None
