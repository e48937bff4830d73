"""nginx and Caddy in front of the service, with the files of serving/deploy: what passes, and what they refuse."""

import json
import re
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from serving.http.errors import PROBLEM_JSON
from tests.serving.certificates import Pair, make_certificate
from tests.serving.deploy.proxies import DEPLOY, installed, names_of, nginx, proxying, replaced
from tests.serving.requests import EXAMPLE
from tests.serving.server.test_service_keys import bearer, make_key
from tests.serving.servers import Server, environment_in, free_port, running

MIB = 2**20


@dataclass(frozen=True)
class Proxy:
    """A proxy that answers for the service, with its files in ``folder``; ``direct`` asks the service itself."""

    client: httpx.Client
    direct: httpx.Client
    folder: Path


@pytest.fixture(scope="module")
def behind(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, str]]:
    """The service that stands behind the proxies, and a key."""
    folder = tmp_path_factory.mktemp("behind")
    environment = environment_in(folder)
    _, token = make_key(environment, "--scope", "admin", "--per-minute", "100000")
    with running(folder, environment=environment) as server:
        yield server, token


def nginx_on_this_machine(folder: Path, pair: Pair, port: int, upstream: int) -> list[str]:
    own = {"127.0.0.1:3000": f"127.0.0.1:{upstream}", "listen 443 ssl": f"listen 127.0.0.1:{port} ssl"}
    return nginx(folder, replaced("nginx.conf", own | names_of(pair)))


def caddy(folder: Path, pair: Pair, port: int, upstream: int) -> list[str]:
    own = {"127.0.0.1:3000": f"127.0.0.1:{upstream}", "https://kap.example": f"https://127.0.0.1:{port}"}
    (folder / "Caddyfile").write_text(replaced("Caddyfile", own | names_of(pair)))
    return ["caddy", "run", "--config", str(folder / "Caddyfile"), "--adapter", "caddyfile"]


@contextmanager
def proxied(name: str, folder: Path, service: httpx.URL, token: str) -> Iterator[Proxy]:
    pair, port = make_certificate(folder), free_port()
    command = {"nginx": nginx_on_this_machine, "caddy": caddy}[name](folder, pair, port, service.port or 0)
    trusting, headers = ssl.create_default_context(cafile=str(pair.certificate)), bearer(token)
    direct = httpx.Client(base_url=service, headers=headers, timeout=60)
    client = httpx.Client(base_url=f"https://127.0.0.1:{port}", verify=trusting, headers=headers, timeout=60)
    with client, direct, proxying(command, client, folder):
        yield Proxy(client, direct, folder)


@pytest.fixture(scope="module", params=["nginx", "caddy"])
def proxy(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, behind: tuple[Server, str]
) -> Iterator[Proxy]:
    name, (server, token) = installed(request.param), behind
    with proxied(name, tmp_path_factory.mktemp(name), server.client.base_url, token) as ready:
        yield ready


def test_a_prediction_comes_through_with_its_request_id_and_the_headers_of_the_service(proxy: Proxy) -> None:
    answer = proxy.client.post("/v1/predict", json=EXAMPLE, headers={"X-Request-Id": "visit-5077"})
    assert (answer.status_code, answer.json()["outcome"]) == (200, "predicted")
    assert answer.headers["x-request-id"] == "visit-5077"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["strict-transport-security"].startswith("max-age="), "the service knows that there is TLS"


def test_without_a_key_the_proxy_opens_nothing(proxy: Proxy) -> None:
    refused = proxy.client.post("/v1/predict", json=EXAMPLE, headers={"Authorization": ""})
    assert (refused.status_code, refused.headers["content-type"]) == (401, "application/problem+json")


def test_a_batch_of_many_megabytes_comes_through_and_a_larger_one_than_allowed_does_not(proxy: Proxy) -> None:
    large = json.dumps({"requests": [EXAMPLE]}).encode() + b" " * (20 * MIB)
    headers = {"Content-Type": "application/json"}
    assert proxy.client.post("/v1/predict_batch", content=large, headers=headers).status_code == 200
    with suppress(httpx.TransportError):  # it may close the connection while we still send
        parts = iter([large, b" " * (13 * MIB)])  # without Content-Length, by which Caddy lets the service refuse
        answer = proxy.client.post("/v1/predict_batch", content=parts, headers=headers)
        assert (answer.status_code, answer.headers.get("content-type") == PROBLEM_JSON) == (413, False)
    assert not any('status="413"' in line for line in arrived(proxy))


def test_headers_that_are_too_large_do_not_reach_the_service(proxy: Proxy) -> None:
    many = {f"x-padding-{number}": "x" * 4000 for number in range(12)}
    before = arrived(proxy)
    with suppress(httpx.TransportError):  # it may close the connection without an answer
        assert proxy.client.get("/livez", headers=many).status_code in (400, 431)
    assert arrived(proxy) == before


def arrived(proxy: Proxy) -> list[str]:
    """What the service has counted of requests and refused connections, except those for its metrics."""
    counted = re.compile(r"kap_(requests|connections_refused)_total\{(?!.*path=\"/metrics\")")
    return [line for line in proxy.direct.get("/metrics").text.splitlines() if counted.match(line)]


def test_the_metrics_stay_inside(proxy: Proxy) -> None:
    assert proxy.client.get("/metrics").status_code == 404
    assert proxy.direct.get("/metrics").status_code == 200


def logged(proxy: Proxy) -> str:
    """All that the proxy has written."""
    names = ("access.log", "error.log", "said")
    return "".join(path.read_text() for name in names if (path := proxy.folder / name).exists())


def test_the_page_opens_through_a_proxy_that_does_not_note_its_link(proxy: Proxy) -> None:
    made = proxy.client.post("/decide", json=EXAMPLE)
    page = proxy.client.get(made.headers["location"], headers={"Authorization": ""})
    assert (made.status_code, page.status_code) == (201, 200)
    token = made.headers["location"].partition("launch=")[2]
    what_if = {"answers": {"next_rating": 5}}
    asked = proxy.client.post("/decide/what-if", json=what_if, headers={"Authorization": f"Launch {token}"})
    assert asked.status_code == 200
    assert token not in logged(proxy)


@pytest.mark.parametrize("name", ["nginx", "caddy"])
def test_a_proxy_does_not_note_the_link_of_a_page_while_the_service_is_down(name: str, tmp_path: Path) -> None:
    nobody = httpx.URL(f"http://127.0.0.1:{free_port()}")
    with proxied(installed(name), tmp_path, nobody, "kap_0") as proxy:
        assert proxy.client.get("/decide?launch=XTOKENX&lang=de").status_code == 502
        assert proxy.client.get("/livez").status_code == 502
        assert "XTOKENX" not in logged(proxy)
        assert "livez" in logged(proxy), "what else fails is noted"


def directives(name: str) -> set[str]:
    """The directives of a file for nginx, without comments and addresses of the service."""
    lines = (re.sub(r"\s*#.*", "", line).strip() for line in (DEPLOY / name).read_text(encoding="utf-8").splitlines())
    return {line for line in lines if line} - {"server 127.0.0.1:3000;", "proxy_pass http://kap;"}


def test_before_several_hosts_the_same_limits_hold_as_before_one() -> None:
    missing = directives("nginx.conf") - directives("nginx-hosts.conf")
    assert missing == {"proxy_connect_timeout 3s;", "proxy_next_upstream off;"}
