"""Thousands of broken requests, made from a cohort's patients, and the required answer to each.

`spoilt_records` and `spoilt_bytes` break a request.
"""

import datetime as dt
import json
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import httpx

from features.records.cohort import Cohort
from tests.serving.contract.spoilt_bytes import OF_BYTES
from tests.serving.contract.spoilt_records import OF_RECORDS, spoilt_before
from tests.serving.dated_records import in_dates
from tests.serving.documented import ApiDocument
from tests.serving.markers import MARKED_NUMBER, MARKER, MARKS, PREDICT, RawRequest
from tests.serving.requests import Document, request_of
from tests.serving.servers import Server
from training.cohort.reader import read_cohort
from training.simulation.cohort import simulate_cohort, write_cohort

ANSWERED_WITHIN_SECONDS = 5.0
FIRST_DOSE, SHARE_IN_DATES = dt.date(2026, 10, 7), 0.4
WAYS = (*OF_RECORDS, *OF_RECORDS, *OF_BYTES)
"""Every way of spoiling a request; those that spoil a record come up twice as often."""


@dataclass
class MutationResults:
    """The results of many requests: their number by status, the slowest answer in seconds, and what was wrong."""

    statuses: Counter[int] = field(default_factory=Counter)
    slowest: float = 0.0
    wrong: list[str] = field(default_factory=list)


def valid_requests(cohort: Cohort, random: Random) -> Iterator[Document]:
    """Records of patients of a cohort on days of their course, in days or in dates, with marked values; endless."""
    while True:
        patient = random.randrange(len(cohort))
        document = request_of(cohort, patient, random.choice((0, 6, 7, 13, 14, 30, 60)))
        document["patient"].pop("covariates", None)  # those of the cohort's own protocol, which is not served
        marked = {"patient_ref": f"{MARKER}-{patient}", "site_id": MARKER, "age_years": MARKED_NUMBER}
        document["patient"].update(marked)
        yield in_dates(document, FIRST_DOSE) if random.random() < SHARE_IN_DATES else document


def mutations(cohort: Cohort, number: int, seed: int) -> Iterator[RawRequest]:
    """``number`` broken requests, the same for the same seed; the ways of breaking one take turns."""
    random = Random(seed)  # noqa: S311 - no secret
    records = valid_requests(cohort, random)
    for turn in range(number):
        yield WAYS[turn % len(WAYS)](spoilt_before(next(records), random), random)


def synthetic_patients(folder: Path) -> Cohort:
    """A small synthetic cohort, written to a folder and read from it."""
    write_cohort(simulate_cohort(60, 2, 11), folder)
    return read_cohort(folder)


def bombard(server: Server, requests: Iterable[RawRequest], key: str | None = None) -> MutationResults:
    """Send each, with a key unless it has its own, and check the answer against the service's own document."""
    given = {} if key is None else {"Authorization": f"Bearer {key}".encode()}
    documented = ApiDocument(server.client.get("/openapi.json").json())
    seen = MutationResults()
    for number, sent in enumerate(requests):
        began = time.perf_counter()
        response = server.client.post(
            sent.path,
            content=sent.content,
            headers=_as_bytes(given | sent.headers),
            timeout=ANSWERED_WITHIN_SECONDS,
        )
        seen.slowest = max(seen.slowest, time.perf_counter() - began)
        seen.statuses[response.status_code] += 1
        wrong = objection(documented, sent, response)
        if wrong is not None:
            seen.wrong.append(f"request {number} ({', '.join(sent.made)}): {wrong}")
    return seen


def _as_bytes(headers: Mapping[str, bytes]) -> list[tuple[bytes, bytes]]:
    return [(name.encode(), value) for name, value in headers.items()]


def objection(documented: ApiDocument, sent: RawRequest, response: httpx.Response) -> str | None:
    """What is wrong with an answer; ``None`` where nothing is."""
    if response.status_code >= 500:
        return f"the status {response.status_code}"
    path = sent.path.partition("?")[0]
    wrong = documented.objection(path if path in documented.document["paths"] else PREDICT, response)
    if wrong is None and any(mark in refusals_in(response) for mark in MARKS):
        wrong = f"a value came back with {response.status_code}"
    return wrong


def refusals_in(response: httpx.Response) -> str:
    """The part of an answer that refuses: all of an error with its headers, and the refused requests of a batch."""
    if response.status_code != 200:
        return f"{response.headers} {response.text}"
    items = response.json().get("answers", [])
    return json.dumps([item for item in items if item["outcome"] == "refused"])
