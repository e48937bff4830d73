"""A cohort's folder at a URL, read with the drivers of fsspec that are installed: s3://, gs://, https:// and others.

A message names the kind of URL alone: the rest may hold a password or a key. A driver takes credentials from where it
always does, also on the workers of a cluster.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeAlias, TypeVar
from urllib.parse import quote, unquote

from features.protocol.problems import CohortRefusedError, Problem

URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+::?.*//.*", re.DOTALL)
"""What is no path: a protocol before two slashes, or several that are chained by two colons."""
LOCAL = re.compile(r"(\A|::)(file|local)://", re.IGNORECASE)
_LOCALHOST = re.compile(rf"({LOCAL.pattern})localhost(?=/)", re.IGNORECASE)
CACHED = re.compile(r"\A(?:(?:simple|file|block)cache::)+")
WEB = ("http", "https")
"""Protocols whose names of files are quoted."""

Result = TypeVar("Result")


@dataclass(frozen=True, repr=False)
class RemoteFolder:
    """A folder at a URL that fsspec understands."""

    url: str

    def __str__(self) -> str:
        return f"{self.protocol}://..."

    @property
    def protocol(self) -> str:
        """The kind of URL, such as s3; of chained ones the outermost."""
        return re.split(r"::|://", CACHED.sub("", self.url))[0].lower()

    def names(self) -> list[str]:
        """The files in the folder and those below it, by their path in it.

        Raises ``CohortRefusedError`` if there is no driver for the URL, if it can't be reached, or without any file.
        """
        system, root = self._opened()
        names = self._tried(lambda: [path.removeprefix(root).lstrip("/") for path in _files_below(system, root)])
        if self.protocol in WEB:  # a page that lists files has links by which to sort it: ?C=N;O=D
            names = [unquote(name) for name in names if not re.search("[?#]", name)]
        if not names:
            raise self._refused("a folder with the tables of a cohort", "no file there")
        return sorted(names)

    def content(self, name: str) -> bytes:
        """The bytes of a file in the folder; raises ``CohortRefusedError`` as ``names`` does."""
        system, path = self._file(name)
        found: bytes = self._tried(lambda: system.cat_file(path))
        return found

    def copy(self, name: str, target: Path) -> None:
        """Copy a file of the folder; raises ``CohortRefusedError`` as ``names`` does."""
        system, path = self._file(name)
        self._tried(lambda: system.get_file(path, str(target)))

    def _file(self, name: str) -> tuple[Any, str]:
        system, root = self._opened()
        return system, f"{root.rstrip('/')}/{quote(name) if self.protocol in WEB else name}"

    def _opened(self) -> tuple[Any, str]:
        """The driver, and the folder as it names it."""
        from fsspec.core import url_to_fs

        try:
            system, root = url_to_fs(self.url)
        except ImportError as error:  # its text is fsspec's own, by protocol
            required = "the driver of this kind of URL, here and on every worker"
            raise self._refused(required, f"an installation without it; fsspec says: {error}") from None
        except Exception as error:  # noqa: BLE001 - each driver has errors of its own
            if "Protocol not known" in str(error):
                raise self._refused("a kind of URL that has a driver for fsspec here", "none installed") from None
            raise self._failed(error) from None
        return system, str(root)

    def _tried(self, read: Callable[[], Result]) -> Result:
        try:
            return read()
        except Exception as error:  # noqa: BLE001 - each driver has errors of its own
            raise self._failed(error) from None

    def _failed(self, error: Exception) -> CohortRefusedError:
        if isinstance(error, FileNotFoundError):
            return self._refused("a folder or file that is there", "none at this URL")
        if isinstance(error, PermissionError):
            return self._refused("a folder that these credentials may read", "access denied")
        required = "a URL that fsspec understands and this machine reaches"
        return self._refused(required, f"{type(error).__name__} of the driver")

    def _refused(self, required: str, found: str) -> CohortRefusedError:
        return CohortRefusedError([Problem(str(self), None, None, required, found)])


@dataclass(frozen=True, repr=False)
class RemoteFile:
    """A file of a folder at a URL."""

    folder: RemoteFolder
    path: str

    @contextmanager
    def copied(self) -> Iterator[Path]:
        """A copy of the file, there within the block alone; raises ``CohortRefusedError`` if it can't be read."""
        with TemporaryDirectory(prefix="kap-part-") as folder:
            copy = Path(folder) / self.path.rpartition("/")[2]
            self.folder.copy(self.path, copy)
            yield copy


def _files_below(system: Any, folder: str) -> Iterator[str]:
    """Every file of a folder and those in it; fsspec's own ``find`` passes over folders that it can't list."""
    for entry in system.ls(folder, detail=True):
        if entry["type"] != "directory":
            yield entry["name"]
        elif entry["name"].rstrip("/") != folder.rstrip("/"):
            yield from _files_below(system, entry["name"])


Place: TypeAlias = Path | RemoteFolder
"""Where a cohort lies."""


def place_of(text: str) -> Place:
    """The folder that a path or a URL names; one of this machine also for ``file://``.

    Raises ``CohortRefusedError`` for a ``file://`` of another host, which would be read as a relative path.
    """
    text = _LOCALHOST.sub(r"\1", text)
    if re.search(LOCAL.pattern + "(?!/)", text, re.IGNORECASE):
        required = "file:// before a path that begins with /, as in file:///data, of this machine"
        raise CohortRefusedError([Problem("file://...", None, None, required, "another host, or a relative path")])
    local = LOCAL.match(text)
    if local is not None:
        return Path(unquote(text[local.end() :]))
    return RemoteFolder(text) if URL.fullmatch(text) else Path(text)
