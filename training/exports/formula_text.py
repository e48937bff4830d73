"""Text that a spreadsheet would take for a formula, and how it is written into CSV so that it does not run.

Sources: CWE-1236 and OWASP ASVS 1.2.10 [seen], OWASP "CSV Injection" [recalled]. Blanks, invisible characters and
quotes in front of the first sign count too, and so do the full-width signs: some spreadsheets remove or convert them.
"""

import pyarrow as pa
import pyarrow.compute as pc

from training.cohort.table import ArrowArray

MARK = "'"
"""Stands in front of such a text. To read a text back, remove the mark wherever the rest would still be marked."""

_QUOTES = "'\"`\u2018\u2019\u201c\u201d"
_SIGN = "[=+\\-@\uff1d\uff0b\uff0d\uff20\u2212]"
_FORMULA = f"\\A(?:[\\pZ\\pC{_QUOTES}]*{_SIGN}|[{_QUOTES}]*[\\t\\r\\n\\x00])"


def is_formula(texts: ArrowArray) -> ArrowArray:
    """Whether a spreadsheet would take each text for a formula; false for a null. Shape (n,)."""
    return pc.fill_null(pc.match_substring_regex(texts, _FORMULA), pa.scalar(value=False))


def without_formulas(texts: ArrowArray) -> ArrowArray:
    """The texts, with ``MARK`` in front of each that a spreadsheet would run."""
    return pc.if_else(is_formula(texts), pc.binary_join_element_wise(pa.scalar(MARK), texts, ""), texts)
