"""Launches: for some minutes a browser may open one logged answer by a link, without a key.

The link has a token: 32 random bytes, the time until which it is valid, and a keyed hash of both. The table has a hash
of the token, and record and answer encrypted with a key derived from token and secret: neither the database nor a
backup of it opens a launch. `serving.http.access_control` admits by the token, `serving.log.erasure` deletes launches.
"""

import hmac
import json
import re
import secrets
import zlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal, TypeAlias

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import Column, Connection, Engine, Integer, LargeBinary, Table, Text, delete, insert, inspect, select
from sqlalchemy import update as change

from serving.storage.database import metadata, reading, writing
from serving.storage.pseudonyms import Secret

MOST_WHAT_IFS = 40
"""What-ifs of one launch. No key limits them, and each is a prediction and an entry in the log."""
_RANDOM, _TIME, _CODE = 32, 8, 32
_TOKEN = re.compile(rf"[A-Za-z0-9_-]{{{4 * (_RANDOM + _TIME + _CODE) // 3}}}")
_NONCE = bytes(12)
"""Always the same, because each key encrypts once."""

LaunchStatus: TypeAlias = Literal["valid", "expired", "unknown"]

launches = Table(
    "launches",
    metadata,
    Column("hash", Text, primary_key=True),
    Column("prediction_id", Text, nullable=False, index=True),
    Column("expires_at", Text, nullable=False, index=True),
    Column("what_ifs", Integer, nullable=False),
    Column("ciphertext", LargeBinary, nullable=False),
)
"""One row per launch that has not expired; the time is UTC in ISO 8601.

It was added to schema 2 without a new version. `create_tables` makes a table that is missing, an earlier service
ignores one that it does not know, and no row is worth an upgrade: in an hour all are gone.
"""


@dataclass(frozen=True)
class Launch:
    """What a launch opens: a logged prediction, its request and answer as JSON, and the date of day 0 if known."""

    prediction_id: str
    request: bytes
    first_dose_date: str | None
    answer: bytes


class Launches:
    """Makes launches and opens them; every process with the same log and secret can open each."""

    def __init__(
        self,
        engine: Engine,
        secret: Secret,
        minutes: int,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Launches are valid for ``minutes``."""
        self._engine = engine
        self._secret = secret
        self._valid_for = timedelta(minutes=minutes)
        self._clock = clock

    def create(self, launch: Launch) -> str:
        """Store a launch, and return its token. It waits for the database; raises ``LogUnavailableError``."""
        expires = (self._clock() + self._valid_for).replace(microsecond=0)
        signed = secrets.token_bytes(_RANDOM) + int(expires.timestamp()).to_bytes(_TIME, "big")
        token = urlsafe_b64encode(signed + self._code(signed)).decode("ascii")
        row = {
            "hash": self._hash(token),
            "prediction_id": launch.prediction_id,
            "expires_at": _text(expires),
            "what_ifs": 0,
            "ciphertext": self._cipher(token).encrypt(_NONCE, zlib.compress(_packed(launch)), None),
        }
        with writing(self._engine) as connection:
            connection.execute(insert(launches).values(**row))
        return token

    def open(self, token: str) -> Launch | None:
        """The launch of a token; ``None`` if it has expired or was deleted, and for every other text.

        It waits for the database; raises ``LogUnavailableError``.
        """
        if self.status(token) != "valid":
            return None
        query = select(launches.c.ciphertext).where(launches.c.hash == self._hash(token))
        with reading(self._engine) as connection:
            stored = connection.execute(query).scalar()
        try:
            return None if stored is None else _unpacked(self._cipher(token).decrypt(_NONCE, bytes(stored), None))
        except InvalidTag:  # the row was changed in the database
            return None

    def status(self, token: str) -> LaunchStatus:
        """Whether this service made a token, and whether its time is over; without a look at the database."""
        if not _TOKEN.fullmatch(token):
            return "unknown"
        decoded = urlsafe_b64decode(token)
        signed, code = decoded[:-_CODE], decoded[-_CODE:]
        if not hmac.compare_digest(code, self._code(signed)):
            return "unknown"
        return "valid" if self._clock() < _expiry(decoded) else "expired"

    def take_what_if(self, token: str) -> bool:
        """Count one more what-if of a launch; false if it has had ``MOST_WHAT_IFS``, or is gone."""
        of_it = launches.c.hash == self._hash(token)
        more = change(launches).where(of_it, launches.c.what_ifs < MOST_WHAT_IFS)
        with writing(self._engine) as connection:
            return connection.execute(more.values(what_ifs=launches.c.what_ifs + 1)).rowcount == 1

    def delete_expired(self) -> None:
        """Delete what has expired; it only reads where nothing has. Raises ``LogUnavailableError``."""
        expired = launches.c.expires_at <= _text(self._clock())
        with reading(self._engine) as connection:
            found = connection.execute(select(launches.c.hash).where(expired).limit(1)).first()
        if found is not None:
            with writing(self._engine) as connection:
                connection.execute(delete(launches).where(expired))

    def _code(self, signed: bytes) -> bytes:
        return self._secret.digest("launch token", signed)

    def _hash(self, token: str) -> str:
        return self._secret.mac("launch", token.encode("ascii"))

    def _cipher(self, token: str) -> AESGCM:
        return AESGCM(self._secret.digest("launch key", token.encode("ascii")))


def expiry_of(token: str) -> datetime:
    """The time until which a token is valid, in UTC."""
    return _expiry(urlsafe_b64decode(token))


def delete_launches(connection: Connection, prediction_ids: Sequence[str]) -> None:
    """Delete the launches of these predictions, within an open transaction.

    A log that no service of this version has opened yet has no table of them.
    """
    if inspect(connection).has_table(launches.name):
        connection.execute(delete(launches).where(launches.c.prediction_id.in_(prediction_ids)))


def _expiry(decoded: bytes) -> datetime:
    return datetime.fromtimestamp(int.from_bytes(decoded[_RANDOM : _RANDOM + _TIME], "big"), UTC)


def _packed(launch: Launch) -> bytes:
    parts = vars(launch) | {"request": launch.request.decode(), "answer": launch.answer.decode()}
    return json.dumps(parts).encode("ascii")


def _unpacked(compressed: bytes) -> Launch:
    parts = json.loads(zlib.decompress(compressed))
    return Launch(**parts | {"request": parts["request"].encode(), "answer": parts["answer"].encode()})


def _text(time: datetime) -> str:
    return time.astimezone(UTC).isoformat(timespec="seconds")
