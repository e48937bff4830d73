"""Request bodies read beside the event loop: short ones at once, longer ones in a thread, one slice at a time.

BentoML's own reading would keep the loop from everybody until it ends.
"""

import asyncio
from typing import Any, Final
from zoneinfo import ZoneInfo

from _bentoml_sdk.io_models import IOMixin  # type: ignore[import-untyped]
from starlette.requests import Request

from serving.contract.batch import BatchContent
from serving.contract.dated_record import ReceivedRecord
from serving.contract.reading import read_record
from serving.contract.request import BatchRequest, PredictionRequest
from serving.fhir.parts import FhirRecord
from serving.fhir.reading.bundle import read_fhir
from serving.fhir.reading.options import ReadingDefaults
from serving.http.body import BodyLimits

SHORT_BYTES: Final = 16_384
"""A body of this size is read in a few milliseconds, whatever it holds."""
SLICE_SECONDS: Final = 0.02
"""A batch is read for about so long at a time. A record is not divided."""


class UnreadBody(IOMixin):  # type: ignore[misc]
    """An input of BentoML that gives the endpoint the body itself."""

    __root_input__ = True

    @classmethod
    async def from_http_request(cls, request: Request, _serde: Any) -> bytes:
        """The body, which `WholeBody` has read and limited."""
        return await request.body()


class RecordBody(UnreadBody, PredictionRequest):
    """The body of a `PredictionRequest`."""


class BatchBody(UnreadBody, BatchRequest):
    """The body of a `BatchRequest`."""


class BodyReader:
    """Reads the bodies of one process. Long ones take turns, so that the loop competes with one thread only."""

    def __init__(self, limits: BodyLimits, zone: ZoneInfo | None = None) -> None:
        """A record of a batch may be as long as a single one; ``zone`` is the clinic's, for records in dates."""
        self._limits = limits
        self._zone = zone
        self._turn = asyncio.Lock()

    async def one(self, body: bytes) -> ReceivedRecord:
        """One record; raises ``RequestRefusedError``."""
        if len(body) <= SHORT_BYTES:
            return read_record(body, self._zone)
        async with self._turn:
            return await asyncio.to_thread(read_record, body, self._zone)

    async def fhir(self, body: bytes, defaults: ReadingDefaults) -> FhirRecord:
        """One record from FHIR resources; raises ``FhirRefusedError``."""
        if len(body) <= SHORT_BYTES:
            return read_fhir(body, defaults)
        async with self._turn:
            return await asyncio.to_thread(read_fhir, body, defaults)

    async def batch(self, body: bytes) -> BatchContent:
        """All records of a batch; raises ``RequestRefusedError`` for the whole."""
        reading = BatchContent(body, self._limits.one, self._zone)
        if len(body) <= SHORT_BYTES:
            while not reading.advance(SLICE_SECONDS):
                await asyncio.sleep(0)
            return reading
        done = False
        while not done:
            async with self._turn:
                done = await asyncio.to_thread(reading.advance, SLICE_SECONDS)
        return reading
