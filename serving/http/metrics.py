"""Metrics for Prometheus: how many, how fast, which outcome, which feature is missing; never a patient's value.

Each worker process of a server counts into its own files (`PROMETHEUS_MULTIPROC_DIR`); a request adds them up.
"""

import os
import re
from collections import Counter as Counting
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest, multiprocess
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from serving.contract.refusal import RequestProblem
from serving.http.worker_metrics import WORKER_PROCESS, ServerMetrics, forget_ended_processes, processes_in

__all__ = ["CONTENT_TYPE_LATEST", "Metrics"]

_ROW = re.compile(r"\[\d+\]")
MOST_NAMES = 6
"""Names of a field's path that are counted apart: parts of resources may lie in parts without end."""
_TENTHS = ("0.0", "0.1", "0.2", "0.3", "0.4", "0.5", "0.6", "0.7", "0.8", "0.9", "0.9")
"""Where the tenth of a probability begins; 1.0 belongs to the last."""
_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Metrics:
    """The metrics of this process, and the sum over all processes."""

    def __init__(self, *, shared: bool, worker: int = 1) -> None:
        """``shared``: several processes write into `PROMETHEUS_MULTIPROC_DIR`; otherwise one process counts.

        ``worker`` is the number of this process among them, which one that replaces it gets again.
        """
        self._registry = CollectorRegistry()
        self._shared = shared
        self._worker = str(worker)
        own: dict[str, Any] = {"registry": self._registry}
        self._requests = Counter("kap_requests", "HTTP requests.", ("path", "method", "status"), **own)
        self._connections = Counter(
            "kap_connections_refused",
            "Connections ended before a request was read or its answer taken.",
            ("reason",),
            **own,
        )
        self._seconds = Histogram("kap_request_seconds", "Time to answer.", ("path",), buckets=_SECONDS, **own)
        self._answers = Counter(
            "kap_answers", "Answers given, and requests refused.", ("outcome", "version", "landmark"), **own
        )
        self._not_predictable = Counter("kap_not_predictable", "Why nothing was predicted.", ("code", "version"), **own)
        self._refusals = Counter("kap_refusals", "Refused requests, by field.", ("field",), **own)
        self._applicability = Counter("kap_applicability", "Verdicts on applicability.", ("verdict", "version"), **own)
        self._cautions = Counter("kap_cautions", "Cautions given.", ("code",), **own)
        self._missing = Counter("kap_features_missing", "Features not recorded.", ("feature", "version"), **own)
        self._outside = Counter("kap_features_out_of_range", "Out of training range.", ("feature", "version"), **own)
        self._probability = Counter(
            "kap_probabilities", "Probabilities given, by tenths.", ("question", "from", "version"), **own
        )
        self._log_failures = Counter("kap_log_unavailable", "Requests not answered because the log failed.", **own)
        self._log_up = Gauge("kap_log_up", "1 while every process can use the log.", multiprocess_mode="livemin", **own)
        self._log_seconds = Histogram("kap_log_write_seconds", "Time to write the log.", buckets=_SECONDS, **own)
        self._waiting = Gauge(
            "kap_requests_waiting", "Records that wait for an answer.", multiprocess_mode="livesum", **own
        )
        self._process = Gauge(
            WORKER_PROCESS, "Process id of each worker.", ("worker",), multiprocess_mode="livemostrecent", **own
        )
        self._restarts = Counter("kap_worker_restarts", "Workers that replaced a lost one.", ("worker",), **own)
        self._refused_model = Gauge(
            "kap_newest_model_refused", "1 while the newest model is refused.", multiprocess_mode="livemax", **own
        )

    def began(self) -> None:
        """This process begins to answer; if a worker of this number began before, it counts as a restart."""
        restarted = self._shared and self._began_before()
        self._restarts.labels(self._worker).inc(float(restarted))
        self._process.labels(self._worker).set(os.getpid())

    def _began_before(self) -> bool:
        found = [metric for metric in self._together().collect() if metric.name == "kap_worker_restarts"]
        return any(sample.labels["worker"] == self._worker for metric in found for sample in metric.samples)

    def answered(self, path: str, method: str, status: int, seconds: float) -> None:
        """One HTTP request; status 0 if the caller disconnected."""
        self._requests.labels(path, method, str(status)).inc()
        self._seconds.labels(path).observe(seconds)

    def connection_refused(self, reason: str) -> None:
        """One connection that never became a request, or whose caller did not read: a status, or in words."""
        self._connections.labels(reason).inc()

    def refused(self, problems: Iterable[RequestProblem]) -> None:
        """One refused request, by the fields of its problems, without their rows."""
        self._answers.labels("refused", "", "").inc()
        for field in {_field(problem.path) for problem in problems}:
            self._refusals.labels(field).inc()

    def given(self, version: str, answers: Iterable[Mapping[str, Any]]) -> None:
        """Answers as plain documents; they are summed first, because those of a batch are similar."""
        counted: Counting[tuple[Counter, tuple[str, ...]]] = Counting()
        missing: Counting[tuple[str, ...]] = Counting()
        for answer in answers:
            counted.update(self._counts(version, answer))
            missing[tuple(answer.get("not_recorded", ()))] += 1
        for features, number in missing.items():
            for feature in features:
                counted[self._missing, (feature, version)] += number
        for (counter, labels), number in counted.items():
            counter.labels(*labels).inc(number)

    def _counts(self, version: str, answer: Mapping[str, Any]) -> Iterator[tuple[Counter, tuple[str, ...]]]:
        """The counters that one answer increases."""
        predicted = answer["outcome"] == "predicted"
        yield self._answers, (answer["outcome"], version, answer["landmark"]["name"] if predicted else "")
        for caution in answer["cautions"]:
            yield self._cautions, (caution["code"],)
        applicability = answer["applicability"] or {"verdict": "not evaluated", "reasons": ()}
        yield self._applicability, (applicability["verdict"], version)
        for reason in applicability["reasons"]:
            if reason["code"] == "out_of_range":
                yield self._outside, (reason["feature"], version)
        if not predicted:
            yield from ((self._not_predictable, (reason["code"], version)) for reason in answer["reasons"])
            return
        for question, probability in _probabilities(answer):
            if probability is not None:
                yield self._probability, (question, _TENTHS[int(probability * 10)], version)

    def log_unavailable(self) -> None:
        """One request that could not be answered because the log could not be written."""
        self._log_failures.inc()

    def log_up(self, up: bool) -> None:
        """Whether this process can use the log."""
        self._log_up.set(float(up))

    def log_written(self, seconds: float) -> None:
        """One transaction of the log, whose entries are on the disk."""
        self._log_seconds.observe(seconds)

    def waiting(self, records: int) -> None:
        """How many records wait in this process for their answer."""
        self._waiting.set(records)

    def newest_model_refused(self, refused: bool) -> None:
        """Whether the newest model of the store is refused."""
        self._refused_model.set(float(refused))

    def page(self, model: Mapping[str, str] | None = None) -> bytes:
        """All metrics in the text format of Prometheus; ``model`` has the labels of ``kap_model_info``."""
        if self._shared:
            forget_ended_processes()
        registry = self._together() if self._shared else self._registry
        server = ServerMetrics(processes_in(registry.collect()), model or {})
        return bytes(generate_latest(registry)) + bytes(generate_latest(server))

    def _together(self) -> CollectorRegistry:
        registry = CollectorRegistry()
        multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        return registry


def _field(path: str) -> str:
    return ".".join(_ROW.sub("", path).split(".")[:MOST_NAMES])


def _probabilities(answer: Mapping[str, Any]) -> list[tuple[str, float | None]]:
    found: list[tuple[str, float | None]] = []
    if answer["remission"] is not None:
        found.append(("remission", answer["remission"]["probability"]))
    if answer["relapse"] is not None:
        found += [(f"relapse_{risk['days']}", risk["probability"]) for risk in answer["relapse"]["at_horizons"]]
    found += [(f"sustained_{one['horizon_days']}", one["probability"]) for one in answer["sustained_remission"]]
    return found
