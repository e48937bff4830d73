"""Starting the server: what must be in order before it listens, and on which address it may."""

import os
from ipaddress import ip_address
from typing import Any

from features.problems import InputRefusedError, Problem
from serving.failures import StateError
from serving.keys import list_keys
from serving.model_shelf import ModelShelf
from serving.service import KapOutcomes
from serving.settings import Settings
from serving.state import begin_state

LOOPBACK = "127.0.0.1"


class KeyNeededError(StateError):
    """Others than this machine would be answered without a key."""


def serve(settings: Settings, host: str = LOOPBACK, port: int = 3000, workers: int = 1) -> None:
    """Run BentoML's server until it is interrupted; ``host`` is an IP address, ``workers`` a number of processes.

    Raises ``NoModelError`` when there is nothing to serve, ``InputRefusedError`` for a host that is no address, and
    ``StateError`` where the secret or the log is not in order or, for other hosts than this one, no key was made.
    BentoML's usage reports are off unless the environment asks for them: a clinic's server reports to nobody.
    """
    host = LOOPBACK if host == "localhost" else host
    if not _is_address(host):
        raise InputRefusedError([Problem("serve", None, "--host", "an IP address, or localhost", "another text")])
    ModelShelf(settings.model)
    if not ip_address(host).is_loopback:
        _require_key(settings)
    os.environ.setdefault("BENTOML_DO_NOT_TRACK", "True")
    os.environ["KAP_STATE"] = str(settings.state.absolute())
    service: Any = KapOutcomes  # what the decorator makes of the class
    service.config["workers"] = workers
    tls = {}
    if settings.tls_certificate is not None:
        service.config["ssl"] = {"enabled": True}
        tls = {"ssl_certfile": str(settings.tls_certificate), "ssl_keyfile": str(settings.tls_key)}
    service.serve_http(host=host, port=port, **tls)


def _require_key(settings: Settings) -> None:
    if not list_keys(begin_state(settings).engine):
        raise KeyNeededError(
            "no API key was ever made, so that only this machine may be answered: make one with `kap keys create`, "
            "or serve on 127.0.0.1"
        )


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
