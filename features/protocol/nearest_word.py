"""The known word that a misspelled one is nearest to."""

from collections.abc import Iterable
from difflib import get_close_matches

_NEAR = 0.6
"""Least similarity of two words of which one may be a misspelling of the other, as `difflib` measures it."""


def did_you_mean(word: object, known: Iterable[str]) -> str:
    """A question to add to what is required, or nothing if no word is near.

    >>> did_you_mean("gad-7", ["gad7", "hama"])
    ' (did you mean gad7?)'
    >>> did_you_mean("shoe_size", ["gad7", "hama"])
    ''
    """
    near = get_close_matches(str(word)[:100].casefold(), tuple(known), n=1, cutoff=_NEAR)
    return f" (did you mean {near[0]}?)" if near else ""
