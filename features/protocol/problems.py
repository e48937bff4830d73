"""A problem of somebody's input: where it is, what was required, what kind of thing came; never the value itself."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class Problem:
    """One thing to mend. ``place`` is a table or file, ``row`` counts that table's rows from 0 (``None``: the whole).

    ``found`` names the kind of thing that came, not the thing.
    """

    place: str
    row: int | None
    column: str | None
    required: str
    found: str


class InputRefusedError(Exception):
    """Somebody's input can't be used; ``problems`` lists every reason found."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        """Keep all the problems; the message counts them."""
        self.problems = tuple(problems)
        super().__init__(f"{len(self.problems)} problem(s)")


class CohortRefusedError(InputRefusedError):
    """The tables of a cohort break the intake format."""


class ProtocolRefusedError(InputRefusedError):
    """A protocol has unknown keys, wrong values or contradictory rules."""
