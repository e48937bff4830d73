"""The typed Python client of the service: `KapClient`, its time limits and retries, and the errors of a call."""

from serving.client.answers import Readiness
from serving.client.api import KapClient
from serving.client.errors import CallError, CallRefusedError, NotAllowedError, ServiceFailedError, UnavailableError
from serving.client.retry_policy import Pace, Retries, TimeLimits

__all__ = [
    "CallError", "CallRefusedError", "KapClient", "NotAllowedError", "Pace", "Readiness", "Retries",
    "ServiceFailedError", "TimeLimits", "UnavailableError",
]  # fmt: skip
