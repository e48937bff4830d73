"""The state of one worker process: keys, rates, the model and the log; opened, refreshed and closed."""

import asyncio
import os
from collections.abc import Coroutine, Sequence
from contextlib import suppress
from typing import Any

from sqlalchemy import Engine

from serving.contract.failures import LogUnavailableError
from serving.http.body import BodyLimits
from serving.http.call import AdmittedRequest
from serving.http.ehr_issuers import load_issuers
from serving.http.ehr_tokens import EhrTokens
from serving.http.metrics import Metrics
from serving.http.readyz import ReadinessReport
from serving.http.tracing import tracer_from_environment
from serving.http.worker_metrics import FOLDER
from serving.log.outage import LogOutage
from serving.log.queries import LogEntry, find_entry, find_predictions
from serving.log.writer import LogWriter
from serving.openapi.static_responses import Pages
from serving.server.batcher import RequestBatcher
from serving.server.body_reader import BodyReader
from serving.server.model_loader import ModelLoader
from serving.storage.database import create_tables, open_database
from serving.storage.keys import KeyRing
from serving.storage.launches import Launches
from serving.storage.pseudonyms import Secret
from serving.storage.rate_limit import RateLimiter
from serving.storage.settings import Settings
from serving.storage.state import check_files
from serving.storage.used_tokens import UsedTokens

LOOK_SECONDS = 2.0
"""How often the keys are read again and the log's database is checked."""


class Worker:
    """The state of one process of the service."""

    def __init__(self, settings: Settings, number: int = 1) -> None:
        """Open all that is needed; the database need not answer yet. ``number`` is that of this worker of a server.

        Raises ``NoModelError`` without a model, ``SecretRefusedError`` without a secret.
        """
        check_files(settings)
        self.settings = settings
        self.secret = Secret.load(settings.secret_path)
        self.limits = limits_of(settings)
        self.bodies = BodyReader(self.limits, settings.time_zone)
        self.loader = ModelLoader(settings.model, self.limits, settings.trusted_keys)
        self.metrics = Metrics(shared=FOLDER in os.environ, worker=number)
        self.tracing = tracer_from_environment()
        self._engine: Engine = open_database(settings.log_url())
        self.keys = KeyRing(self._engine, self.secret)
        self.launches = Launches(self._engine, self.secret, settings.launch_minutes)
        self.rates = RateLimiter(settings.state)
        self.ehrs = _ehr_tokens(settings)
        self.outage = LogOutage(self.metrics.log_up)
        self.log = LogWriter(self._engine, self.secret, self.outage, self.metrics.log_written)
        self.batcher = RequestBatcher(
            lambda: self.loader.served, self.log, self.secret, self.metrics, settings.most_waiting, self.tracing
        )
        self._begun = False
        self._watching: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Read the keys, and watch for new keys and models."""
        self.metrics.began()
        self.loader.announce()
        await asyncio.to_thread(self._look_at_database)
        self._watch(self._keep_looking())
        self._watch(self.loader.watch(self.settings.reload_seconds, self.metrics.newest_model_refused))

    async def stop(self) -> None:
        """Stop watching, write the waiting entries, and close the database."""
        for task in self._watching:
            task.cancel()
        await asyncio.gather(*self._watching, return_exceptions=True)
        await asyncio.to_thread(self.log.close)
        self._engine.dispose()
        await asyncio.to_thread(self.tracing.close)

    @property
    def pages(self) -> Pages:
        """The static responses of the served model."""
        return self.loader.served.pages

    def readiness(self) -> ReadinessReport:
        """The answer of ``/readyz``."""
        served = self.loader.served
        log = "answers" if self.outage.up else "does not answer; no answer is sent unlogged"
        promotion = served.pages.description.promotion
        return ReadinessReport(
            ready=self.outage.up and self.keys.known,
            model_version=served.version,
            model=served.tag,
            log=log,
            newest_model_refused=self.loader.refused,
            model_overridden=promotion is not None and promotion.overridden,
        )

    def refused_for_the_log(self) -> None:
        """One request that is not answered because it can't be logged, or because the keys can't be read."""
        self.metrics.log_unavailable()
        self.outage.refused()

    def logged(self, prediction_id: str) -> LogEntry | None:
        """The entry of a prediction; it waits for the database, and raises ``LogUnavailableError``."""
        return find_entry(self._engine, self.secret, prediction_id)

    def metrics_page(self) -> bytes:
        """The answer of ``/metrics``; it blocks while it reads the files of all workers."""
        served = self.loader.served
        return self.metrics.page(
            {"version": served.version, "digest": served.bundle.digest, "run_id": served.run_id, "tag": served.tag}
        )

    def charge(self, call: AdmittedRequest, amount: int) -> None:
        """Count ``amount`` more requests against the caller's limit."""
        if call.key is not None and amount > 0:
            self.rates.charge(call.key.slot, call.key.per_minute, amount)

    async def predictions(self, ids: Sequence[str]) -> dict[str, LogEntry]:
        """Logged predictions by id, without those that the log does not have; raises ``LogUnavailableError``."""
        return await asyncio.to_thread(find_predictions, self._engine, self.secret, ids)

    def _watch(self, work: Coroutine[Any, Any, None]) -> None:
        self._watching.append(asyncio.get_running_loop().create_task(work))

    async def _keep_looking(self) -> None:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            await asyncio.to_thread(self._look_at_database)

    def _look_at_database(self) -> None:
        try:
            if not self._begun:  # once only: a log that disappears must not be replaced by a new one
                create_tables(self._engine, self.secret)
                self._begun = True
            self.keys.refresh()
            with suppress(LogUnavailableError):  # an expired launch opens nothing, and the next look may delete it
                self.launches.delete_expired()
        except Exception as error:  # noqa: BLE001 - the outage logs it; the next look may succeed
            self.outage.failed("read", error)
            return
        self.outage.worked("read")
        if self.outage.failing("written"):
            self.log.try_again()


def _ehr_tokens(settings: Settings) -> EhrTokens | None:
    """What checks the tokens of EHRs; ``None`` where none is configured."""
    issuers = load_issuers(settings.cds_issuers)
    if not issuers or settings.public_url is None:
        return None
    return EhrTokens(issuers, settings.public_url, UsedTokens(settings.state))


def limits_of(settings: Settings) -> BodyLimits:
    """The limits of a request's body by the settings."""
    return BodyLimits(settings.most_body_bytes, settings.most_batch_bytes, settings.body_seconds)
