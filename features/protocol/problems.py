"""A problem of an input: where it is, what is required, and what kind of value was found; never the value itself."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class Problem:
    """One thing to correct. ``place`` is a table, a file or a command, ``row`` counts that table's rows from 0.

    A ``row`` of ``None`` means the whole. ``column`` is a column, a key of the protocol, or an option such as ``--by``.
    ``found`` names the kind of value that was found, never the value.
    """

    place: str
    row: int | None
    column: str | None
    required: str
    found: str


SHEET = ", sheet "
"""Between the name of a workbook and that of a sheet, in the place of a problem."""


def has_header_row(place: str) -> bool:
    """Whether rows of this place are numbered as a spreadsheet does, where row 1 is the header."""
    return place.casefold().endswith((".csv", ".tsv", ".tab", ".txt")) or SHEET in place


class InputRefusedError(Exception):
    """An input can't be used; ``problems`` lists every reason."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        """Keep all the problems; the message counts them."""
        self.problems = tuple(problems)
        super().__init__(f"{len(self.problems)} problem{'' if len(self.problems) == 1 else 's'}")


class CohortRefusedError(InputRefusedError):
    """The tables of a cohort break the intake format."""


class ProtocolRefusedError(InputRefusedError):
    """A protocol has unknown keys, wrong values or contradictory rules."""
