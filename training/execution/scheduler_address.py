"""The address of a Dask scheduler, as a user names it: whether it is one, and whether it can be connected safely.

Nothing is connected here. What is said about an address does not repeat it.
"""

import re
from ipaddress import IPv6Address, ip_address
from socket import getaddrinfo

from features.protocol.problems import InputRefusedError, Problem

LOCAL = "local"
SETTINGS_OF_TLS = (
    "distributed.comm.tls.ca-file, distributed.comm.tls.client.cert and distributed.comm.tls.client.key "
    "(or DASK_DISTRIBUTED__COMM__TLS__CA_FILE, __CLIENT__CERT and __CLIENT__KEY)"
)
_ADDRESS = re.compile(r"(tcp|tls)://([A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_])?|\[[^\[\]\s]+\]):([0-9]{1,5})")
"""A protocol, a host (IPv6 in brackets) and a port."""


def require_address(address: str) -> None:
    """Raise ``InputRefusedError`` unless the text is ``local``, ``tls://HOST:PORT`` or ``tcp://HOST:PORT``."""
    if address == LOCAL:
        return
    protocol, separator, _ = address.partition("://")
    if not separator:
        raise _no_address("no protocol")
    if protocol not in ("tcp", "tls"):
        raise _no_address("another protocol")
    found = _ADDRESS.fullmatch(address)
    if not found or not _is_host(found[2]):
        raise _no_address("no host and port after the protocol")
    if not 1 <= int(found[3]) <= 65535:
        raise _no_address("a port outside 1 to 65535")


def require_security(address: str) -> None:
    """Raise ``InputRefusedError`` unless Dask's settings allow to connect there: certificates for ``tls://``."""
    from distributed.security import Security

    if address == LOCAL:
        return
    try:
        settings = Security().get_connection_args("client")
    except (OSError, ValueError):  # no such file, or no certificate or key in it
        raise cluster_refused(
            f"readable PEM files in Dask's settings {SETTINGS_OF_TLS}", "a file that is missing or no such"
        ) from None
    if address.startswith("tls:") and settings["ssl_context"] is None:
        raise cluster_refused(f"for tls://, Dask's settings {SETTINGS_OF_TLS}", "none for the authority or certificate")
    if address.startswith("tcp:") and settings["require_encryption"]:
        raise cluster_refused("tls://, by Dask's setting distributed.comm.require-encryption", "tcp://")


def is_known_host(address: str) -> bool:
    """Whether the host of a scheduler's address has a place on the network."""
    found = _ADDRESS.fullmatch(address)
    try:
        return found is not None and bool(getaddrinfo(found[2].strip("[]"), int(found[3])))
    except OSError:
        return False


def is_exposed(address: str) -> bool:
    """Whether what travels there can be read on a network: ``tcp://`` to another place than this machine."""
    found = _ADDRESS.fullmatch(address)
    if not found or found[1] == "tls" or found[2] == "localhost":
        return False
    try:
        return not ip_address(found[2].strip("[]")).is_loopback
    except ValueError:  # a name
        return True


def cluster_refused(required: str, found: str) -> InputRefusedError:
    """The refusal of the option --cluster."""
    return InputRefusedError([Problem("cluster", None, "--cluster", required, found)])


def _is_host(text: str) -> bool:
    if not text.startswith("["):
        return True
    try:
        IPv6Address(text[1:-1])
    except ValueError:
        return False
    return True


def _no_address(found: str) -> InputRefusedError:
    required = "local, or the address of a scheduler such as tls://host:8786 or tcp://127.0.0.1:8786"
    return cluster_refused(required, found)
