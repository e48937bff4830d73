"""The manifest of a package: the SHA-256 of every file, in the manner of `sha256sum` and BagIt."""

import re
from collections.abc import Mapping

from training.archive.layout import MANIFEST, NOT_LISTED
from training.registry.seal import digest_of
from training.verdicts import Verdict, failed, verdict_of

LINE = re.compile(r"(?P<digest>[0-9a-f]{64})  (?P<name>.+)")


def manifest_of(files: Mapping[str, bytes]) -> bytes:
    """The manifest of some files, by name in the alphabet's order."""
    lines = [f"{digest_of(files[name])}  {name}\n" for name in sorted(files) if name not in NOT_LISTED]
    return "".join(lines).encode()


def manifest_verdict(files: Mapping[str, bytes]) -> Verdict:
    """Every listed file is there unchanged, and no other file is there."""
    check = "package"
    listed = _read(files.get(MANIFEST, b""))
    if listed is None:
        return failed(check, f"{MANIFEST} is missing, or has a line that is not one of a manifest")
    there = files.keys() - set(NOT_LISTED)
    wrong = [f"{name}: missing" for name in sorted(listed.keys() - there)]
    wrong += [f"{name}: not in {MANIFEST}" for name in sorted(there - listed.keys())]
    wrong += [
        f"{name}: another SHA-256 than in {MANIFEST}"
        for name in sorted(there & listed.keys())
        if digest_of(files[name]) != listed[name]
    ]
    return verdict_of(check, wrong, f"{len(listed)} files, each with the SHA-256 of {MANIFEST}")


def _read(manifest: bytes) -> dict[str, str] | None:
    """The digest of every listed name; ``None`` if it can't be read or lists a name twice."""
    try:
        found = [LINE.fullmatch(line) for line in manifest.decode().splitlines()]
    except UnicodeDecodeError:
        return None
    lines = [(line["name"], line["digest"]) for line in found if line is not None]
    digests = dict(lines)
    return digests if digests and len(lines) == len(found) == len(digests) else None
