"""The caller of an admitted request and its headers, as access control passes them on."""

from contextvars import ContextVar
from dataclasses import dataclass

from serving.http.ehr_issuers import EhrIssuer
from serving.storage.keys import ApiKey

LOOPBACK = "loopback"
"""The caller while no key was made and only this machine is answered."""


@dataclass(frozen=True)
class AdmittedRequest:
    """A request that was admitted; ``received`` is ``time.perf_counter`` in seconds, ``key`` ``None`` without keys.

    ``issuer`` is the EHR whose token, ``launch`` the token of a launch, that admitted it in place of a key.
    """

    key: ApiKey | None
    received: float
    idempotency: str | None = None
    issuer: EhrIssuer | None = None
    launch: str | None = None

    @property
    def caller(self) -> str:
        """The name of the caller in the log."""
        if self.issuer is not None:
            return self.issuer.caller
        return LOOPBACK if self.key is None else self.key.id


CURRENT: ContextVar[AdmittedRequest] = ContextVar("call")
