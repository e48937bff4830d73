"""The EHRs whose tokens are accepted: one TOML file, read and checked when the service starts.

`key_sets` reads the keys, `ehr_tokens` checks tokens.
"""

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, Protocol

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from features.protocol.problems import InputRefusedError, Problem
from serving.contract.failures import FileRefusedError
from serving.http.key_sets import FetchedKeys, FiledKeys, KeySetRefusedError, VerificationKey, read_key_set
from serving.storage.rate_limit import ISSUER_SLOTS, MOST_PER_MINUTE, SLOTS
from serving.storage.trusted_files import read_given

FILE = "KAP_CDS_ISSUERS"
Algorithm = Literal["ES384", "RS384", "ES256", "RS256"]
"""Signatures with a key pair. CDS Hooks 2.0 forbids unsigned tokens and shared keys."""
DEFAULT_ALGORITHMS: tuple[Algorithm, ...] = ("ES384", "RS384")
"""The two that CDS Hooks 2.0 recommends."""
_HTTPS = r"^https://[^/?#@\s]+(/[^?#\s]*)?(\?[^#\s]*)?$"
_REQUIRED = {
    "iss": "the iss of the EHR's tokens, a text",
    "name": "a name of 1 to 32 lower-case letters, digits and hyphens",
    "jwks_file": "the path of a JWK Set",
    "jwks_url": "an https address",
    "jku": "an https address",
    "algorithms": "some of ES384, RS384, ES256 and RS256",
    "per_minute": f"a number from 1 to {MOST_PER_MINUTE}",
    "tenant": "the tenant of the EHR's tokens, a text",
    "issuer": f"1 to {ISSUER_SLOTS} tables [[issuer]]",
}


class IssuerKeys(Protocol):
    """Where the keys of an issuer are looked up."""

    async def find(self, kid: str) -> VerificationKey | None:
        """The key of that name."""
        ...


@dataclass(frozen=True, eq=False)
class EhrIssuer:
    """An EHR, as its tokens name it. ``slot`` is its place among the rate limits, ``per_minute`` its limit.

    ``jku`` has the addresses of keys that its tokens may name; none is ever fetched because a token names it.
    """

    iss: str
    name: str
    keys: IssuerKeys
    algorithms: tuple[str, ...]
    per_minute: int
    tenant: str | None
    jku: frozenset[str]
    slot: int

    @property
    def caller(self) -> str:
        """Its name in the log; no key has an id like it."""
        return f"ehr:{self.name}"


class _IssuerTable(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, hide_input_in_errors=True)

    iss: Annotated[str, Field(min_length=1, max_length=500)]
    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,31}$")]
    jwks_file: Annotated[str, Field(min_length=1)] | None = None
    jwks_url: Annotated[str, Field(pattern=_HTTPS)] | None = None
    jku: Annotated[str, Field(pattern=_HTTPS)] | None = None
    algorithms: Annotated[list[Algorithm], Field(min_length=1)] = list(DEFAULT_ALGORITHMS)
    per_minute: Annotated[int, Field(ge=1, le=MOST_PER_MINUTE)] = 600
    tenant: Annotated[str, Field(min_length=1)] | None = None


class _IssuerFile(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, hide_input_in_errors=True)

    issuer: Annotated[list[_IssuerTable], Field(min_length=1, max_length=ISSUER_SLOTS)]


def load_issuers(path: Path | None) -> tuple[EhrIssuer, ...]:
    """The EHRs of the file, none without one; raises ``InputRefusedError`` with each key that is wrong."""
    if path is None:
        return ()
    try:
        tables = _IssuerFile.model_validate(tomllib.loads(_content(path).decode())).issuer
    except ValidationError as error:
        raise InputRefusedError([_problem(detail) for detail in error.errors(include_input=False)]) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError):
        raise _refused("a TOML file with tables [[issuer]]", "another text") from None
    problems = [*_repeated(tables, "iss"), *_repeated(tables, "name")]
    if problems:
        raise InputRefusedError(problems)
    return tuple(_issuer(table, place, path.parent) for place, table in enumerate(tables))


def _issuer(table: _IssuerTable, place: int, folder: Path) -> EhrIssuer:
    return EhrIssuer(
        iss=table.iss,
        name=table.name,
        keys=_keys(table, place, folder),
        algorithms=tuple(table.algorithms),
        per_minute=table.per_minute,
        tenant=table.tenant,
        jku=frozenset(url for url in (table.jwks_url, table.jku) if url is not None),
        slot=SLOTS + 1 + place,
    )


def _keys(table: _IssuerTable, place: int, folder: Path) -> IssuerKeys:
    if (table.jwks_file is None) == (table.jwks_url is None):
        found = "neither" if table.jwks_file is None else "both"
        raise _refused("one of jwks_file and jwks_url", found, f"issuer[{place}]")
    if table.jwks_url is not None:
        return FetchedKeys(table.jwks_url)
    where = f"issuer[{place}].jwks_file"
    try:
        return FiledKeys(read_key_set(_content(folder / str(table.jwks_file), where)))
    except KeySetRefusedError as refused:
        raise _refused("a JWK Set with public keys", str(refused), where) from None


def _content(path: Path, column: str | None = None) -> bytes:
    try:
        return read_given(path, secret=False)
    except FileRefusedError as refused:
        raise _refused("a file that others can't change", str(refused), column) from None
    except OSError as error:
        raise _refused("a file that can be read", error.strerror or "none", column) from None


def _repeated(tables: Sequence[_IssuerTable], name: str) -> list[Problem]:
    values = [getattr(table, name) for table in tables]
    return [
        Problem(
            FILE,
            None,
            f"issuer[{place}].{name}",
            f"{_REQUIRED[name]} that no other issuer has",
            "one that is there twice",
        )
        for place, value in enumerate(values)
        if value in values[:place]
    ]


def _refused(required: str, found: str, column: str | None = None) -> InputRefusedError:
    return InputRefusedError([Problem(_place(column), None, column, required, found)])


def _place(column: str | None) -> str:
    return FILE if column is None else f"{FILE}, {column}"


def _problem(detail: Any) -> Problem:
    names = [part for part in detail["loc"] if isinstance(part, str) and part in _REQUIRED]
    path = ".".join(
        str(part) if isinstance(part, str) else f"[{part}]"
        for part in detail["loc"][:3]
        if part in _REQUIRED or isinstance(part, int)
    )
    column = path.replace(".[", "[") or None
    if detail["type"] == "extra_forbidden":
        return Problem(_place(column), None, column, "only " + ", ".join(_REQUIRED), "another key")
    found = "nothing" if detail["type"] == "missing" else "another value"
    return Problem(_place(column), None, column, _REQUIRED[names[-1]] if names else "tables [[issuer]]", found)
