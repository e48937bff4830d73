"""The state of one worker process: keys, rates, the model and the log; opened, refreshed and closed."""

import asyncio
import logging
import os
from collections.abc import Coroutine
from typing import Any

from sqlalchemy import Engine

from serving.contract.failures import StateError
from serving.http.body import BodyLimits
from serving.http.call import AdmittedRequest
from serving.http.metrics import Metrics
from serving.http.readyz import ReadinessReport
from serving.log.writer import LogWriter
from serving.openapi.static_responses import Pages
from serving.server.batcher import RequestBatcher
from serving.server.body_reader import BodyReader
from serving.server.model_loader import ModelLoader
from serving.storage.database import create_tables, open_database
from serving.storage.keys import KeyRing
from serving.storage.pseudonyms import Secret
from serving.storage.rate_limit import RateLimiter
from serving.storage.settings import Settings

LOG = logging.getLogger("bentoml.kap")
LOOK_SECONDS = 2.0
"""How often the keys are read again and the log's database is checked."""


class Worker:
    """The state of one process of the service."""

    def __init__(self, settings: Settings) -> None:
        """Open all that is needed; the database need not answer yet.

        Raises ``NoModelError`` without a model, ``SecretRefusedError`` without a secret.
        """
        self.settings = settings
        self.secret = Secret.load(settings.secret_path)
        self.limits = limits_of(settings)
        self.bodies = BodyReader(self.limits)
        self.loader = ModelLoader(settings.model, self.limits)
        self.metrics = Metrics(shared="PROMETHEUS_MULTIPROC_DIR" in os.environ)
        self._engine: Engine = open_database(settings.log_url())
        self.keys = KeyRing(self._engine, self.secret)
        self.rates = RateLimiter(settings.state)
        self.log = LogWriter(self._engine, self.secret)
        self.batcher = RequestBatcher(
            lambda: self.loader.served, self.log, self.secret, self.metrics, settings.most_waiting
        )
        self._begun = False
        self._log_answers: bool | None = None
        self._watching: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Read the keys, and watch for new keys and models."""
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

    @property
    def pages(self) -> Pages:
        """The static responses of the served model."""
        return self.loader.served.pages

    def readiness(self) -> ReadinessReport:
        """The answer of ``/readyz``."""
        served = self.loader.served
        answers = bool(self._log_answers) and not self.log.failing
        log = "answers" if answers else "does not answer; no answer is sent unlogged"
        return ReadinessReport(answers and self.keys.known, served.version, served.tag, log, self.loader.refused)

    def charge(self, call: AdmittedRequest, amount: int) -> None:
        """Count ``amount`` more requests against the caller's limit."""
        if call.key is not None and amount > 0:
            self.rates.charge(call.key.slot, call.key.per_minute, amount)

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
            if self.log.failing:
                self.log.try_again()
        except Exception as error:
            if not isinstance(error, StateError):
                LOG.exception("the keys can't be read")
            if self._log_answers or self._log_answers is None:
                LOG.warning("no request can be answered: %s", type(error).__name__)
            self._log_answers = False
            return
        if not self._log_answers:
            LOG.info("the prediction log's database answers")
        self._log_answers = True


def limits_of(settings: Settings) -> BodyLimits:
    """The limits of a request's body by the settings."""
    return BodyLimits(settings.most_body_bytes, settings.most_batch_bytes, settings.body_seconds)
