"""Access control: address, method, caller, scope, rate and headers of a request are checked before its body is read.

Until the first key is made, only direct requests from this machine are answered: not from a proxy, and not from a page
in a browser that uses another host name. The page of a launch needs its token in place of a key, on any machine: an
admitted caller made it, and the browser that opens it is elsewhere.
"""

import re
import time
from collections.abc import Callable
from http import HTTPStatus
from ipaddress import ip_address
from typing import Protocol

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from serving.contract.routes import FHIR_JSON, Route, route_of, routes_at
from serving.contract.routes import Scope as KeyScope
from serving.http.call import CURRENT, AdmittedRequest
from serving.http.ehr_admission import Rates, admitted_ehr
from serving.http.ehr_issuers import EhrIssuer
from serving.http.ehr_tokens import EhrTokens
from serving.http.errors import ProblemResponse, too_many, unauthorized
from serving.http.launch_admission import LaunchTokens, NoLaunches, refused_launch, sent_token
from serving.http.request_record import note_key
from serving.storage.keys import ApiKey

_BEARER = re.compile(r"Bearer +(\S+)", re.IGNORECASE)
_IDEMPOTENCY_KEY = re.compile(r"[\x21-\x7e]{1,128}")
_OF_A_PROXY = re.compile(
    r"via|forwarded|x-forwarded(-.+)?|x-original-.+|x-real-ip|x-client-ip|x-cluster-client-ip|x-envoy-.+|true-client-ip"
    r"|cf-connecting-ip|cdn-loop|x-proxyuser-ip"
)
"""Headers that proxies add; one of them is enough."""
_PARAMETERS = {"charset=utf-8"}
_PARAMETERS_OF_FHIR = _PARAMETERS | {"fhirversion=4.0"}
_VERSION = ", and its fhirVersion, if it has one, 4.0"
_LOCAL_NAMES = ("localhost", "127.0.0.1", "[::1]", "::1")
_OF_A_KEY = re.compile(r"kap_[0-9a-f]{8}_.*")
RETRY_SOON = {"Retry-After": "1"}


class Keys(Protocol):
    """The keys that access control looks up, such as `keys.KeyRing`."""

    known: bool
    any_active: bool

    def verify(self, token: str) -> ApiKey | None:
        """The key that a token belongs to."""
        ...


