"""The known word that a misspelled one is nearest to."""

from collections.abc import Collection
from difflib import get_close_matches

_NEAR = 0.6
"""Least similarity of two words of which one may be a misspelling of the other, as `difflib` measures it."""


def did_you_mean(word: object, known: Collection[str]) -> str:
    """A question to add to what is required, or nothing if no word is near; capital letters make no difference.

    >>> did_you_mean("gad-7", ["gad7", "hama"])
    ' (did you mean gad7?)'
    >>> did_you_mean("shoe_size", ["gad7", "hama"])
    ''
    """
    plain = {one.casefold(): one for one in known}
    near = get_close_matches(str(word)[:100].casefold(), plain, n=1, cutoff=_NEAR)
    return f" (did you mean {plain[near[0]]}?)" if near else ""
