"""Latency of a clinic's ways in: `python -m tests.benchmarks.clinic` asks one server about the same patients in each.

The server runs on loopback, as `kap serve` starts it, with one worker and a trained model. One caller asks: first
``POST /v1/predict``, then ``POST /fhir/$predict``, then the service for ``patient-view``, whose card has a link to the
page of the answer. All must say the same probability. At last the server gets mutated bundles.
"""

import argparse
import datetime as dt
import json
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import httpx
import numpy as np

from serving.cds_hooks.card_text import percent
from serving.cds_hooks.services import ADMINISTRATIONS, PATIENT
from serving.contract.calendar import today_in
from serving.contract.routes import FHIR_JSON, FHIR_PREDICT, JSON, PATIENT_VIEW, PREDICT
from tests.benchmarks.measure import machine, say
from tests.benchmarks.serve.preparation import prepare
from tests.benchmarks.serve.servers import Service, kap_serve
from tests.benchmarks.table import BenchmarkLine, table
from tests.serving.fhir.mutations import mutated
from tests.serving.fhir.readers import resources_in
from tests.serving.fhir.synthetic_bundles import chart_of, parameters_of

Document = dict[str, Any]
Bodies = Mapping[str, bytes]
TYPES = {PREDICT: JSON, FHIR_PREDICT: FHIR_JSON, PATIENT_VIEW: JSON}
KEYS = {
    "Patient": PATIENT,
    "Observation": "observations",
    "QuestionnaireResponse": "questionnaireResponses",
    "Condition": "conditions",
    "AllergyIntolerance": "allergies",
    "MedicationStatement": "medicationStatements",
    "MedicationRequest": "medicationRequests",
    "MedicationAdministration": ADMINISTRATIONS,
    "Medication": ADMINISTRATIONS,
    "Procedure": "procedures",
}
ZONE = ZoneInfo("Europe/Berlin")
WARM_UP = 30
MOST_TIMES = 2.0
MUTATED, MOST_MILLISECONDS = 5_000, 1_000
PACKAGES = ("bentoml", "fhir-resources", "httpx", "numpy", "orjson")


