"""An answer that gave what no decision had granted for the clinic is found, and so is a tier that was not granted."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from training.audit.answered_tiers import LoggedTiers, by_which_it_may_answer, not_granted
from training.registry.decisions import FIRST, Decision

NOON = datetime(2030, 1, 2, 12, 0, 0, tzinfo=UTC)
PATIENCE = timedelta(seconds=62)
LANDMARK = "before session 2"
PARTLY = {LANDMARK: {"remission": "clinic", "relapse_84": "shadow", "sustained_84": "shadow"}}
WHOLE = {LANDMARK: dict.fromkeys(("remission", "relapse_84", "sustained_84"), "clinic")}
AS_GRANTED = {"remission": "clinic", "relapse_84": "shadow", "sustained_84": "shadow", "relapse_182": "not_promoted"}


def decided(
    number: int, granted: Any = None, action: str = "promote", seconds: float = 0, version: str = "1"
) -> Decision:
    return Decision(
        number=number, at=(NOON + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ"), by="Ada",
        action=action, version=version, previous_champion=None, reason="r", run_id="r" * 32,  # type: ignore[arg-type]
        bundle_digest="b" * 64, evidence_digest=None, seal_digest=None, policy_digest=None, tier="clinic",
        granted=granted, checks=(), previous=FIRST,
    )  # fmt: skip


def found(tiers: dict[str, str] | None, *given: str, by: Decision, landmark: str = LANDMARK) -> list[str]:
    return not_granted(LoggedTiers(tiers, given), landmark, [by], [by])


@pytest.mark.parametrize(
    ("changes", "given", "wrong"),
    [
        ({}, ("remission",), []),
        ({}, (), []),
        ({}, ("remission", "relapse_84"), ["relapse_84 was given, and is shadow by decision 1"]),
        ({}, ("remission", "relapse_182"), ["relapse_182 was given, and is not_promoted by decision 1"]),
        ({"relapse_84": "clinic"}, ("remission",), ["relapse_84 is clinic in the answer, and shadow by decision 1"]),
        ({"remission": "shadow"}, (), ["remission is shadow in the answer, and clinic by decision 1"]),
    ],
)
def test_an_answer_must_give_and_name_what_the_decision_granted(
    changes: dict[str, str], given: tuple[str, ...], wrong: list[str]
) -> None:
    assert found(AS_GRANTED | changes, *given, by=decided(1, PARTLY)) == wrong


def test_at_a_landmark_that_was_not_granted_nothing_may_be_given() -> None:
    by = decided(1, PARTLY)
    nothing = dict.fromkeys(AS_GRANTED, "not_promoted")
    assert found(nothing, by=by, landmark="before session 1") == []
    assert len(found(AS_GRANTED, "remission", by=by, landmark="before session 1")) == 3


def test_sustained_remission_is_given_only_where_remission_and_relapse_are() -> None:
    granted = {LANDMARK: {"remission": "clinic", "relapse_84": "shadow", "sustained_84": "clinic"}}
    assert found({**granted[LANDMARK], "sustained_84": "shadow"}, "remission", by=decided(1, granted)) == []
    assert found(granted[LANDMARK], "remission", "sustained_84", by=decided(1, granted))


def test_an_answer_of_a_service_that_knows_no_tiers_gave_too_much_where_not_everything_was_granted() -> None:
    everything = ("remission", "relapse_84", "sustained_84")
    assert found(None, *everything, by=decided(1, WHOLE)) == []
    assert len(found(None, *everything, by=decided(1, PARTLY))) == 2


def test_a_decision_of_an_earlier_version_granted_everything() -> None:
    assert found(dict.fromkeys(AS_GRANTED, "clinic"), *AS_GRANTED, by=decided(1)) == []


def test_a_rollback_grants_what_the_decision_that_it_restores_granted() -> None:
    earlier = [decided(1, PARTLY), decided(2, WHOLE, version="2")]
    back = decided(3, action="rollback")
    assert not_granted(LoggedTiers(AS_GRANTED, ("remission",)), LANDMARK, [back], [*earlier, back]) == []
    wrong = not_granted(LoggedTiers(WHOLE[LANDMARK], tuple(WHOLE[LANDMARK])), LANDMARK, [back], [*earlier, back])
    assert "relapse_84 was given, and is shadow by decision 3" in wrong


@pytest.mark.parametrize(("seconds", "numbers"), [(100, [1, 2]), (162, [1, 2]), (162.1, [2]), (99.9, [1])])
def test_shortly_after_a_decision_a_worker_may_answer_by_the_one_before(seconds: float, numbers: list[int]) -> None:
    made = [decided(1, WHOLE), decided(2, PARTLY, seconds=100)]
    at = NOON + timedelta(seconds=seconds)
    so_far = [one for one in made if datetime.fromisoformat(one.at) <= at]
    in_force = by_which_it_may_answer(so_far, at, PATIENCE)
    assert [one.number for one in in_force] == numbers
    everything = LoggedTiers(WHOLE[LANDMARK], tuple(WHOLE[LANDMARK]))
    assert bool(not_granted(everything, LANDMARK, in_force, made)) == (numbers == [2])
