"""Failures of the service's log, keys and secret, by who must act; without heavy imports."""


class StateError(Exception):
    """The service's state can't be used, and the operator must act. The message says how, and contains no value."""


class LogUnavailableError(StateError):
    """The database does not answer, is full or is locked; nothing was done, and a later try may succeed."""

    def __init__(self, reason: str) -> None:
        """``reason`` is a clause such as "its disk is full"."""
        self.reason = reason
        super().__init__(f"the log's database can't be used now: {reason}")


class LogRefusedError(StateError):
    """The database is not this log."""


class SecretMismatchError(LogRefusedError):
    """The log was created with another secret."""


class SecretRefusedError(StateError):
    """The file of the secret is missing, open to others, or not a secret."""


class FileRefusedError(StateError):
    """A file or folder belongs to another user, is open to others, or is a symbolic link; the message says which."""


class DuplicateError(Exception):
    """A row with the same unique value is in the database already; nothing was written."""
