"""The state of the service: its secret and the database of its log and keys."""

from dataclasses import dataclass

from sqlalchemy import Engine

from serving.contract.failures import SecretRefusedError
from serving.storage.database import check_log, create_tables, earlier_schema, has_begun, open_database
from serving.storage.pseudonyms import Secret
from serving.storage.settings import Settings


@dataclass(frozen=True)
class State:
    """The secret, and the database that was created with it."""

    secret: Secret
    engine: Engine


def begin_state(settings: Settings) -> State:
    """The state by the settings, made if there is none; raises ``StateError``.

    A log whose secret is lost gets no new one: its chain and its pseudonyms need the old one.
    """
    engine = open_database(settings.log_url())
    if not settings.secret_path.exists() and has_begun(engine):
        raise SecretRefusedError(
            f"there is a log and no secret at {settings.secret_path}: put back the secret that the log was created with"
        )
    secret = Secret.load_or_create(settings.secret_path)
    create_tables(engine, secret)
    return State(secret, engine)


def open_state(settings: Settings, *, patience_seconds: float = 60.0, earlier: bool = False) -> State:
    """The existing state by the settings, for commands, which may wait; raises ``StateError``.

    With ``earlier``, the log may be one of an earlier version.
    """
    state = State(
        Secret.load(settings.secret_path), open_database(settings.log_url(), patience_seconds=patience_seconds)
    )
    try:
        (earlier_schema if earlier else check_log)(state.engine, state.secret)
    except BaseException:
        state.engine.dispose()
        raise
    return state
