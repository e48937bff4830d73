"""One finding about a cohort: refused if it falsifies outcomes, a warning if it may."""

import textwrap
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

WIDTH = 100
Severity = Literal["refused", "warning"]


@dataclass(frozen=True)
class CohortFinding:
    """What is wrong or suspect, where, and what to do.

    ``sentence`` says what was found, ``remedy`` what to do; if the finding is refused they complete "found ..." and
    "required ...". ``counts`` has the numbers by name. None of them holds a value of a patient.
    """

    severity: Severity
    code: str
    table: str
    column: str | None
    sentence: str
    remedy: str
    counts: tuple[tuple[str, int], ...] = ()

    @property
    def place(self) -> str:
        """The table, and the column if it is about one."""
        return self.table if self.column is None else f"{self.table}, column {self.column}"

    @property
    def text(self) -> str:
        """The finding in one line."""
        if self.severity == "refused":
            return f"refused: {self.place}: required {self.remedy}; found {self.sentence}"
        return f"warning: {self.place}: {self.sentence} {self.remedy}"


def describe_findings(found: Iterable[CohortFinding]) -> list[str]:
    """The findings in their order, as lines for a terminal, 100 characters wide."""
    return [line for finding in found for line in textwrap.wrap(finding.text, WIDTH, subsequent_indent="  ")]


def counted(number: int, noun: str) -> str:
    """A number with its noun: ``1 rating``, ``2 ratings``."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def listed_words(words: Iterable[str]) -> str:
    """Words in a sentence: ``a, b and c``."""
    *first, last = words
    return f"{', '.join(first)} and {last}" if first else last
