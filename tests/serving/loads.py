"""A bounded load on a server from threads of the test: every call is a prediction by the typed client's own rules."""

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.serving.requests import EXAMPLE

MOST_CALLS = 20_000


@dataclass
class LoadResults:
    """What the callers saw: ids of the predictions answered, and every status and failure that was none."""

    answered: list[str] = field(default_factory=list)
    versions: list[str] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)


def _call(base_url: str, load: LoadResults, stop: threading.Event, calls: int, options: Mapping[str, Any]) -> None:
    with httpx.Client(base_url=base_url, timeout=120, **options) as client:
        for _ in range(calls):
            if stop.is_set():
                return
            try:
                response = client.post("/v1/predict", json=EXAMPLE)
            except httpx.TransportError as error:
                load.failures.append(type(error).__name__)
                continue
            load.statuses.append(response.status_code)
            if response.status_code == 200:
                answer = json.loads(response.content)
                load.answered.append(answer["prediction_id"])
                load.versions.append(answer["model"]["version"])


@contextmanager
def loaded(base_url: str, callers: int = 4, calls: int = MOST_CALLS, **options: Any) -> Iterator[LoadResults]:
    """Callers without retries, one request after the other each, until the block ends or they have called enough.

    ``options`` are those of their clients, such as ``headers``.
    """
    load, stop = LoadResults(), threading.Event()
    threads = [
        threading.Thread(target=_call, args=(base_url, load, stop, calls // callers, options), daemon=True)
        for _ in range(callers)
    ]
    for thread in threads:
        thread.start()
    try:
        yield load
    finally:
        stop.set()
        for thread in threads:
            thread.join(timeout=300)
