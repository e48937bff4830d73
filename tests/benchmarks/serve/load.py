"""The load generator, a process of its own: ``python -m tests.benchmarks.serve.load FILE`` reads a plan.

Two kinds of load: callers who wait for their answer before they ask again, which finds the most that can be had; and
requests that come when they come, answered or not, which is how clinics call. The second measures from the moment a
request was due, so that a service that stalls is not spared the requests which fell into its pause.
"""

import asyncio
import gc
import random
import sys
import time
from array import array
from collections import Counter, deque
from functools import partial
from math import ceil
from pathlib import Path
from secrets import token_hex

import uvloop

from tests.benchmarks.serve.answers import CHECKS, prediction_ids, wrong_in_full
from tests.benchmarks.serve.connection import LOST, Connection, RawAnswer
from tests.benchmarks.serve.plan import LoadTimes, Plan

GRACE_SECONDS = 30
"""How long answers are waited for after the last request."""
FAULTS_TO_STOP = 100
LOOK_AT = {"predicted_batch": (5, 3), "predicted_batch_in_full": (5, 3)}
"""By kind of answer: every so many are parsed in full, and no more than so many."""
LOOK_AT_OTHERS = (97, 50)


class Requests:
    """The requests of a plan, ready to be sent, one body after another."""

    def __init__(self, plan: Plan) -> None:
        """Read the bodies; raises OSError, or ValueError where there is none."""
        bodies = Path(plan.bodies).read_bytes().splitlines()
        if not bodies:
            raise ValueError(f"{plan.bodies}: one body a line is required")
        headers = {"Host": f"127.0.0.1:{plan.port}", "Content-Type": "application/json", **plan.headers}
        head = f"POST {plan.path} HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        self._parts = [(f"{head}Content-Length: {len(body)}\r\n".encode(), b"\r\n" + body) for body in bodies]
        self._key = token_hex(8) if plan.keyed else None
        self._sent = 0

    def __next__(self) -> bytes:
        """The next request, with a key of its own."""
        before, after = self._parts[self._sent % len(self._parts)]
        self._sent += 1
        key = b"" if self._key is None else b"Idempotency-Key: %s-%d\r\n" % (self._key.encode(), self._sent)
        return before + key + after


class Tally:
    """Checks every answer, and keeps its time."""

    def __init__(self, plan: Plan) -> None:
        """Nothing yet."""
        self._check = CHECKS[plan.expected]
        self._every, self._most = LOOK_AT.get(plan.expected, LOOK_AT_OTHERS)
        self._times = array("d")
        self._samples: list[bytes] = []
        self._ids: set[bytes] = set()
        self._statuses: Counter[str] = Counter()
        self.faults: Counter[str] = Counter()
        self._answers = 0
        self._from = self._until = 0.0

    def time_from(self, moment: float) -> None:
        """Time what is due from this moment on (`time.perf_counter`, seconds)."""
        self._from = self._until = moment

    def add(self, due: float, answer: RawAnswer) -> None:
        """One answer, to a request that was due at that moment."""
        now = time.perf_counter()
        self._statuses["lost" if answer.status == LOST else str(answer.status)] += 1
        wrong = f"status {answer.status}" if answer.status != 200 else self._check.quick(answer.body)
        if answer.status == LOST or wrong is not None:
            self.faults[wrong if answer.status != LOST and wrong else "the connection broke"] += 1
            return
        if self._answers % self._every == 0 and len(self._samples) < self._most:
            self._samples.append(answer.body)
        self._answers += 1
        for prediction_id in prediction_ids(answer.body):
            if prediction_id in self._ids:
                self.faults["a prediction id given before"] += 1
            self._ids.add(prediction_id)
        if due >= self._from:
            self._times.append(now - due)
            self._until = now

    def taken(self, cores: float) -> LoadTimes:
        """All of it, after some answers are looked at in full."""
        for body in self._samples:
            wrong = wrong_in_full(self._check, body)
            if wrong is not None:
                self.faults[wrong] += 1
        times = sorted(self._times)
        return LoadTimes(
            answers=self._answers,
            predictions=len(self._ids),
            timed=len(times),
            per_second=len(times) / (self._until - self._from) if times else 0.0,
            p50=_percentile(times, 50),
            p90=_percentile(times, 90),
            p99=_percentile(times, 99),
            longest=_percentile(times, 100),
            statuses=dict(self._statuses),
            faults=dict(self.faults),
            cores=cores,
        )


def _percentile(times: list[float], percent: int) -> float:
    """The smallest time that so many percent do not exceed, in milliseconds; NaN of none."""
    return times[ceil(len(times) * percent / 100) - 1] * 1000 if times else float("nan")


