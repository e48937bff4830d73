"""One call with its retries: every try sends the same request with the same key.

`failures` decides what a failure means, `retry_policy` when to retry.
"""

import ssl
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Final, Literal, TypeVar

import httpx

from serving.client.errors import CallError, ServiceFailedError
from serving.client.failures import Failure, Reply, failure_of, failure_of_connection
from serving.client.retry_policy import Pace, Retries, Schedule, TimeLimits
from serving.client.transport import DeadlineTransport, ends_by

MOST_ANSWER_BYTES: Final = 256 * 2**20
"""More than any answer has: those of 1,000 patients with their curves are about 25 MB."""
Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Call:
    """A request as every try sends it; one with a body has an idempotency key. Its repr omits the body."""

    method: Literal["GET", "POST"]
    path: str
    body: bytes | None = field(default=None, repr=False)
    idempotency_key: str | None = None

    def headers(self) -> dict[str, str]:
        """The headers of this call alone."""
        if self.idempotency_key is None:
            return {}
        return {"Content-Type": "application/json", "Idempotency-Key": self.idempotency_key}


class Caller:
    """Calls one service."""

    def __init__(
        self, url: httpx.URL, key: str | None, tls: ssl.SSLContext, limits: TimeLimits, retries: Retries, pace: Pace
    ) -> None:
        """Send only to ``url``: no redirect is followed, and no proxy is used."""
        headers = {"Accept": "application/json, application/problem+json", "Accept-Encoding": "identity"}
        if key is not None:
            headers["Authorization"] = f"Bearer {key}"
        self._limits, self._retries, self._pace = limits, retries, pace
        transport = DeadlineTransport(tls, pace.clock)
        self._http = httpx.Client(base_url=url, headers=headers, transport=transport, trust_env=False)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def ask(self, call: Call, read: Callable[[bytes], Answer]) -> Answer:
        """The answer as read by ``read``; raises a ``CallError`` with the call's key."""
        try:
            return read(self._answered(call).body)
        except CallError as error:
            error.idempotency_key = call.idempotency_key
            raise

    def look(self, call: Call, statuses: Collection[int], read: Callable[[bytes], Answer]) -> Answer:
        """The reply to a single try as read by ``read``; JSON with one of the ``statuses`` is an answer."""
        outcome = self._try(call, self._pace.clock() + self._limits.total)
        if isinstance(outcome, Reply) and outcome.status in statuses and outcome.is_json:
            return read(outcome.body)
        raise self._failure_of(outcome).error

    def _answered(self, call: Call) -> Reply:
        schedule = Schedule(self._limits, self._retries, self._pace)
        while True:
            outcome = self._try(call, schedule.deadline)
            if isinstance(outcome, Reply) and outcome.status == HTTPStatus.OK:
                return outcome
            failure = self._failure_of(outcome)
            wait = schedule.next_wait(failure.wait) if failure.retry else None
            if wait is None:
                raise failure.error
            self._pace.sleep(wait)

    def _failure_of(self, outcome: Reply | Failure) -> Failure:
        if isinstance(outcome, Failure):
            return outcome
        return failure_of(outcome, self._pace.now(), with_key="Authorization" in self._http.headers)

    def _try(self, call: Call, deadline: float) -> Reply | Failure:
        """Send it once. An error of httpx is not passed on, not even as a cause: it contains the key and the record."""
        read, left = self._limits.read, max(0.0, deadline - self._pace.clock())
        seconds = httpx.Timeout(connect=self._limits.connect, read=read, write=read, pool=left)
        try:
            with (
                ends_by(deadline),
                self._http.stream(
                    call.method, call.path, content=call.body, headers=call.headers(), timeout=seconds
                ) as response,
            ):
                body = _whole(response)
                status, headers = response.status_code, response.headers
        except httpx.RequestError as error:
            return failure_of_connection(error)
        if body is None:
            return Failure(ServiceFailedError("the answer is larger than any answer of this service", status=status))
        return Reply(status, headers, body)


def _whole(response: httpx.Response) -> bytes | None:
    """The body; ``None`` when it is larger than any answer."""
    body = bytearray()
    for part in response.iter_bytes():
        body += part
        if len(body) > MOST_ANSWER_BYTES:
            return None
    return bytes(body)
