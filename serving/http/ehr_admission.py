"""Admission of an EHR by a token: checked, counted against the EHR's limit, and then used up."""

from http import HTTPStatus
from typing import Protocol

from serving.http.ehr_issuers import EhrIssuer
from serving.http.ehr_tokens import EhrTokens, TokenRefusedError
from serving.http.errors import ProblemResponse, too_many, unauthorized
from serving.http.request_record import note_key

KEY_OR_EHR = "An API key or the token of a configured EHR is required (Authorization: Bearer ...)"
UNRECORDED = "The use of a token can't be recorded at the moment, and no token is accepted until it can."


class Rates(Protocol):
    """The rate limits that are checked, such as `rate_limit.RateLimiter`."""

    def take(self, slot: int, per_minute: int) -> float:
        """Seconds to wait; 0.0 if the request may go on."""
        ...


async def admitted_ehr(ehrs: EhrTokens, rates: Rates, sent: str | None, path: str) -> EhrIssuer | ProblemResponse:
    """The EHR whose token opens an address, or why it is refused; a token that must wait is not used up."""
    if sent is None:
        return unauthorized(f"{KEY_OR_EHR}; none was sent.")
    try:
        token = await ehrs.check(sent, path)
        issuer = token.issuer
        note_key(issuer.caller)
        wait = rates.take(issuer.slot, issuer.per_minute)
        if wait > 0:
            return too_many("EHR", wait)
        ehrs.use(token)
    except TokenRefusedError as refused:
        return unauthorized(f"{KEY_OR_EHR}; {refused}.")
    except OSError:
        return ProblemResponse(HTTPStatus.SERVICE_UNAVAILABLE, UNRECORDED, headers={"Retry-After": "1"})
    return issuer