class ClosedLoopLoad:
    """Callers who ask again as soon as they have their answer, until the plan's time is over."""

    def __init__(self, plan: Plan, tally: Tally) -> None:
        """Nothing is sent yet."""
        self._plan = plan
        self._tally = tally
        self._requests = Requests(plan)
        self._left = plan.requests
        self._under_way = 0
        self._deadline = 0.0
        self._over = asyncio.Event()
        self._opening: set[asyncio.Task[None]] = set()
        self._connections: list[Connection] = []

    async def run(self) -> None:
        """Send, and wait for what is under way; what does not come in time is a fault."""
        await self._begin()
        try:
            await asyncio.wait_for(self._over.wait(), self._plan.seconds + GRACE_SECONDS)
        except TimeoutError:
            self._tally.faults["no answer in time"] += self._under_way
        for connection in self._connections:
            connection.close()
        await asyncio.sleep(0)  # for the connections to notice

    def _time(self) -> float:
        """Let the plan's time begin."""
        start = time.perf_counter()
        self._deadline = start + self._plan.seconds
        self._tally.time_from(start + self._plan.warm_up)
        return start

    async def _begin(self) -> None:
        """Each caller asks as soon as it is connected.

        So the next one comes while earlier ones are being answered, as callers do; were all to connect before any asks,
        a single worker might take them all.
        """
        self._time()
        for _ in range(self._plan.callers):
            self._free(await self._opened())

    def _free(self, connection: Connection) -> None:
        """A connection has its answer and may be used again."""
        now = time.perf_counter()
        if now < self._deadline and not self._enough():
            self._send(connection, now)
        elif not self._under_way:
            self._over.set()

    def _enough(self) -> bool:
        return self._left == 0 or self._tally.faults.total() >= FAULTS_TO_STOP

    def _send(self, connection: Connection, due: float) -> None:
        self._left -= 1
        self._under_way += 1
        connection.send(next(self._requests), partial(self._answered, connection, due))

    def _answered(self, connection: Connection, due: float, answer: RawAnswer) -> None:
        self._under_way -= 1
        self._tally.add(due, answer)
        if connection.open:
            self._free(connection)
        else:
            self._open_another()

    def _open_another(self) -> None:
        task = asyncio.get_running_loop().create_task(self._connect())
        self._opening.add(task)
        task.add_done_callback(self._opening.discard)

    async def _connect(self) -> None:
        try:
            connection = await self._opened()
        except OSError:
            self._tally.faults["no connection"] += FAULTS_TO_STOP
            self._over.set()
            return
        self._free(connection)

    async def _opened(self) -> Connection:
        loop = asyncio.get_running_loop()
        _, connection = await loop.create_connection(Connection, "127.0.0.1", self._plan.port)
        self._connections.append(connection)
        return connection


class FixedRateLoad(ClosedLoopLoad):
    """Requests at times drawn beforehand, whether or not earlier ones are answered."""

    def __init__(self, plan: Plan, tally: Tally, rate: float) -> None:
        """Draw the times."""
        super().__init__(plan, tally)
        self._times = arrivals(rate, plan.seconds, plan.seed)[: plan.requests]
        self._idle: deque[Connection] = deque()
        self._waiting: deque[float] = deque()
        self._start = 0.0
        self._next = self._began = 0

    async def _begin(self) -> None:
        """Nobody is connected before there is something to ask."""
        self._start = self._time()
        self._due()

    def _due(self) -> None:
        """Send what is due by now, and come back when the next one is."""
        now = time.perf_counter()
        while self._next < len(self._times) and self._start + self._times[self._next] <= now:
            self._waiting.append(self._start + self._times[self._next])
            self._next += 1
        self._serve()
        if self._next < len(self._times) and not self._enough():
            wait = self._start + self._times[self._next] - time.perf_counter()
            asyncio.get_running_loop().call_later(max(0.0, wait), self._due)
        elif not self._under_way:
            self._over.set()

    def _serve(self) -> None:
        while self._waiting and self._idle:
            connection = self._idle.popleft()  # the one unused for longest, so that none is closed for idleness
            self._send(connection, self._waiting.popleft())
        while len(self._waiting) > len(self._opening) and self._began < self._plan.callers:
            self._began += 1
            self._open_another()

    def _free(self, connection: Connection) -> None:
        self._idle.append(connection)
        self._serve()
        sent = self._enough() or (self._next == len(self._times) and not self._waiting)
        if sent and not self._under_way:
            self._over.set()


def arrivals(rate: float, seconds: float, seed: int) -> "array[float]":
    """Moments within so many seconds at which requests come, independent of one another, ``rate`` a second."""
    draws, moment, moments = random.Random(seed), 0.0, array("d")  # noqa: S311 - a load, no secret
    while (moment := moment + draws.expovariate(rate)) < seconds:
        moments.append(moment)
    return moments


async def _drive(plan: Plan, tally: Tally) -> float:
    """Run the load; the share of a core that it took."""
    load = ClosedLoopLoad(plan, tally) if plan.rate is None else FixedRateLoad(plan, tally, plan.rate)
    gc.collect()
    gc.freeze()
    gc.disable()  # nothing here refers to itself, and a pause would count as the service's
    spent, start = time.process_time(), time.perf_counter()
    await load.run()
    return (time.process_time() - spent) / (time.perf_counter() - start)


def main(plan: Plan) -> LoadTimes:
    """Put the plan's load on its server, and say what it took."""
    tally = Tally(plan)
    cores = uvloop.run(_drive(plan, tally))
    return tally.taken(cores)


if __name__ == "__main__":
    print(main(Plan.from_json(Path(sys.argv[1]).read_text(encoding="utf-8"))).as_json())
