"""A signature does not make a check pass: an audit makes the checks of a decision again, from the sealed evidence."""

from pathlib import Path

import pytest

from tests.training.decisions.stores import BAD, GOOD, chain, promoted
from tests.training.registries import Registry
from training.audit.audit import read_training
from training.audit.decided_checks import policy_verdict
from training.registry.decisions import Decision
from training.verdicts import Verdict

pytestmark = pytest.mark.slow


def verdict_on(registry: Registry, version: str, scratch: Path, decisions: tuple[Decision, ...]) -> Verdict:
    scratch.mkdir(exist_ok=True)
    run_id = str(registry.client.get_model_version("kap-outcomes", version).run_id)
    return policy_verdict(read_training(run_id, scratch), decisions)


def whitewashed(decision: Decision, **changes: object) -> Decision:
    """The decision as a signer would write it who wants the override to look like a promotion."""
    checks = tuple(
        check.model_copy(update={"passed": True, "assessed": None, "not_met": None, "not_assessed": None})
        for check in decision.checks
    )
    return decision.model_copy(update={"action": "promote", "by": "Ethics Board", "checks": checks} | changes)


def test_the_checks_of_a_promotion_and_of_an_override_are_those_of_the_evidence(
    registry: Registry, tmp_path: Path
) -> None:
    promoted(GOOD)
    promoted(BAD, "--override")
    for version in (GOOD, BAD):
        found = verdict_on(registry, version, tmp_path / version, chain().decisions)
        assert found.outcome == "passed", found.detail
        assert "checks of 1 decisions made again, with the same findings" in found.detail


def test_checks_that_were_written_as_passed_under_a_valid_signature_are_found(
    registry: Registry, tmp_path: Path
) -> None:
    promoted(BAD, "--override")
    (decision,) = chain().decisions
    found = verdict_on(registry, BAD, tmp_path / "record", (whitewashed(decision),))
    assert found.outcome == "failed"
    assert "is recorded as passed, and the evidence gives FAILED" in found.detail
    failed = {check.name for check in decision.checks if not check.passed}
    assert all(any(f"'{name}'" in one for one in found.findings) for name in failed)


def test_a_failed_check_that_was_left_out_is_named(registry: Registry, tmp_path: Path) -> None:
    promoted(BAD, "--override")
    (decision,) = chain().decisions
    kept = tuple(check for check in decision.checks if check.passed)
    found = verdict_on(registry, BAD, tmp_path / "record", (whitewashed(decision, checks=kept),))
    assert found.outcome == "not checked"
    assert "has no check" in found.detail
    assert "which its evidence fails" in found.detail


def test_a_requirement_that_reads_otherwise_today_is_not_compared(registry: Registry, tmp_path: Path) -> None:
    """Another version of this software made the decision."""
    promoted(BAD, "--override")
    (decision,) = chain().decisions
    other = tuple(check.model_copy(update={"required": f"once: {check.required}"}) for check in decision.checks)
    earlier = whitewashed(decision.model_copy(update={"checks": other}))
    found = verdict_on(registry, BAD, tmp_path / "record", (earlier,))
    assert (found.outcome, found.detail[:2]) == ("passed", "0 ")


def test_without_a_decision_there_is_nothing_to_make_again(registry: Registry, tmp_path: Path) -> None:
    assert verdict_on(registry, GOOD, tmp_path / "record", ()).outcome == "does not apply"
