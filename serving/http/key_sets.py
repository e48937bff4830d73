"""The public keys with which an EHR signs: a JWK Set in a file, or at an https address that is fetched now and then.

A fetch runs in a thread, is limited in size and time, and follows no redirect. `ehr_issuers` says where a set is.
"""

import asyncio
import json
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.client import HTTPException, HTTPSConnection
from typing import Any
from urllib.parse import urlsplit

from jwt import PyJWK
from jwt.exceptions import PyJWKError, PyJWTError

LOG = logging.getLogger("bentoml.kap")
MOST_BYTES, MOST_KEYS = 65_536, 100
FETCH_SECONDS = 5.0
"""Time for one fetch, from the look-up of the name to the last byte."""
FRESH_SECONDS = 600.0
"""A set older than this is fetched again while its keys still count."""
KEPT_SECONDS = 3600.0
"""Keys of an older set count no longer: their owner may have withdrawn them."""
PAUSE_SECONDS = 30.0
"""The least time between two fetches, whatever tokens arrive."""
LEAST_RSA_BITS = 2048
"""NIST SP 800-131A: a smaller RSA key must not sign [recalled]."""
_OF_CURVE = {"P-256": ("ES256",), "P-384": ("ES384",)}
_OF_RSA = ("RS256", "RS384")


class KeySetRefusedError(Exception):
    """A JWK Set can't be used; the message says what is required, and holds no key."""


@dataclass(frozen=True)
class VerificationKey:
    """A public key, and the algorithms for which it may be used."""

    key: Any
    algorithms: tuple[str, ...]


KeySet = Mapping[str, VerificationKey]
"""Keys by their ``kid``."""


def read_key_set(document: bytes) -> KeySet:
    """The usable keys of a JWK Set; others, such as those for encryption, are left out. ``KeySetRefusedError``."""
    try:
        listed = json.loads(document)["keys"]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise KeySetRefusedError('required a JWK Set: {"keys": [...]}; found another text') from None
    if not isinstance(listed, list) or len(listed) > MOST_KEYS:
        raise KeySetRefusedError(f"required a list of at most {MOST_KEYS} keys; found another")
    found: dict[str, VerificationKey] = {}
    for place, jwk in enumerate(listed):
        key = _key(jwk, place)
        if key is None:
            continue
        if jwk["kid"] in found:
            raise KeySetRefusedError(f"keys[{place}].kid: required a kid of its own; found one that is there twice")
        found[jwk["kid"]] = key
    if not found:
        raise KeySetRefusedError(
            f"required a public key with kid, of type EC (P-256 or P-384) or RSA ({LEAST_RSA_BITS} bits or more); "
            "found none"
        )
    return found


def _key(jwk: Any, place: int) -> VerificationKey | None:
    if not isinstance(jwk, dict) or not isinstance(jwk.get("kid"), str) or jwk.get("use", "sig") != "sig":
        return None
    if "d" in jwk or jwk.get("kty") == "oct":
        raise KeySetRefusedError(f"keys[{place}]: required a public key; found a private or a shared one")
    able = (
        _OF_CURVE.get(str(jwk.get("crv")), ()) if jwk.get("kty") == "EC" else _OF_RSA if jwk.get("kty") == "RSA" else ()
    )
    algorithms = tuple(one for one in able if jwk.get("alg", one) == one)
    if not algorithms:
        return None
    try:
        key = PyJWK(jwk, algorithms[0]).key
    except (PyJWKError, PyJWTError, ValueError, TypeError):
        raise KeySetRefusedError(f"keys[{place}]: required a key by RFC 7517; found one that can't be read") from None
    if jwk["kty"] == "RSA" and key.key_size < LEAST_RSA_BITS:
        raise KeySetRefusedError(f"keys[{place}]: required an RSA key of {LEAST_RSA_BITS} bits; found a smaller one")
    return VerificationKey(key, algorithms)


def fetch(url: str, seconds: float = FETCH_SECONDS) -> bytes:
    """What is at an https address; raises ``OSError`` or ``HTTPException`` unless the answer is 200 and short."""
    parts = urlsplit(url)
    until = time.monotonic() + seconds
    connection = HTTPSConnection(parts.hostname or "", parts.port, timeout=seconds)
    try:
        connection.request("GET", f"{parts.path or '/'}{'?' + parts.query if parts.query else ''}")
        response = connection.getresponse()
        if response.status != 200:
            raise OSError(f"status {response.status}")
        body = b""
        while chunk := response.read1(8192):
            body += chunk
            if len(body) > MOST_BYTES or time.monotonic() > until:
                raise OSError("more bytes or time than a key set may take")
        return body
    finally:
        connection.close()


class FetchedKeys:
    """The keys at an address: fetched when first needed, again when they age, and when an unknown key is named."""

    def __init__(
        self, url: str, get: Callable[[str], bytes] = fetch, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Nothing is fetched yet."""
        self._url = url
        self._get = get
        self._clock = clock
        self._keys: KeySet = {}
        self._read_at = self._tried_at = -KEPT_SECONDS
        self._turn = asyncio.Lock()
        self._renewal: asyncio.Task[None] | None = None

    async def find(self, kid: str) -> VerificationKey | None:
        """The key of that name; a known one at once, while its set is renewed beside it."""
        age = self._clock() - self._read_at
        known = self._keys.get(kid) if age < KEPT_SECONDS else None
        if known is None:
            await self._renew()
            return self._keys.get(kid) if self._clock() - self._read_at < KEPT_SECONDS else None
        if age > FRESH_SECONDS and (self._renewal is None or self._renewal.done()):
            self._renewal = asyncio.create_task(self._renew())
        return known

    async def _renew(self) -> None:
        async with self._turn:
            if self._clock() - self._tried_at < PAUSE_SECONDS:
                return
            self._tried_at = self._clock()
            try:
                fetched = asyncio.to_thread(self._get, self._url)  # the look-up of its name has no limit of its own
                self._keys = read_key_set(await asyncio.wait_for(fetched, FETCH_SECONDS))
                self._read_at = self._clock()
            except KeySetRefusedError as refused:
                LOG.warning("the key set of an EHR is refused: %s", refused)
            except (OSError, HTTPException, ValueError) as error:
                LOG.warning("the key set of an EHR can't be fetched: %s", type(error).__name__)


class FiledKeys:
    """The keys of a file, which was read when the service started."""

    def __init__(self, keys: KeySet) -> None:
        """They do not change."""
        self._keys = keys

    async def find(self, kid: str) -> VerificationKey | None:
        """The key of that name."""
        return self._keys.get(kid)
