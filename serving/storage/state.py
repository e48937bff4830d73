"""The state of the service: its secret and the database of its log and keys."""

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine

from serving.contract.failures import SecretRefusedError
from serving.storage.database import check_log, create_tables, earlier_schema, has_begun, open_database
from serving.storage.pseudonyms import Secret
from serving.storage.rate_limit import FILE as RATE_LIMITS
from serving.storage.settings import Settings
from serving.storage.sqlite import files_of
from serving.storage.trusted_files import check_folder, check_kept, read_given
from serving.storage.used_tokens import FOLDER as USED_TOKENS


@dataclass(frozen=True)
class State:
    """The secret, and the database that was created with it."""

    secret: Secret
    engine: Engine


def begin_state(settings: Settings) -> State:
    """The state by the settings, made if there is none; raises ``StateError``.

    Every file that is there is checked first, by `check_files`. A log whose secret is lost gets no new one: its chain
    and its pseudonyms need the old one.
    """
    check_files(settings)
    engine = open_database(settings.log_url())
    if not settings.secret_path.exists() and has_begun(engine):
        raise SecretRefusedError(
            f"there is a log and no secret at {settings.secret_path}: put back the secret that the log was created "
            "with, or set KAP_SECRET_FILE to its file"
        )
    secret = Secret.load_or_create(settings.secret_path)
    create_tables(engine, secret)
    return State(secret, engine)


def check_files(settings: Settings) -> None:
    """Raise ``FileRefusedError`` if others own, can change or can read what the service keeps; files may be missing."""
    url = settings.log_url()
    database = Path(str(url.database)) if url.get_backend_name() == "sqlite" else None
    for folder in {settings.state, settings.state / USED_TOKENS} | (
        {database.parent} if database is not None else set()
    ):
        check_folder(folder)
    for path in [settings.state / RATE_LIMITS, *(files_of(database) if database is not None else ())]:
        check_kept(path)
    if settings.secret_file is None:
        check_kept(settings.secret_path)
    authority = url.query.get("sslrootcert")
    if isinstance(authority, str) and Path(authority).exists():
        read_given(Path(authority), secret=False)


def open_state(
    settings: Settings, *, patience_seconds: float = 60.0, earlier: bool = False, is_copy: bool = False
) -> State:
    """The existing state by the settings, for commands, which may wait; raises ``StateError``.

    With ``earlier``, the log may be one of an earlier version. The files are checked as for the service, except those
    of a copy.
    """
    if not is_copy:
        check_files(settings)
    state = State(
        Secret.load(settings.secret_path), open_database(settings.log_url(), patience_seconds=patience_seconds)
    )
    try:
        (earlier_schema if earlier else check_log)(state.engine, state.secret)
    except BaseException:
        state.engine.dispose()
        raise
    return state
