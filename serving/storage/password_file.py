"""The file that holds the password of the log's database."""

from pathlib import Path

from serving.contract.failures import FileRefusedError
from serving.storage.trusted_files import read_given

MOST_BYTES = 4096


def read_password(path: Path) -> str:
    """The password in a file, without the end of its line.

    Raises ``ValueError``, which says why the file can't be used: other users may read or replace what it holds.
    """
    try:
        content = read_given(path, secret=True)
    except FileRefusedError as refused:
        raise ValueError(f"one that can't be trusted: {refused}") from None
    except OSError as error:
        raise ValueError(f"a file that can't be read: {error.strerror}") from None
    try:
        password = content.decode().rstrip("\r\n")
    except UnicodeDecodeError:
        raise ValueError("a file that is not text in UTF-8") from None
    if not password or len(content) > MOST_BYTES:
        raise ValueError("a file that is empty or too long")
    return password
