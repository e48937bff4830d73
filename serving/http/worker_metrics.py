"""Metrics about the processes of a server: memory, time, restarts; and what is served. No request changes them.

`prometheus_client` has process metrics for one process only; here each worker's have its number as a label.
"""

import os
import platform
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from prometheus_client import ProcessCollector, multiprocess
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.registry import Collector

FOLDER = "PROMETHEUS_MULTIPROC_DIR"
WORKER_PROCESS = "kap_worker_process_id"


class ServerMetrics(Collector):
    """Process metrics of each worker, and the versions of software and model."""

    def __init__(self, processes: Mapping[str, int], model: Mapping[str, str]) -> None:
        """``processes`` has the process id by the worker's number; ``model`` the labels of ``kap_model_info``."""
        self._processes = processes
        self._model = model

    def collect(self) -> Iterator[Metric]:
        """The metrics now."""
        built = {"version": software_version(), "python": platform.python_version()}
        yield InfoMetricFamily("kap_build", "The software that answers.", value=built)
        if self._model:
            yield InfoMetricFamily("kap_model", "The model that answers.", value=dict(self._model))
        families: dict[str, Metric] = {}
        for worker, process in self._processes.items():
            for metric in ProcessCollector(pid=lambda process=process: process, registry=None).collect():  # type: ignore[misc]
                family = families.setdefault(metric.name, _family(metric))
                for sample in metric.samples:
                    family.add_sample(sample.name, {"worker": worker}, sample.value)
        yield from families.values()


def forget_ended_processes() -> None:
    """Remove the gauges of workers that have ended, which would otherwise count for ever."""
    folder = Path(os.environ[FOLDER])
    for process in {int(path.stem.rpartition("_")[2]) for path in folder.glob("gauge_live*_*.db")}:
        if not _is_running(process):
            with suppress(FileNotFoundError):  # another worker was faster
                multiprocess.mark_process_dead(process)  # type: ignore[no-untyped-call]


def processes_in(metrics: Iterable[Metric]) -> dict[str, int]:
    """The process id of each worker, by what the workers wrote about themselves."""
    found = (sample for metric in metrics if metric.name == WORKER_PROCESS for sample in metric.samples)
    return {sample.labels["worker"]: int(sample.value) for sample in found}


def _family(metric: Metric) -> Metric:
    kind = CounterMetricFamily if metric.type == "counter" else GaugeMetricFamily
    return kind(metric.name, metric.documentation, labels=("worker",))


def _is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def software_version() -> str:
    """The version of this software, as installed."""
    try:
        return version("kap-outcomes")
    except PackageNotFoundError:
        return "not installed"  # run from a folder of sources