class AccessControl:
    """ASGI middleware: passes a request on with its `AdmittedRequest`, or refuses it with a problem document."""

    def __init__(
        self,
        app: ASGIApp,
        keys: Callable[[], Keys],
        rates: Callable[[], Rates],
        keys_unknown: Callable[[], None] = lambda: None,
        ehrs: Callable[[], EhrTokens | None] = lambda: None,
        launches: Callable[[], LaunchTokens] = NoLaunches,
    ) -> None:
        """Wrap ``app``; keys, rates and launches are looked up at each request: they exist only while serving.

        ``keys_unknown`` is told of each request that is refused because the keys can't be read. ``ehrs`` checks the
        tokens of EHRs; ``None`` where none is configured.
        """
        self._app = app
        self._keys = keys
        self._rates = rates
        self._keys_unknown = keys_unknown
        self._ehrs = ehrs
        self._launches = launches

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse, or pass on."""
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        admitted = await self._admit(scope, headers)
        if isinstance(admitted, Response):
            await admitted(scope, receive, send)
            return
        token = CURRENT.set(admitted)
        try:
            await self._app(scope, receive, send)
        finally:
            CURRENT.reset(token)

    async def _admit(self, scope: Scope, headers: Headers) -> AdmittedRequest | Response:
        received = time.perf_counter()
        route = route_of(scope["path"], scope["method"])
        if route is None:
            return _no_such_route(scope["path"])
        if route.scope == "launch":
            return self._launched(scope, headers, route, received)
        caller = None if route.scope is None else await self._caller(scope, headers, route, route.scope)
        if isinstance(caller, ProblemResponse):
            return caller
        refused = _refuse_headers(headers, route) if route.method == "POST" else None
        idempotency = headers.get("idempotency-key")
        if isinstance(caller, EhrIssuer):
            return refused or AdmittedRequest(None, received, idempotency, issuer=caller)
        return refused or AdmittedRequest(caller, received, idempotency)

    def _launched(self, scope: Scope, headers: Headers, route: Route, received: float) -> AdmittedRequest | Response:
        """A request that the token of a launch admits."""
        token = sent_token(scope, headers)
        status = self._launches().status(token)
        if status != "valid":
            return refused_launch(scope, headers, status)
        refused = _refuse_headers(headers, route) if route.method == "POST" else None
        return refused or AdmittedRequest(None, received, launch=token)

    async def _caller(
        self, scope: Scope, headers: Headers, route: Route, needed: KeyScope
    ) -> ApiKey | EhrIssuer | ProblemResponse | None:
        """The key or the EHR of the caller; ``None`` for a caller on this machine before the first key."""
        ehrs = self._ehrs() if route.ehr else None
        given = _BEARER.fullmatch(headers.get("authorization", ""))
        keys = self._keys()
        of_a_key = given is not None and bool(_OF_A_KEY.fullmatch(given.group(1)))
        if ehrs is None or (of_a_key and (keys.any_active or not keys.known)):
            return self._holder_of_a_key(scope, headers, needed)
        return await admitted_ehr(ehrs, self._rates(), given.group(1) if given else None, route.path)

    def _holder_of_a_key(self, scope: Scope, headers: Headers, needed: KeyScope) -> ApiKey | ProblemResponse | None:
        """The key of the caller; ``None`` for a caller on this machine before the first key."""
        keys = self._keys()
        if not keys.known:
            self._keys_unknown()
            detail = "The service can't read its API keys at the moment, and answers nothing until it can."
            return ProblemResponse(HTTPStatus.SERVICE_UNAVAILABLE, detail, headers=RETRY_SOON)
        if not keys.any_active:
            return None if _is_this_machine(scope, headers) else _only_loopback()
        given = _BEARER.fullmatch(headers.get("authorization", ""))
        key = keys.verify(given.group(1)) if given else None
        if key is None:
            found = "none was sent" if given is None else "the one sent is unknown, expired or revoked"
            return unauthorized(f"An API key is required (Authorization: Bearer KEY); {found}.")
        note_key(key.id)
        if not key.allows(needed):
            return ProblemResponse(HTTPStatus.FORBIDDEN, f"A key with the scope {needed} is required.")
        wait = self._rates().take(key.slot, key.per_minute)
        return too_many("key", wait) if wait > 0 else key


def _no_such_route(path: str) -> ProblemResponse:
    allowed = ", ".join(method for route in routes_at(path) for method in route.methods)
    if not allowed:
        return ProblemResponse(HTTPStatus.NOT_FOUND)
    return ProblemResponse(HTTPStatus.METHOD_NOT_ALLOWED, headers={"Allow": allowed})


def _refuse_headers(headers: Headers, route: Route) -> ProblemResponse | None:
    """Why a body with these headers is not read; ``None`` if it is."""
    media_type, _, parameters = headers.get("content-type", "").partition(";")
    given = {one for one in parameters.replace(" ", "").replace('"', "").lower().split(";") if one}
    known = _PARAMETERS_OF_FHIR if FHIR_JSON in route.media_types else _PARAMETERS
    if media_type.strip().lower() not in route.media_types or not given <= known:
        detail = (
            f"The body must be {' or '.join(route.media_types)} in UTF-8{_VERSION if known != _PARAMETERS else ''}."
        )
        return ProblemResponse(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, detail)
    if headers.get("content-encoding", "identity").lower() != "identity":
        return ProblemResponse(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "The body must not be compressed.")
    key = headers.get("idempotency-key")
    if key is not None and not _IDEMPOTENCY_KEY.fullmatch(key):
        return ProblemResponse(
            HTTPStatus.BAD_REQUEST, "Idempotency-Key must be 1 to 128 printable ASCII characters without spaces."
        )
    return None


def _is_this_machine(scope: Scope, headers: Headers) -> bool:
    """Whether a request comes directly from this machine, without a proxy, and names this machine as host."""
    client = scope.get("client")
    if client is None or not _is_loopback(client[0]) or any(map(_OF_A_PROXY.fullmatch, headers.keys())):
        return False
    host = headers.get("host", "")
    return host in _LOCAL_NAMES or host.rpartition(":")[0] in _LOCAL_NAMES


def _is_loopback(address: str) -> bool:
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return False


def _only_loopback() -> ProblemResponse:
    detail = "No API key was made yet: only direct requests from this machine are answered. Run kap keys create."
    return ProblemResponse(HTTPStatus.FORBIDDEN, detail)
