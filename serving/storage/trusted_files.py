"""Which files the service trusts: they belong to its user or root, others can't change them, and no link leads away.

`check_folder` and `check_kept` are for the state folder, `read_given` for a file that a setting names, which may be a
link as Kubernetes and certbot make them. Both check every folder and every link on the way.
"""

import errno
import os
import stat
import sys
from pathlib import Path
from shlex import quote

from serving.contract.failures import FileRefusedError

MOST_BYTES = 2**20
OPEN_FILES = Path("/proc/self/fd" if sys.platform == "linux" else "/dev/fd")
"""Where a process finds the files that it has open, such as one without a name that it inherited."""
_OTHERS, _OTHERS_WRITE, _GROUP_READS, _GROUP_WRITES = 0o077, 0o022, 0o040, 0o020
_MOST_LINKS = 40


def check_folder(path: Path) -> None:
    """Raise ``FileRefusedError`` if others own or can change the folder at ``path``; it may be missing.

    On the way to it, others may own folders, but they may not have made a link or be able to replace a folder.
    """
    try:
        found = _follow(path).lstat()
    except FileNotFoundError:
        return
    except OSError as error:
        raise _unseen(path, error) from None
    if not stat.S_ISDIR(found.st_mode):
        raise FileRefusedError(f"{path} is not a folder: give the path of a folder")
    _check_owner(path, found)
    if found.st_mode & _OTHERS_WRITE:
        raise _changeable(path, found)


def check_kept(path: Path) -> None:
    """Raise ``FileRefusedError`` unless ``path`` is a private file of the service's user or root, or missing."""
    try:
        found = path.lstat()
    except FileNotFoundError:
        return
    except OSError as error:
        raise _unseen(path, error) from None
    _check_regular(path, found)
    _check_owner(path, found)
    _check_mode(path, found, _OTHERS)


def open_kept(path: Path, flags: int) -> int:
    """The descriptor of a file of the state folder; what was opened is checked. Raises as `check_kept`, ``OSError``."""
    try:
        opened = os.open(path, flags | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise _link(path) from None
        raise
    try:
        found = os.fstat(opened)
        _check_regular(path, found)
        _check_owner(path, found)
        _check_mode(path, found, _OTHERS)
    except BaseException:
        os.close(opened)
        raise
    return opened


def read_given(path: Path, *, secret: bool) -> bytes:
    """The first MiB of a file that a setting names; a ``secret`` one may be open to nobody else.

    Links count if they belong to the service's user or root. A secret file of root may be readable by its group, which
    is how Kubernetes and Debian pass one to a service. An open file of this process is taken as it is, without a name.
    Raises ``FileRefusedError`` and ``OSError``.
    """
    if path.parent == OPEN_FILES:
        opened = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    else:
        opened = os.open(_follow(path), os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    with os.fdopen(opened, "rb") as file:
        found = os.fstat(opened)
        if not stat.S_ISREG(found.st_mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        _check_owner(path, found)
        passed_on = found.st_uid == 0 != os.geteuid()
        _check_mode(path, found, (_OTHERS & ~_GROUP_READS if passed_on else _OTHERS) if secret else _OTHERS_WRITE)
        return file.read(MOST_BYTES)


def _follow(path: Path) -> Path:
    """Where a path leads, by links of the service's user or of root and through folders that others can't change.

    Raises ``FileRefusedError`` for others' links and folders, ``OSError`` if there is nothing at the path.
    """
    anchor, *following = path.absolute().parts
    reached, links = Path(anchor), 0
    while following:
        name = following.pop(0)
        if name == "..":
            reached = reached.parent
            continue
        here = reached / name  # from the root again, where a link's target is absolute
        found = here.lstat()
        if stat.S_ISLNK(found.st_mode):
            _check_owner(here, found)
            links += 1
            if links > _MOST_LINKS:
                raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
            target = here.readlink()
            following[:0] = target.parts
            continue
        if following:
            _check_way(here, found)
        reached = here
    return reached


def _check_way(folder: Path, found: os.stat_result) -> None:
    """Refuse a folder in which others can replace what is on the way, unless it is like ``/tmp``.

    The service's own group and root's may change it: many systems give each user a group of their own.
    """
    own_group = found.st_gid in (0, os.getegid())
    if found.st_mode & (_OTHERS_WRITE & ~_GROUP_WRITES if own_group else _OTHERS_WRITE) and not (
        found.st_mode & stat.S_ISVTX
    ):
        raise _changeable(folder, found)


def _check_regular(path: Path, found: os.stat_result) -> None:
    if stat.S_ISLNK(found.st_mode):
        raise _link(path)
    if not stat.S_ISREG(found.st_mode):
        raise FileRefusedError(f"{path} is not a file: move it away")


def _check_owner(path: Path, found: os.stat_result) -> None:
    if found.st_uid in (0, os.geteuid()):
        return
    as_owner = f"run as that user (sudo -u '#{found.st_uid}')"
    if os.geteuid() != 0:  # a file that root takes over is lost to the service
        as_owner += f", or let root run chown {os.geteuid()} {quote(str(path))} if you trust what is in it"
    raise FileRefusedError(f"{path} belongs to another user (number {found.st_uid}): {as_owner}")


def _check_mode(path: Path, found: os.stat_result, refused: int) -> None:
    mode = stat.S_IMODE(found.st_mode)
    if mode & refused == 0:
        return
    if refused == _OTHERS_WRITE:
        raise FileRefusedError(f"others can change {path} (mode {mode:04o}): run chmod go-w {quote(str(path))}")
    raise FileRefusedError(
        f"{path} is open to others (mode {mode:04o}): run chmod 600 {quote(str(path))}, and check who may have read it"
    )


def _changeable(folder: Path, found: os.stat_result) -> FileRefusedError:
    mode = stat.S_IMODE(found.st_mode)
    return FileRefusedError(
        f"others can change the folder {folder} (mode {mode:04o}): run chmod go-w {quote(str(folder))}, and check "
        f"that they changed nothing in it"
    )


def _unseen(path: Path, error: OSError) -> FileRefusedError:
    return FileRefusedError(f"{path} can't be looked at: {error.strerror}")


def _link(path: Path) -> FileRefusedError:
    return FileRefusedError(f"{path} is a symbolic link: put the file itself there")
