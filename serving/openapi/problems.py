"""Every status that refuses a request: when, with which headers, and an example; a test provokes every example."""

from dataclasses import asdict, dataclass, field
from http import HTTPStatus
from typing import Literal

from pydantic import Field

from serving.cds_hooks.prefetch import MISSING, missing
from serving.cds_hooks.services import PATIENT, RATINGS
from serving.contract.response import Document, FieldProblem, Part
from serving.http.body import BodyLimits
from serving.http.errors import ACTIONS


class ProblemDocument(Part):
    """Why a request is refused (RFC 9457).

    ``problems`` lists fields to correct, if fields are wrong, and ``more_problems`` is the number of those left out. No
    text repeats a value that was sent.
    """

    type: Literal["about:blank"]
    title: str
    status: int = Field(ge=400, le=599)
    detail: str
    problems: list[FieldProblem] = Field(default_factory=list, min_length=1)
    more_problems: int = Field(default_factory=int, ge=0)


@dataclass(frozen=True)
class ProblemStatus:
    """When a request is refused with a status, with which headers, and example texts by name."""

    when: str
    details: dict[str, str]
    headers: tuple[str, ...] = ()
    problems: dict[str, list[Document]] = field(default_factory=dict)


def problem_statuses(limits: BodyLimits) -> dict[HTTPStatus, ProblemStatus]:
    """All of them, for a service with these limits."""
    return {
        HTTPStatus.BAD_REQUEST: ProblemStatus(
            "The request is not valid. Nothing was predicted or logged. Correct the fields listed in `problems`, or "
            "the Idempotency-Key.",
            {"idempotency_key": "Idempotency-Key must be 1 to 128 printable ASCII characters without spaces."},
        ),
        HTTPStatus.UNAUTHORIZED: ProblemStatus(
            "No key was sent, or it is unknown, expired or revoked. Send a valid key.",
            {
                "no_key": "An API key is required (Authorization: Bearer KEY); none was sent.",
                "wrong_key": "An API key is required (Authorization: Bearer KEY); the one sent is unknown, expired or "
                "revoked.",
            },
            headers=("WWW-Authenticate",),
        ),
        HTTPStatus.FORBIDDEN: ProblemStatus(
            "The key lacks the scope that the operation needs. Or no key was made yet, and the request did not come "
            "directly from the service's own machine.",
            {
                "scope": "A key with the scope predict is required.",
                "only_loopback": "No API key was made yet: only direct requests from this machine are answered. Run "
                "kap keys create.",
            },
        ),
        HTTPStatus.NOT_FOUND: ProblemStatus("There is no such address.", {"not_found": ACTIONS[HTTPStatus.NOT_FOUND]}),
        HTTPStatus.METHOD_NOT_ALLOWED: ProblemStatus(
            "The address does not take this method.",
            {"method": ACTIONS[HTTPStatus.METHOD_NOT_ALLOWED]},
            headers=("Allow",),
        ),
        HTTPStatus.PRECONDITION_FAILED: ProblemStatus(
            "The prefetch lacks what a prediction needs. Send the keys listed in `problems`.",
            {"prefetch": MISSING},
            problems={"prefetch": [asdict(problem) for problem in missing([PATIENT, *RATINGS])]},
        ),
        HTTPStatus.REQUEST_TIMEOUT: ProblemStatus(
            "The head or the body of the request did not arrive in time. Send it again.",
            {
                "late": f"The body did not arrive within {limits.seconds:g} seconds. Send it again.",
                "late_head": "The head of the request took too long to arrive.",
            },
        ),
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE: ProblemStatus(
            "The body is too large. Send fewer records.",
            {"one": f"The body must not exceed {limits.one} bytes."},
        ),
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE: ProblemStatus(
            "The body is not uncompressed JSON in UTF-8.",
            {
                "media_type": "The body must be application/json in UTF-8.",
                "compressed": "The body must not be compressed.",
            },
        ),
        HTTPStatus.UNPROCESSABLE_ENTITY: ProblemStatus(
            "The same caller used this Idempotency-Key for another request. Send a new key.",
            {"key_reused": "This Idempotency-Key was used for another request. Send a new one."},
        ),
        HTTPStatus.TOO_MANY_REQUESTS: ProblemStatus(
            "The key has reached its rate limit. Retry after `Retry-After` seconds.",
            {"rate": "This key has reached its rate limit. Retry after 13 seconds."},
            headers=("Retry-After",),
        ),
        HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE: ProblemStatus(
            "The head of the request has more than 32 KiB or more than 100 headers. Send fewer or shorter headers.",
            {"head": "The head of the request has too many bytes or too many headers."},
        ),
        HTTPStatus.INTERNAL_SERVER_ERROR: ProblemStatus(
            "An internal error. The same request will probably fail again. Report the X-Request-Id to the operator, "
            "who finds the error in the server's log.",
            {"defect": ACTIONS[HTTPStatus.INTERNAL_SERVER_ERROR]},
        ),
        HTTPStatus.SERVICE_UNAVAILABLE: ProblemStatus(
            "The service can't answer now, and no answer is sent unlogged. Retry after `Retry-After` seconds with the "
            "same Idempotency-Key.",
            {
                "log": "The prediction log can't be written at the moment, and no answer is sent unlogged.",
                "overloaded": "Too many requests are waiting.",
                "too_long": "The answer took too long.",
                "connections": "There are too many connections. Retry later.",
                "keys": "The service can't read its API keys at the moment, and answers nothing until it can.",
            },
            headers=("Retry-After",),
        ),
    }
