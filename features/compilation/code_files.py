"""Files of machine code between processes: beside the sources, or in the user's folder for caches.

A file is looked for in both, and kept in the first of them that can be written; where none can, nothing is kept.
Files appear whole, so any number of processes may start at once. A name begins with what its sources have in common.
"""

import os
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from uuid import uuid4

BESIDE_SOURCES = Path(__file__).with_name("__pycache__")
SUFFIX = ".machine-code"
UNUSED_SECONDS = 30 * 86400
"""Code of other sources that no process has loaded for so long is removed."""
_CHECKSUM_BYTES = 32


def kept_code(name: str) -> bytes | None:
    """What was kept under a name, if it is whole; then also kept where a process looks for it first."""
    places = list(_places(name))
    for number, path in enumerate(places):
        if (code := _read(path)) is not None:
            any(_write(first, code) for first in places[:number])
            return code
    return None


def keep_code(name: str, code: bytes) -> Path | None:
    """Keep it under a name, where that is possible; the file."""
    return next((path for path in _places(name) if _write(path, code)), None)


def _places(name: str) -> Iterator[Path]:
    """The files that may hold it. What is loaded is run.

    So a user's folder must be one that nobody else can change. Who can change the one beside the sources can change the
    bytecode there, which Python runs.
    """
    yield BESIDE_SOURCES / f"{name}{SUFFIX}"
    caches = Path(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"))  # noqa: PTH111 -- no home, no error
    folder = caches / "kap-outcomes"
    if caches.is_absolute() and _is_own(folder):
        yield folder / f"{name}{SUFFIX}"


def _is_own(folder: Path) -> bool:
    """Whether a folder can be made as the user's own, or is it already: root may run with another user's home."""
    try:
        found = folder.lstat()
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return sys.platform == "win32" or (found.st_uid == os.geteuid() and not found.st_mode & 0o022)


def _read(path: Path) -> bytes | None:
    """The code in a file, if its checksum is right; the file then counts as used."""
    try:
        content = path.read_bytes()
    except OSError:
        return None
    with suppress(OSError):
        os.utime(path)
    code = content[_CHECKSUM_BYTES:]
    return code if content[:_CHECKSUM_BYTES] == sha256(code).digest() else None


def _write(path: Path, code: bytes) -> bool:
    """Whether code was put into a file, at once; files that are no longer used are then removed."""
    if path.parent == BESIDE_SOURCES and sys.dont_write_bytecode:
        return False
    begun = path.with_name(f"{path.name}.{uuid4().hex}")
    try:
        path.parent.mkdir(mode=0o777 if path.parent == BESIDE_SOURCES else 0o700, parents=True, exist_ok=True)
        begun.write_bytes(sha256(code).digest() + code)
        begun.replace(path)
    except OSError:
        with suppress(OSError):
            begun.unlink()
        return False
    _remove_unused(path)
    return True


def _remove_unused(kept: Path) -> None:
    """Remove unused code of other sources than those of one file: its user may be unable to note that it is used."""
    sources, _, _ = kept.name.partition("-")
    for path in kept.parent.glob(f"*{SUFFIX}*"):
        with suppress(OSError):
            if not path.name.startswith(sources) and time.time() - path.stat().st_mtime > UNUSED_SECONDS:
                path.unlink()
