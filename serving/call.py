"""Who calls, and how: what the gate found out about a request, for whoever answers it further in."""

from contextvars import ContextVar
from dataclasses import dataclass

LOOPBACK = "loopback"
"""The caller where no key was ever made and only this machine is answered."""


@dataclass(frozen=True)
class Call:
    """A request that was let in; ``received`` is ``time.perf_counter`` in seconds."""

    caller: str
    received: float
    idempotency: str | None = None


CURRENT: ContextVar[Call] = ContextVar("call")
