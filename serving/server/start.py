"""Starting the server: the checks before it listens, and the addresses it may use."""

import os
import socket
from errno import EACCES, EADDRINUSE, EADDRNOTAVAIL
from ipaddress import ip_address
from typing import Any

from features.protocol.problems import InputRefusedError, Problem
from serving.contract.failures import StateError
from serving.server.configured_service import log_as, pin_paths
from serving.server.main_process import require_encryption
from serving.server.model_loader import ModelLoader
from serving.server.service import KapOutcomes, begin
from serving.server.worker import limits_of
from serving.storage.keys import list_keys
from serving.storage.settings import Settings
from serving.storage.state import begin_state, check_files
from serving.storage.tls import check_certificate

LOOPBACK = "127.0.0.1"
_UNUSABLE = {
    EADDRINUSE: ("--port", "a port that is free", "one that is in use"),
    EACCES: ("--port", "a port that you may use", "one that needs more rights"),
    EADDRNOTAVAIL: ("--host", "an address of this machine", "an address of another machine"),
}


class KeyNeededError(StateError):
    """Without a key, other machines would be answered too."""


def serve(settings: Settings, host: str = LOOPBACK, port: int = 3000, workers: int = 1) -> None:
    """Run BentoML's server until it is interrupted; ``host`` is an IP address, ``workers`` a number of processes.

    Raises ``InputRefusedError`` for an address that can't be listened on, for plain http beyond this machine, and for a
    certificate or key that can't be used, ``NoModelError`` if there is no model, and ``StateError`` if the secret or
    the log can't be used or, for other hosts than this one, no key was made. BentoML's usage reports are off unless the
    environment turns them on.
    """
    log_as(settings.log_format)
    host = LOOPBACK if host == "localhost" else host
    _require_address(host)
    require_encryption(settings, host)
    check_certificate(settings)
    check_files(settings)
    ModelLoader(settings.model, limits_of(settings), settings.trusted_keys)
    if not ip_address(host).is_loopback:
        _require_key(settings)
    begin(settings)
    _require_free(host, port)
    os.environ.setdefault("BENTOML_DO_NOT_TRACK", "True")
    pin_paths(settings)
    service: Any = KapOutcomes  # what the decorator makes of the class
    service.config["workers"] = workers
    service.listen(host, port)


def _require_address(host: str) -> None:
    try:
        ip_address(host)
    except ValueError:
        raise _refused("--host", "an IP address, or localhost", "another text") from None


def _require_free(host: str, port: int) -> None:
    """Try to listen first: if it can't, the server itself would end with a traceback."""
    family = socket.AF_INET6 if ip_address(host).version == 6 else socket.AF_INET
    try:
        socket.create_server((host, port), family=family).close()
    except OSError as error:
        unforeseen = ("--host", "an address to listen on", str(error.strerror))
        raise _refused(*_UNUSABLE.get(error.errno or 0, unforeseen)) from None


def _refused(option: str, required: str, found: str) -> InputRefusedError:
    return InputRefusedError([Problem(option, None, None, required, found)])


def _require_key(settings: Settings) -> None:
    if not list_keys(begin_state(settings).engine):
        raise KeyNeededError("No API key was made yet: run `kap keys create` first, or serve on 127.0.0.1 only.")
