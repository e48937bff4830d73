"""The typed Python client: one method for each question that the service answers.

A predicting call has an idempotency key, so that all its tries get one prediction and one entry in the log.
`retrying_call` makes the tries, `answers` checks the answer.
"""

import os
import re
import ssl
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from uuid import uuid4

from serving.client.address import KEY_VARIABLE, usable_address, usable_key
from serving.client.answers import (
    PREDICTION,
    READINESS,
    Reader,
    Readiness,
    Record,
    encoded,
    encoded_batch,
    read_answers,
)
from serving.client.errors import CallRefusedError, UnavailableError
from serving.client.retry_policy import Pace, Retries, TimeLimits
from serving.client.retrying_call import Call, Caller
from serving.contract.description import Instruments, ModelDescription
from serving.contract.response import FieldProblem, NotPredictable, Prediction, RefusedRequest
from serving.contract.routes import INSTRUMENTS, MODEL, PREDICT, PREDICT_BATCH, READYZ

_IDEMPOTENCY_KEY = re.compile(r"[\x21-\x7e]{1,128}")


class KapClient:
    """The client of one service. Threads may share it; close it after use, or use it in a ``with``.

    Every method raises only ``CallError``: ``CallRefusedError``, ``NotAllowedError``, ``UnavailableError``
    or ``ServiceFailedError``, one for each party who must act.
    """

    def __init__(
        self,
        base_url: str,
        key: str | None = None,
        *,
        ca: Path | None = None,
        limits: TimeLimits | None = None,
        retries: Retries | None = None,
        pace: Pace | None = None,
    ) -> None:
        """Use the service at ``base_url`` with this key, or with the one in the environment variable ``KAP_KEY``.

        ``ca`` is a PEM file with the authorities to trust instead of the system's. Records and keys leave the machine
        only encrypted; plain http is for loopback. They go only to that address: redirects are not followed, and no
        proxy is used, because one in the environment may not be meant for patients' records. Raises ``ValueError`` for
        an address or a key that can't be used, without repeating it, and ``OSError`` for a ``ca`` that can't be read.
        """
        self._address = usable_address(base_url)
        token = usable_key(os.environ.get(KEY_VARIABLE) or None if key is None else key)
        self._has_key = token is not None
        tls = ssl.create_default_context(cafile=ca)
        self._caller = Caller(self._address, token, tls, limits or TimeLimits(), retries or Retries(), pace or Pace())

    def __repr__(self) -> str:
        return f"KapClient({str(self._address)!r}, {'with' if self._has_key else 'without'} a key)"

    def __enter__(self) -> "KapClient":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._caller.close()

    def predict(self, request: Record, *, idempotency_key: str | None = None) -> Prediction | NotPredictable:
        """One patient's prediction, or why there is none.

        ``idempotency_key``: 1 to 128 printable ASCII characters without spaces, by default a new one. With the
        same record it gives the same prediction, in a later call too; with another record it is refused.
        """
        call = _post(PREDICT, encoded(request), idempotency_key)
        return self._caller.ask(call, PREDICTION.read).root

    def predict_batch(
        self, requests: Sequence[Record], *, in_full: bool = False, idempotency_key: str | None = None
    ) -> list[Prediction | NotPredictable | RefusedRequest]:
        """The answers for 1 to 1,000 patients, in order; a refused record does not affect the others.

        ``in_full``: also give the reasons and the weekly curve of relapse. The key is as in ``predict``.
        """
        call = _post(PREDICT_BATCH, encoded_batch(requests, in_full=in_full), idempotency_key)
        return self._caller.ask(call, lambda body: read_answers(body, len(requests)))

    def model(self) -> ModelDescription:
        """The served model: version, protocol, landmarks, intended use, performance. A key needs the scope ``read``."""
        return self._caller.ask(Call("GET", MODEL), Reader[ModelDescription](ModelDescription).read)

    def instruments(self) -> Instruments:
        """The rating scales that a record may hold under the served protocol. A key needs the scope ``read``."""
        return self._caller.ask(Call("GET", INSTRUMENTS), Reader[Instruments](Instruments).read)

    def readiness(self) -> Readiness:
        """Whether the service can answer, and why not; without a retry."""
        return self._caller.look(Call("GET", READYZ), (200, 503), READINESS.read)

    def ready(self) -> bool:
        """Whether the service can answer now; also false if it can't be reached."""
        try:
            return self.readiness().ready
        except UnavailableError:
            return False


def _post(path: str, body: bytes, idempotency_key: str | None) -> Call:
    if idempotency_key is None:
        return Call("POST", path, body, str(uuid4()))
    if not _IDEMPOTENCY_KEY.fullmatch(idempotency_key):
        required = "1 to 128 printable ASCII characters without spaces"
        problem = FieldProblem(path="Idempotency-Key", required=required, found="another text")
        raise CallRefusedError(f"Idempotency-Key must be {required}; nothing was sent", problems=[problem])
    return Call("POST", path, body, idempotency_key)
