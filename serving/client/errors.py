"""Why a call of the client gave no answer: one exception class for each party who must act.

The texts are the client's own, so that no patient's value, key or address gets into a traceback or a log. The service's
texts are in ``detail`` and ``problems``.
"""

from collections.abc import Sequence

from serving.contract.response import FieldProblem


class CallError(Exception):
    """A call gave no answer.

    ``status`` is the HTTP status, ``None`` if there was no answer or nothing was sent. ``detail`` is the service's
    sentence about it, empty if there is none. ``idempotency_key`` is the key of the call, ``None`` for a call that only
    reads. A retry with this key gives one prediction, even if this call was answered and the answer was lost.
    """

    def __init__(self, text: str, *, status: int | None = None, detail: str = "") -> None:
        """Keep the text and the service's answer apart."""
        super().__init__(text)
        self.status = status
        self.detail = detail
        self.idempotency_key: str | None = None


class CallRefusedError(CallError):
    """The request is not valid: the caller must correct the fields listed in ``problems``.

    ``more_problems`` is the number of those that the service left out.
    """

    def __init__(
        self,
        text: str,
        *,
        problems: Sequence[FieldProblem] = (),
        more_problems: int = 0,
        status: int | None = None,
        detail: str = "",
    ) -> None:
        """Keep all the problems; the text counts them."""
        super().__init__(text, status=status, detail=detail)
        self.problems = tuple(problems)
        self.more_problems = more_problems


class NotAllowedError(CallError):
    """The key is missing, unknown, expired or revoked, or does not allow this: the person who issues keys must act."""


class UnavailableError(CallError):
    """No answer within the time limit, after all retries; the same call may succeed later.

    ``retry_after`` is how many seconds the service asked to wait, ``None`` if it did not.
    """

    def __init__(
        self, text: str, *, status: int | None = None, detail: str = "", retry_after: float | None = None
    ) -> None:
        """Keep when to retry."""
        super().__init__(text, status=status, detail=detail)
        self.retry_after = retry_after


class ServiceFailedError(CallError):
    """A failure of the service, an answer outside the contract, or another service: the operator must act."""
