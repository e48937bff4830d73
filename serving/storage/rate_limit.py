"""How many requests a key may make a minute, over all the worker processes of one host.

The limit is kept in one file of the state folder; each host that serves the same log has its own, so that the
limit holds for each. `access_control` refuses the request.
"""

import contextlib
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Lock

from serving.storage.secure_files import place_private_file

try:
    import fcntl
except ImportError:  # Windows: keys can be read there, training works, and only the server keeps limits
    fcntl = None  # type: ignore[assignment]

FILE = "rate-limits"
SLOTS = 65_536
MOST_PER_MINUTE = 1_000_000
MOST_AMOUNT = 1_000
MINUTE = 60_000_000_000
_MOST_OWED = 10_000_000
_HEADER, _STAMP = 64, 8
_BOOT = Path("/proc/sys/kernel/random/boot_id")
PATIENCE_SECONDS, HURRY_SECONDS, PAUSE_SECONDS = 0.05, 1.0, 0.0001


class RateLimiter:
    """A bucket per key that holds one minute's requests and is filled evenly.

    What is stored for a key is the moment at which its bucket is full again (nanoseconds of the host's monotonic
    clock): one number of eight bytes, so that a process killed in between leaves either the old one or the new. It is
    changed under a lock of the kernel's, which ends with the process that holds it.
    """

    def __init__(self, state: Path, clock: Callable[[], int] = time.monotonic_ns) -> None:
        """Open the file in the folder ``state``, making both where they are not there; raises ``OSError``."""
        if fcntl is None:
            raise OSError("the service needs Linux or macOS: this system lacks the locks by which it limits requests")
        path = state / FILE
        place_private_file(path, _write_zeros)
        self._file = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        self._mutex = Lock()
        self._clock = clock
        self._hurry_until = 0.0
        self._forget_before_boot()

    def take(self, slot: int, per_minute: int, amount: int = 1) -> float:
        """Take ``amount`` from the bucket of the key at ``slot``; 0.0 where it may, otherwise the seconds to wait.

        It may where one would be let through, and what the bucket does not hold is paid off before the next: were
        the whole amount asked for, a batch of 1,000 would never be let through on a key with 600 a minute. Where it
        must wait, nothing is taken.
        """
        return self._take(slot, per_minute, amount, only_if_any=True)

    def charge(self, slot: int, per_minute: int, amount: int) -> None:
        """Take ``amount`` without asking: what was let in turns out to be that much more, and is paid off."""
        self._take(slot, per_minute, amount, only_if_any=False)

    def _take(self, slot: int, per_minute: int, amount: int, *, only_if_any: bool) -> float:
        if not (0 <= slot <= SLOTS and 0 < per_minute <= MOST_PER_MINUTE and 0 <= amount <= MOST_AMOUNT):
            raise ValueError("the slot, the limit or the amount is out of range")
        each, offset = MINUTE // per_minute, _HEADER + slot * _STAMP
        with self._mutex, self._locked(offset, _STAMP):
            now = self._clock()
            full_at = max(now, self._read(offset))
            if full_at > now + _MOST_OWED * each:  # not even many batches at once could: the file was damaged
                full_at = now
            wait = full_at + each - now - per_minute * each
            if only_if_any and wait > 0:
                return wait / 1e9
            os.pwrite(self._file, (full_at + amount * each).to_bytes(_STAMP, "little"), offset)
        return 0.0

    def close(self) -> None:
        """Let go of the file."""
        os.close(self._file)

    def _read(self, offset: int) -> int:
        return int.from_bytes(os.pread(self._file, _STAMP, offset), "little")

    @contextlib.contextmanager
    def _locked(self, start: int, length: int) -> Iterator[None]:
        """Some of the file's bytes for this process alone; after a while without, for a stopped process may hold them.

        A limit that is slightly off is better than a service that waits for a stalled process.
        """
        held = self._lock(start, length)
        try:
            yield
        finally:
            if held:
                fcntl.lockf(self._file, fcntl.LOCK_UN, length, start)

    def _lock(self, start: int, length: int) -> bool:
        """Whether the lock could be had, which is waited for in vain at most once a second."""
        began = time.monotonic()
        while not self._try_to_lock(start, length):
            now = time.monotonic()
            if now < self._hurry_until:
                return False
            if now > began + PATIENCE_SECONDS:
                self._hurry_until = now + HURRY_SECONDS
                return False
            time.sleep(PAUSE_SECONDS)  # lets the one who holds it go on
        return True

    def _try_to_lock(self, start: int, length: int) -> bool:
        try:
            fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB, length, start)
        except (BlockingIOError, PermissionError):  # which of the two is the system's choice
            return False
        return True

    def _forget_before_boot(self) -> None:
        """The clock begins anew with the host, and what was stored before then means nothing."""
        boot = _BOOT.read_bytes().strip()[:_HEADER] if _BOOT.exists() else b"unknown"
        with self._locked(0, _HEADER):
            if os.pread(self._file, _HEADER, 0).rstrip(b"\0") != boot:
                os.pwrite(self._file, boot.ljust(_HEADER, b"\0") + bytes((SLOTS + 1) * _STAMP), 0)


def _write_zeros(path: Path) -> None:
    """Write every byte now, so that a disk that fills up later does not stop the limits."""
    path.write_bytes(bytes(_HEADER + (SLOTS + 1) * _STAMP))
