"""Finds what a code means, by the URI of its system or a known alias, exactly or by the longest prefix.

ICD codes are compared without their dot, since both forms are sent.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

PREFIX = "*"
"""Ends a code that stands for all codes that begin so."""
LONGEST_PREFIX = 16
"""Characters of a prefix; a text of thousands of them is no code, and looking up all its beginnings takes seconds."""
Meaning = TypeVar("Meaning")


class CodeClashError(Exception):
    """A code stands twice with two meanings."""


@dataclass(frozen=True)
class CodeSystems:
    """The systems of codes: short names by URI, aliases among them, and which are written with or without a dot."""

    names: Mapping[str, str]
    dotted: frozenset[str] = frozenset()

    def key(self, system: str, code: str) -> tuple[str, str] | None:
        """The system's short name and the code in the form that is compared; ``None`` for an unknown system."""
        name = self.names.get(system)
        return None if name is None else (name, self.plain(name, code))

    def plain(self, name: str, code: str) -> str:
        """A code of the system ``name`` in the form that is compared."""
        return code.replace(".", "").upper() if name in self.dotted else code


@dataclass(frozen=True)
class CodeIndex(Generic[Meaning]):
    """Meanings by system and code, and by system and prefix."""

    systems: CodeSystems
    exact: dict[tuple[str, str], Meaning] = field(default_factory=dict)
    prefixes: dict[tuple[str, str], Meaning] = field(default_factory=dict)

    def add(self, name: str, codes: Iterable[str], meaning: Meaning) -> None:
        """Give codes of the system ``name`` a meaning; raises ``CodeClashError`` where one has another already."""
        for code in codes:
            place = self.prefixes if code.endswith(PREFIX) else self.exact
            key = name, self.systems.plain(name, code.removesuffix(PREFIX))
            if place is self.prefixes and len(key[1]) > LONGEST_PREFIX:
                raise CodeClashError(f"{name} {code} is longer than {LONGEST_PREFIX} characters")
            if place.setdefault(key, meaning) != meaning:
                raise CodeClashError(f"{name} {code} stands twice, with two meanings")

    def find(self, system: str, code: str) -> Meaning | None:
        """What a code means; ``None`` where it or its system is not in the terminology."""
        key = self.systems.key(system, code)
        if key is None or key in self.exact:
            return None if key is None else self.exact[key]
        name, text = key
        ends = (
            length for length in range(min(len(text), LONGEST_PREFIX), 0, -1) if (name, text[:length]) in self.prefixes
        )
        longest = next(ends, None)
        return None if longest is None else self.prefixes[name, text[:longest]]
