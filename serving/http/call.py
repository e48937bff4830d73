"""The caller of an admitted request and its headers, as access control passes them on."""

from contextvars import ContextVar
from dataclasses import dataclass

from serving.storage.keys import ApiKey

LOOPBACK = "loopback"
"""The caller while no key was made and only this machine is answered."""


@dataclass(frozen=True)
class AdmittedRequest:
    """A request that was admitted; ``received`` is ``time.perf_counter`` in seconds, ``key`` ``None`` without keys.

    ``launch`` is the token that admitted it in place of a key.
    """

    key: ApiKey | None
    received: float
    idempotency: str | None = None
    launch: str | None = None

    @property
    def caller(self) -> str:
        """The name of the caller in the log."""
        return LOOPBACK if self.key is None else self.key.id


CURRENT: ContextVar[AdmittedRequest] = ContextVar("call")
