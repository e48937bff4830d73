"""nginx and Caddy in front of the service, with the files of serving/deploy: what passes, and what they refuse."""

import json
import re
import shutil
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from serving.http.errors import PROBLEM_JSON
from tests.places import ROOT
from tests.serving.certificates import Pair, make_certificate
from tests.serving.requests import EXAMPLE
from tests.serving.server.test_service_keys import bearer, make_key
from tests.serving.servers import Server, end, environment_in, free_port, running

DEPLOY = ROOT / "serving" / "deploy"
MIB = 2**20
START_SECONDS = 60


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


def replaced(name: str, changes: dict[str, str]) -> str:
    """A file of serving/deploy with the clinic's own names; each of them must be there."""
    text = (DEPLOY / name).read_text(encoding="utf-8")
    for old, new in changes.items():
        assert old in text, f"{name} has no {old}"
        text = text.replace(old, new)
    return text


def nginx(folder: Path, pair: Pair, port: int, upstream: int) -> list[str]:
    site = replaced(
        "nginx.conf",
        {
            "127.0.0.1:3000": f"127.0.0.1:{upstream}",
            "listen 443 ssl": f"listen 127.0.0.1:{port} ssl",
            "/etc/kap/certificate.pem": str(pair.certificate),
            "/etc/kap/key.pem": str(pair.key),
        },
    )
    (folder / "kap.conf").write_text(site)
    paths = "".join(
        f"{kind}_temp_path {folder}/{kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    whole = (
        f"user root;\npid {folder}/pid;\nerror_log {folder}/error.log;\ndaemon off;\nevents {{}}\n"
        f"http {{\naccess_log {folder}/access.log;\n{paths}include {folder}/kap.conf;\n}}\n"
    )
    (folder / "nginx.conf").write_text(whole)
    return ["nginx", "-p", str(folder), "-c", str(folder / "nginx.conf")]


def caddy(folder: Path, pair: Pair, port: int, upstream: int) -> list[str]:
    written = replaced(
        "Caddyfile",
        {
            "127.0.0.1:3000": f"127.0.0.1:{upstream}",
            "https://kap.example": f"https://127.0.0.1:{port}",
            "/etc/kap/certificate.pem": str(pair.certificate),
            "/etc/kap/key.pem": str(pair.key),
        },
    )
    (folder / "Caddyfile").write_text(written)
    return ["caddy", "run", "--config", str(folder / "Caddyfile"), "--adapter", "caddyfile"]


def wait_for(client: httpx.Client, process: subprocess.Popen[bytes], said: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with suppress(httpx.TransportError):  # nothing listens yet; the deadline ends the wait
            client.get("/livez")
            return
        time.sleep(0.05)
    pytest.fail(f"the proxy does not listen:\n{said.read_text()}")


@contextmanager
def proxied(name: str, folder: Path, service: httpx.URL, token: str) -> Iterator[Proxy]:
    pair, port = make_certificate(folder), free_port()
    made = {"nginx": nginx, "caddy": caddy}[name](folder, pair, port, service.port or 0)
    trusting, headers = ssl.create_default_context(cafile=str(pair.certificate)), bearer(token)
    environment = environment_in(folder, HOME=str(folder), XDG_DATA_HOME=str(folder), XDG_CONFIG_HOME=str(folder))
    said = folder / "said"
    direct = httpx.Client(base_url=service, headers=headers, timeout=60)
    client = httpx.Client(base_url=f"https://127.0.0.1:{port}", verify=trusting, headers=headers, timeout=60)
    with said.open("wb") as output, client, direct:
        process = subprocess.Popen(
            made, env=environment, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
        )
        try:
            wait_for(client, process, said)
            yield Proxy(client, direct, folder)
        finally:
            end(process)


def installed(name: str) -> str:
    if shutil.which(name) is None:
        pytest.skip(f"{name} is not installed: apt-get install {name}")
    return name


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
