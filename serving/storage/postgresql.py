"""The log's database as a PostgreSQL server: how to connect, and which errors are failures of the database.

Every wait for a connection or an answer has a limit. Rows hold patients' data, so the connection to another machine is
encrypted and the server's certificate is checked, unless the URL says otherwise.
"""

import contextlib
import socket
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from ipaddress import ip_address

import pg8000.dbapi  # type: ignore[import-untyped]

CONNECT_SECONDS = 3.0
KEEPALIVE_IDLE_SECONDS, KEEPALIVE_INTERVAL_SECONDS, KEEPALIVE_COUNT = 10, 5, 3
NETWORK = "it does not answer"
REFUSED = f"{NETWORK}: connection refused"
LOCKED = "it is locked"
SSL_MODES = ("disable", "require", "verify-full")
OPTIONS = ("sslmode", "sslrootcert", "unix_sock")

_TROUBLES = {
    "08": NETWORK,
    "25006": "it may only be read",
    "28": "it refuses this user and password",
    "3D": "it does not exist on this server",
    "40": LOCKED,
    "42501": "it may not be written",
    "42P01": "its tables are gone",
    "53": "its disk or memory is full",
    "55P03": LOCKED,
    "57": "it is being stopped, or too slow",
    "58": "its disk fails",
    "F0": "its settings are damaged",
    "XX001": "its files are damaged",
    "XX002": "its files are damaged",
}
"""By SQLSTATE, or its class: https://www.postgresql.org/docs/current/errcodes-appendix.html."""


@dataclass(frozen=True)
class Address:
    """Where the server is; ``options`` are those of the URL. The password is not shown."""

    user: str
    password: str | None
    host: str
    port: int
    database: str
    options: Mapping[str, str]

    def __repr__(self) -> str:
        return f"Address({self.host}:{self.port})"


def connect(address: Address, patience_seconds: float) -> pg8000.dbapi.Connection:
    """A connection whose every statement ends within ``patience_seconds``; raises ``pg8000.Error``."""
    unix = address.options.get("unix_sock")
    with _as_driver_errors():
        opened = _unix_socket(unix) if unix else _tcp_socket(address.host, address.port)
        # The server ends a slow statement itself, and says so; the socket's limit is for a silent server.
        opened.settimeout(patience_seconds + 1)
        try:
            connection = pg8000.dbapi.connect(
                address.user,
                host=address.host,
                port=address.port,
                database=address.database,
                password=address.password,
                application_name="kap-outcomes",
                ssl_context=(not unix and encryption(address.host, address.options)) or False,
                sock=opened,
            )
            _configure_session(connection, patience_seconds)
        except BaseException:
            opened.close()
            raise
    return connection


def ping(connection: pg8000.dbapi.Connection) -> bool:
    """Whether the server still answers on this connection."""
    try:
        cursor = connection.cursor()
        cursor.execute("SELECT 1")
        connection.rollback()
    except (pg8000.dbapi.Error, OSError):
        return False
    return True


def ssl_mode(host: str, options: Mapping[str, str]) -> str:
    """How a connection is encrypted: as ``sslmode`` says; by default, only those to other machines, and verified."""
    return options.get("sslmode") or ("disable" if _is_loopback(host) else "verify-full")


def encryption(host: str, options: Mapping[str, str]) -> ssl.SSLContext | None:
    """The encryption of a connection by `ssl_mode`; ``None``: no encryption."""
    mode = ssl_mode(host, options)
    if mode == "disable":
        return None
    context = ssl.create_default_context(cafile=options.get("sslrootcert"))
    if mode == "require":
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def trouble(error: BaseException) -> str | None:
    """Why the database can't answer; ``None`` if the error is a defect of this software."""
    if isinstance(error, (pg8000.dbapi.InterfaceError, OSError)):
        return _network_trouble(error)
    state = sqlstate(error)
    return next((_TROUBLES[key] for key in (state, state[:2]) if key in _TROUBLES), None)


def sqlstate(error: BaseException) -> str:
    """The five-character code of the server's error; empty where it has none."""
    document = error.args[0] if error.args else None
    return str(document.get("C", "")) if isinstance(document, dict) else ""


def is_duplicate(error: BaseException) -> bool:
    """Whether a unique constraint refused a row."""
    return sqlstate(error) == "23505"


def remove_values(error: BaseException) -> None:
    """Keep only the code of a server's error: its text and detail repeat the values of a row."""
    if error.args and isinstance(error.args[0], dict):
        error.args = ({"C": sqlstate(error)},)


def _network_trouble(error: BaseException) -> str:
    cause = error.__cause__ or error
    if isinstance(cause, ConnectionRefusedError):
        return REFUSED
    if isinstance(cause, ssl.SSLError):
        return "its certificate is not trusted"
    return "it does not encrypt" if "refuses SSL" in str(error) else NETWORK


@contextlib.contextmanager
def _as_driver_errors() -> Iterator[None]:
    """Raise errors of the socket, which the driver passes on unchanged, as its own class."""
    try:
        yield
    except OSError as error:
        raise pg8000.dbapi.InterfaceError("network error") from error


def _unix_socket(path: str) -> socket.socket:
    opened = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    opened.settimeout(CONNECT_SECONDS)
    opened.connect(path)
    return opened


def _tcp_socket(host: str, port: int) -> socket.socket:
    opened = socket.create_connection((host, port), CONNECT_SECONDS)
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, KEEPALIVE_IDLE_SECONDS)
    opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, KEEPALIVE_INTERVAL_SECONDS)
    opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, KEEPALIVE_COUNT)
    opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return opened


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _configure_session(connection: pg8000.dbapi.Connection, patience_seconds: float) -> None:
    """Set time limits, commits that wait for the disk, and keepalives."""
    milliseconds = str(round(1000 * patience_seconds))
    settings = {
        "synchronous_commit": "on",
        "default_transaction_isolation": "read committed",  # a writer must see what the one before it wrote
        "statement_timeout": milliseconds,
        "tcp_keepalives_idle": str(KEEPALIVE_IDLE_SECONDS),
        "tcp_keepalives_interval": str(KEEPALIVE_INTERVAL_SECONDS),
        "tcp_keepalives_count": str(KEEPALIVE_COUNT),
    }
    calls = ", ".join(f"set_config('{name}', '{value}', false)" for name, value in settings.items())
    connection.cursor().execute(f"SELECT {calls}")
    connection.commit()
