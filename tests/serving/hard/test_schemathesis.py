"""Thousands of cases made from the service's own OpenAPI document, with a valid key: every answer is as documented."""

from pathlib import Path

from tests.serving.hard.keyed import keyed
from tests.serving.openapi.fuzzing import ANSWERED_WITHIN_SECONDS, BATCH, fuzz

FEWEST_CASES = 5_000
PREDICT = "POST /v1/predict"


def test_at_least_5000_generated_cases_are_answered_as_documented(tmp_path: Path) -> None:
    """Raises at the first answer that is a defect, comes too late, or has a status, type or schema of its own."""
    with keyed(tmp_path) as (server, token):
        fuzzed = fuzz(server, examples=1_000, coverage=None, headers={"Authorization": f"Bearer {token}"})
        written = server.written()
    print(f"slowest of {fuzzed.sent} generated cases: {fuzzed.slowest:.2f} s")  # noqa: T201 - the figure
    assert fuzzed.sent >= FEWEST_CASES
    assert fuzzed.slowest < ANSWERED_WITHIN_SECONDS
    assert fuzzed.answers[PREDICT, 200] > FEWEST_CASES / 20
    assert fuzzed.answers[PREDICT, 400] > FEWEST_CASES / 20
    assert fuzzed.answers[BATCH, 200] > FEWEST_CASES / 20
    assert not fuzzed.statuses() & {401, 403, 429}
    assert "Traceback" not in written
    assert token not in written
