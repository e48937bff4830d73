"""Latency of FHIR: `python -m tests.benchmarks.fhir` asks one server for the same patients in both forms, in turn.

The server runs on loopback, as `kap serve` starts it, with one worker and a trained model. One caller asks: first
``POST /v1/predict``, then ``POST /fhir/$predict`` for the same patient. Both answers must have the same probability.
"""

import argparse
import datetime as dt
import json
import statistics
import tempfile
import time
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import numpy as np

from tests.benchmarks.measure import machine, say
from tests.benchmarks.serve.preparation import prepare
from tests.benchmarks.serve.servers import Service, kap_serve
from tests.benchmarks.table import BenchmarkLine, table
from tests.serving.fhir.readers import resources_in
from tests.serving.fhir.synthetic_bundles import chart_of, parameters_of

PLAIN, FHIR = "/v1/predict", "/fhir/$predict"
TYPES = {PLAIN: "application/json", FHIR: "application/fhir+json"}
FIRST_DOSE, ZONE = dt.date(2026, 3, 4), ZoneInfo("Europe/Berlin")
WARM_UP = 30
MOST_TIMES = 2.0
PACKAGES = ("bentoml", "fhir-resources", "httpx", "numpy", "orjson")


def main() -> None:
    """Measure and print the table; a missed bar does not fail the command."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.fhir", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="how often all patients are asked about")
    parser.add_argument("--folder", type=Path, help="keep the trained model here, and use one that is here already")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="kap-bench-") as scratch:
        prepared = prepare(asked.folder or Path(scratch))
        requests = list(_requests(Path(prepared.bodies("one"))))
        say(f"asking about {len(requests)} patients in both forms, {asked.rounds} times")
        with kap_serve(prepared.folder, 1) as service:
            taken = _taken(service, requests, asked.rounds)
        print(table(list(_lines(taken, requests))))
    print(f"\n{machine(PACKAGES)}")


def _requests(lines: Path) -> Iterator[dict[str, bytes]]:
    """The body for each address, of every patient."""
    rng = np.random.default_rng(1)
    for line in lines.read_text(encoding="utf-8").splitlines():
        chart = chart_of(json.loads(line), FIRST_DOSE, ZONE, rng)
        yield {PLAIN: line.encode(), FHIR: parameters_of(chart)}


def _taken(service: Service, requests: list[dict[str, bytes]], rounds: int) -> dict[str, list[float]]:
    """Milliseconds of each call after a few to warm up, by address."""
    taken: dict[str, list[float]] = {PLAIN: [], FHIR: []}
    with httpx.Client(
        base_url=f"http://127.0.0.1:{service.running.port}", headers=service.headers, timeout=30
    ) as client:
        for bodies in requests[:WARM_UP]:
            _asked(client, bodies, taken)
        for times in taken.values():
            times.clear()
        for _ in range(rounds):
            for bodies in requests:
                answers = _asked(client, bodies, taken)
                if _remission(answers[FHIR]) != json.loads(answers[PLAIN])["remission"]["probability"]:
                    raise ValueError("the two answers to one patient differ")
    return taken


def _asked(client: httpx.Client, bodies: Mapping[str, bytes], taken: dict[str, list[float]]) -> dict[str, bytes]:
    """The answers to one patient's bodies; raises for a refusal."""
    answers = {}
    for path, body in bodies.items():
        start = time.perf_counter()
        response = client.post(path, content=body, headers={"Content-Type": TYPES[path]})
        taken[path].append((time.perf_counter() - start) * 1000)
        if response.status_code != 200:
            raise ValueError(f"{path}: {response.status_code} {response.text}")
        answers[path] = response.content
    return answers


def _remission(answer: bytes) -> float:
    document: dict[str, Any] = json.loads(answer, parse_float=Decimal)
    return float(next(resources_in(document, "RiskAssessment"))["prediction"][0]["probabilityDecimal"].scaleb(-2))


def _lines(taken: dict[str, list[float]], requests: list[dict[str, bytes]]) -> Iterator[BenchmarkLine]:
    for path, times in taken.items():
        size = statistics.median(len(bodies[path]) for bodies in requests) / 1024
        middle, slow = np.percentile(times, [50, 99])
        figure = f"p50 {middle:.2f} ms, p99 {slow:.2f} ms"
        yield BenchmarkLine(f"POST {path}, {len(times)} calls, bodies of {size:.1f} KiB", figure, "", None)
    ratio = statistics.median(taken[FHIR]) / statistics.median(taken[PLAIN])
    yield BenchmarkLine(
        "FHIR beside plain, medians", f"{ratio:.2f} times", f"at most {MOST_TIMES:g} times", ratio <= MOST_TIMES
    )


if __name__ == "__main__":
    main()
