"""Lines into cells of text: those of a large file block by block, each of whole rows."""

from collections.abc import Callable, Iterator, Mapping
from typing import IO, Any

import pyarrow as pa
import pyarrow.csv

BLOCK_BYTES = 1 << 24
"""Text that one thread splits at a time."""


class UnusualFileError(Exception):
    """The file can't be read in blocks; nothing is wrong with it for that."""


def whole_lines(file: IO[bytes], size: int) -> Iterator[bytes]:
    """A file in blocks of about ``size`` bytes that end where rows do; the last one without the line ends after it.

    Raises ``UnusualFileError`` where no row ends in a block.
    """
    rest = b""
    while True:
        more = file.read(size)
        data = rest + more
        if len(more) < size:
            yield data.rstrip(b"\r\n")
            return
        end = _end_of_rows(data)
        yield data[:end]
        rest = data[end:]


def _end_of_rows(data: bytes) -> int:
    """Where the last row ends: after a line break that is not between quotes."""
    quotes, end = data.count(b'"'), len(data)
    while True:
        line_end = data.rfind(b"\n", 0, end)
        if line_end < 0:
            raise UnusualFileError
        quotes -= data.count(b'"', line_end, end)
        if quotes % 2 == 0:
            return line_end + 1
        end = line_end


def split_cells(
    data: bytes | memoryview,
    separator: str,
    types: Mapping[str, Any],
    *,
    wanted: list[str] | None = None,
    leave_out: Callable[[Any], str] | None = None,
) -> pa.Table:
    """The cells of rows without a header, in columns of these types, or of the ``wanted`` ones only.

    ``leave_out`` is asked what to do with a row of another width; without it such a row raises ``pa.ArrowException``.
    """
    return pyarrow.csv.read_csv(
        pa.BufferReader(pa.py_buffer(data)),
        read_options=pyarrow.csv.ReadOptions(
            use_threads=leave_out is None, column_names=list(types), block_size=BLOCK_BYTES
        ),
        parse_options=pyarrow.csv.ParseOptions(
            delimiter=separator, newlines_in_values=True, ignore_empty_lines=False, invalid_row_handler=leave_out
        ),
        convert_options=pyarrow.csv.ConvertOptions(
            column_types=types, strings_can_be_null=False, null_values=[], include_columns=wanted
        ),
    )
