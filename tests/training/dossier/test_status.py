"""One sentence says whether a version may answer, for what, who decided it, and which checks were not met."""

from typing import Any

import pytest

from tests.training.documents.subjects import decision_with
from training.dossier.status import promoted_for, status
from training.registry.decisions import Decision
from training.registry.policy_check import PolicyCheck

MET = (PolicyCheck(name="refit check", passed=True, required="identical", seen="identical"),)


def promoted(number: int, version: str, **changes: Any) -> Decision:
    return decision_with(**{"number": number, "version": version, "action": "promote", "checks": MET} | changes)


def status_of(version: str, *decisions: Decision) -> str:
    own = [each for each in decisions if each.version == version]
    return status(version, [each for each in decisions if each.changes_champion], own)


def test_a_version_without_a_decision_was_never_promoted() -> None:
    assert status_of("3") == "Version 3 was never promoted: no decision on it has been recorded."


def test_a_refused_version_names_the_checks_that_were_not_met() -> None:
    assert status_of("3", decision_with(action="refuse")) == (
        "Version 3 was never promoted: Ada asked for it on 2026-10-01 and was refused, because 2 of 3 checks of the "
        "policy were not met: sample size (2)."
    )


def test_a_promoted_version_names_who_and_when() -> None:
    assert status_of("3", promoted(1, "3")) == (
        "Version 3 is promoted by Ada on 2026-10-01 for the tier clinic, for every question at every landmark, "
        "with every check met (1); it is the champion."
    )


def test_an_override_is_called_one_and_names_the_unmet_checks() -> None:
    said = status_of("3", decision_with())
    assert "promoted by an OVERRIDE of Ada on 2026-10-01 for the tier clinic" in said
    assert "although 2 of 3 checks of the policy were not met: sample size (2)" in said


def test_a_promotion_with_unmet_checks_is_not_shown_as_one_that_met_them() -> None:
    assert "although 2 of 3 checks" in status_of("3", decision_with(action="promote"))


@pytest.mark.parametrize(
    ("action", "word"), [("promote", "superseded"), ("override", "superseded"), ("rollback", "rolled back")]
)
def test_a_version_that_is_champion_no_more_says_since_when(action: str, word: str) -> None:
    later = promoted(2, "4", action=action, at="2026-11-05T08:00:00Z", by="Bob")
    said = status_of("3", promoted(1, "3"), later)
    assert said.startswith("Version 3 was promoted by Ada on 2026-10-01")
    assert said.endswith(f"; it was {word} on 2026-11-05, when Bob made version 4 champion.")


def test_a_rollback_to_an_overridden_version_still_names_the_override() -> None:
    back = promoted(3, "3", action="rollback", checks=())
    said = status_of("3", decision_with(), promoted(2, "4"), back)
    assert "made champion again" in said
    assert "it had been promoted by an OVERRIDE of Ada on 2026-10-01, although 2 of 3 checks" in said


def test_tier_questions_and_approvals_are_named() -> None:
    granted = {"before session 1": {"remission": "shadow", "relapse_84": "shadow"}, "before session 2": {}}
    decision = decision_with(action="promote", tier="shadow", granted=granted, approved_by=("Bob", "Cleo"))
    said = status_of("3", decision)
    assert "by Ada on 2026-10-01 for the tier shadow, for 2 questions at 2 landmarks" in said
    assert "for what passed its checks; 2 of 3 checks" in said
    assert "approved by Bob and Cleo" in said
    assert promoted_for([decision], [decision]) == [
        "before session 1: relapse_84 (shadow), remission (shadow)",
        "before session 2: nothing",
    ]


def test_every_status_is_one_sentence() -> None:
    several = [decision_with(), promoted(2, "4"), promoted(3, "3", action="rollback", checks=())]
    for said in (status_of("3"), status_of("3", several[0]), status_of("3", *several), status_of("4", *several)):
        assert said.endswith(".")
        assert ". " not in said
