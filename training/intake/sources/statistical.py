"""Reads one file of SPSS, Stata or SAS as a table: labels, the codes it declares as missing, and typed dates.

Nothing is interpreted: a declared missing code stays in its cell and is named as one. A file that is damaged or
encrypted is refused, and so is text that its declared encoding can't give, which would get lost silently.
"""

import codecs
import datetime as dt
import hashlib
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd
import pyreadstat

from features.protocol.problems import CohortRefusedError, Problem
from training.intake.source import Cell, Source, SourceColumn, SourceTable, source_column, text_of

READERS: Mapping[str, tuple[Callable[..., Any], bool, bool]] = MappingProxyType(
    {
        ".sav": (pyreadstat.read_sav, True, True),
        ".zsav": (pyreadstat.read_sav, True, True),
        ".por": (pyreadstat.read_por, False, False),
        ".dta": (pyreadstat.read_dta, True, True),
        ".sas7bdat": (pyreadstat.read_sas7bdat, True, True),
        ".xpt": (pyreadstat.read_xport, False, True),
    }
)
"""By ending: the reader, whether it can tell missing codes from empty cells, and whether an encoding can be given."""
_CATALOGUE = ".sas7bcat"
_ENCRYPTED = b"ENCRYPTEDSAV"
_DATES = ("DATE", "TIME", "%T", "MOYR", "QYR", "WKYR", "WKDAY", "MONTH", "YYMM", "MMDDYY", "DDMMYY", "MONYY", "QTR")
_WHOLE = "a file of SPSS, Stata or SAS that can be read whole"


def read_statistical(path: Path) -> Source:
    """The one table of a file, named as the file. Raises ``CohortRefusedError``."""
    if path.suffix.casefold() not in READERS:
        raise _refused(path, "a file that ends in " + ", ".join(READERS), "another ending")
    data = _content(path)
    frame, metadata = _read(path, data)
    _check_text(path, frame, metadata)
    columns = {str(name): _column(str(name), frame[name], metadata) for name in frame.columns}
    rows = np.arange(1, len(frame) + 1, dtype=np.intp)
    notes = (*_encoding_notes(metadata), *_format_notes(frame, metadata))
    table = SourceTable(path.name, columns, rows, place=path.name, notes=notes)
    return Source("statistical", {path.name: table}, {path.name: hashlib.sha256(data).hexdigest()})


def _refused(
    path: Path, required: str, found: str, *, row: int | None = None, column: str | None = None
) -> CohortRefusedError:
    return CohortRefusedError([Problem(path.name, row, column, required, found)])


def _content(path: Path) -> bytes:
    if not path.is_file():
        raise _refused(path, "a file that can be read", "a folder" if path.is_dir() else "none of this name")
    try:
        data = path.read_bytes()
    except OSError:
        raise _refused(path, "a file that can be read", "a file that can't be opened") from None
    if _ENCRYPTED in data[:64]:
        raise _refused(path, _WHOLE, "an encrypted file; save it without a password")
    return data


def _read(path: Path, data: bytes) -> tuple[pd.DataFrame, Any]:
    reader, tells_missing, _ = READERS[path.suffix.casefold()]
    options: dict[str, Any] = {"user_missing": True} if tells_missing else {}
    catalogue = _catalogue(path)
    if catalogue is not None:
        options["catalog_file"] = str(catalogue)
    try:
        frame, metadata = reader(str(path), **options)
    except (OverflowError, ValueError):
        required = "dates of the years 1 to 9999 in every column of dates"
        raise _refused(path, required, "a date that is none; correct it in its program") from None
    except (pyreadstat.ReadstatError, pyreadstat.PyreadstatError, MemoryError):
        found = "an empty file" if not data else "one that is damaged or cut off; export it again"
        raise _refused(path, _WHOLE, found) from None
    return frame, metadata


def _catalogue(path: Path) -> Path | None:
    """The catalogue with the value labels of a SAS file, where one lies beside it."""
    if path.suffix.casefold() != ".sas7bdat":
        return None
    beside = (path.with_suffix(_CATALOGUE), path.with_name("formats" + _CATALOGUE))
    return next((one for one in beside if one.is_file()), None)


def _check_text(path: Path, frame: pd.DataFrame, metadata: Any) -> None:
    """Refuse text with bytes that the declared encoding does not know: the library would drop them silently."""
    reader, _, takes_encoding = READERS[path.suffix.casefold()]
    texts = [name for name in frame.columns if frame[name].map(lambda cell: isinstance(cell, str)).any()]
    if not takes_encoding or not texts:
        return
    raw, _ = reader(str(path), encoding="ISO-8859-1", usecols=texts)
    encoding = metadata.file_encoding or "UTF-8"
    for name in texts:
        width = metadata.variable_storage_width.get(name, 0)
        for row, cell in enumerate(raw[name]):
            if isinstance(cell, str) and not _is_decodable(cell.encode("latin-1", "ignore"), encoding, width):
                required = f"text in the encoding that the file declares ({encoding})"
                raise _refused(path, required, "other bytes; save the file as UTF-8", row=row, column=str(name))


