"""Thousands of broken requests: no defect, no hang, no undocumented answer, and no marked value in one."""

from pathlib import Path

from tests.serving.hard.keyed import keyed
from tests.serving.markers import MARKS
from tests.serving.openapi.mutations import ANSWERED_WITHIN_SECONDS, bombard, mutations, synthetic_patients
from tests.serving.requests import EXAMPLE

NUMBER = 10_000


def test_10000_spoilt_requests_are_answered_as_documented_and_give_nothing_away(tmp_path: Path) -> None:
    cohort = synthetic_patients(tmp_path / "cohort")
    with keyed(tmp_path) as (server, token):
        seen = bombard(server, mutations(cohort, NUMBER, seed=20), key=token)
        key = {"Authorization": f"Bearer {token}"}
        afterwards = server.client.post("/v1/predict", json=EXAMPLE, headers=key)
        metrics = server.client.get("/metrics", headers=key).text
        written = server.written()
    print(f"slowest of {NUMBER} spoilt requests: {seen.slowest:.2f} s")  # noqa: T201 - the figure
    assert seen.wrong == []
    assert seen.statuses.total() == NUMBER
    assert seen.slowest < ANSWERED_WITHIN_SECONDS
    assert {200, 400, 401, 404, 413, 415} <= set(seen.statuses)
    assert afterwards.status_code == 200
    assert not any(mark in text for mark in (*MARKS, token) for text in (written, metrics))
    assert "Traceback" not in written
