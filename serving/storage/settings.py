"""The settings of the service: one frozen object, read from the environment at the entry point.

Every setting is declared here, with its range and its meaning.
"""

import re
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import Field, SecretStr, ValidationError, ValidationInfo, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict
from sqlalchemy import URL
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from features.protocol.problems import InputRefusedError, Problem
from serving.contract.calendar import DateRefusedError, zone_named
from serving.storage.password_file import read_password
from serving.storage.postgresql import OPTIONS, SSL_MODES

PREFIX = "KAP_"
LOG_FILE, SECRET_FILE = "predictions.db", "secret"
KIB, MIB, GIB = 2**10, 2**20, 2**30
_ORIGIN = re.compile(r"https?://[A-Za-z0-9.\-\[\]:]+")
_PUBLIC_URL = re.compile(
    r"(https://[A-Za-z0-9.\-\[\]:]+|http://(localhost|127\.0\.0\.1|\[::1\])(:\d+)?)(/[A-Za-z0-9._~\-]+)*"
)
_FOUND = {
    "missing": "nothing",
    "greater_than_equal": "a number out of range",
    "less_than_equal": "a number out of range",
}


class Settings(BaseSettings):
    """The settings; each is the environment variable ``KAP_`` with its name in capitals."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, extra="ignore", frozen=True, hide_input_in_errors=True, env_ignore_empty=True
    )

    state: Path = Field(
        default=Path("kap-state"), description="the folder of the log, the secret, the rate limits and used tokens"
    )
    log: str | None = Field(
        default=None,
        repr=False,
        description="sqlite:////FOLDER/FILE or postgresql://USER@HOST/DATABASE; if not set, predictions.db in the "
        "state folder",
    )
    log_password: SecretStr | None = Field(default=None, description="the password of the user in KAP_LOG")
    log_password_file: Path | None = Field(
        default=None,
        description="the file of that password, which others can't read; instead of KAP_LOG_PASSWORD",
    )
    secret_file: Path | None = Field(
        default=None, description="the file of the secret; if not set, secret in the state folder"
    )
    model: str = Field(default="kap-outcomes:latest", min_length=1, description="a model of BentoML's store")
    trusted_keys: Path | None = Field(
        default=None,
        description="a PEM file, or a folder of PEM files, of public keys or of certificates of authorities; only "
        "a model that one of them signed is served",
    )
    reload_seconds: float = Field(
        default=2.0, ge=0.1, le=3600, description="seconds between two checks for a new model, from 0.1 to 3600"
    )
    most_body_bytes: int = Field(
        default=MIB, ge=KIB, le=GIB, description="bytes of one record, alone or in a batch, from 1024 to 1073741824"
    )
    most_batch_bytes: int = Field(
        default=32 * MIB, ge=KIB, le=GIB, description="bytes of a request for many patients, from 1024 to 1073741824"
    )
    body_seconds: float = Field(
        default=10.0, ge=0.1, le=600, description="seconds for a request to arrive, from 0.1 to 600"
    )
    answer_seconds: float = Field(default=30.0, ge=0.1, le=600, description="seconds for an answer, from 0.1 to 600")
    most_waiting: int = Field(
        default=4000, ge=1, le=100_000, description="requests that may wait for an answer, from 1 to 100000"
    )
    most_connections: int = Field(
        default=2000, ge=10, le=100_000, description="connections of one worker at a time, from 10 to 100000"
    )
    most_connections_per_address: int = Field(
        default=500, ge=1, le=100_000, description="of these, connections of one address, from 1 to 100000"
    )
    cors_origins: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(), description="origins such as https://clinic.example, comma-separated"
    )
    public_url: str | None = Field(
        default=None,
        description="the address at which others reach the service, such as https://kap.example, without a slash at "
        "the end",
    )
    cds_issuers: Path | None = Field(
        default=None, description="the TOML file of the EHRs whose tokens open CDS Hooks, together with KAP_PUBLIC_URL"
    )
    cds_no_answer: Literal["none", "card"] = Field(
        default="none", description="what CDS Hooks shows where there is no prediction: none or card"
    )
    launch_minutes: int = Field(
        default=15, ge=1, le=120, description="minutes for which a link to the page of an answer works, from 1 to 120"
    )
    log_format: Literal["text", "json"] = Field(default="text", description="lines of the server's log: text or json")
    time_zone: ZoneInfo | None = Field(
        default=None,
        description="the clinic's time zone by its IANA name, such as Europe/Berlin; for records in dates that name "
        "none",
    )
    tls_certificate: Path | None = Field(
        default=None, description="the PEM file of the certificate, together with KAP_TLS_KEY"
    )
    tls_key: Path | None = Field(
        default=None, description="the PEM file of the certificate's key, together with KAP_TLS_CERTIFICATE"
    )

    fhir_ai_transparency: bool = Field(
        default=False, description="1 to add to FHIR answers what HL7's AI Transparency on FHIR has them say"
    )
    plain_http: Literal["behind-a-proxy"] | None = Field(
        default=None,
        description="behind-a-proxy to let other machines connect without TLS; a proxy in front must encrypt",
    )

    @field_validator("state")
    @classmethod
    def _is_no_url(cls, value: Path) -> Path:
        if ":/" in str(value):
            raise ValueError("a URL: put it in KAP_LOG, and its password in KAP_LOG_PASSWORD")
        return value

    @field_validator("log")
    @classmethod
    def _is_supported(cls, value: str | None) -> str | None:
        if value is not None:
            _read_url(value)
        return value

    @field_validator("log_password_file")
    @classmethod
    def _is_private(cls, value: Path | None, info: ValidationInfo) -> Path | None:
        if value is not None:
            if info.data.get("log_password") is not None:
                raise ValueError("KAP_LOG_PASSWORD too: set one of the two")
            read_password(value)
        return value

    @field_validator("public_url")
    @classmethod
    def _is_an_address(cls, value: str | None) -> str | None:
        if value is not None and not _PUBLIC_URL.fullmatch(value):
            raise ValueError("another text, or plain http to another machine")
        return value

    @field_validator("cds_issuers")
    @classmethod
    def _has_an_address(cls, value: Path | None, info: ValidationInfo) -> Path | None:
        if value is not None and info.data.get("public_url") is None:
            raise ValueError("no KAP_PUBLIC_URL: a token names the address that it opens")
        return value

    @field_validator("cors_origins", mode="before")
    @classmethod
    def _split(cls, value: Any) -> Any:
        parts = [part.strip() for part in value.split(",")] if isinstance(value, str) else value
        if not all(isinstance(part, str) and _ORIGIN.fullmatch(part) for part in parts):
            raise ValueError("another text")
        return tuple(parts)

    @field_validator("time_zone", mode="before")
    @classmethod
    def _is_known(cls, value: Any) -> Any:
        try:
            return zone_named(value) if isinstance(value, str) else value
        except DateRefusedError as refused:
            raise ValueError(refused.found) from None

    @model_validator(mode="after")
    def _has_both_files(self) -> "Settings":
        if (self.tls_certificate is None) != (self.tls_key is None):
            raise ValueError("one of the two")
        return self

    @property
    def secret_path(self) -> Path:
        """The file of the secret."""
        return self.secret_file or self.state / SECRET_FILE

    def log_url(self) -> URL:
        """The database of the log; its text hides the password."""
        if self.log is None:
            return _sqlite_url(URL.create("sqlite", database=str(self.state / LOG_FILE)))
        url = _read_url(self.log)
        password = self._password()
        if password is None or not url.username or url.password is not None:
            return url
        return url.set(password=password)

    def log_address(self) -> str:
        """The database of the log, without its password."""
        return URL.create(**(self.log_url()._asdict() | {"password": None})).render_as_string()

    def _password(self) -> str | None:
        if self.log_password_file is not None:
            return read_password(self.log_password_file)
        return None if self.log_password is None else self.log_password.get_secret_value()


def load_settings(state: Path | None = None) -> Settings:
    """The settings of the environment; ``state`` overrides ``KAP_STATE``.

    Raises ``InputRefusedError`` with the variable, what is required and what was found.
    """
    try:
        return Settings() if state is None else Settings(state=state)
    except ValidationError as error:
        raise InputRefusedError([_problem(detail) for detail in error.errors(include_input=False)]) from None


def _problem(detail: Any) -> Problem:
    name = str(detail["loc"][0]) if detail["loc"] else "tls_key"  # the one rule that is about two settings
    spoken = detail.get("ctx", {}).get("error")
    found = str(spoken) if isinstance(spoken, ValueError) else _FOUND.get(detail["type"], "another text")
    required = str(Settings.model_fields[name].description).partition(";")[0]
    return Problem((PREFIX + name).upper(), None, None, required, found)


def _read_url(value: str) -> URL:
    """A supported URL with its driver; raises ``ValueError``, which describes another one without repeating it."""
    try:
        url = make_url(value)
    except (ArgumentError, ValueError):
        raise ValueError("a text that is not a URL") from None
    if url.drivername == "sqlite":
        return _sqlite_url(url)
    if url.drivername in ("postgresql", "postgresql+pg8000"):
        return _postgresql_url(url)
    raise ValueError("a URL of another kind of database")


def _sqlite_url(url: URL) -> URL:
    if url.query or url.host or not url.database or url.database.startswith(":"):
        raise ValueError("a URL that names no file, or has options")
    return url.set(database=str(Path(url.database).absolute()))


def _postgresql_url(url: URL) -> URL:
    if not url.username or not url.database:
        raise ValueError("a URL without a user or a database")
    if not set(url.query) <= set(OPTIONS) or url.query.get("sslmode", SSL_MODES[0]) not in SSL_MODES:
        raise ValueError(
            "a URL with an option other than "
            + ", ".join(OPTIONS)
            + " or an sslmode other than "
            + ", ".join(SSL_MODES)
        )
    return url.set(drivername="postgresql+pg8000")
