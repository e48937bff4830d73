"""Who is let in: known keys within their scope and rate; without any key only this machine, asked for by name."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from serving.contract.routes import PAGES, ROUTES, routes_at
from serving.http.access_control import AccessControl
from serving.http.call import CURRENT
from serving.http.ehr_tokens import EhrTokens
from serving.storage.keys import ApiKey
from serving.storage.launches import LaunchStatus

LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
READER = ApiKey("0000000a", 1, "reader", ("read",), 60, LONG_AGO, LONG_AGO + timedelta(days=3650), None)
CLINIC = replace(READER, id="0000000b", slot=2, scopes=("predict",))
ADMIN = replace(READER, id="0000000c", slot=3, scopes=("admin",))


class Ring:
    """Keys whose tokens are their ids."""

    def __init__(self, *keys: ApiKey, known: bool = True) -> None:
        self.known = known
        self.any_active = bool(keys)
        self._keys = {key.id: key for key in keys}

    def verify(self, token: str) -> ApiKey | None:
        return self._keys.get(token)


class FakeRates:
    """Lets so many through, then asks to wait 12.3 seconds."""

    def __init__(self, left: int = 1_000) -> None:
        self.left = left

    def take(self, slot: int, per_minute: int, amount: int = 1) -> float:
        self.left -= amount
        return 12.3 if self.left < 0 else 0.0


class Tokens:
    """Launches whose tokens are their status."""

    def status(self, token: str) -> LaunchStatus:
        known: dict[str, LaunchStatus] = {"valid": "valid", "expired": "expired"}
        return known.get(token, "unknown")


async def inner(scope: Scope, receive: Receive, send: Send) -> None:
    call = CURRENT.get()
    await PlainTextResponse(f"{call.caller} {call.idempotency}")(scope, receive, send)


def ask(
    path: str = "/v1/model",
    method: str = "GET",
    *,
    keys: Ring | None = None,
    rates: FakeRates | None = None,
    client: str = "127.0.0.1",
    base: str = "http://127.0.0.1:3000",
    keys_unknown: Callable[[], None] = lambda: None,
    ehrs: Callable[[], EhrTokens | None] = lambda: None,
    **headers: str,
) -> httpx.Response:
    held, limits = keys or Ring(), rates or FakeRates()
    app = AccessControl(
        inner, keys=lambda: held, rates=lambda: limits, keys_unknown=keys_unknown, launches=Tokens, ehrs=ehrs
    )
    given = {name.replace("_", "-"): value for name, value in headers.items()}

    async def send() -> httpx.Response:
        transport = httpx.ASGITransport(app, client=(client, 5000))
        async with httpx.AsyncClient(transport=transport, base_url=base) as asking:
            asking.headers.pop("user-agent")
            return await asking.request(method, path, headers=given)

    return asyncio.run(send())


JSON: dict[str, Any] = {"Content_Type": "application/json"}


def test_without_any_key_this_machine_is_answered() -> None:
    assert ask().text == "loopback None"
    assert ask(base="http://localhost:3000").status_code == 200
    assert ask(base="http://[::1]:3000", client="::1").status_code == 200


@pytest.mark.parametrize(
    "request_",
    [
        {"client": "192.0.2.7"},
        {"client": "testclient"},
        {"base": "http://clinic.example:3000"},
        {"X_Forwarded_For": "192.0.2.7"},
        {"Forwarded": "for=192.0.2.7"},
        {"Via": "1.1 proxy.example"},
        {"X_Forwarded_Proto": "https"},
        {"X_Forwarded_Port": "443"},
        {"X_Envoy_External_Address": "192.0.2.7"},
        {"X_Real_IP": "192.0.2.7"},
    ],
    ids=str,
)
def test_without_any_key_nobody_else_is(request_: dict[str, Any]) -> None:
    response = ask(**request_)
    assert response.status_code == 403
    assert response.headers["content-type"] == "application/problem+json"
    assert "kap keys create" in response.json()["detail"]


@pytest.mark.parametrize("path", ["/livez", "/healthz", "/readyz", "/openapi.json"])
def test_health_needs_no_key(path: str) -> None:
    assert ask(path, client="192.0.2.7", keys=Ring(CLINIC)).status_code == 200


@pytest.mark.parametrize(
    "authorization", [None, "", "Bearer", "Basic abc", "Bearer 0000000f", "Bearer a b", "0000000b"]
)
def test_once_there_is_a_key_every_caller_needs_one_on_this_machine_too(authorization: str | None) -> None:
    given = {} if authorization is None else {"Authorization": authorization}
    response = ask("/v1/predict", "POST", keys=Ring(CLINIC), **JSON, **given)
    assert response.status_code == 401
    assert response.headers["www-authenticate"].startswith("Bearer")
    assert response.json()["status"] == 401
    assert "0000000f" not in response.text


@pytest.mark.parametrize(
    ("key", "path", "method", "status"),
    [
        (CLINIC, "/v1/predict", "POST", 200),
        (CLINIC, "/v1/predict_batch", "POST", 200),
        (CLINIC, "/decide", "POST", 200),
        (READER, "/decide", "POST", 403),
        (CLINIC, "/v1/model", "GET", 403),
        (CLINIC, "/metrics", "GET", 403),
        (READER, "/v1/model", "GET", 200),
        (READER, "/v1/instruments", "GET", 200),
        (READER, "/metrics", "GET", 200),
        (READER, "/v1/predict", "POST", 403),
        (ADMIN, "/v1/predict", "POST", 200),
        (ADMIN, "/metrics", "GET", 200),
    ],
)
def test_a_key_opens_what_its_scope_names(key: ApiKey, path: str, method: str, status: int) -> None:
    given = JSON if method == "POST" else {}
    response = ask(path, method, keys=Ring(key), client="192.0.2.7", Authorization=f"Bearer {key.id}", **given)
    assert response.status_code == status
    if status == 200:
        assert response.text == f"{key.id} None"


def test_keys_that_are_not_known_yet_let_nobody_in() -> None:
    refused: list[None] = []
    response = ask(keys=Ring(known=False), keys_unknown=lambda: refused.append(None))
    assert response.status_code == 503
    assert response.headers["retry-after"] == "1"
    assert len(refused) == 1
    assert ask("/livez", keys=Ring(known=False), keys_unknown=lambda: refused.append(None)).status_code == 200
    assert len(refused) == 1


def test_who_asks_too_often_is_answered_when_to_retry() -> None:
    rates, keys = FakeRates(left=2), Ring(READER)
    answers = [ask(keys=keys, rates=rates, Authorization=f"Bearer {READER.id}") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert answers[2].headers["retry-after"] == "13"


@pytest.mark.parametrize(
    "path", ["/", "/docs.json", "/schema.json", "/v1", "/v1/predict/", "/v1/XMARKERX", "/assets/x"]
)
def test_every_other_address_is_not_found(path: str) -> None:
    response = ask(path)
    assert response.status_code == 404
    assert "XMARKERX" not in response.text


@pytest.mark.parametrize("route", [*ROUTES.values(), *PAGES.values()], ids=lambda route: route.path)
def test_an_address_takes_its_own_methods_only(route: Any) -> None:
    taken = [method for one in routes_at(route.path) for method in one.methods]
    for method in {"GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"} - set(taken):
        response = ask(route.path, method)
        assert response.status_code == 405
        assert response.headers["allow"] == ", ".join(taken)


@pytest.mark.parametrize("keys", [Ring(), Ring(CLINIC), Ring(known=False)], ids=["no key", "a key", "unknown"])
def test_the_token_of_a_launch_admits_any_browser_to_its_page_without_a_key(keys: Ring) -> None:
    """Also before the first key: an admitted caller made it, and the browser is on another machine."""
    elsewhere: dict[str, Any] = {"client": "192.0.2.7", "base": "https://kap.example", "keys": keys}
    assert ask("/decide?launch=valid&lang=de", X_Forwarded_For="192.0.2.8", **elsewhere).status_code == 200
    posted = ask("/decide/what-if", "POST", Authorization="Launch valid", **JSON, **elsewhere)
    assert posted.status_code == 200


@pytest.mark.parametrize(
    ("query", "status", "says"),
    [
        ("", 404, "does not work"),
        ("?launch=", 404, "does not work"),
        ("?launch=XMARKERX", 404, "does not work"),
        ("?launch=valid&launch=valid", 404, "does not work"),
        ("?launch=expired", 410, "has expired"),
        ("?launch=expired&lang=de", 410, "ist abgelaufen"),
    ],
)
def test_without_a_valid_token_a_person_gets_a_page_that_says_what_to_do(query: str, status: int, says: str) -> None:
    response = ask(f"/decide{query}", keys=Ring(CLINIC))
    assert (response.status_code, response.headers["content-type"]) == (status, "text/html; charset=utf-8")
    assert says in response.text
    assert "XMARKERX" not in response.text


@pytest.mark.parametrize(
    ("authorization", "status"),
    [(None, 401), ("Launch", 401), ("Launch XMARKERX", 401), ("Bearer valid", 401), ("Launch expired", 410)],
)
def test_without_a_valid_token_a_script_gets_a_problem_document(authorization: str | None, status: int) -> None:
    given: dict[str, Any] = {} if authorization is None else {"Authorization": authorization}
    response = ask("/decide/what-if?launch=valid", "POST", **JSON, **given)
    assert (response.status_code, response.headers["content-type"]) == (status, "application/problem+json")
    assert "XMARKERX" not in response.text


def test_a_key_opens_no_page_and_a_token_nothing_else() -> None:
    assert ask("/decide", keys=Ring(ADMIN), Authorization=f"Bearer {ADMIN.id}").status_code == 404
    for path, method in (("/v1/predict", "POST"), ("/decide", "POST"), ("/v1/model", "GET"), ("/metrics", "GET")):
        given = JSON if method == "POST" else {}
        assert (
            ask(f"{path}?launch=valid", method, keys=Ring(CLINIC), Authorization="Launch valid", **given).status_code
            == 401
        )


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Content_Type": "application/json"}, 200),
        ({"Content_Type": "Application/JSON; charset=UTF-8"}, 200),
        ({"Content_Type": 'application/json;charset="utf-8"'}, 200),
        ({}, 415),
        ({"Content_Type": "application/json; charset=utf-16"}, 415),
        ({"Content_Type": "text/plain"}, 415),
        ({"Content_Type": "application/vnd.bentoml+pickle"}, 415),
        ({"Content_Type": "application/json", "Content_Encoding": "gzip"}, 415),
        ({"Content_Type": "application/json", "Content_Encoding": "identity"}, 200),
        ({"Content_Type": "application/json", "Idempotency_Key": "x" * 128}, 200),
        ({"Content_Type": "application/json", "Idempotency_Key": "x" * 129}, 400),
        ({"Content_Type": "application/json", "Idempotency_Key": "a b"}, 400),
        ({"Content_Type": "application/json", "Idempotency_Key": ""}, 400),
    ],
    ids=str,
)
def test_what_is_said_of_a_body_must_be_right_before_it_is_read(headers: dict[str, str], status: int) -> None:
    assert ask("/v1/predict", "POST", **headers).status_code == status
