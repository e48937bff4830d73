"""Digests of the metrics of runs, each with its history, in few requests.

A database is asked for every history. A server is asked only for those with several points; a history of one point
follows from the latest value, which the list of runs has. So a server is asked once for a name of a metric, not once
for each metric of each run.
"""

from collections.abc import Iterable, Mapping, Sequence

import mlflow
from mlflow.entities import Metric, Run
from mlflow.tracking import MlflowClient
from mlflow.utils.credentials import get_default_host_creds
from mlflow.utils.rest_utils import http_request

from training.registry.seal import SealedItem, digest_of, digest_of_numbers
from training.stores.artifact_place import is_behind_a_server

BULK = "/ajax-api/2.0/mlflow/metrics/get-history-bulk"
RUNS_AT_ONCE, POINTS_AT_ONCE = 100, 25_000
"""What a server takes and gives at once."""
WITH_POINTS = ("system/", "fold.")
"""How the metrics begin that are recorded with several points: how busy the machine was, and values of every fold."""
Point = tuple[int, int, float]
"""Step, milliseconds since the epoch, value."""


def metric_digests(
    client: MlflowClient, runs: Sequence[Run], sealed: Mapping[SealedItem, str] | None, *, histories: bool
) -> dict[SealedItem, str]:
    """The digest of every metric of the runs; ``sealed`` are the digests to compare with, ``None`` to seal.

    Without ``histories`` a server is not asked for those that are recorded with several points (`WITH_POINTS`), and
    their sealed digests are returned. Every other metric that is not as sealed is asked for.
    """
    latest = {
        SealedItem(str(run.info.run_id), "metric", str(point.key)): point
        for run in runs
        for point in run.data._metric_objs  # noqa: SLF001 - the public dictionary lacks step and time
    }
    if not is_behind_a_server():
        return {item: _digest(point, _history(client, item.owner, item.name)) for item, point in latest.items()}
    alone = {item: _digest(point, [_point(point)]) for item, point in latest.items()}
    several = [item for item, point in latest.items() if _has_several(item, point, alone[item], sealed)]
    excused = (
        {} if histories or sealed is None else {item: sealed[item] for item in several if _is_unread(latest[item])}
    )
    asked = [item for item in several if item not in excused]
    points = _histories(client, asked)
    return alone | excused | {item: _digest(latest[item], points[item]) for item in asked}


def _has_several(item: SealedItem, latest: Metric, alone: str, sealed: Mapping[SealedItem, str] | None) -> bool:
    """Whether the history may have more points than the latest. Metrics of one point are written at step 0."""
    if sealed is None:
        return int(latest.step) > 0
    return item in sealed and sealed[item] != alone


def _is_unread(latest: Metric) -> bool:
    return str(latest.key).startswith(WITH_POINTS) and int(latest.step) > 0


def _digest(latest: Metric, history: Sequence[Point]) -> str:
    """Of the latest value and the history; MLflow keeps the latest twice, and its step and time must be in both."""
    known = (int(latest.step), int(latest.timestamp)) in {(step, at) for step, at, _ in history}
    apart = "" if known else f"apart at step {latest.step}, {latest.timestamp}"
    return digest_of(float(latest.value).hex() + digest_of_numbers(history) + apart)


def _point(metric: Metric) -> Point:
    return int(metric.step), int(metric.timestamp), float(metric.value)


def _history(client: MlflowClient, run_id: str, name: str) -> list[Point]:
    return [_point(point) for point in client.get_metric_history(run_id, name)]


def _histories(client: MlflowClient, wanted: Iterable[SealedItem]) -> dict[SealedItem, list[Point]]:
    """The histories of metrics behind a server: one request for a name and up to a hundred runs."""
    by_name: dict[str, list[SealedItem]] = {}
    for item in wanted:
        by_name.setdefault(item.name, []).append(item)
    found: dict[SealedItem, list[Point]] = {}
    for name, items in by_name.items():
        for first in range(0, len(items), RUNS_AT_ONCE):
            some = items[first : first + RUNS_AT_ONCE]
            found |= _bulk(name, some) or {item: _history(client, item.owner, name) for item in some}
    return found


def _bulk(name: str, items: Sequence[SealedItem]) -> dict[SealedItem, list[Point]] | None:
    """The histories of a metric of several runs; ``None`` if the server can't give them all at once."""
    asked = {"run_id": [item.owner for item in items], "metric_key": name, "max_results": POINTS_AT_ONCE}
    answer = http_request(get_default_host_creds(mlflow.get_tracking_uri()), BULK, "GET", params=asked)
    if answer.status_code != 200:
        return None
    rows = answer.json().get("metrics", [])
    if len(rows) >= POINTS_AT_ONCE:
        return None
    found: dict[SealedItem, list[Point]] = {item: [] for item in items}
    for row in rows:
        point = int(row["step"]), int(row["timestamp"]), float(row["value"])
        found[SealedItem(str(row["run_id"]), "metric", name)].append(point)
    return found
