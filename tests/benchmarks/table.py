"""What a benchmark prints: one line per figure, beside the bar that it may have."""

from collections.abc import Sequence
from typing import NamedTuple

VERDICTS = {True: "met", False: "missed", None: "-"}


class BenchmarkLine(NamedTuple):
    """One line of the table; ``met`` is ``None`` where there is no bar, or not at this size."""

    name: str
    figure: str
    bar: str
    met: bool | None


def table(lines: Sequence[BenchmarkLine]) -> str:
    """The lines under a header, in columns."""
    rows = [("line", "figure", "bar", ""), *((*line[:3], VERDICTS[line.met]) for line in lines)]
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    return "\n".join("  ".join(map(str.ljust, row, widths)).rstrip() for row in rows)
