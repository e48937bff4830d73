"""Latency of a card: `python -m tests.benchmarks.cds_hooks` asks one server about the same patients in both forms.

The server runs on loopback, as `kap serve` starts it, with one worker and a trained model. One caller asks: first
``POST /v1/predict``, then the service for ``patient-view`` about the same patient. Each card has a link to the page of
the answer. Both must say the same probability.
"""

import argparse
import datetime as dt
import json
import statistics
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import httpx
import numpy as np

from serving.cds_hooks.card_text import percent
from serving.cds_hooks.services import ADMINISTRATIONS, PATIENT
from serving.contract.calendar import today_in
from serving.contract.routes import PATIENT_VIEW, PREDICT
from tests.benchmarks.measure import machine, say
from tests.benchmarks.serve.preparation import prepare
from tests.benchmarks.serve.servers import Service, kap_serve
from tests.benchmarks.table import BenchmarkLine, table
from tests.serving.fhir.synthetic_bundles import chart_of

Document = dict[str, Any]
ZONE = ZoneInfo("Europe/Berlin")
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
WARM_UP = 30
MOST_TIMES = 2.0
PACKAGES = ("bentoml", "fhir-resources", "httpx", "numpy", "orjson")


def main() -> None:
    """Measure and print the table; a missed bar does not fail the command."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.cds_hooks", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="how often all patients are asked about")
    parser.add_argument("--folder", type=Path, help="keep the trained model here, and use one that is here already")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="kap-bench-") as scratch:
        prepared = prepare(asked.folder or Path(scratch))
        requests = list(_requests(Path(prepared.bodies("one"))))
        say(f"asking about {len(requests)} patients in both forms, {asked.rounds} times")
        with kap_serve(prepared.folder, 1, KAP_TIME_ZONE=ZONE.key, KAP_PUBLIC_URL="https://kap.example") as service:
            taken = _taken(service, requests, asked.rounds)
        print(table(list(_lines(taken, requests))))
    print(f"\n{machine(PACKAGES)}")


def _requests(lines: Path) -> Iterator[dict[str, bytes]]:
    """The body for each address, of every patient who has received a dose."""
    rng, today = np.random.default_rng(1), today_in(ZONE)
    for line in lines.read_text(encoding="utf-8").splitlines():
        document = json.loads(line)
        if any(session["kind"] == "dosing" for session in document["sessions"]):
            first_dose = today - dt.timedelta(days=document["as_of_day"])
            resources = chart_of(document, first_dose, ZONE, rng).resources
            yield {PREDICT: line.encode(), PATIENT_VIEW: json.dumps(_call(resources)).encode()}


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


def _taken(service: Service, requests: list[dict[str, bytes]], rounds: int) -> dict[str, list[float]]:
    """Milliseconds of each call after a few to warm up, by address."""
    taken: dict[str, list[float]] = {PREDICT: [], PATIENT_VIEW: []}
    base = f"http://127.0.0.1:{service.running.port}"
    with httpx.Client(base_url=base, headers=service.headers, timeout=30) as client:
        for bodies in requests[:WARM_UP]:
            _asked(client, bodies, taken)
        for times in taken.values():
            times.clear()
        for _ in range(rounds):
            for bodies in requests:
                answers = _asked(client, bodies, taken)
                plain = json.loads(answers[PREDICT])["remission"]["probability"]
                (card,) = json.loads(answers[PATIENT_VIEW])["cards"]
                if f"remission {percent(plain)}" not in card["summary"] or not card["links"]:
                    raise ValueError("the two answers to one patient differ, or a card has no link")
    return taken


def _asked(client: httpx.Client, bodies: Mapping[str, bytes], taken: dict[str, list[float]]) -> dict[str, bytes]:
    """The answers to one patient's bodies; raises for a refusal."""
    answers = {}
    for path, body in bodies.items():
        start = time.perf_counter()
        response = client.post(path, content=body, headers={"Content-Type": "application/json"})
        taken[path].append((time.perf_counter() - start) * 1000)
        if response.status_code != 200:
            raise ValueError(f"{path}: {response.status_code} {response.text}")
        answers[path] = response.content
    return answers


def _lines(taken: dict[str, list[float]], requests: list[dict[str, bytes]]) -> Iterator[BenchmarkLine]:
    for path, times in taken.items():
        size = statistics.median(len(bodies[path]) for bodies in requests) / 1024
        middle, slow = np.percentile(times, [50, 99])
        figure = f"p50 {middle:.2f} ms, p99 {slow:.2f} ms"
        yield BenchmarkLine(f"POST {path}, {len(times)} calls, bodies of {size:.1f} KiB", figure, "", None)
    ratio = statistics.median(taken[PATIENT_VIEW]) / statistics.median(taken[PREDICT])
    yield BenchmarkLine(
        "a card beside plain, medians", f"{ratio:.2f} times", f"at most {MOST_TIMES:g} times", ratio <= MOST_TIMES
    )


if __name__ == "__main__":
    main()
