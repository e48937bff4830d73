"""How the token of a launch comes with a request, and what is answered where it admits nobody.

A browser that follows a link gets a page that says what to do; the page's script gets a problem document.
"""

import re
from http import HTTPStatus
from typing import Protocol
from urllib.parse import parse_qs

from starlette.datastructures import Headers
from starlette.responses import HTMLResponse, Response
from starlette.types import Scope

from serving.decision.link import LANGUAGE, LAUNCH
from serving.decision.page import POLICY, render_refusal
from serving.decision.texts import chosen_language
from serving.http.errors import ProblemResponse
from serving.storage.launches import LaunchStatus

_HEADER = re.compile(r"Launch +(\S+)", re.IGNORECASE)
OVER = "The time of this page is over. Open it again from the patient's record."
UNKNOWN = "The token of a launch is required (Authorization: Launch TOKEN); the one sent is none of this service."


class LaunchTokens(Protocol):
    """The launches that access control looks up, such as `serving.storage.launches.Launches`."""

    def status(self, token: str) -> LaunchStatus:
        """Whether the service made a token, and whether its time is over."""
        ...


class NoLaunches:
    """A service that makes no launches, and knows no token."""

    def status(self, _: str) -> LaunchStatus:
        """Every token is unknown."""
        return "unknown"


class PageResponse(HTMLResponse):
    """A page of the shared decision, under its own content security policy."""

    def __init__(self, page: str, status: int, location: str | None = None) -> None:
        """``location`` is the address of the page, if it was just made."""
        named = {} if location is None else {"Location": location}
        super().__init__(page, status, {"Content-Security-Policy": POLICY} | named)


def sent_token(scope: Scope, headers: Headers) -> str:
    """The token that a request has, from its address for a page and from its header for a script; empty if none."""
    if scope["method"] == "POST":
        given = _HEADER.fullmatch(headers.get("authorization", ""))
        return given.group(1) if given else ""
    return sent_parameter(scope, LAUNCH)


def sent_parameter(scope: Scope, name: str) -> str:
    """A parameter of the address that was sent once; empty otherwise."""
    values = parse_qs(scope["query_string"].decode("latin-1")).get(name, [])
    return values[0] if len(values) == 1 else ""


def sent_language(scope: Scope, headers: Headers) -> str:
    """The language in which a page is asked for."""
    return chosen_language(sent_parameter(scope, LANGUAGE), headers.get("accept-language", ""))


def refused_launch(scope: Scope, headers: Headers, status: LaunchStatus) -> Response:
    """The answer to a token that has expired, or is unknown."""
    expired = status == "expired"
    code = HTTPStatus.GONE if expired else HTTPStatus.NOT_FOUND
    if scope["method"] != "POST":
        return PageResponse(render_refusal("over" if expired else "unknown", sent_language(scope, headers)), code)
    if expired:
        return ProblemResponse(HTTPStatus.GONE, OVER)
    challenge = {"WWW-Authenticate": "Launch"}
    return ProblemResponse(HTTPStatus.UNAUTHORIZED, UNKNOWN, headers=challenge)
