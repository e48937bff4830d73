"""Pseudonyms by a keyed hash; the key lies in a file of its own, outside the cohort, that only its owner may read.

The same key gives the same pseudonyms, so that next month's import knows the same patients.
"""

import hashlib
import hmac
import os
import re
import secrets
import stat
from collections.abc import Sequence
from pathlib import Path

from features.protocol.problems import CohortRefusedError, Problem

HEX_DIGITS = 16
"""64 bits: with a million patients, two share a pseudonym with a probability below 1e-7, and are refused then."""
_KEY = re.compile(r"[0-9a-f]{64}\s*")
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


class PseudonymKey:
    """A secret key of 256 bits and the file that holds it; a new one is written by ``save``."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.is_new = not os.path.lexists(path)
        self._key = secrets.token_hex(32) if self.is_new else _read_key(path)

    def pseudonym(self, kind: str, text: str) -> str:
        """The pseudonym of a normalised text; texts of another kind, such as sites, get others."""
        message = f"{kind}\0{text}".encode()
        return "P-" + hmac.new(bytes.fromhex(self._key), message, hashlib.sha256).hexdigest()[:HEX_DIGITS]

    def save(self) -> bool:
        """Write a new key, readable by its owner alone; whether there was one to write."""
        if not self.is_new:
            return False
        self.path.parent.mkdir(parents=True, exist_ok=True)
        opened = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(opened, "w", encoding="ascii") as file:
            file.write(self._key + "\n")
            file.flush()
            os.fsync(file.fileno())
        return True


def pseudonyms_of(patients: Sequence[str], key: PseudonymKey) -> list[str]:
    """A pseudonym per patient. Raises ``CohortRefusedError`` where two patients would share one."""
    made = [key.pseudonym("patient", one) for one in patients]
    if len(set(made)) != len(made):
        found = "two patients with one pseudonym"
        raise CohortRefusedError([Problem(key.path.name, None, None, "another key, from a new file", found)])
    return made


def refuse_key_inside(path: Path, directory: Path) -> None:
    """Refuse a key's file within the cohort's folder, which is passed on."""
    if directory.resolve() in path.resolve().parents or path.resolve() == directory.resolve():
        found = "a file inside it"
        raise CohortRefusedError([Problem(path.name, None, "--key", "a file outside the cohort's folder", found)])


def _read_key(path: Path) -> str:
    """The key in a file that belongs to its owner alone."""
    mode = path.lstat().st_mode
    if not stat.S_ISREG(mode):
        raise _refusal(path, "a file with a key", "a link, a folder or another thing")
    if os.name == "posix" and mode & _OTHERS:
        required = f"a file that only its owner may read: chmod 600 {path.name}, and ask who has read it"
        raise _refusal(path, required, "a file that others may read")
    with path.open("rb") as file:
        text = file.read(200).decode("ascii", errors="replace")
    if not _KEY.fullmatch(text):
        raise _refusal(path, "a key as kap cohort import wrote it: 64 hexadecimal digits", "another content")
    return text.strip()


def _refusal(path: Path, required: str, found: str) -> CohortRefusedError:
    return CohortRefusedError([Problem(path.name, None, "--key", required, found)])
