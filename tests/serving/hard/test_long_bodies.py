"""The longest bodies of the worst kinds: meanwhile another connection is answered, and the time limit holds."""

import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from serving.contract.refusal import FIELDS
from tests.serving.requests import EXAMPLE, example
from tests.serving.servers import Server, environment_in, running

MIB = 2**20
LONGEST_STALL_SECONDS = 0.25
TRIES = 3
"""A stall that the code makes comes every time; one that the machine makes does not."""
HEADERS = {"Content-Type": "application/json"}


def _record(content: str) -> str:
    return '{"as_of_day": 40000, "patient": {"patient_ref": "a"}, ' + content + "}"


def _rows(table: str, row: str, number: int) -> str:
    most = min(number, (MIB - 1_000) // (len(row) + 1))
    return _record(f'"{table}": [{",".join([row] * most)}]')


UNKNOWN = json.dumps(example(**{f"name{number}": 1 for number in range(70_000)}))
RATING = '{"day":0,"instrument":"gad7","score":5}'
COVARIATES = json.dumps({f"name{number}": 1 for number in range(1_000)})
RECORDS = {
    "70,000 unknown fields in each of 4": [UNKNOWN] * 4,
    "unknown fields in rows": [_rows("assessments", json.dumps(dict.fromkeys("abcdefghijklmnopqrst", 1)), 10_000)] * 32,
    "known fields in the wrong place":
        [_rows("assessments", json.dumps(dict.fromkeys(sorted(FIELDS), "")), 10_000)] * 32,
    "wrong values": [_rows("assessments", '{"day":[],"instrument":1,"score":""}', 10_000)] * 80,
    "ratings twice": [_rows("assessments", RATING, 10_000)] * 80,
    "names twice": [_rows("assessments", '{"a":1,"a":1}', 70_000)] * 32,
    "objects": [_rows("assessments", "{}", 340_000)] * 32,
    "lists": [_rows("assessments", "[]", 340_000)] * 32,
    "texts": ['"' + "x" * (MIB - 100) + '"'] * 32,
    "digits": ["1" * (MIB - 100)] * 32,
    "covariates": ['{"as_of_day": 0, "patient": {"patient_ref": "a", "covariates": ' + COVARIATES + "}}"] * 1_000,
    "a thousand": [json.dumps(EXAMPLE)] * 1_000,
    "a thousand of 33 KB": [_rows("assessments", RATING, 800)] * 1_000,
}  # fmt: skip


def _batch(records: list[str]) -> bytes:
    body, text = bytearray(b'{"requests": ['), b",".join(record.encode() for record in records)
    if len(text) > 32 * MIB - 100:
        text = text[: 32 * MIB - 100].rpartition(b",{")[0] or text
    return bytes(body + text + b"]}")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(tmp_path_factory.mktemp("long-bodies")) as started:
        yield started


def _longest_wait(server: Server, body: bytes | None) -> tuple[float, int]:
    """The longest time for ``/livez`` while a batch is answered (``None``: for a second), and the batch's status."""
    status: list[int] = []

    def send() -> None:
        with httpx.Client(base_url=server.client.base_url, timeout=120) as other:
            status.append(other.post("/v1/predict_batch", content=body, headers=HEADERS).status_code)

    sending = threading.Thread(target=time.sleep if body is None else send, args=(1.0,) if body is None else ())
    longest = 0.0
    sending.start()
    while sending.is_alive():
        began = time.perf_counter()
        assert server.client.get("/livez").status_code == 200
        longest = max(longest, time.perf_counter() - began)
        time.sleep(0.005)
    sending.join()
    return longest, (status or [0])[0]


@pytest.mark.parametrize("kind", RECORDS)
def test_no_batch_keeps_others_from_their_answer(server: Server, kind: str) -> None:
    body = _batch(RECORDS[kind])
    alone = _longest_wait(server, None)[0]
    waits = []
    for _ in range(TRIES):
        wait, status = _longest_wait(server, body)
        assert status in (200, 400, 503)
        waits.append(wait)
        if wait < LONGEST_STALL_SECONDS:
            break
    print(f"{kind}: {len(body) / MIB:.1f} MiB, {waits} s, alone {alone:.3f} s")  # noqa: T201
    assert min(waits) < LONGEST_STALL_SECONDS + alone


def test_the_time_for_an_answer_limits_the_reading_too(tmp_path: Path) -> None:
    environment = environment_in(tmp_path, KAP_ANSWER_SECONDS="0.5")
    with running(tmp_path, environment=environment) as server:
        began = time.perf_counter()
        body = _batch(RECORDS["unknown fields in rows"])
        response = server.client.post("/v1/predict_batch", content=body, headers=HEADERS)
        assert response.status_code == 503
        assert response.json()["detail"] == "The answer took too long."
        assert time.perf_counter() - began < 5
        assert server.client.post("/v1/predict", json=EXAMPLE).status_code == 200
