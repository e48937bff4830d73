"""Long lists in texts: the first three, then how many more; ``--json`` and records have them whole."""

from collections.abc import Sequence

MOST_NAMED = 3


def shortened(findings: Sequence[object]) -> list[str]:
    """The first three findings, then how many more."""
    more = len(findings) - MOST_NAMED
    return [*map(str, findings[:MOST_NAMED]), *([f"and {more} more"] if more > 0 else [])]


def listed(findings: Sequence[str]) -> str:
    """Findings in one line: ``a; b; c; and 2 more``."""
    return "; ".join(shortened(findings))


def named(names: Sequence[str]) -> str:
    """Names in a sentence: ``a, b, c and 2 more``."""
    return " ".join([", ".join(names[:MOST_NAMED]), *shortened(names)[MOST_NAMED:]])
