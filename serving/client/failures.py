"""What a failed try means: who must act, whether to retry, and how long to wait.

`retry_policy` decides when and how often to retry.
"""

import ssl
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from http import HTTPStatus

import httpx
from pydantic import BaseModel, ConfigDict, ValidationError

from serving.client.address import KEY_VARIABLE
from serving.client.errors import CallError, CallRefusedError, NotAllowedError, ServiceFailedError, UnavailableError
from serving.contract.response import FieldProblem

_REFUSED = {
    400: "it is not valid",
    413: "it is too large",
    415: "its media type is not application/json",
    422: "its Idempotency-Key was used for another request",
}
_NOT_ALLOWED = {
    401: "the key is unknown, expired or revoked; send a valid one",
    403: "the key does not allow this; or the service has no key yet, and answers its own machine only",
}
_NO_KEY = f"no key was sent; pass it as key, or set {KEY_VARIABLE}"
_UNAVAILABLE = {
    408: "the request did not arrive in time",
    429: "the key has reached its rate limit",
    502: "a proxy can't reach the service",
    503: "the service can't answer at the moment",
    504: "a proxy waited too long for the service",
}
_BROKEN = {
    httpx.ConnectTimeout: "no connection could be made in time",
    httpx.ConnectError: "no connection could be made",
    httpx.PoolTimeout: "all connections stayed in use",
    httpx.TimeoutException: "no complete answer arrived in time",
}
_LONGEST_NUMBER = 9
"""Most digits of an accepted Retry-After: a billion seconds are 30 years."""


@dataclass(frozen=True)
class Reply:
    """The service's answer; its repr shows only the status. ``headers`` ignore case."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)

    @property
    def is_json(self) -> bool:
        """Whether its media type is JSON and not a problem document."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower() == "application/json"


@dataclass(frozen=True)
class Failure:
    """A failed try. ``error`` is raised if it was the last; ``retry``: another may succeed, after ``wait`` seconds."""

    error: CallError
    retry: bool = False
    wait: float | None = None


class _Problem(BaseModel):
    """The fields read from problem details (RFC 9457)."""

    model_config = ConfigDict(extra="ignore", strict=True, hide_input_in_errors=True)

    detail: str = ""
    problems: list[FieldProblem] = []
    more_problems: int = 0


def failure_of(reply: Reply, now: datetime, *, with_key: bool) -> Failure:
    """The failure of a try with another status than 200; ``with_key``: whether a key was sent."""
    status, problem = reply.status, _problem_of(reply)
    if status in _REFUSED:
        text = f"the request is refused ({status}): {_REFUSED[status]}{_counted(problem)}"
        refused = CallRefusedError(
            text,
            problems=problem.problems,
            more_problems=problem.more_problems,
            status=status,
            detail=problem.detail,
        )
        return Failure(refused)
    if status in _NOT_ALLOWED:
        why = _NOT_ALLOWED[status] if with_key or status != HTTPStatus.UNAUTHORIZED else _NO_KEY
        return Failure(NotAllowedError(f"{why} ({status})", status=status, detail=problem.detail))
    if status in _UNAVAILABLE:
        wait = _seconds_to_wait(reply.headers, now)
        text = f"{_UNAVAILABLE[status]} ({status})"
        error = UnavailableError(text, status=status, detail=problem.detail, retry_after=wait)
        return Failure(error, retry=True, wait=wait)
    if status == HTTPStatus.INTERNAL_SERVER_ERROR:
        text = "the service failed (500); report the time to its operator"
        return Failure(ServiceFailedError(text, status=status, detail=problem.detail), retry=True)
    text = f"status {status} is not an answer of this service; check the address (redirects are not followed)"
    return Failure(ServiceFailedError(text, status=status, detail=problem.detail))


def failure_of_connection(error: httpx.RequestError) -> Failure:
    """The failure of a try without a complete reply."""
    if isinstance(error, httpx.DecodingError):
        return Failure(ServiceFailedError("the answer is compressed and can't be read; it was requested uncompressed"))
    if _is_distrust(error):
        text = "the service's certificate is not trusted; pass the file of the CA that signed it as ca"
        return Failure(ServiceFailedError(text))
    reasons = (reason for kind, reason in _BROKEN.items() if isinstance(error, kind))
    return Failure(UnavailableError(next(reasons, "the connection broke off")), retry=True)


def _problem_of(reply: Reply) -> _Problem:
    """The problem details of a reply; empty if it has none that can be read."""
    if reply.headers.get("content-type", "").startswith("application/problem+json"):
        with suppress(ValidationError):
            return _Problem.model_validate_json(reply.body, extra="ignore")
    return _Problem()


def _counted(problem: _Problem) -> str:
    number = len(problem.problems)
    more = f", and {problem.more_problems} more" if problem.more_problems else ""
    return f"; correct the {number} field{'' if number == 1 else 's'} in .problems{more}" if number else ""


def _is_distrust(error: BaseException | None) -> bool:
    """Whether the cause is a certificate that could not be verified."""
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            return True
        error = error.__cause__ or error.__context__
    return False


def _seconds_to_wait(headers: Mapping[str, str], now: datetime) -> float | None:
    """Seconds to wait by the Retry-After (RFC 9110, 10.2.3); ``None`` without one that can be read.

    A date is compared with the reply's date, if it has one, because clocks may differ.
    """
    text = headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit() and len(text) <= _LONGEST_NUMBER:
        return float(text)
    until, made = _date(text), _date(headers.get("date", ""))
    return None if until is None else max(0.0, (until - (made or now)).total_seconds())


def _date(text: str) -> datetime | None:
    try:
        date = parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError):
        return None
    return date if date.tzinfo else date.replace(tzinfo=timezone.utc)  # "-0000" means UTC too
