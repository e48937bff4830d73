"""Files that only their owner may read, made completely or not at all."""

import os
import tempfile
from collections.abc import Callable
from pathlib import Path

PRIVATE_FOLDER = 0o700


def make_private_folder(path: Path) -> None:
    """Make a folder, and those above it that are missing, for its owner alone; an existing one does not change."""
    if not path.parent.is_dir():
        make_private_folder(path.parent)  # `parents` would make them with the usual mode
    path.mkdir(mode=PRIVATE_FOLDER, exist_ok=True)


def place_private_file(path: Path, fill: Callable[[Path], None]) -> bool:
    """Make the file at ``path`` (mode 0600) unless it exists; whether it was made here.

    It is filled under another name and then linked, so that no reader finds half of it and of several processes one
    succeeds. Its bytes and its name are on the disk when this returns. Raises ``OSError``.
    """
    if os.path.lexists(path):
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
