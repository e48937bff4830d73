"""The time limit of an answer holds for all of its parts together: a proxy waits no longer."""

import asyncio
import json
import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from serving.contract.calendar import today_in
from serving.contract.reading import read_record
from serving.contract.routes import DECIDE, PATIENT_VIEW
from serving.http.body import BodyLimits
from serving.http.call import CURRENT, AdmittedRequest
from serving.log.append import LoggedReply
from serving.openapi.static_responses import pages_of
from serving.prediction.predictor import Predictor
from serving.server import answering, cds_hooks_routes, decision_routes
from tests.serving.bundles import toy_bundle
from tests.serving.cds_hooks.calls import patient_view
from tests.serving.requests import EXAMPLE, read

EACH, LIMIT = 0.2, 0.5
"""Seconds of each of three parts, and of the whole answer."""


class _SlowWorker:
    """A worker whose reading, log and launches each take less than the limit, and together more."""

    def __init__(self) -> None:
        self.settings = self.bodies = self.batcher = self.launches = self.loader = self.served = self
        self.bundle = toy_bundle()
        limits = BodyLimits(2**20, 2**25, 10)
        self.pages = pages_of(Predictor(self.bundle, "3"), run_id="a1b2", tag="a", performance=None, limits=limits)
        self.answer_seconds, self.time_zone, self.launch_minutes = LIMIT, None, 15
        self.public_url, self.cds_no_answer = "https://kap.example", "none"

    async def one(self, body: bytes) -> Any:
        await asyncio.sleep(EACH)
        return read_record(body)

    async def hook(self, body: bytes, read: Callable[[bytes], Any]) -> Any:
        await asyncio.sleep(EACH)
        return read(body)

    async def answer(self, *_: Any) -> LoggedReply:
        await asyncio.sleep(EACH)
        answer = Predictor(self.bundle, "3").predict(read(EXAMPLE))
        return LoggedReply("p1", answer.model_dump_json())

    def create(self, _: Any) -> str:
        time.sleep(EACH)
        return "A" * 96


CALLS: dict[str, Any] = {DECIDE: EXAMPLE, PATIENT_VIEW: patient_view(today_in(None))}


@pytest.mark.parametrize("path", CALLS)
def test_parts_that_are_each_in_time_are_too_late_together(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    worker = _SlowWorker()
    for module in (answering, cds_hooks_routes, decision_routes):
        monkeypatch.setattr(module, "current_worker", lambda: worker)
    app = Starlette(routes=[*cds_hooks_routes.CDS_HOOKS_ROUTES, *decision_routes.DECISION_ROUTES])

    async def sent() -> httpx.Response:
        CURRENT.set(AdmittedRequest(None, time.perf_counter()))
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://a") as client:
            return await client.post(path, content=json.dumps(CALLS[path]))

    refused = asyncio.run(sent())
    assert (refused.status_code, refused.json()["detail"]) == (503, "The answer took too long.")
