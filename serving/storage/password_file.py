"""The file that holds the password of the log's database."""

import os
import stat
from pathlib import Path

MOST_BYTES = 4096


def read_password(path: Path) -> str:
    """The password in a file, without the end of its line.

    Raises ``ValueError``, which says why the file can't be used: other users may read or replace what it holds.
    """
    try:
        with path.open("rb") as opened:
            status = os.fstat(opened.fileno())
            content = opened.read(MOST_BYTES + 1)
    except OSError as error:
        raise ValueError(f"a file that can't be read: {error.strerror}") from None
    if hasattr(os, "geteuid"):  # Windows has no such owners and modes
        if status.st_uid not in (0, os.geteuid()):
            raise ValueError("a file of another user")
        if stat.S_IMODE(status.st_mode) & 0o077:
            raise ValueError("a file that other users have access to: chmod 600")
    try:
        password = content.decode().rstrip("\r\n")
    except UnicodeDecodeError:
        raise ValueError("a file that is not text in UTF-8") from None
    if not password or len(content) > MOST_BYTES:
        raise ValueError("a file that is empty or too long")
    return password