def _is_decodable(data: bytes, encoding: str, width: int) -> bool:
    """Whether an encoding knows all bytes.

    Half a character at the end is no fault where the column's width, or other letters of the encoding before it, show
    that the text was cut off there.
    """
    if data.isascii():
        return True
    try:
        whole = codecs.getincrementaldecoder(encoding)().decode(data)
        codecs.getincrementaldecoder(encoding)().decode(data, final=len(data) < width and whole.isascii())
    except UnicodeDecodeError:
        return False
    except LookupError:  # an encoding that Python does not know; the library does
        return True
    return True


def _column(name: str, cells: "pd.Series[Any]", metadata: Any) -> SourceColumn:
    label = (metadata.column_names_to_labels or {}).get(name) or ""
    letters = frozenset((metadata.missing_user_values or {}).get(name, ()))
    column = _numbers(name, cells) if pd.api.types.is_numeric_dtype(cells) else _objects(name, cells, letters)
    labels = {
        text_of(_lettered(value, letters)): str(text).strip()
        for value, text in (metadata.variable_value_labels or {}).get(name, {}).items()
    }
    ranges = (metadata.missing_ranges or {}).get(name, ())
    missing = {text_of(value) for value in column.values if any(_is_within(value, bounds) for bounds in ranges)}
    missing |= {text_of(bounds["lo"]) for bounds in ranges if bounds["lo"] == bounds["hi"]}
    return replace(
        column,
        label=label.strip(),
        labels=MappingProxyType(labels),
        missing_codes=frozenset(missing | {f".{letter}" for letter in letters}),
    )


def _numbers(name: str, cells: "pd.Series[Any]") -> SourceColumn:
    """A column of numbers, without a Python loop over its rows."""
    numbers = cells.to_numpy(dtype=np.float64, na_value=math.nan)
    recorded = ~np.isnan(numbers)
    values, positions = np.unique(numbers[recorded], return_inverse=True)
    codes = np.full(len(numbers), -1, dtype=np.intp)
    codes[recorded] = positions
    return SourceColumn(name, codes, tuple(values.tolist()))


def _objects(name: str, cells: "pd.Series[Any]", letters: frozenset[str]) -> SourceColumn:
    """A column of texts, dates or times; a letter that stands for a missing value in Stata or SAS gets its point."""
    return source_column(name, [_typed(_lettered(cell, letters)) for cell in cells])


def _lettered(cell: Any, letters: frozenset[str]) -> Any:
    return f".{cell}" if isinstance(cell, str) and cell in letters else cell


def _typed(cell: Any) -> Cell | None:
    """A cell as text without blanks at its end, date, date-time, time or number."""
    if cell is None or cell is pd.NaT:
        return None
    if isinstance(cell, str):
        return cell.rstrip() or None
    if isinstance(cell, pd.Timestamp):
        return cell.to_pydatetime()
    if isinstance(cell, dt.date | dt.time):
        return cell
    number = float(cell)
    return None if math.isnan(number) else number


def _is_within(value: Cell, bounds: Mapping[str, Any]) -> bool:
    """Whether a value lies in a range that SPSS declares as missing; a single value is a range too."""
    low, high = bounds["lo"], bounds["hi"]
    if isinstance(value, str) or isinstance(low, str):
        return isinstance(value, str) and isinstance(low, str) and value.strip() == low.strip()
    return isinstance(value, int | float) and low <= value <= high


def _encoding_notes(metadata: Any) -> Sequence[str]:
    encoding = metadata.file_encoding
    return [f"text in {encoding}, as the file declares"] if encoding and encoding.upper() != "UTF-8" else []


def _format_notes(frame: pd.DataFrame, metadata: Any) -> Sequence[str]:
    """Columns whose format shows a period of time, such as months, which were read as the numbers behind them."""
    formats = {str(name): str(shown or "") for name, shown in (metadata.original_variable_types or {}).items()}
    return [
        f"column {name} has the format {formats[name]}: read as the number behind it, not as a date"
        for name in map(str, frame.columns)
        if formats.get(name, "").upper().startswith(_DATES)
        and pd.api.types.is_numeric_dtype(frame[name])
        and bool(frame[name].notna().any())
    ]
