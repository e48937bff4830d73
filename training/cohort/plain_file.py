"""A large file that has nothing unusual, read a block at a time: it is never whole in memory.

Cells may need repairs, which look at distinct values only. A file with another encoding than UTF-8, with stray quotes,
with rows of another width or without an id, or of columns of other types raises ``UnusualFileError`` instead.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from features.protocol.columns import Column
from training.cohort.coded_arrays import coded_array, narrow_chunks
from training.cohort.header import Header
from training.cohort.table import (
    TEXT,
    ArrowArray,
    ConsecutiveRows,
    TableFile,
    TableRules,
    is_blank,
    is_text,
    layout_repairs,
)
from training.cohort.text.dialect import Dialect, stray_quote_row
from training.cohort.text.file_text import UTF_8, strict_text
from training.cohort.text.splitting import UnusualFileError, split_cells, whole_lines

LARGE_BYTES = 1 << 25
"""A text file from here on is read in blocks."""
TEXT_AT_ONCE = 1 << 23
"""Text read at a time; the system takes larger blocks back after each, and reading takes four times as long."""
LARGE_ROWS = 1 << 18
"""A Parquet file with more rows is read so many at a time."""


def plain_csv(path: Path, declared: Sequence[Column], rules: TableRules) -> TableFile:
    """The declared columns of a text file; raises ``UnusualFileError``."""
    if path.stat().st_size <= LARGE_BYTES:
        raise UnusualFileError
    with path.open("rb") as file:
        blocks = whole_lines(file, TEXT_AT_ONCE)
        text = rules.text(next(blocks))
        dialect = rules.dialect(text.data, [column.name for column in declared])
        if text.obstacle is not None or text.encoding != UTF_8 or not dialect.names:
            raise UnusualFileError
        header = rules.header(path.name, dialect.names, declared)
        _require_paired_quotes(text.data, Dialect(dialect.separator, dialect.names, 0, len(text.data)))
        columns = _columns(_split(chain([text.data[dialect.begin :]], blocks), dialect, header), header)
    table = _table(path.name, columns, header, rules, dialect.lines_above)
    return TableFile(
        path.name,
        table.columns,
        table.rows,
        table.problems,
        repairs=(*layout_repairs(path.name, text, dialect), *table.repairs),
        not_read=table.not_read,
        separator=dialect.separator,
    )


def plain_parquet(path: Path, declared: Sequence[Column], rules: TableRules) -> TableFile:
    """The declared columns of a Parquet file; raises ``UnusualFileError``."""
    try:
        with pq.ParquetFile(path) as file:
            if file.metadata.num_rows <= LARGE_ROWS:
                raise UnusualFileError
            header = rules.header(path.name, file.schema_arrow.names, declared)
            columns = _columns(_sound(file.iter_batches(LARGE_ROWS)), header)
    except (pa.ArrowException, OSError, ValueError):
        raise UnusualFileError from None
    return _table(path.name, columns, header, rules)


def _split(blocks: Iterable[bytes], dialect: Dialect, header: Header) -> Iterable[pa.Table]:
    """The cells of each block, of the columns that are read or must be blank."""
    declared, read = set(header.positions.values()), {*header.positions.values(), *header.unnamed}
    types = {str(place): TEXT if place in declared else pa.string() for place in range(len(dialect.names))}
    for place, block in enumerate(blocks):
        if place:
            if strict_text(block).obstacle is not None:
                raise UnusualFileError
            _require_paired_quotes(block, Dialect(dialect.separator, dialect.names, 0, len(block)))
        if not block:
            continue
        try:
            content = split_cells(block, dialect.separator, types, wanted=[str(place) for place in sorted(read)])
        except pa.ArrowException:
            raise UnusualFileError from None
        yield _as_in_file(content, len(dialect.names))


def _sound(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        batch.validate(full=True)
        yield batch


def _as_in_file(content: pa.Table, width: int) -> pa.Table:
    """The table with every column of the file at its place, those that are not read as nulls."""
    missing = pa.nulls(content.num_rows)
    names = set(content.column_names)
    return pa.table(
        [content.column(str(place)) if str(place) in names else missing for place in range(width)],
        names=[str(place) for place in range(width)],
    )


def _require_paired_quotes(block: bytes, dialect: Dialect) -> None:
    if b'"' in block and stray_quote_row(block, dialect) is not None:
        raise UnusualFileError


def _columns(blocks: Iterable[pa.Table | pa.RecordBatch], header: Header) -> dict[str, ArrowArray]:
    """The declared columns, coded block by block."""
    found: dict[str, list[ArrowArray]] = defaultdict(list)
    for block in blocks:
        if not all(is_blank(block.column(place)).all() for place in header.unnamed):
            raise UnusualFileError
        for name, place in header.positions.items():
            found[name].extend(_narrow_chunks(block.column(place)))
    if not found:
        raise UnusualFileError
    columns = {}
    for name in list(found):
        columns[name] = coded_array(found.pop(name))
    pa.default_memory_pool().release_unused()  # what the blocks took
    return columns


def _narrow_chunks(column: ArrowArray) -> list[ArrowArray]:
    chunks = list(narrow_chunks(column))
    if any(chunk is None for chunk in chunks) or (pa.types.is_dictionary(column.type) and not is_text(column)):
        raise UnusualFileError
    return chunks


def _table(
    name: str, columns: dict[str, ArrowArray], header: Header, rules: TableRules, lines_above: int = 0
) -> TableFile:
    key = columns.get("patient_id")
    if key is not None and rules.passes_over_blank_rows and is_blank(key).any():
        raise UnusualFileError
    return TableFile(
        name,
        columns,
        ConsecutiveRows(lines_above, len(next(iter(columns.values())))),
        tuple(header.problems),
        repairs=tuple(header.repairs),
        not_read=tuple(header.not_read),
    )
