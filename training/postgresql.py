"""How a command connects to PostgreSQL: the password's place, the encryption, and the reason of a failure in words.

A connection to another machine is encrypted and verified unless ``sslmode`` in the address says otherwise.
"""

import os
import re
import ssl
from collections.abc import Mapping
from ipaddress import ip_address
from pathlib import Path

SSL_MODES = ("disable", "require", "verify-full")
_REASONS = {
    "28": "it refuses this user and password",
    "3D": "there is no such database on this server",
    "42501": "this user may not read its tables",
    "57": "it is being stopped",
    "53": "its disk or memory is full",
}
"""By SQLSTATE, or its class."""


def password_elsewhere(host: str | None, port: int | None, database: str | None, user: str | None) -> str | None:
    """The password in PGPASSWORD, or in PostgreSQL's password file; ``None`` where there is none.

    In the file a colon or backslash is written behind a backslash.
    """
    if given := os.environ.get("PGPASSWORD"):
        return given
    path = Path(os.environ.get("PGPASSFILE") or Path.home() / ".pgpass")
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return None
    wanted = (host or "localhost", str(port or 5432), database, user)
    for line in lines:
        fields = [re.sub(r"\\(.)", r"\1", one) for one in re.split(r"(?<!\\):", line)]
        matching = zip(fields[:4], wanted, strict=False)
        if len(fields) == 5 and all(field in ("*", want) for field, want in matching):
            return fields[4]
    return None


def encryption(host: str | None, options: Mapping[str, object]) -> ssl.SSLContext | None:
    """The encryption of a connection; ``None``: none. Raises ``OSError`` for certificates that can't be read.

    ``options`` are those of the address: ``sslmode`` and ``sslrootcert``.
    """
    mode = options.get("sslmode") or ("disable" if _is_loopback(host or "localhost") else "verify-full")
    if mode == "disable":
        return None
    certificate = options.get("sslrootcert")
    context = ssl.create_default_context(cafile=certificate if isinstance(certificate, str) else None)
    if mode == "require":
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def reason(error: BaseException) -> str:
    """Why a database can't be used; never a value."""
    cause = getattr(error, "orig", None) or error
    document = cause.args[0] if getattr(cause, "args", ()) else None
    state = str(document.get("C", "")) if isinstance(document, dict) else ""
    known = next((_REASONS[key] for key in (state, state[:2]) if key in _REASONS), None)
    return known or ("an error of the server" if state else "one that does not answer")


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
