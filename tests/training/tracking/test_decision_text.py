"""A decision on a version as a report says it: who, when, and which checks of the policy failed."""

import pytest

from training.registry.decisions import FIRST, Decision
from training.registry.policy_check import PolicyCheck
from training.tracking.report import decision_text

PASSED = ("evidence", "leakage")
FAILED = ("sample size, before session 1", "sample size, before session 2", "net benefit, before session 2")


@pytest.mark.parametrize(
    ("action", "failed", "said"),
    [
        ("promote", (), "Al promoted it on 2026-03-01; all 2 checks of the policy passed."),
        (
            "override",
            FAILED[:2],
            (
                "Al promoted it on 2026-03-01 by an override, although 2 of 4 checks of the policy failed: sample "
                "size (2)."
            ),
        ),
        (
            "refuse",
            FAILED[1:],
            (
                "Al asked for it on 2026-03-01, and it was refused: 2 of 4 checks of the policy failed: sample size, "
                "net benefit."
            ),
        ),
        (
            "rollback",
            (),
            "Al made it champion again on 2026-03-01, by a rollback, which applies no policy.",
        ),
    ],
)
def test_a_decision_says_who_when_and_which_checks_failed(action: str, failed: tuple[str, ...], said: str) -> None:
    checks = [PolicyCheck(name=name, passed=name in PASSED, required="", seen="") for name in (*PASSED, *failed)]
    decision = Decision.model_validate(
        {
            "number": 1,
            "at": "2026-03-01T12:00:00Z",
            "by": "Al",
            "action": action,
            "version": "1",
            "previous_champion": None,
            "reason": "for a test",
            "run_id": "a" * 32,
            "bundle_digest": "b" * 64,
            "evidence_digest": None,
            "seal_digest": None,
            "policy_digest": None,
            "checks": tuple(checks),
            "previous": FIRST,
        }
    )
    assert decision_text(decision) == f"Promotion (may it answer for patients?): {said}"
