"""The packages that ``requirements.lock`` locks: name, version, where it is needed, and the hashes of its files."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from training.provenance import LOCK, ROOT, collect_provenance

_ENTRY = re.compile(r"(?P<name>[A-Za-z0-9._-]+)==(?P<version>[^\s;]+)(?:\s*;\s*(?P<marker>[^\\\n]*[^\\\s]))?")
_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")


@dataclass(frozen=True)
class LockedPackage:
    """``marker`` says on which systems it is installed, empty for all; ``hashes`` are SHA-256 of allowed files."""

    name: str
    version: str
    marker: str
    hashes: tuple[str, ...]


def locked_packages(recorded_digest: str | None) -> tuple[LockedPackage, ...]:
    """The packages of the lock with a recorded digest, by name; none if this installation has another lock."""
    if recorded_digest is None or collect_provenance().lock_digest != recorded_digest:
        return ()
    return tuple(parsed_lock((ROOT / LOCK).read_text(encoding="utf-8")))


def parsed_lock(text: str) -> Iterator[LockedPackage]:
    """The entries of a lock, in order."""
    for entry in re.split(r"\n(?=\S)", text.strip()):
        found = _ENTRY.match(entry)
        if found is not None:
            yield LockedPackage(found["name"], found["version"], found["marker"] or "", tuple(_HASH.findall(entry)))
