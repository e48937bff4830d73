"""Request batching: requests that wait are predicted together, and no answer is sent before it is in the log.

Requests that arrive within one turn share one prediction and one transaction, so that under load the cost of each
falls. While a turn is logged, the next one begins only if it is large. `predictor` predicts, `log.writer` logs.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeAlias
from uuid import uuid4

from serving.contract.batch import evenly_shortened
from serving.contract.refusal import RequestRefusedError
from serving.contract.request import PATIENT_REF, PredictionRequest
from serving.http.call import AdmittedRequest
from serving.http.metrics import Metrics
from serving.http.request_record import RequestRecord, current_record
from serving.http.tracing import RequestTracer
from serving.log.append import Draft, LoggedReply, Result
from serving.log.writer import LogWriter
from serving.prediction.predictor import PredictionReply
from serving.server.model_loader import ServedModel
from serving.storage.pseudonyms import Secret

LINGER_SECONDS = 0.001
"""How long a turn waits for the callers who were just answered, so that those who send one request after another share
its cost. A single caller does not wait."""
LARGE_TURN = 16
"""Calls that are predicted while the turn before is logged. Fewer wait for its end: a turn costs as much as ten
patients, and callers who ask again and again would stay in two halves, each with turns of its own."""
AT_ONCE = 250
"""Usual requests predicted at once; more would block the event loop for too long."""
ROWS_OF_ONE = 40
"""As many rows more cost about as much as a usual request."""

Reply: TypeAlias = Result | RequestRefusedError


class OverloadedError(Exception):
    """More requests wait than the service may keep waiting."""


@dataclass(frozen=True, eq=False)
class _QueuedRequest:
    """One request, and the idempotency key that goes with it."""

    request: PredictionRequest
    key: str | None


@dataclass(frozen=True, eq=False)
class _Job:
    """Requests of one call that are predicted together, and the future that waits for their replies."""

    requests: Sequence[_QueuedRequest]
    call: AdmittedRequest
    in_full: bool
    done: "asyncio.Future[list[Reply]]"
    record: RequestRecord | None

    @property
    def size(self) -> int:
        """What it costs to predict them, in usual requests."""
        return sum(_size(one) for one in self.requests)


@dataclass(frozen=True, eq=False)
class _ReadyAnswer:
    """An answer that only has to be logged."""

    draft: Draft
    answered: PredictionReply


class RequestBatcher:
    """Answers requests in the order of their arrival."""

    def __init__(
        self,
        served: Callable[[], ServedModel],
        log: LogWriter,
        secret: Secret,
        metrics: Metrics,
        most_waiting: int,
        tracing: RequestTracer | None = None,
    ) -> None:
        """``served`` gives the model that answers now; it is called at every turn."""
        self._served = served
        self._log = log
        self._secret = secret
        self._metrics = metrics
        self._most_waiting = most_waiting
        self._tracing = tracing or RequestTracer()
        self._jobs: deque[_Job] = deque()
        self._waiting = 0
        self._due: asyncio.Handle | None = None
        self._at_once = False
        self._expected = 1
        self._logging: set[asyncio.Task[None]] = set()

    async def answer(self, request: PredictionRequest, call: AdmittedRequest) -> Reply:
        """The reply to one request, in full; raises as `answer_batch` does."""
        self._refuse_beyond(1)
        (reply,) = await self._take([_QueuedRequest(request, call.idempotency)], call, in_full=True)
        self._count_refusals([reply])
        return reply

    async def answer_batch(
        self, read: Sequence[PredictionRequest | RequestRefusedError], call: AdmittedRequest, *, in_full: bool
    ) -> list[Reply]:
        """The reply to each of many requests; those refused on reading stay refused.

        Raises ``OverloadedError``, and ``LogUnavailableError`` if any could not be logged: then none is answered.
        """
        requests = [
            _QueuedRequest(request, None if call.idempotency is None else f"{call.idempotency}\n{place}")
            for place, request in enumerate(read)
            if isinstance(request, PredictionRequest)
        ]
        self._refuse_beyond(len(requests))
        answered = await asyncio.gather(
            *(self._take(part, call, in_full=in_full) for part in _predicted_at_once(requests))
        )
        following = (reply for part in answered for reply in part)
        replies = evenly_shortened([one if isinstance(one, RequestRefusedError) else next(following) for one in read])
        self._count_refusals(replies)
        return replies

    def _refuse_beyond(self, number: int) -> None:
        """Refuse more requests than may wait; if none waits, any number is accepted."""
        if self._waiting and self._waiting + number > self._most_waiting:
            raise OverloadedError

    def _count_refusals(self, replies: Sequence[Reply]) -> None:
        for reply in replies:
            if isinstance(reply, RequestRefusedError):
                self._metrics.refused(reply.problems)

    async def _take(self, requests: Sequence[_QueuedRequest], call: AdmittedRequest, *, in_full: bool) -> list[Reply]:
        loop = asyncio.get_running_loop()
        job = _Job(requests, call, in_full, loop.create_future(), current_record())
        self._jobs.append(job)
        self._wait_for(len(requests))
        self._schedule(loop)
        try:
            return await job.done
        finally:
            self._wait_for(-len(requests))

    def _wait_for(self, more: int) -> None:
        self._waiting += more
        self._metrics.waiting(self._waiting)

    def _schedule(self, loop: asyncio.AbstractEventLoop) -> None:
        """Schedule the next turn: at once if all who are expected wait, else a little later or when the log is free."""
        if not self._logging or len(self._jobs) >= LARGE_TURN:
            self._schedule_turn(loop, at_once=len(self._jobs) >= min(self._expected, LARGE_TURN))

    def _schedule_turn(self, loop: asyncio.AbstractEventLoop, *, at_once: bool) -> None:
        """Schedule it at once or a little later; the earlier of two calls counts."""
        if self._due is not None:
            if not at_once or self._at_once:
                return
            self._due.cancel()
        self._at_once = at_once
        self._due = loop.call_soon(self._turn, loop) if at_once else loop.call_later(LINGER_SECONDS, self._turn, loop)

    def _turn(self, loop: asyncio.AbstractEventLoop) -> None:
        """Predict for up to ``AT_ONCE`` usual requests, log the answers, and leave the rest to the next turn."""
        self._due = None
        jobs = [self._jobs.popleft()]
        size = jobs[0].size
        while self._jobs and size + self._jobs[0].size <= AT_ONCE:
            jobs.append(self._jobs.popleft())
            size += jobs[-1].size
        for in_full in (True, False):
            alike = [job for job in jobs if job.in_full == in_full and not job.done.done()]
            if alike:
                self._answer_together(alike, loop)
        if self._jobs:
            self._schedule_turn(loop, at_once=True)

    def _answer_together(self, jobs: Sequence[_Job], loop: asyncio.AbstractEventLoop) -> None:
        began = time.time_ns()
        try:
            work = self._predicted(jobs)
        except Exception as error:  # noqa: BLE001 - an error in one request must not fail the others
            if len(jobs) == 1:
                jobs[0].done.set_exception(error)
                return
            for job in jobs:
                self._answer_together([job], loop)
            return
        self._tracing.step((job.record for job in jobs), "predict", began, time.time_ns())
        task = loop.create_task(self._log_and_reply(jobs, work))
        self._logging.add(task)  # the loop itself keeps no task alive
        task.add_done_callback(partial(self._logged, loop, len(jobs)))

    def _logged(self, loop: asyncio.AbstractEventLoop, answered: int, task: "asyncio.Task[None]") -> None:
        """So many calls were answered, whose callers may ask again."""
        self._logging.discard(task)
        self._expected = answered + len(self._jobs)
        if self._jobs:
            self._schedule(loop)

    def _predicted(self, jobs: Sequence[_Job]) -> list[_ReadyAnswer | RequestRefusedError]:
        served = self._served()
        queued = [(one, job) for job in jobs for one in job.requests]
        ids = [str(uuid4()) for _ in queued]
        answers = served.predictor.answer_many([one.request for one, _ in queued], ids, in_full=jobs[0].in_full)
        return [
            answer
            if isinstance(answer, RequestRefusedError)
            else _ReadyAnswer(self._draft(served, prediction_id, answer, one, job), answer)
            for prediction_id, answer, (one, job) in zip(ids, answers, queued, strict=True)
        ]

    def _draft(
        self, served: ServedModel, prediction_id: str, answered: PredictionReply, queued: _QueuedRequest, job: _Job
    ) -> Draft:
        mac, caller = self._secret.mac, job.call.caller
        return Draft(
            prediction_id=prediction_id,
            caller=caller,
            model_digest=served.bundle.digest,
            model_version=served.version,
            run_id=served.run_id,
            landmark=answered.landmark,
            landmark_day=answered.landmark_day,
            latency_us=round((time.perf_counter() - job.call.received) * 1e6),
            patient=self._secret.patient(getattr(queued.request.patient, PATIENT_REF)),
            input_digest=mac("input", input_text(queued.request, in_full=job.in_full)),
            row=None if answered.row is None else answered.row.decode(),
            answer=answered.body.decode(),
            idempotency=None if queued.key is None else mac("idempotency", f"{caller}\n{queued.key}".encode()),
            shadow=None if answered.shadow is None else answered.shadow.decode(),
        )

    async def _log_and_reply(self, jobs: Sequence[_Job], work: Sequence[_ReadyAnswer | RequestRefusedError]) -> None:
        """Log all drafts in one transaction, and reply only then."""
        ready = [one for one in work if isinstance(one, _ReadyAnswer)]
        began = time.time_ns()
        try:
            logged = await self._log.append([one.draft for one in ready]) if ready else []
            self._tracing.step((job.record for job in jobs), "write log", began, time.time_ns())
        except Exception as error:  # noqa: BLE001 - passed to the waiting callers
            for job in jobs:
                if not job.done.done():
                    job.done.set_exception(error)
            return
        following = iter(logged)
        replies = iter([next(following) if isinstance(one, _ReadyAnswer) else one for one in work])
        for job in jobs:
            own = [next(replies) for _ in job.requests]
            if not job.done.done():
                job.done.set_result(own)
        self._count(ready, logged)

    def _count(self, ready: Sequence[_ReadyAnswer], logged: Sequence[Result]) -> None:
        """Count the answers that are new in the log; a repeated answer counts once."""
        pairs = zip(ready, logged, strict=True)
        new = [
            one
            for one, held in pairs
            if isinstance(held, LoggedReply) and held.prediction_id == one.draft.prediction_id
        ]
        if new:
            self._metrics.given(new[0].draft.model_version, [one.answered.summary for one in new])


def _size(queued: _QueuedRequest) -> int:
    """What one request costs, in usual ones."""
    return 1 + queued.request.rows // ROWS_OF_ONE


def _predicted_at_once(requests: Sequence[_QueuedRequest]) -> list[list[_QueuedRequest]]:
    """The requests in parts, each of which the event loop can wait for."""
    parts: list[list[_QueuedRequest]] = []
    room = 0
    for one in requests:
        if _size(one) > room:
            parts.append([])
            room = AT_ONCE
        parts[-1].append(one)
        room -= _size(one)
    return parts


def input_text(request: PredictionRequest, *, in_full: bool) -> bytes:
    """The text behind the logged digest of a request: its content, whatever the layout of the JSON."""
    return (b"full " if in_full else b"") + request.model_dump_json().encode()
