"""Tokens with which an EHR says who it is: JSON web tokens by CDS Hooks 2.0, each for one call of one address.

A token is checked here and nothing of it is repeated. `ehr_issuers` has the EHRs, `key_sets` their keys, `used_tokens`
the tokens that were used.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import jwt
from jwt.exceptions import (
    InvalidAudienceError,
    InvalidSignatureError,
    MissingRequiredClaimError,
    PyJWTError,
)
from jwt.types import Options

from serving.http.ehr_issuers import EhrIssuer

LEEWAY_SECONDS = 60
"""How far the clocks of the EHR and the service may be apart."""
LONGEST_SECONDS = 300
"""How long a token may be valid: five minutes. The specification leaves it open [judgement]."""
LONGEST_ID = 256
LATEST = 2**53
"""The largest time, in seconds since 1970."""
_OPTIONS: Options = {
    "require": ["iss", "aud", "exp", "iat", "jti"],
    "verify_exp": False,
    "verify_iat": False,
    "verify_nbf": False,
    "verify_jti": False,
}
"""The times and the id are checked below, by the clock of this object and with texts of their own."""
_WRONG: tuple[tuple[type[PyJWTError], str], ...] = (
    (InvalidSignatureError, "its signature does not fit the key that it names"),
    (InvalidAudienceError, "its aud is not the address that was called; see KAP_PUBLIC_URL"),
    (MissingRequiredClaimError, "it lacks one of iss, aud, exp, iat and jti"),
)
_NO_JWT = "what was sent is no JSON web token"
_EXPIRED = "it has expired; make a new one for each call"
_EARLY = "its iat or nbf is in the future; compare the clocks"
_AGAIN = "it was used before; make a new one for each call"


class TokenRefusedError(Exception):
    """A token does not open an address; the message says what is wrong with it, and holds no part of it."""


class UsedTokenStore(Protocol):
    """Where used tokens are kept, such as `used_tokens.UsedTokens`."""

    def use(self, issuer: str, token_id: str) -> bool:
        """Whether this is the first use of a token."""
        ...


@dataclass(frozen=True)
class EhrToken:
    """A token that was checked, of an EHR; ``token_id`` is its ``jti``."""

    issuer: EhrIssuer
    token_id: str


class EhrTokens:
    """Checks tokens of the configured EHRs."""

    def __init__(
        self,
        issuers: Sequence[EhrIssuer],
        public_url: str,
        used: UsedTokenStore,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """``public_url`` is the address of the service as the EHRs know it."""
        self._issuers = {issuer.iss: issuer for issuer in issuers}
        self._public_url = public_url
        self._used = used
        self._clock = clock

    async def check(self, token: str, path: str) -> EhrToken:
        """The token, if it opens the address at ``path``; raises ``TokenRefusedError``."""
        header, claims = _unverified(token)
        issuer = self._issuers.get(str(claims.get("iss")))
        if issuer is None:
            raise TokenRefusedError("its iss is none of the configured EHRs")
        algorithm = _algorithm(header, issuer)
        key = await issuer.keys.find(header["kid"])
        if key is None:
            raise TokenRefusedError("its kid is none of the EHR's keys, or these can't be read at the moment")
        if algorithm not in key.algorithms:
            raise TokenRefusedError("its alg is not that of the key that it names")
        return EhrToken(issuer, self._checked(token, algorithm, key.key, issuer, path))

    def _checked(self, token: str, algorithm: str, key: Any, issuer: EhrIssuer, path: str) -> str:
        """The ``jti`` of a token whose signature and claims are right."""
        try:
            claims = jwt.decode(
                token,
                key,
                algorithms=[algorithm],
                audience=self._public_url + path,
                issuer=issuer.iss,
                options=_OPTIONS,
            )
        except PyJWTError as error:
            raise TokenRefusedError(_why(error)) from None
        self._check_times(claims)
        if issuer.tenant is not None and claims.get("tenant") != issuer.tenant:
            raise TokenRefusedError("its tenant is not the configured one")
        token_id = claims["jti"]
        if not isinstance(token_id, str) or not 0 < len(token_id) <= LONGEST_ID:
            raise TokenRefusedError(f"its jti is not a text of 1 to {LONGEST_ID} characters")
        return token_id

    def _check_times(self, claims: Mapping[str, Any]) -> None:
        now, times = self._clock(), {name: claims[name] for name in ("iat", "exp", "nbf") if name in claims}
        if not all(map(_is_a_time, times.values())):
            raise TokenRefusedError("its iat, exp or nbf is not a number of seconds since 1970")
        if not times["exp"] > now - LEEWAY_SECONDS:
            raise TokenRefusedError(_EXPIRED)
        if not max(times["iat"], times.get("nbf", times["iat"])) <= now + LEEWAY_SECONDS:
            raise TokenRefusedError(_EARLY)
        if not 0 < times["exp"] - times["iat"] <= LONGEST_SECONDS:
            raise TokenRefusedError(f"it is valid for longer than {LONGEST_SECONDS} seconds, or ends before it begins")

    def use(self, token: EhrToken) -> None:
        """Use a token up; raises ``TokenRefusedError`` for one that was used, ``OSError`` if it can't be recorded."""
        if not self._used.use(token.issuer.iss, token.token_id):
            raise TokenRefusedError(_AGAIN)


def _unverified(token: str) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """Header and claims of a token, of which nothing is known to be true yet."""
    try:
        parts = jwt.decode_complete(token, options={"verify_signature": False})
    except (PyJWTError, ValueError, TypeError, RecursionError):
        raise TokenRefusedError(_NO_JWT) from None
    return parts["header"], parts["payload"]


def _algorithm(header: Mapping[str, Any], issuer: EhrIssuer) -> str:
    """The algorithm of a token whose header is right."""
    algorithm = header.get("alg")
    if not isinstance(algorithm, str) or algorithm not in issuer.algorithms:
        raise TokenRefusedError(f"its alg is not one of {', '.join(issuer.algorithms)}")
    if not isinstance(header.get("kid"), str):
        raise TokenRefusedError("its header lacks kid")
    if str(header.get("typ")).upper() != "JWT":
        raise TokenRefusedError("the typ in its header is not JWT")
    if "crit" in header:
        raise TokenRefusedError("its header has crit, which this service does not read")
    if "jku" in header and not any(header["jku"] == address for address in issuer.jku):  # it may be of any type
        raise TokenRefusedError("its jku is not the configured address of the EHR's keys")
    return algorithm


def _is_a_time(value: Any) -> bool:
    """Whether a claim is a number to count with: JSON has whole numbers that are beyond every float."""
    return isinstance(value, int | float) and not isinstance(value, bool) and -LATEST <= value <= LATEST


def _why(error: PyJWTError) -> str:
    return next((text for kind, text in _WRONG if isinstance(error, kind)), _NO_JWT)
