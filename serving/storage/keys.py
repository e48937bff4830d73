"""API keys: who may use the service for what. They are stored only as keyed hashes and shown once, when made.

A key is 256 random bits and can't be guessed, so a fast keyed hash is enough; a password would need a slow one.
`rate_limit` counts the requests of a key, `access_control` refuses them.
"""

import hmac
import json
import re
import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Literal, get_args

from sqlalchemy import Column, Connection, Engine, Integer, RowMapping, Table, Text, func, insert, select, update

from features.protocol.problems import InputRefusedError, Problem
from serving.contract.routes import Scope
from serving.storage.database import metadata, reading, writing
from serving.storage.pseudonyms import Secret
from serving.storage.rate_limit import MOST_PER_MINUTE, SLOTS

SCOPES: tuple[Scope, ...] = get_args(Scope)
"""``predict``: predictions. ``read``: the served model and the metrics. ``admin``: everything."""

MOST_NAME = 64
MOST_DAYS = 3650
_TOKEN = re.compile(r"kap_([0-9a-f]{8})_[A-Za-z0-9_-]{43}")

api_keys = Table(
    "api_keys",
    metadata,
    Column("id", Text, primary_key=True),
    Column("slot", Integer, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("hash", Text, nullable=False),
    Column("scopes", Text, nullable=False),
    Column("per_minute", Integer, nullable=False),
    Column("created_at", Text, nullable=False),
    Column("expires_at", Text, nullable=False),
    Column("revoked_at", Text),
    Column("code", Text, nullable=False),
)
"""One row per key that was ever made; times are UTC in ISO 8601, scopes are separated by blanks."""


@dataclass(frozen=True)
class ApiKey:
    """A key without its token. ``slot`` is its place among the rate limits, ``per_minute`` its limit."""

    id: str
    slot: int
    name: str
    scopes: tuple[Scope, ...]
    per_minute: int
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None

    def allows(self, scope: Scope) -> bool:
        """Whether this key may do what ``scope`` names; ``admin`` may do everything."""
        return scope in self.scopes or "admin" in self.scopes

    def status(self, at: datetime) -> Literal["active", "expired", "revoked"]:
        """The status of the key at a time."""
        if self.revoked_at is not None:
            return "revoked"
        return "active" if at < self.expires_at else "expired"


def create_key(
    engine: Engine, secret: Secret, name: str, scopes: Iterable[str], *, per_minute: int, expires_in_days: int
) -> tuple[ApiKey, str]:
    """A new key and its token, which can't be shown again.

    Raises ``InputRefusedError`` for values out of range, and ``LogUnavailableError``.
    """
    named = set(scopes)
    _check(name, named, per_minute, expires_in_days)
    created = datetime.now(UTC).replace(microsecond=0)
    with writing(engine) as connection:
        key = ApiKey(
            id=_free_id(connection),
            slot=_free_slot(connection),
            name=name,
            scopes=_in_order(named),
            per_minute=per_minute,
            created_at=created,
            expires_at=created + timedelta(days=expires_in_days),
            revoked_at=None,
        )
        token = f"kap_{key.id}_{secrets.token_urlsafe(32)}"
        hashed = _hash(secret, token)
        connection.execute(insert(api_keys).values(**_row(key), hash=hashed, code=_code(secret, key, hashed)))
    return key, token


def list_keys(engine: Engine) -> list[ApiKey]:
    """Every key that was ever made, the oldest first."""
    with reading(engine) as connection:
        return [_key(row) for row in connection.execute(select(api_keys).order_by(api_keys.c.slot)).mappings()]


def revoke_key(engine: Engine, secret: Secret, key_id: str) -> ApiKey:
    """Revoke a key permanently; revoking it again changes nothing. ``InputRefusedError`` if there is no such key."""
    now = datetime.now(UTC).replace(microsecond=0)
    this = api_keys.c.id == key_id
    with writing(engine) as connection:
        row = connection.execute(select(api_keys).where(this)).mappings().first()
        if row is None:
            required = "the id of a key, 8 hexadecimal digits, as `kap keys list` shows it"
            raise InputRefusedError([Problem("ID", None, None, required, "another id")])
        key = _key(row)
        if key.revoked_at is None:
            key = replace(key, revoked_at=now)
            changed = {"revoked_at": _text(now), "code": _code(secret, key, row["hash"])}
            connection.execute(update(api_keys).where(this).values(**changed))
    return key


class KeyRing:
    """The keys in memory, so that no request waits for the database. After `refresh` a
    revoked key is refused, and so is a key whose row was changed in the table.

    ``known`` is false until the keys were read once. ``any_active`` says whether any key was ever made: then a request
    needs one, even after the last was revoked.
    """

    def __init__(
        self, engine: Engine, secret: Secret, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        """Begin without keys; `refresh` reads them."""
        self.known = False
        self.any_active = False
        self._engine = engine
        self._secret = secret
        self._clock = clock
        self._hashed: dict[str, tuple[str, ApiKey]] = {}
        self._unknown_hash = _hash(secret, secrets.token_urlsafe(32))

    def refresh(self) -> None:
        """Read the keys again. It waits for the database, so call it in a thread; raises ``LogUnavailableError``.

        After an error the earlier keys stay.
        """
        with reading(self._engine) as connection:
            rows = connection.execute(select(api_keys)).mappings().all()
        keys = [(_key(row), str(row["hash"]), str(row["code"])) for row in rows]
        self._hashed = {
            key.id: (hashed, key)
            for key, hashed, code in keys
            if hmac.compare_digest(code, _code(self._secret, key, hashed))
        }
        self.any_active = bool(rows)
        self.known = True

    def verify(self, token: str) -> ApiKey | None:
        """The key that a token belongs to; ``None`` for any other, and for one that is expired or revoked.

        It takes as long for an id that does not exist as for a wrong token.
        """
        shape = _TOKEN.fullmatch(token)
        if shape is None:
            return None
        stored, key = self._hashed.get(shape.group(1), (self._unknown_hash, None))
        right = hmac.compare_digest(stored, _hash(self._secret, token))
        return key if right and key is not None and key.status(self._clock()) == "active" else None


def _hash(secret: Secret, token: str) -> str:
    return secret.mac("api key", token.encode("ascii"))


def _code(secret: Secret, key: ApiKey, hashed: str) -> str:
    """The code of a key's row: without it, someone who can write to the table could extend or restore a key."""
    return secret.mac("api key row", json.dumps([*_row(key).values(), hashed]).encode("ascii"))


def _in_order(named: set[str]) -> tuple[Scope, ...]:
    return tuple(scope for scope in SCOPES if scope in named)


def _check(name: str, scopes: set[str], per_minute: int, expires_in_days: int) -> None:
    rules = {
        "name": (
            0 < len(name) <= MOST_NAME and name.isprintable() and name.strip() == name,
            f"1 to {MOST_NAME} printable characters, none blank at the ends",
        ),
        "scope": (bool(scopes) and scopes <= set(SCOPES), "one or more of " + ", ".join(SCOPES)),
        "per-minute": (0 < per_minute <= MOST_PER_MINUTE, f"a number from 1 to {MOST_PER_MINUTE}"),
        "expires-in-days": (0 < expires_in_days <= MOST_DAYS, f"a number from 1 to {MOST_DAYS}"),
    }
    problems = [
        Problem(f"--{name}", None, None, required, "another one") for name, (met, required) in rules.items() if not met
    ]
    if problems:
        raise InputRefusedError(problems)


def _free_id(connection: Connection) -> str:
    while True:
        key_id = secrets.token_hex(4)
        if connection.execute(select(api_keys.c.id).where(api_keys.c.id == key_id)).first() is None:
            return key_id


def _free_slot(connection: Connection) -> int:
    last = connection.execute(select(func.max(api_keys.c.slot))).scalar_one()
    if last == SLOTS:
        required = f"a log with fewer than {SLOTS} keys, revoked ones included"
        raise InputRefusedError([Problem("keys", None, None, required, "one that is full")])
    return 1 if last is None else int(last) + 1


def _row(key: ApiKey) -> dict[str, str | int | None]:
    return {
        "id": key.id,
        "slot": key.slot,
        "name": key.name,
        "scopes": " ".join(key.scopes),
        "per_minute": key.per_minute,
        "created_at": _text(key.created_at),
        "expires_at": _text(key.expires_at),
        "revoked_at": None if key.revoked_at is None else _text(key.revoked_at),
    }


def _key(row: RowMapping) -> ApiKey:
    return ApiKey(
        id=row["id"],
        slot=row["slot"],
        name=row["name"],
        scopes=_in_order(set(row["scopes"].split())),
        per_minute=row["per_minute"],
        created_at=datetime.fromisoformat(row["created_at"]),
        expires_at=datetime.fromisoformat(row["expires_at"]),
        revoked_at=row["revoked_at"] and datetime.fromisoformat(row["revoked_at"]),
    )


def _text(time: datetime) -> str:
    return time.isoformat(timespec="seconds")
