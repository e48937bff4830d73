"""What a load is: sent to whom, by how many, for how long; and what came of it. Both travel as JSON."""

import json
from dataclasses import asdict, dataclass, field
from typing import Literal, Self

Expected = Literal["nothing", "predicted", "predicted_batch", "predicted_batch_in_full", "mlflow"]
"""What a right answer looks like; `answers` knows each."""
Bodies = Literal["one", "many", "many-in-full", "nothing", "frames"]
"""Names of the files of bodies that `patients` writes: one patient, a batch, an empty document, MLflow's frames."""
MOST_REQUESTS = 2_000_000


@dataclass(frozen=True)
class Plan:
    """A load on ``127.0.0.1:port``; ``bodies`` is a file with one body per line, sent in turn.

    Without ``rate`` each of the ``callers`` sends its next request when it has its answer. With a rate, requests come
    at times drawn beforehand, so many a second on average (Poisson), on at most ``callers`` connections; one that finds
    none free waits, and its wait counts. Answers within the first ``warm_up`` seconds are checked and not timed.
    ``keyed`` gives each request an idempotency key of its own.
    """

    port: int
    path: str
    bodies: str
    expected: Expected
    callers: int
    seconds: float
    headers: dict[str, str] = field(default_factory=dict)
    rate: float | None = None
    warm_up: float = 0.5
    keyed: bool = True
    requests: int = MOST_REQUESTS
    seed: int = 7

    def as_json(self) -> str:
        """The plan as a JSON text."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Self:
        """The plan in a JSON text."""
        return cls(**json.loads(text))


@dataclass(frozen=True)
class LoadTimes:
    """What a load took. Times are milliseconds from the moment a request was due to its last byte.

    ``answers`` are all right answers, also those while warming up, and ``predictions`` the different predictions in
    them; ``timed`` those behind the times and the rate. ``faults`` counts everything else by what was wrong; ``cores``
    is how much of a core the generator used.
    """

    answers: int
    predictions: int
    timed: int
    per_second: float
    p50: float
    p90: float
    p99: float
    longest: float
    statuses: dict[str, int]
    faults: dict[str, int]
    cores: float

    def as_json(self) -> str:
        """What was taken, as a JSON text."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Self:
        """What was taken, from a JSON text."""
        return cls(**json.loads(text))
