"""Files as one zip file: equal files give equal bytes. A zip file of others is read with care.

A name that leads out of the folder, a link, a name twice, or more bytes than a package has are refused before anything
is written.
"""

import stat
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from features.protocol.problems import InputRefusedError, Problem

MOST_BYTES = 1 << 30
"""All files of a package together, unpacked: 1 GiB. A package of a large cohort has some 50 MB."""
MOST_FILES = 20_000
FIRST_DAY = (1980, 1, 1, 0, 0, 0)
"""The earliest time that a zip file has: the same in every package."""
MODE = (stat.S_IFREG | 0o644) << 16
ENCRYPTED = 0x1


def write_zip(files: Mapping[str, bytes], path: Path) -> None:
    """Write files, by name in the alphabet's order."""
    with zipfile.ZipFile(path, "w") as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, FIRST_DAY)
            entry.compress_type, entry.external_attr, entry.create_system = zipfile.ZIP_DEFLATED, MODE, 3
            archive.writestr(entry, files[name], compresslevel=9)


def read_zip(path: Path) -> dict[str, bytes]:
    """The files by name; raises ``InputRefusedError`` if they can't be read or must not be."""
    try:
        with zipfile.ZipFile(path) as archive:
            entries = [entry for entry in archive.infolist() if not entry.is_dir()]
            wrong = _wrong_entry(entries)
            if wrong:
                raise _refused(path, wrong)
            return {entry.filename: archive.read(entry) for entry in entries}
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, UnicodeDecodeError):
        raise _refused(path, "a file that is no zip file, or a damaged one") from None


def _wrong_entry(entries: list[zipfile.ZipInfo]) -> str:
    """Why the files must not be read; empty if they may. A stated size is binding: more bytes are a damaged file."""
    if len(entries) > MOST_FILES:
        return f"more than {MOST_FILES:,} files"
    if sum(entry.file_size for entry in entries) > MOST_BYTES:
        return f"files of more than {MOST_BYTES:,} bytes together"
    if len({entry.filename for entry in entries}) < len(entries):
        return "two files of one name"
    if not all(_stays_within(entry.filename) for entry in entries):
        return "a name that leads out of the package"
    if any(stat.S_IFMT(entry.external_attr >> 16) not in (0, stat.S_IFREG) for entry in entries):
        return "a link or device"
    return "an encrypted file" if any(entry.flag_bits & ENCRYPTED for entry in entries) else ""


def _stays_within(name: str) -> bool:
    parts = PurePosixPath(name).parts
    plain = "\\" not in name and ":" not in name and "\0" not in name and str(PurePosixPath(name)) == name
    return plain and bool(parts) and not name.startswith("/") and ".." not in parts


def _refused(path: Path, found: str) -> InputRefusedError:
    return InputRefusedError([Problem(path.name, None, None, "a package that kap audit export has written", found)])
