"""Clinics that call with the typed client under failures: the answers and the failed calls."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from serving.client import CallError, KapClient, Retries, TimeLimits
from tests.serving.requests import changed

MOST_CALLS = 50_000
PATIENT = TimeLimits(total=120.0)
"""The longest time for which a clinic's software waits for an answer, with retries."""


@dataclass
class CallResults:
    """Prediction ids that were answered, by the order of the calls; and every call that ended without an answer."""

    answered: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)


def _ask(
    base_url: str, asked: CallResults, stop: threading.Event, caller: int, calls: int, options: Mapping[str, Any]
) -> None:
    retries = Retries(tries=100, first_wait=0.1, longest_wait=1.0)
    with KapClient(base_url, limits=PATIENT, retries=retries, **options) as client:
        for call in range(calls):
            if stop.is_set():
                return
            record = changed(("patient", "patient_ref"), f"XMARKERX-{caller}-{call}")
            try:
                asked.answered.append(client.predict(record).prediction_id)
            except CallError as error:
                asked.failed.append(f"{type(error).__name__}: {error}")


@contextmanager
def asking(base_url: str, callers: int = 4, **options: Any) -> Iterator[CallResults]:
    """Several clinics, each with one call after another, until the block ends or all calls are made.

    ``options`` are those of their clients, such as ``key``.
    """
    asked, stop = CallResults(), threading.Event()
    threads = [
        threading.Thread(target=_ask, args=(base_url, asked, stop, caller, MOST_CALLS // callers, options), daemon=True)
        for caller in range(callers)
    ]
    for thread in threads:
        thread.start()
    try:
        yield asked
    finally:
        stop.set()
        for thread in threads:
            thread.join(timeout=150)
        assert not any(thread.is_alive() for thread in threads), "a call hangs"
