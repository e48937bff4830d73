"""Files that only their owner may read: how they come to be, whole or not at all. What is in them is left to others."""

import os
import tempfile
from collections.abc import Callable
from pathlib import Path

PRIVATE_FOLDER = 0o700


def make_private_folder(path: Path) -> None:
    """Make a folder that only its owner may enter, where there is none; one that is there is left as it is."""
    path.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)


def place_private_file(path: Path, fill: Callable[[Path], None]) -> bool:
    """Make the file at ``path`` (mode 0600) unless it is there already; whether it was made here.

    It is filled under another name and linked into place, so that no reader finds half of it, and of several processes
    one wins. Its bytes and its name are on the disk when this returns. Raises ``OSError``.
    """
    if path.exists():
        return False
    make_private_folder(path.parent)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)  # mode 0600 from the beginning
    os.close(handle)
    try:
        fill(Path(name))
        _flush(Path(name))
        os.link(name, path)
    except FileExistsError:
        return False
    finally:
        Path(name).unlink()
    _flush(path.parent)
    return True


def _flush(path: Path) -> None:
    opened = os.open(path, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
