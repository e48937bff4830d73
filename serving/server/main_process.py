"""What the main process leaves to its workers: the log's password, and a sign of life; and where it may listen.

Both are open files that the workers inherit: neither has a name on the disk, and no environment has the password.
"""

import contextlib
import logging
import os
import signal
import sys
import tempfile
import threading
import time
from functools import cache
from ipaddress import ip_address
from typing import Any

from features.protocol.problems import InputRefusedError, Problem
from serving.storage.settings import PREFIX, Settings
from serving.storage.trusted_files import OPEN_FILES

LOG = logging.getLogger("bentoml.kap")
STOP_SECONDS = 10
"""How long open requests and connections may delay a stop.

Over TLS the server waits for each caller to close the connection: up to 30 seconds if the caller does not read.
"""
TO_CLOSE_SECONDS = 5
"""How long a worker without a main process may take beyond that, to close its log."""
LIFELINE = PREFIX + "LIFELINE"
"""The variable with the number of the open file that ends when the main process does."""
_TO_LISTEN_BEYOND_THIS_MACHINE = (
    "TLS (KAP_TLS_CERTIFICATE and KAP_TLS_KEY) for an address that other machines reach, or "
    "KAP_PLAIN_HTTP=behind-a-proxy if only a proxy that encrypts reaches it"
)
_kept_open: list[Any] = []
"""What the workers inherit, and the end of the lifeline that they do not: open as long as the process runs."""


def is_plain(settings: Settings, host: str) -> bool:
    """Whether other machines could send patients' data to ``host`` in plain text."""
    return settings.tls_certificate is None and not ip_address(host).is_loopback


def require_encryption(settings: Settings, host: str) -> None:
    """Raise ``InputRefusedError`` if ``host`` is plain for other machines and no setting says that this is intended."""
    if is_plain(settings, host) and settings.plain_http is None:
        raise InputRefusedError([Problem("--host", None, None, _TO_LISTEN_BEYOND_THIS_MACHINE, "plain http")])


def hide_password(settings: Settings) -> None:
    """Move the password of the log's database from the environment into a file without a name, for the workers.

    The file is in memory; where the system has no such files, it is on the disk while a process has it open.
    """
    password = settings.log_url().password
    os.environ.pop(PREFIX + "LOG_PASSWORD", None)
    if password is None:
        return
    written = _file_without_a_name()
    written.write(str(password).encode())
    written.flush()
    os.set_inheritable(written.fileno(), True)
    _kept_open.append(written)
    os.environ[PREFIX + "LOG"] = settings.log_address()
    os.environ[PREFIX + "LOG_PASSWORD_FILE"] = str(OPEN_FILES / str(written.fileno()))


def _file_without_a_name() -> Any:
    if sys.platform != "linux":
        return tempfile.TemporaryFile()
    in_memory = os.memfd_create("kap-log-password")
    os.fchmod(in_memory, 0o600)
    return os.fdopen(in_memory, "w+b")


@cache
def hold_lifeline() -> None:
    """Open a pipe whose other end only this process holds: it ends when the process does, however that happens."""
    watched, held = os.pipe()
    os.set_inheritable(watched, True)
    _kept_open.extend((watched, held))
    os.environ[LIFELINE] = str(watched)


def end_with_main_process() -> None:
    """Let this worker stop, as when it is asked to, once the main process has ended; and end it if that takes long."""
    watched = os.environ.get(LIFELINE)
    if watched is not None:
        threading.Thread(target=_wait_for_end, args=(int(watched),), name="lifeline", daemon=True).start()


def _wait_for_end(watched: int) -> None:
    with contextlib.suppress(OSError):
        os.read(watched, 1)
    LOG.warning("the main process has ended: this worker answers what it has begun, and stops")
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(STOP_SECONDS + TO_CLOSE_SECONDS)
    LOG.warning("this worker ends before all its callers have read their answers")
    os._exit(1)
