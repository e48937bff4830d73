"""The settings as BentoML's configuration, for `kap serve`, `bentoml serve` and a container."""

import atexit
import logging
import os
import resource
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, Literal

import bentoml
from _bentoml_impl.server import serve_http  # type: ignore[import-untyped]
from _bentoml_impl.server.app import ServiceAppFactory  # type: ignore[import-untyped]
from bentoml._internal.configuration.containers import BentoMLContainer
from bentoml._internal.log import CLI_LOGGING_CONFIG, SERVER_LOGGING_CONFIG, configure_logging
from bentoml._internal.utils import circus

from features.protocol.problems import InputRefusedError
from serving.contract.failures import StateError
from serving.http.errors import LOGGERS, ValueFilter
from serving.http.log_lines import JsonLines, RequestIdentity
from serving.server.connection_register import ConnectionLimits, ConnectionRegister
from serving.server.http_connection import use_connections
from serving.server.main_process import (
    STOP_SECONDS,
    end_with_main_process,
    hide_password,
    hold_lifeline,
    is_plain,
    require_encryption,
)
from serving.server.tls_handshake import count_handshakes
from serving.storage.settings import PREFIX, Settings, load_settings
from serving.storage.tls import check_certificate, tls_config

LOG = logging.getLogger("bentoml.kap")
OTHER_FILES = 512
"""Open files of a worker that are no connections, with room to spare."""
_PATHS = ("state", "secret_file", "tls_certificate", "tls_key", "log_password_file", "cds_issuers", "trusted_keys")


class SetUpError(bentoml.exceptions.BentoMLException):  # type: ignore[misc]
    """The service can't start with these settings; BentoML's command ends with the message and without a traceback."""


@contextmanager
def as_setup_error() -> Iterator[None]:
    """Raise settings and state that can't be used as ``SetUpError``."""
    try:
        yield
    except InputRefusedError as refused:
        problem = refused.problems[0]
        raise SetUpError(f"{problem.place}: required {problem.required}; found {problem.found}") from None
    except StateError as refused:
        raise SetUpError(str(refused)) from None


class ConfiguredService(bentoml.Service):  # type: ignore[misc]
    """A BentoML service that is configured by `Settings`."""

    def inject_config(self) -> None:
        """Pass the settings on when BentoML reads its configuration in the server, before it starts the workers.

        The declared configuration does not change: it becomes part of a Bento, which is for any certificate.
        Raises ``SetUpError``.
        """
        if bentoml.server_context.worker_index is not None:
            super().inject_config()
            return
        with as_setup_error():
            settings = load_settings()
            check_certificate(settings)
        pin_paths(settings)
        log_as(settings.log_format)
        hide_password(settings)
        hold_lifeline()
        keep_control_private(partial(check_host, settings))
        keep_metrics_apart()
        replace_lost_workers()
        declared: Any = self.config  # type: ignore[has-type]
        self.config = {**declared, "ssl": tls_config(settings)}
        try:
            super().inject_config()
        finally:
            self.config = declared

    def to_asgi(self, is_main: bool = True) -> Any:
        """The application of a worker, without BentoML's own time limit; `service` has one that sends a proper answer.

        BentoML's keeps a timer and its memory for every request until the limit is over.
        """
        self.inject_config()
        if bentoml.server_context.worker_index is not None:
            prepare_worker(load_settings())
        factory = ServiceAppFactory(self, is_main=is_main)
        factory.timeout = None
        return factory()

    def listen(self, host: str, port: int) -> None:
        """Serve until interrupted, as `serve_http` does, but with a limit to how long a stop may take."""
        self.inject_config()
        configure_logging()
        serve_http(self, host=host, port=port, timeout_graceful_shutdown=STOP_SECONDS)


