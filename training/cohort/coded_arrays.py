"""Columns of Arrow with each distinct value once and the narrowest codes: a byte or two per row of most columns."""

from collections.abc import Iterator, Sequence
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from features.records.coded import CodedColumn, narrow
from features.records.cohort import Values

ArrowColumn: TypeAlias = Any
Codes: TypeAlias = NDArray[np.signedinteger[Any]]


def coded_array(parts: Sequence[ArrowColumn]) -> ArrowColumn | None:
    """Parts of one column as one dictionary-encoded array; ``None`` for other kinds than text, numbers and flags.

    Values are equal if their bytes are, so that each cell keeps its own.
    """
    chunks = [each for part in parts for each in narrow_chunks(part)]
    encoded = [each for each in chunks if each is not None]
    if len(encoded) < len(chunks) or not chunks:
        return None
    distinct = pa.concat_arrays([each.dictionary for each in encoded])
    together = _by_bytes(distinct)
    places, values = together.indices.to_numpy(), together.dictionary
    width = _signed(len(values))
    codes, rows, begin = np.empty(sum(map(len, encoded)), dtype=width), 0, 0
    for each in encoded:
        mapped = np.append(places[begin : begin + len(each.dictionary)], -1).astype(width)
        codes[rows : rows + len(each)] = mapped[codes_of(each)]
        rows, begin = rows + len(each), begin + len(each.dictionary)
    missing = codes < 0
    return pa.DictionaryArray.from_arrays(pa.array(codes, mask=missing if missing.any() else None), values)


def codes_of(encoded: ArrowColumn) -> Codes:
    """The codes of a dictionary-encoded array, -1 for a null."""
    indices = pc.fill_null(encoded.indices, -1) if encoded.indices.null_count else encoded.indices
    codes: Codes = indices.to_numpy(zero_copy_only=False)
    return codes


def coded_column(codes: Codes, values: Values) -> CodedColumn:
    """A column of a cohort; the last of the ``values`` is for the code -1 of a null."""
    width = np.dtype(narrow(len(values) - 1))
    if len(codes) and codes.min() < 0:
        return CodedColumn(np.where(codes < 0, len(values) - 1, codes).astype(width), values)
    return CodedColumn(codes.view(width) if codes.itemsize == width.itemsize else codes.astype(width), values)


def narrow_chunks(part: ArrowColumn) -> Iterator[ArrowColumn | None]:
    """The chunks of a column, dictionary-encoded with narrow codes; ``None`` for a chunk of another kind."""
    for chunk in part.chunks if isinstance(part, pa.ChunkedArray) else [part]:
        encoded = _encoded_chunk(chunk)
        yield None if encoded is None else _narrowed(encoded)


def _narrowed(encoded: ArrowColumn) -> ArrowColumn:
    width = pa.from_numpy_dtype(_signed(len(encoded.dictionary)))
    if encoded.indices.type == width:
        return encoded
    return pa.DictionaryArray.from_arrays(encoded.indices.cast(width), encoded.dictionary)


def _encoded_chunk(array: ArrowColumn) -> ArrowColumn | None:
    if pa.types.is_dictionary(array.type):
        large = pa.types.is_large_string(array.type.value_type) or pa.types.is_string_view(array.type.value_type)
        kept = not (large or array.dictionary.null_count)
        return array if kept else _encoded_chunk(array.cast(array.type.value_type))
    if pa.types.is_large_string(array.type) or pa.types.is_string_view(array.type):
        array = array.cast(pa.string())
    kinds = (pa.types.is_string, pa.types.is_integer, pa.types.is_floating, pa.types.is_boolean)
    return _by_bytes(array) if any(holds(array.type) for holds in kinds) else None


def _by_bytes(array: ArrowColumn) -> ArrowColumn:
    """Dictionary-encoded; numbers by their bits, which tell 0 from -0."""
    if not pa.types.is_floating(array.type):
        return array.dictionary_encode()
    bits = array.view({64: pa.int64(), 32: pa.int32(), 16: pa.int16()}[array.type.bit_width]).dictionary_encode()
    return pa.DictionaryArray.from_arrays(bits.indices, bits.dictionary.view(array.type))


def _signed(values: int) -> type[np.signedinteger[Any]]:
    return np.int8 if values <= 1 << 7 else np.int16 if values <= 1 << 15 else np.int32
