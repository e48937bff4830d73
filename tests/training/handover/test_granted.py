"""What a decision granted is what the served copy says, also after a rollback and for decisions of earlier versions."""

from dataclasses import replace

import pytest

from models.promotion import Tier
from tests.serving.bundles import toy_bundle, without
from training.handover.granted import (
    LOOSER_POLICY,
    answered_by,
    at_tier,
    checks_not_met,
    decision_in_force,
    description_with,
    granted_by,
    highest,
    promotion_of,
    promotion_text,
    without_promotion,
)
from training.registry.decisions import FIRST, Decision
from training.registry.policy_check import PolicyCheck, grants_not_allowed

HERE = "before session 1"
SHADOW: dict[str, dict[str, Tier]] = {HERE: {"remission": "clinic", "relapse_84": "shadow"}}
FAILED = PolicyCheck(
    name="sample size", passed=False, required="r", seen="s", tier="clinic", not_met={HERE: ("remission",)}
)


def decision(number: int, action: str, version: str = "1", **changes: object) -> Decision:
    made = Decision(
        number=number, at=f"2026-03-{number:02d}T09:00:00Z", by="Ada", action=action, version=version,  # type: ignore[arg-type]
        previous_champion=None, reason="best", run_id="r" * 32, bundle_digest="b" * 64, evidence_digest=None,
        seal_digest=None, policy_digest=None, tier="clinic", granted=SHADOW, checks=(), previous=FIRST,
    )  # fmt: skip
    return made.model_copy(update=changes)


def test_a_model_answers_what_its_heads_reach() -> None:
    bundle = toy_bundle()
    assert answered_by(bundle)[HERE] == ("remission", "relapse_84", "relapse_182", "sustained_84", "sustained_182")
    assert answered_by(without(bundle, "relapse"))[HERE] == ("remission",)
    assert answered_by(without(bundle, "remission"))[HERE] == ("relapse_84", "relapse_182")
    further = replace(bundle, models=tuple(replace(each, horizons_days=(84, 364)) for each in bundle.models))
    assert answered_by(further)[HERE] == ("remission", "relapse_84", "sustained_84")


def test_a_decision_of_an_earlier_version_granted_everything_for_the_clinic() -> None:
    bundle = toy_bundle()
    old = decision(1, "promote", tier=None, granted=None)
    assert granted_by(old, bundle) == granted_by(None, bundle) == at_tier(answered_by(bundle), "clinic")
    assert promotion_of(old, (), bundle).tier == "clinic"


def test_the_higher_tier_of_two_grants_holds() -> None:
    other: dict[str, dict[str, Tier]] = {
        HERE: {"remission": "shadow", "relapse_84": "clinic"},
        "later": {"remission": "research"},
    }
    assert highest(SHADOW, other) == {
        HERE: {"remission": "clinic", "relapse_84": "clinic"},
        "later": {"remission": "research"},
    }


def test_the_copy_names_what_an_override_passed_over_and_nothing_after_a_promotion() -> None:
    overridden = decision(1, "override", checks=(FAILED,))
    assert promotion_of(overridden, (), toy_bundle()).not_met == ("sample size",)
    assert promotion_of(decision(1, "promote", checks=(FAILED,)), (), toy_bundle()).not_met == ()
    assert checks_not_met(decision(1, "override", tier="shadow", checks=(FAILED,))) == (LOOSER_POLICY,)
    assert checks_not_met(decision(1, "override")) == (LOOSER_POLICY,)


def test_a_rollback_restores_what_the_last_promotion_granted_and_goes_on_to_name_its_override() -> None:
    earlier = [decision(1, "override", checks=(FAILED,)), decision(2, "promote", "2"), decision(3, "refuse")]
    assert decision_in_force(earlier, "1") == earlier[0]
    found = promotion_of(decision(4, "rollback", tier=None, granted=None), earlier, toy_bundle())
    assert (found.action, found.decision, found.granted, found.not_met) == ("rollback", 4, SHADOW, ("sample size",))


@pytest.mark.parametrize("action", ["promote", "override", "rollback"])
def test_people_read_who_promoted_a_version_for_what_and_what_was_not_met(action: str) -> None:
    made = promotion_of(decision(1, action, checks=(FAILED,)), (), toy_bundle())
    text = promotion_text(made)
    assert "by Ada, 2026-03-01T09:00:00Z (decision 1): best. Questions: 1 for clinic, 1 for shadow." in text
    assert ("OVERRIDE" in text and "Not met: sample size." in text) == (action == "override")


def test_a_description_keeps_what_others_wrote_and_one_line_of_the_last_promotion() -> None:
    made = promotion_of(decision(1, "override", checks=(FAILED,)), (), toy_bundle())
    once = description_with("fitted on eight sites", made)
    assert once.splitlines()[1] == "fitted on eight sites"
    assert description_with(once, made) == once
    assert without_promotion(once) == "fitted on eight sites"
    later = promotion_of(decision(2, "promote"), (), toy_bundle())
    assert "OVERRIDE" not in description_with(once, later)


def test_a_promotion_that_grants_more_than_its_checks_allow_is_noticed() -> None:
    assert grants_not_allowed(SHADOW, (FAILED,), {}) == [f"{HERE}, remission (clinic)"]
    assert grants_not_allowed(SHADOW, (FAILED,), {HERE: {"remission": "clinic"}}) == []
    common = FAILED.model_copy(update={"not_met": None, "tier": "shadow"})
    assert len(grants_not_allowed(SHADOW, (common,), {})) == 2
    assert grants_not_allowed({HERE: {"remission": "research"}}, (common,), {}) == []
