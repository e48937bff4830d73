"""Feedback of the log as CSV, with a header; text that a spreadsheet would run as a formula is marked."""

import csv
import io
from collections.abc import Mapping, Sequence

import pyarrow as pa

from training.exports.formula_text import without_formulas


def as_csv(rows: Sequence[Mapping[str, str | None]], names: Sequence[str]) -> str:
    """The columns of these names."""
    columns = [without_formulas(pa.array([row[name] for row in rows], pa.string())).to_pylist() for name in names]
    written = io.StringIO()
    csv.writer(written, lineterminator="\n").writerows([names, *zip(*columns, strict=True)])
    return written.getvalue()