def log_as(form: Literal["text", "json"]) -> None:
    """Let the lines of BentoML, circus, uvicorn and the service itself name their request, all in one form.

    What BentoML configures later, such as circus' log, is changed as well as what it has configured. A line of uvicorn
    or circus is written once: by BentoML's configuration the root writes it again.
    """
    for config in (SERVER_LOGGING_CONFIG, CLI_LOGGING_CONFIG):
        config.setdefault("filters", {}).update(identity={"()": RequestIdentity}, values={"()": ValueFilter})
        for handler in config["handlers"].values():
            handler["filters"] = list(dict.fromkeys([*handler.get("filters", ()), "identity", "values"]))
        if form == "json":
            config["formatters"] = {name: {"()": JsonLines} for name in config["formatters"]}
    for name in ("uvicorn.error", "circus"):
        SERVER_LOGGING_CONFIG["loggers"][name]["propagate"] = logging.getLogger(name).propagate = False
    for name in LOGGERS:
        for handler in logging.getLogger(name).handlers:
            handler.addFilter(RequestIdentity())
            if form == "json":
                handler.setFormatter(JsonLines())


def check_host(settings: Settings, host: str) -> None:
    """Raise ``SetUpError`` if the service must not listen at an address; say so if it listens in plain text."""
    with as_setup_error():
        require_encryption(settings, host)
    if is_plain(settings, host):
        LOG.warning("plain http on %s: KAP_PLAIN_HTTP says that a proxy in front of the service encrypts", host)


def keep_control_private(check_host: Callable[[str], None]) -> None:
    """Let BentoML start its process supervisor without a port, once ``check_host`` has passed where it will listen.

    BentoML gives it two on the loopback address, where every user of the machine may send it commands. Its stop begins
    with the end of listening: otherwise callers would still connect, and wait for workers that answer nobody new.
    """

    def create(watchers: list[Any], *, threaded: bool = False, sockets: list[Any], **options: Any) -> circus.Arbiter:
        for one in sockets:
            if one.host is not None:  # one between BentoML's own processes is a file
                check_host(one.host)
        options.setdefault("check_delay", 10)  # BentoML's own
        kind = circus.ThreadedArbiter if threaded else circus.Arbiter
        control, events = _endpoints(between_processes=bool(options.get("plugins")))
        made = kind(watchers, endpoint=control, pubsub_endpoint=events, sockets=sockets, **options)
        made.exit_stack.callback(made.sockets.close_all)
        return made

    circus.create_standalone_arbiter = create


def _endpoints(*, between_processes: bool) -> tuple[str, str]:
    """Where the supervisor takes commands and reports events: within this process, or for its plug-ins' in a folder."""
    if not between_processes:
        return "inproc://kap-control", "inproc://kap-events"
    folder = tempfile.TemporaryDirectory(prefix="kap-control-")  # only its owner may enter
    atexit.register(folder.cleanup)
    return f"ipc://{folder.name}/control", f"ipc://{folder.name}/events"


def prepare_worker(settings: Settings) -> None:
    """Bind this process to the main one, and limit its connections before uvicorn starts."""
    end_with_main_process()
    in_all = allow_open_files(settings.most_connections)
    register = ConnectionRegister(ConnectionLimits(in_all, settings.most_connections_per_address), _count_refused)
    use_connections(register)
    count_handshakes(register)


def _count_refused(reason: str) -> None:
    service: Any = bentoml.get_current_service()
    service.worker.metrics.connection_refused(reason)


def allow_open_files(connections: int) -> int:
    """Let this process open as many files as its connections and its own work need; how many connections it may have.

    Fewer than ``connections`` where the system allows fewer files.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = connections + OTHER_FILES
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return connections
    most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
    return max(most - OTHER_FILES, 1)


def pin_paths(settings: Settings) -> None:
    """Make relative paths absolute in the environment: a Bento's workers run in another folder than its server."""
    for name in _PATHS:
        path = getattr(settings, name)
        if path is not None:
            os.environ[PREFIX + name.upper()] = str(path.absolute())
    url = settings.log_url()
    if settings.log is not None and url.get_backend_name() == "sqlite":
        os.environ[PREFIX + "LOG"] = url.render_as_string()


def keep_metrics_apart() -> None:
    """Give the workers of this server a temporary folder for their metrics.

    BentoML's default is in its store, which may be read-only, and the next server that starts empties it.
    """
    folder = tempfile.mkdtemp(prefix="kap-metrics-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    BentoMLContainer.prometheus_multiproc_dir.set(folder)


def replace_lost_workers() -> None:
    """Replace a worker that died, in a container too.

    BentoML leaves this to the container's platform, which notices only the loss of the last worker, and late.
    """
    os.environ.pop("BENTOML_CONTAINERIZED", None)