def main() -> None:
    """Measure and print the table; a missed bar does not fail the command."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.clinic", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="how often all patients are asked about")
    parser.add_argument("--folder", type=Path, help="keep the trained model here, and use one that is here already")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="kap-bench-") as scratch:
        prepared = prepare(asked.folder or Path(scratch))
        requests = list(_requests(Path(prepared.bodies("one"))))
        say(f"asking about {len(requests)} patients in each form, {asked.rounds} times")
        with (
            kap_serve(prepared.folder, 1, KAP_TIME_ZONE=ZONE.key, KAP_PUBLIC_URL="https://kap.example") as service,
            _client(service) as client,
        ):
            lines = list(_latency(_taken(client, requests, asked.rounds), requests))
            lines += _of_mutated(client, [json.loads(bodies[FHIR_PREDICT]) for bodies in requests])
        print(table(lines))
    print(f"\n{machine(PACKAGES)}")


def _requests(lines: Path) -> Iterator[Bodies]:
    """The body for each address, of every patient who has received a dose."""
    rng, today = np.random.default_rng(1), today_in(ZONE)
    for line in lines.read_text(encoding="utf-8").splitlines():
        document = json.loads(line)
        if any(session["kind"] == "dosing" for session in document["sessions"]):
            chart = chart_of(document, today - dt.timedelta(days=document["as_of_day"]), ZONE, rng)
            call = json.dumps(_call(chart.resources)).encode()
            yield {PREDICT: line.encode(), FHIR_PREDICT: parameters_of(chart), PATIENT_VIEW: call}


def _call(resources: list[Document]) -> Document:
    """A chart as the call of an EHR."""
    (patient,) = (one for one in resources if one["resourceType"] == "Patient")
    prefetch: Document = {
        key: {"resourceType": "Bundle", "type": "searchset", "entry": []} for key in KEYS.values() if key != PATIENT
    }
    for one in resources:
        if one is not patient:
            prefetch[KEYS[one["resourceType"]]]["entry"].append({"resource": one})
    context = {"userId": "Practitioner/example", "patientId": patient["id"]}
    call = {"hook": "patient-view", "hookInstance": str(uuid4()), "context": context}
    return call | {"prefetch": prefetch | {PATIENT: patient}}


def _client(service: Service) -> httpx.Client:
    return httpx.Client(base_url=f"http://127.0.0.1:{service.running.port}", headers=service.headers, timeout=30)


def _taken(client: httpx.Client, requests: list[Bodies], rounds: int) -> dict[str, list[float]]:
    """Milliseconds of each call after a few to warm up, by address; raises where answers differ."""
    for bodies in requests[:WARM_UP]:
        _compared(client, bodies)
    taken: dict[str, list[float]] = {path: [] for path in TYPES}
    for _ in range(rounds):
        for bodies in requests:
            for path, milliseconds in _compared(client, bodies).items():
                taken[path].append(milliseconds)
    return taken


def _compared(client: httpx.Client, bodies: Bodies) -> dict[str, float]:
    """The milliseconds of the calls about one patient."""
    answers, taken = {}, {}
    for path, body in bodies.items():
        response, taken[path] = _asked(client, path, body)
        if response.status_code != 200:
            raise ValueError(f"{path}: {response.status_code} {response.text}")
        answers[path] = response.content
    probability = json.loads(answers[PREDICT])["remission"]["probability"]
    (card,) = json.loads(answers[PATIENT_VIEW])["cards"]
    if _remission(answers[FHIR_PREDICT]) != probability or f"remission {percent(probability)}" not in card["summary"]:
        raise ValueError("the answers to one patient differ")
    if not card["links"]:
        raise ValueError("a card has no link")
    return taken


def _asked(client: httpx.Client, path: str, body: bytes) -> tuple[httpx.Response, float]:
    start = time.perf_counter()
    response = client.post(path, content=body, headers={"Content-Type": TYPES[path]})
    return response, (time.perf_counter() - start) * 1000


def _remission(answer: bytes) -> float:
    document: Document = json.loads(answer, parse_float=Decimal)
    return float(next(resources_in(document, "RiskAssessment"))["prediction"][0]["probabilityDecimal"].scaleb(-2))


def _latency(taken: dict[str, list[float]], requests: list[Bodies]) -> Iterator[BenchmarkLine]:
    for path, times in taken.items():
        size = statistics.median(len(bodies[path]) for bodies in requests) / 1024
        middle, slow = np.percentile(times, [50, 99])
        figure = f"p50 {middle:.2f} ms, p99 {slow:.2f} ms"
        yield BenchmarkLine(f"POST {path}, {len(times)} calls, bodies of {size:.1f} KiB", figure, "", None)
    for path in (FHIR_PREDICT, PATIENT_VIEW):
        ratio = statistics.median(taken[path]) / statistics.median(taken[PREDICT])
        bar = f"at most {MOST_TIMES:g} times"
        yield BenchmarkLine(f"{path} beside {PREDICT}, medians", f"{ratio:.2f} times", bar, ratio <= MOST_TIMES)


def _of_mutated(client: httpx.Client, documents: list[Document]) -> Iterator[BenchmarkLine]:
    rng = np.random.default_rng(2)
    statuses, slowest = Counter[int](), 0.0
    for number in range(MUTATED):
        response, milliseconds = _asked(client, FHIR_PREDICT, mutated(documents[number % len(documents)], rng))
        statuses[response.status_code] += 1
        slowest = max(slowest, milliseconds)
    failed = sum(number for status, number in statuses.items() if status >= 500)
    name = f"{MUTATED} mutated bundles"
    yield BenchmarkLine(f"{name}, answers with 5xx", str(failed), "none", failed == 0)
    bar = f"at most {MOST_MILLISECONDS} ms"
    yield BenchmarkLine(f"{name}, the slowest answer", f"{slowest:.0f} ms", bar, slowest <= MOST_MILLISECONDS)


if __name__ == "__main__":
    main()
