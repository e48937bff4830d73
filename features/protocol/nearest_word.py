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
    near = nearest_word(word, known)
    return f" (did you mean {near}?)" if near else ""


def nearest_word(word: object, known: Collection[str]) -> str | None:
    """The known word that a word may be a misspelling of, whatever its capital letters; ``None`` if none is near."""
    plain = {one.casefold(): one for one in known}
    near = get_close_matches(str(word)[:100].casefold(), plain, n=1, cutoff=_NEAR)
    return plain[near[0]] if near else None
