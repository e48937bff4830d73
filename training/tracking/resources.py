"""What a training takes: seconds per stage, and the machine's processor and memory meanwhile.

The figures become metrics of the training's run, under the names by which MLflow's page of system metrics finds them.
"""

import re
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from types import TracebackType

import psutil
from mlflow.entities import Metric, RunTag
from mlflow.tracking import MlflowClient

from training.experiment.train import Announce
from training.tracking.metrics import METRICS_AT_ONCE

EVERY_SECONDS = 5.0
"""Between two samples; a training takes minutes [judgement]."""
MOST_SAMPLES = 2000
"""Afterwards every second sample is dropped, and half as many are taken, so that a long training has no longer list."""
MEGABYTE = 1e6


@dataclass(frozen=True)
class ResourceSample:
    """The machine at one time (milliseconds since the epoch): processor and memory in percent, memory in megabytes."""

    at: int
    processor: float
    memory: float
    memory_megabytes: float


@dataclass(frozen=True)
class ResourceUse:
    """Seconds by stage, in the order of the stages, samples of the machine's load, and what ran the fits."""

    seconds: dict[str, float]
    samples: tuple[ResourceSample, ...] = ()
    ran_on: str | None = None


@dataclass(eq=False)
class ResourceMeter:
    """Measures from entering to leaving it; no thread is left behind."""

    every_seconds: float = EVERY_SECONDS
    _seconds: dict[str, float] = field(default_factory=dict)
    _samples: list[ResourceSample] = field(default_factory=list)
    _stage: tuple[str, float] | None = None
    _stopped: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def __enter__(self) -> "ResourceMeter":
        psutil.cpu_percent()  # the first call only starts the measurement
        self._thread = threading.Thread(target=self._sample, name="resource-meter", daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end_stage()
        self._stopped.set()
        if self._thread is not None:
            self._thread.join()

    def timing(self, announce: Announce) -> Announce:
        """The same announcement, which also times every stage: until the next one begins."""

        def timed(stage: str, pieces: int) -> Callable[[], None]:
            self._end_stage()
            self._stage = (stage, time.monotonic())
            return announce(stage, pieces)

        return timed

    def use(self, ran_on: str | None = None) -> ResourceUse:
        """What was measured up to now; the present stage ends. ``ran_on`` says what ran the fits."""
        self._end_stage()
        return ResourceUse(dict(self._seconds), tuple(self._samples), ran_on)

    def _end_stage(self) -> None:
        if self._stage is not None:
            stage, began = self._stage
            self._seconds[stage] = self._seconds.get(stage, 0.0) + time.monotonic() - began
        self._stage = None

    def _sample(self) -> None:
        while not self._stopped.wait(self.every_seconds):
            memory = psutil.virtual_memory()
            self._samples.append(
                ResourceSample(
                    int(time.time() * 1000),
                    psutil.cpu_percent(),
                    memory.percent,
                    (memory.total - memory.available) / MEGABYTE,
                )
            )
            if len(self._samples) >= MOST_SAMPLES:
                self._samples[:] = self._samples[::2]
                self.every_seconds *= 2


def log_resources(run_id: str, use: ResourceUse) -> None:
    """Log ``seconds/STAGE``, which its pages show as a group, MLflow's ``system/`` metrics, and the tag ``ran_on``."""
    now = int(time.time() * 1000)
    logged = [Metric(f"seconds/{_slug(stage)}", round(value, 3), now, 0) for stage, value in use.seconds.items()]
    logged += _system_metrics(use.samples)
    tags = [] if use.ran_on is None else [RunTag("ran_on", use.ran_on)]
    for first in range(0, len(logged), METRICS_AT_ONCE):
        MlflowClient().log_batch(run_id, metrics=logged[first : first + METRICS_AT_ONCE], tags=tags)


def _system_metrics(samples: Sequence[ResourceSample]) -> list[Metric]:
    return [
        Metric(f"system/{name}", round(value, 1), sample.at, step)
        for step, sample in enumerate(samples)
        for name, value in (
            ("cpu_utilization_percentage", sample.processor),
            ("system_memory_usage_percentage", sample.memory),
            ("system_memory_usage_megabytes", sample.memory_megabytes),
        )
    ]


def _slug(stage: str) -> str:
    return re.sub(r"\W+", "_", stage).strip("_").lower()
