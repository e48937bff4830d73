"""Every status by which a request can be refused: when, with which headers, and an example of each.

The examples are data; a test provokes every one of them.
"""

from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Literal

from pydantic import Field

from serving.contract.response import Document, FieldProblem, Part
from serving.http.body import BodyLimits


class ProblemDocument(Part):
    """Why a request is refused (RFC 9457).

    ``problems`` names every field to mend, where fields are to blame; no text here ever holds a value that was sent.
    """

    type: Literal["about:blank"]
    title: str
    status: int = Field(ge=400, le=599)
    detail: str
    problems: list[FieldProblem] = Field(default=[], min_length=1)


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
            "The request breaks the contract, or a rule between its fields. Nothing was predicted or logged. Mend it.",
            {"idempotency_key": "Idempotency-Key must be 1 to 128 printable ASCII characters without spaces"},
        ),
        HTTPStatus.UNAUTHORIZED: ProblemStatus(
            "There is no key, or one that is unknown, expired or revoked.",
            {
                "no_key": "an API key is required, as Authorization: Bearer KEY; there came no key",
                "wrong_key": "an API key is required, as Authorization: Bearer KEY; there came a key that is unknown, "
                "expired or revoked",
            },
            headers=("WWW-Authenticate",),
        ),
        HTTPStatus.FORBIDDEN: ProblemStatus(
            "The key does not have the scope; or no key was ever made, and the caller is not on this machine.",
            {
                "scope": "a key with the scope predict is required",
                "only_loopback": "no API key was ever made, so that only this machine is answered, directly; make one "
                "with kap keys create",
            },
        ),
        HTTPStatus.NOT_FOUND: ProblemStatus("There is no such address.", {"not_found": "Not Found"}),
        HTTPStatus.METHOD_NOT_ALLOWED: ProblemStatus(
            "The address does not take this method.", {"method": "Method Not Allowed"}, headers=("Allow",)
        ),
        HTTPStatus.REQUEST_TIMEOUT: ProblemStatus(
            "The body did not arrive in time.",
            {"late": f"the body did not arrive within {limits.seconds:g} seconds"},
        ),
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE: ProblemStatus(
            "The body is too large.",
            {"one": f"a body of at most {limits.one} bytes is taken"},
        ),
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE: ProblemStatus(
            "The body is not plain JSON.",
            {
                "media_type": "the body must be application/json, in UTF-8",
                "compressed": "the body must not be compressed",
            },
        ),
        HTTPStatus.UNPROCESSABLE_ENTITY: ProblemStatus(
            "The Idempotency-Key was used by the same caller with another request.",
            {
                "key_reused": "this Idempotency-Key was used before, with another request; give this one a key of its "
                "own"
            },
        ),
        HTTPStatus.TOO_MANY_REQUESTS: ProblemStatus(
            "The key has used up its requests for now. Come again after Retry-After.",
            {"rate": "this key has used up its requests for now"},
            headers=("Retry-After",),
        ),
        HTTPStatus.INTERNAL_SERVER_ERROR: ProblemStatus(
            "A defect of the service. The same request will most likely fail again; whoever runs the service finds it "
            "in the server's log.",
            {"defect": "Internal Server Error"},
        ),
        HTTPStatus.SERVICE_UNAVAILABLE: ProblemStatus(
            "The request can't be answered now. Nothing was answered unlogged. Come again after Retry-After, with the "
            "same Idempotency-Key.",
            {
                "log": "the prediction log can't be written at the moment, and nothing is answered unlogged",
                "overloaded": "too many requests wait",
                "too_long": "it took too long",
                "keys": "the keys can't be read at the moment; nothing is answered until they can",
            },
            headers=("Retry-After",),
        ),
    }
