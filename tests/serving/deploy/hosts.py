"""Hosts that share a log in PostgreSQL, behind one nginx: services as processes, each with what a host has of its own.

A host has a state folder, a model store, a port and a certificate. The hosts share the log and the secret.
"""

import secrets
import ssl
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psutil

from serving.storage.settings import Settings
from serving.storage.state import State, open_state
from tests.serving.certificates import Pair, make_certificate
from tests.serving.databases import postgresql_database
from tests.serving.deploy.proxies import installed, names_of, nginx, proxying, replaced
from tests.serving.server.test_service_keys import bearer, make_key
from tests.serving.servers import Server, environment_in, free_port, promote_toy, running

NAMES = ("north", "south")


class Host:
    """One host: its service can be stopped and started again at the same address."""

    def __init__(self, folder: Path, pair: Pair, token: str, shared: dict[str, str]) -> None:
        """Nothing runs yet; ``shared`` are the settings that all hosts have."""
        folder.mkdir()
        self.port = free_port()
        self.environment = environment_in(folder, **shared, **pair.settings())
        self._folder, self._token = folder, token
        self._trusting = ssl.create_default_context(cafile=str(pair.certificate))
        self._running = ExitStack()
        self._server: Server | None = None

    @property
    def server(self) -> Server:
        assert self._server is not None, "it does not run"
        return self._server

    @property
    def client(self) -> httpx.Client:
        """Asks this host itself."""
        return self.server.client

    def start(self) -> None:
        self._server = self._running.enter_context(
            running(
                self._folder,
                environment=self.environment,
                scheme="https",
                port=self.port,
                verify=self._trusting,
                headers=bearer(self._token),
                limits=httpx.Limits(max_keepalive_connections=0),  # an open connection would delay a stop
            )
        )

    def stop(self) -> None:
        """As `systemctl stop` does: what was begun is answered."""
        self._running.close()

    def die(self) -> None:
        """End all its processes at once, as a loss of power would."""
        main = psutil.Process(self.server.process.pid)
        for process in (main, *main.children(recursive=True)):
            process.kill()
        self._running.close()

    def promote(self, version: str) -> None:
        """Put a model into its store, where the running service finds it."""
        promote_toy(self.environment, version)

    def answered(self) -> int:
        """How many requests for a prediction it has answered since its first start."""
        return self.server.written().count("POST /v1/predict 200 ")

    def version(self) -> str:
        return str(self.client.get("/readyz").json()["model_version"])


@dataclass(frozen=True)
class Hosts:
    """The hosts, a client of the nginx in front of them, and what others need to ask it: a key and its authority."""

    north: Host
    south: Host
    client: httpx.Client
    token: str
    authority: Path

    @property
    def base_url(self) -> str:
        """The address that the clinic has."""
        return str(self.client.base_url)

    @property
    def options(self) -> dict[str, Any]:
        """What an HTTP client needs besides the address."""
        return {"verify": ssl.create_default_context(cafile=str(self.authority)), "headers": bearer(self.token)}

    def state(self) -> State:
        """The log that they share."""
        own = self.north.environment
        return open_state(
            Settings(state=Path(own["KAP_STATE"]), log=own["KAP_LOG"], secret_file=Path(own["KAP_SECRET_FILE"]))
        )


@contextmanager
def two_hosts(folder: Path) -> Iterator[Hosts]:
    """Two hosts that answer, with version 3 of a toy model; skips where nginx or PostgreSQL is not installed."""
    installed("nginx")
    with ExitStack() as stack:
        url = stack.enter_context(postgresql_database())
        shared = _shared(folder, url.set(drivername="postgresql").render_as_string(hide_password=False))
        _, token = make_key(environment_in(folder, **shared), "--scope", "admin", "--per-minute", "100000")
        pair = make_certificate(folder / "certificate")
        hosts = [Host(folder / name, pair, token, shared) for name in NAMES]
        for host in hosts:
            stack.callback(host.stop)
            host.start()
        port, trusting = free_port(), ssl.create_default_context(cafile=str(pair.certificate))
        base = f"https://127.0.0.1:{port}"
        client = stack.enter_context(httpx.Client(base_url=base, timeout=120, verify=trusting, headers=bearer(token)))
        proxy = folder / "nginx"
        proxy.mkdir()
        stack.enter_context(proxying(nginx(proxy, _site(pair, port, hosts)), client, proxy))
        yield Hosts(hosts[0], hosts[1], client, token, pair.certificate)


def _shared(folder: Path, log: str) -> dict[str, str]:
    secret = folder / "secret"
    secret.touch(mode=0o600)
    secret.write_text(secrets.token_hex(32))
    return {"KAP_LOG": log, "KAP_SECRET_FILE": str(secret)}


def _site(pair: Pair, port: int, hosts: list[Host]) -> str:
    addresses = {f"10.0.0.1{number}:3000": f"127.0.0.1:{host.port}" for number, host in enumerate(hosts, start=1)}
    own = {
        "listen 443 ssl": f"listen 127.0.0.1:{port} ssl",
        "/etc/kap/hosts-ca.pem": str(pair.certificate),
        "kap.internal": "127.0.0.1",
    }
    return replaced("nginx-hosts.conf", addresses | own | names_of(pair))
