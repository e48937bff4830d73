"""Why a call of the client gave no answer: one exception class for each party who must act.

The texts are the client's own words. What the service said is kept beside them, in ``detail`` and ``problems``, so
that nothing from outside - a patient's value, a key, an address - gets into a traceback or a log.
"""

from collections.abc import Sequence

from serving.contract.response import FieldProblem


class CallError(Exception):
    """A call gave no answer.

    ``status`` is the HTTP status, ``None`` where nothing came or nothing was sent. ``detail`` is the service's
    sentence about it, empty where there is none. ``idempotency_key`` is the key that the call had, ``None`` for what
    only reads: who asks the same again with it gets one prediction, also if this call had been answered and the
    answer was lost.
    """

    def __init__(self, text: str, *, status: int | None = None, detail: str = "") -> None:
        """Keep the text, and apart from it what the service said."""
        super().__init__(text)
        self.status = status
        self.detail = detail
        self.idempotency_key: str | None = None


class CallRefusedError(CallError):
    """The request can't be answered as it stands: whoever sent it must mend it, at the paths in ``problems``."""

    def __init__(
        self, text: str, *, problems: Sequence[FieldProblem] = (), status: int | None = None, detail: str = ""
    ) -> None:
        """Keep all the problems; the text counts them."""
        super().__init__(text, status=status, detail=detail)
        self.problems = tuple(problems)


class NotAllowedError(CallError):
    """The key is missing, unknown, expired or revoked, or does not allow this: whoever hands out keys must act."""


class UnavailableError(CallError):
    """No answer now, after all the tries there was time for; the same call may succeed later, and nobody need mend it.

    ``retry_after`` is for how many seconds the service asked not to be asked, ``None`` where it did not.
    """

    def __init__(
        self, text: str, *, status: int | None = None, detail: str = "", retry_after: float | None = None
    ) -> None:
        """Keep when to come again."""
        super().__init__(text, status=status, detail=detail)
        self.retry_after = retry_after


class ServiceFailedError(CallError):
    """A failure of the service, an answer outside the contract, or not the service at all: who runs it must act."""
