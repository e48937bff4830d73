"""The licence of an installed package as its own metadata state it: an SPDX id or expression, or only a name.

A name without a version or variant, such as "BSD License", stays a name: which licence is meant is not guessed.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from typing import Literal

from cyclonedx.spdx import fixup_id, is_expression

LONGEST_NAME = 60
"""Characters of a licence's name; more is the text of a licence."""
ONE_MEANING = {
    "3-clause bsd license": "BSD-3-Clause",
    "apache 2.0": "Apache-2.0",
    "apache license 2.0": "Apache-2.0",
    "apache license v2.0": "Apache-2.0",
    "apache license, version 2.0": "Apache-2.0",
    "bsd 3-clause license": "BSD-3-Clause",
    "cc0 1.0 universal": "CC0-1.0",
    "isc license": "ISC",
    "isc license (iscl)": "ISC",
    "mit license": "MIT",
    "mozilla public license 2.0 (mpl 2.0)": "MPL-2.0",
    "the unlicense (unlicense)": "Unlicense",
}
"""Names in use that mean one licence of SPDX."""
CLASSIFIER = "License :: "
_OPERATORS = {"and": "AND", "or": "OR", "with": "WITH"}
_WORD = re.compile(r"[A-Za-z0-9.+-]+")


@dataclass(frozen=True)
class PackageLicence:
    """``kind`` says what ``stated`` is: an SPDX id or expression, a name, or why nothing is known."""

    kind: Literal["id", "expression", "name", "unknown"]
    stated: str


def licence_of(package: str, version: str) -> PackageLicence:
    """The licence of a package in this version, from its metadata here."""
    try:
        found = distribution(package)
    except PackageNotFoundError:
        return PackageLicence("unknown", "not installed here")
    if found.version != version:
        return PackageLicence("unknown", f"installed here in version {found.version}")
    known = [stated for text in _texts(found) if (stated := _read(text)) is not None]
    exact = [one for one in known if one.kind != "name"]
    return next(iter([*exact, *known]), PackageLicence("unknown", "its metadata state no licence by a short name"))


def _texts(found: Distribution) -> Iterator[str]:
    """What the metadata state, the most exact first; several classifiers leave open which holds."""
    for key in ("License-Expression", "License"):
        yield from found.metadata.get_all(key) or []
    named = [text for text in found.metadata.get_all("Classifier") or [] if text.startswith(CLASSIFIER)]
    yield "; ".join(text.rpartition(" :: ")[2] for text in named)


def _read(text: str) -> PackageLicence | None:
    """A statement of the metadata; ``None`` if it is empty, unknown, or the text of a licence."""
    words = " ".join(text.split())
    if not words or len(words) > LONGEST_NAME or words.lower() in ("unknown", "osi approved"):
        return None
    spdx = fixup_id(ONE_MEANING.get(words.lower(), words))
    if spdx is not None:
        return PackageLicence("id", spdx)
    expression = normalised(words)
    if " " in words and is_expression(expression):
        return PackageLicence("expression", expression)
    return PackageLicence("name", words)


def normalised(expression: str) -> str:
    """An SPDX expression with the ids and operators as SPDX spells them.

    >>> normalised("apache-2.0 or mit")
    'Apache-2.0 OR MIT'
    """
    return _WORD.sub(lambda word: _OPERATORS.get(word[0].lower()) or fixup_id(word[0]) or word[0], expression)
