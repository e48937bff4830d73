"""Requests that a key or an EHR may make a minute, over all worker processes of one host.

One file in the state folder keeps the limits. Hosts that share a log have separate limits. `access_control` refuses
the request.
"""

import contextlib
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Lock

from serving.storage.secure_files import place_private_file
from serving.storage.trusted_files import open_kept

try:
    import fcntl
except ImportError:  # Windows: only the server needs it
    fcntl = None  # type: ignore[assignment]

FILE = "rate-limits"
SLOTS = 65_536
"""Keys, whose slots begin at 1."""
ISSUER_SLOTS = 256
"""Issuers of EHR tokens, whose slots follow those of the keys."""
_LAST = SLOTS + ISSUER_SLOTS
MOST_PER_MINUTE = 1_000_000
MOST_AMOUNT = 1_000
MINUTE = 60_000_000_000
_MOST_OWED = 10_000_000
_HEADER, _STAMP = 64, 8
_BOOT = Path("/proc/sys/kernel/random/boot_id")
PATIENCE_SECONDS, HURRY_SECONDS, PAUSE_SECONDS = 0.05, 1.0, 0.0001


class RateLimiter:
    """A bucket per key that holds one minute's requests and refills evenly.

    Stored for a key is the time at which its bucket is full again (nanoseconds of the host's monotonic clock): one
    number of eight bytes, so that a killed process leaves either the old or the new one. It is changed under a lock of
    the kernel, which ends with the process that holds it.
    """

    def __init__(self, state: Path, clock: Callable[[], int] = time.monotonic_ns) -> None:
        """Open the file in the folder ``state``, and make both if they are missing.

        Raises ``OSError``, and ``FileRefusedError`` for a file that is not the service's own.
        """
        if fcntl is None:
            raise OSError("the service needs Linux or macOS: this system lacks the locks by which it limits requests")
        path = state / FILE
        place_private_file(path, _write_zeros)
        self._file = open_kept(path, os.O_RDWR)
        self._mutex = Lock()
        self._clock = clock
        self._hurry_until = 0.0
        self._forget_before_boot()

    def take(self, slot: int, per_minute: int, amount: int = 1) -> float:
        """Take ``amount`` from the bucket of the key at ``slot``; 0.0 if allowed, otherwise the seconds to wait.

        It is allowed whenever one request would be; the excess must refill before the next. Otherwise a batch of 1,000
        would never be allowed for a key with 600 a minute. If it must wait, nothing is taken.
        """
        return self._take(slot, per_minute, amount, only_if_any=True)

    def charge(self, slot: int, per_minute: int, amount: int) -> None:
        """Take ``amount`` unconditionally, for a request already admitted."""
        self._take(slot, per_minute, amount, only_if_any=False)

    def _take(self, slot: int, per_minute: int, amount: int, *, only_if_any: bool) -> float:
        if not (0 <= slot <= _LAST and 0 < per_minute <= MOST_PER_MINUTE and 0 <= amount <= MOST_AMOUNT):
            raise ValueError("the slot, the limit or the amount is out of range")
        each, offset = MINUTE // per_minute, _HEADER + slot * _STAMP
        with self._mutex, self._locked(offset, _STAMP):
            now = self._clock()
            full_at = max(now, self._read(offset))
            if full_at > now + _MOST_OWED * each:  # more than many batches at once: the file was damaged
                full_at = now
            wait = full_at + each - now - per_minute * each
            if only_if_any and wait > 0:
                return wait / 1e9
            os.pwrite(self._file, (full_at + amount * each).to_bytes(_STAMP, "little"), offset)
        return 0.0

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)

    def _read(self, offset: int) -> int:
        return int.from_bytes(os.pread(self._file, _STAMP, offset), "little")

    @contextlib.contextmanager
    def _locked(self, start: int, length: int) -> Iterator[None]:
        """Lock some bytes of the file, but go on without the lock if a stopped process holds it.

        A slightly wrong limit is better than a service that waits for a stopped process.
        """
        held = self._lock(start, length)
        try:
            yield
        finally:
            if held:
                fcntl.lockf(self._file, fcntl.LOCK_UN, length, start)

    def _lock(self, start: int, length: int) -> bool:
        """Whether the lock was obtained; a wait without success happens at most once a second."""
        began = time.monotonic()
        while not self._try_to_lock(start, length):
            now = time.monotonic()
            if now < self._hurry_until:
                return False
            if now > began + PATIENCE_SECONDS:
                self._hurry_until = now + HURRY_SECONDS
                return False
            time.sleep(PAUSE_SECONDS)  # lets the process that holds it continue
        return True

    def _try_to_lock(self, start: int, length: int) -> bool:
        try:
            fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB, length, start)
        except (BlockingIOError, PermissionError):  # which of the two depends on the system
            return False
        return True

    def _forget_before_boot(self) -> None:
        """Clear times stored before the host's last boot, at which its clock restarted."""
        boot = _BOOT.read_bytes().strip()[:_HEADER] if _BOOT.exists() else b"unknown"
        with self._locked(0, _HEADER):
            if os.pread(self._file, _HEADER, 0).rstrip(b"\0") != boot:
                os.pwrite(self._file, boot.ljust(_HEADER, b"\0") + bytes((_LAST + 1) * _STAMP), 0)


def _write_zeros(path: Path) -> None:
    """Write every byte now, so that a disk that fills up later does not stop the limits."""
    path.write_bytes(bytes(_HEADER + (_LAST + 1) * _STAMP))
