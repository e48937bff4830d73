"""The log that a command reads: that of the settings, or one given as a file or a database's URL."""

from pathlib import Path

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from features.protocol.problems import InputRefusedError, Problem
from serving.storage.settings import Settings, load_settings
from serving.storage.state import State, open_state

REQUIRED = "the file of a log, or a URL postgresql://USER@HOST/DATABASE with its password in KAP_LOG_PASSWORD_FILE"


def open_log(log: str | None, *, earlier: bool = False) -> State:
    """The given log, or that of the settings, with its secret; raises ``InputRefusedError``, ``StateError``.

    With ``earlier``, it is not checked whether the log has this version's tables.

    The secret of a file is beside it, unless KAP_SECRET_FILE is set. A password on the command line is refused, because
    every user of the machine can read it there. A given file may be a copy that others can read or change.
    """
    is_copy = log is not None and "://" not in log
    return open_state(settings_for(log), earlier=earlier, is_copy=is_copy)


def settings_for(log: str | None) -> Settings:
    """The settings, with the given log in the place of their own; raises ``InputRefusedError``."""
    settings = load_settings()
    return settings if log is None else _named(settings, log)


def _named(settings: Settings, log: str) -> Settings:
    if "://" not in log:
        path = Path(log)
        if not path.is_file():
            raise InputRefusedError([Problem("LOG", None, None, REQUIRED, "a file that is not there")])
        return settings.model_copy(
            update={"state": path.parent, "log": URL.create("sqlite", database=str(path.resolve())).render_as_string()}
        )
    try:
        password = make_url(log).password
    except (ArgumentError, ValueError):
        raise InputRefusedError([Problem("LOG", None, None, REQUIRED, "another text")]) from None
    if password is not None:
        raise InputRefusedError([Problem("LOG", None, None, REQUIRED, "a URL with a password")])
    return Settings(log=log, **settings.model_dump(exclude={"log"}))
