"""Failures of what the service keeps - its log, its keys, its secret - by who must act; free of heavy imports."""


class StateError(Exception):
    """The service's state can't be used, and the operator must act. The message says how, and holds no value."""


class LogUnavailableError(StateError):
    """The database does not answer, is full or is locked; nothing was done, and later it may be."""

    def __init__(self, reason: str) -> None:
        """Say what keeps it; ``reason`` is a clause such as "its disk is full"."""
        self.reason = reason
        super().__init__(f"the log's database can't be used now: {reason}")


class LogRefusedError(StateError):
    """There is a database, and it is not this log."""


class SecretMismatchError(LogRefusedError):
    """The log was begun with another secret than the one given."""


class SecretRefusedError(StateError):
    """The file of the secret is missing, open to others, or holds something else."""


class DuplicateError(Exception):
    """A row with the same unique value is in the database already; nothing was written."""
