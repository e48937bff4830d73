"""Which log a command is about: the one of the settings, or one named as a file or as a database's URL."""

from pathlib import Path

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from features.protocol.problems import InputRefusedError, Problem
from serving.storage.settings import Settings, load_settings
from serving.storage.state import State, open_state

REQUIRED = "the file of a log, or a URL postgresql://USER@HOST/DATABASE with its password in KAP_LOG_PASSWORD"


def open_log(log: str | None) -> State:
    """The log that is named, or that of the settings, with its secret; raises ``InputRefusedError``, ``StateError``.

    The secret of a file is looked for beside it, where KAP_SECRET_FILE does not say otherwise. A password is not taken
    from a command line, where every user of the machine can read it.
    """
    settings = load_settings()
    return open_state(settings if log is None else _named(settings, log))


def _named(settings: Settings, log: str) -> Settings:
    if "://" not in log:
        path = Path(log)
        if not path.is_file():
            raise InputRefusedError([Problem("LOG", None, None, REQUIRED, "a file that is not there")])
        return settings.model_copy(update={"state": path.parent, "log": f"sqlite:///{path.absolute()}"})
    try:
        password = make_url(log).password
    except (ArgumentError, ValueError):
        raise InputRefusedError([Problem("LOG", None, None, REQUIRED, "another text")]) from None
    if password is not None:
        raise InputRefusedError([Problem("LOG", None, None, REQUIRED, "a URL with a password")])
    return Settings(log=log, **settings.model_dump(exclude={"log"}))
