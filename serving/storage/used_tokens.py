"""Tokens that were used, so that each opens one request only, over all worker processes of one host.

A token is an empty file in the state folder, named by a hash: of several processes one makes it. Hosts that share a log
each have their own. `http.ehr_tokens` bounds how long a token is valid.
"""

import os
import time
from collections.abc import Callable
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

from serving.storage.secure_files import make_private_folder

FOLDER = "used-tokens"
KEPT_SECONDS = 900
"""More than twice as long as a token may be valid."""
SWEEP_SECONDS = 60


class UsedTokens:
    """The tokens of the last minutes."""

    def __init__(self, state: Path, clock: Callable[[], float] = time.time) -> None:
        """Make the folder if it is missing; raises ``OSError``."""
        self._folder = state / FOLDER
        make_private_folder(self._folder)
        self._clock = clock
        self._swept_at = 0.0

    def use(self, issuer: str, token_id: str) -> bool:
        """Whether this is the first use of a token; raises ``OSError`` where that can't be recorded."""
        self._sweep()
        name = sha256(f"{len(issuer)} {issuer}{token_id}".encode("utf-8", "surrogatepass")).hexdigest()
        try:
            os.close(os.open(self._folder / name, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600))
        except FileExistsError:
            return False
        return True

    def _sweep(self) -> None:
        """Remove tokens that can't be valid any more."""
        now = self._clock()
        if now - self._swept_at < SWEEP_SECONDS:
            return
        self._swept_at = now
        with os.scandir(self._folder) as files:
            for file in files:
                with suppress(FileNotFoundError):  # another process sweeps as well
                    if file.stat(follow_symlinks=False).st_mtime < now - KEPT_SECONDS:
                        Path(file.path).unlink()
