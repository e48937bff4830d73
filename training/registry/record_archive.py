"""One archive with every file of a sealed record, for artifacts behind a server, where each file is a request.

It is written when the record is sealed, is sealed itself, and holds the files below the ids of their runs and model.
An audit reads it instead of the files, and compares those that count with the store.
"""

import zipfile
from collections.abc import Mapping
from pathlib import Path

ARCHIVE = "record.zip"
AT = (1980, 1, 1, 0, 0, 0)
"""The time of every entry: the earliest that the format has, so that equal files give equal bytes."""


def write_archive(folders: Mapping[str, Path], path: Path) -> None:
    """Write the files of the folders, each below its owner's id; equal files give an equal archive."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for owner, folder in sorted(folders.items()):
            for file in sorted(file for file in folder.rglob("*") if file.is_file()):
                entry = zipfile.ZipInfo(f"{owner}/{file.relative_to(folder).as_posix()}", AT)
                entry.compress_type = zipfile.ZIP_DEFLATED
                archive.writestr(entry, file.read_bytes())


def unpack_archive(path: Path, folder: Path) -> bool:
    """Unpack into a folder, one for each owner; false if the file is no archive."""
    try:
        with zipfile.ZipFile(path) as archive:
            archive.extractall(folder)  # it leaves no way out of the folder
    except (zipfile.BadZipFile, OSError):
        return False
    return True
