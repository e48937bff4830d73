"""Each question is promoted by its own evidence, in the tier that was asked for, and what is refused is said."""

from collections.abc import Callable
from typing import Any

import pytest

from models.promotion import TIERS, Tier
from tests.training.evidences import direction, good_evidence, with_landmarks
from training.cli.options.promotion import TIERS as OFFERED
from training.cli.texts.granted_text import granted_text
from training.config import load_policy
from training.evidence.document import Evidence, HeadEvidence, LandmarkEvidence, Question, SampleSize
from training.experiment.champion_comparison import ChampionComparison, HeadComparison, ImpossibleComparison
from training.handover.granted import at_tier
from training.policy.evidence_policy import check_policy
from training.policy.policy_finding import name_of
from training.promotion.checks import PromotionChecks
from training.promotion.granting import CHAMPIONS_QUESTIONS, Grant, GrantRequest, grant, grants, reasons
from training.registry.decisions import FIRST, Decision
from training.registry.policy_check import PolicyCheck

FIRST_LANDMARK = "before session 1"
ASKED = {one.name: tuple(map(name_of, one.questions)) for one in good_evidence().landmarks}
SOME = ("remission", "relapse_84", "sustained_84")


def checks(evidence: Evidence, comparison: ChampionComparison | None = None) -> list[PolicyCheck]:
    return check_policy(evidence, load_policy(), comparison or ChampionComparison(None), ASKED)


def refused(
    evidence: Evidence, tier: Tier = "clinic", comparison: ChampionComparison | None = None
) -> dict[str, set[str]]:
    """The questions that are not granted, by landmark."""
    granted = grants(checks(evidence, comparison), ASKED, tier)
    lacking = {landmark: set(names) - granted.get(landmark, {}).keys() for landmark, names in ASKED.items()}
    return {landmark: names for landmark, names in lacking.items() if names}


def at_first_landmark(change: Callable[[Question], Question]) -> Evidence:
    """Good evidence, in which the questions of the first landmark are changed."""
    return with_landmarks(
        good_evidence(),
        lambda one: (
            one.model_copy(update={"questions": [change(each) for each in one.questions]})
            if one.name == FIRST_LANDMARK
            else one
        ),
    )


def only(name: str, **changes: Any) -> Callable[[Question], Question]:
    return lambda each: each.model_copy(update=changes) if name_of(each) == name else each


def head_at_first_landmark(name: str, **changes: Any) -> Evidence:
    def changed(head: HeadEvidence) -> HeadEvidence:
        return head.model_copy(update=changes) if head.head == name else head

    def of(landmark: LandmarkEvidence) -> LandmarkEvidence:
        if landmark.name != FIRST_LANDMARK:
            return landmark
        return landmark.model_copy(update={"heads": [changed(head) for head in landmark.heads]})

    return with_landmarks(good_evidence(), of)


def all_of(kind: str) -> set[str]:
    return {name for name in ASKED[FIRST_LANDMARK] if name.startswith(kind)}


def test_all_that_passes_is_promoted_at_every_landmark() -> None:
    assert refused(good_evidence()) == {}
    assert grants(checks(good_evidence()), ASKED, "shadow") == at_tier(ASKED, "shadow")


@pytest.mark.parametrize("name", ["remission", "relapse_84", "sustained_84"])
def test_a_question_without_an_observed_event_is_not_assessed_and_keeps_back_no_other(name: str) -> None:
    """Sustained remission says no more than remission and relapse together, so that it waits for both."""
    evidence = at_first_landmark(only(name, events=0))
    waits = {"remission": all_of("sustained"), "relapse_84": {"sustained_84"}, "sustained_84": set()}[name]
    assert refused(evidence) == {FIRST_LANDMARK: {name} | waits}
    assert all(check.verdict != "FAILED" for check in checks(evidence))
    assert refused(evidence, "shadow") == {}


def test_a_landmark_of_which_nothing_can_be_assessed_is_called_neither_passed_nor_failed() -> None:
    verdicts = {
        check.name: check.verdict
        for check in checks(at_first_landmark(lambda each: each.model_copy(update={"events": each.n})))
    }
    assert verdicts[f"net benefit, {FIRST_LANDMARK}"] == "not assessed"
    assert verdicts["net benefit, before session 2"] == "passed"


def test_a_model_too_large_for_its_patients_keeps_back_what_rests_on_it() -> None:
    small = SampleSize(parameters=40, patients=300, events=90, criteria={}, required=900, met=False)
    assert refused(head_at_first_landmark("remission", sample_size=small)) == {
        FIRST_LANDMARK: {"remission"} | all_of("sustained")
    }
    assert refused(head_at_first_landmark("relapse", sample_size=small)) == {
        FIRST_LANDMARK: all_of("relapse") | all_of("sustained")
    }


@pytest.mark.parametrize(
    ("patients", "events", "precision", "passes"),
    [
        (130, 37, 342, True),  # within 0.1 with 86 patients, though not within 0.05
        (86, 37, 342, True),
        (85, 37, 342, False),
        (130, 10, 110, True),
        (130, 9, 100, False),  # an average of nine events
        (130, 121, 100, False),
    ],
)
def test_an_average_needs_no_patients_for_parameters_that_it_does_not_have(
    patients: int, events: int, precision: int, passes: bool
) -> None:
    size = SampleSize(
        parameters=0, patients=patients, events=events, criteria={"precision": precision}, required=precision, met=False
    )
    evidence = head_at_first_landmark("relapse", winner="no_model", n=patients, events=events, sample_size=size)
    assert refused(evidence) == ({} if passes else {FIRST_LANDMARK: all_of("relapse") | all_of("sustained")})


def test_a_question_that_is_not_answered_at_one_landmark_is_missing_there_alone() -> None:
    evidence = good_evidence()
    first = evidence.landmarks[0]
    short = first.model_copy(update={"questions": [one for one in first.questions if name_of(one) != "sustained_182"]})
    found = refused(evidence.model_copy(update={"landmarks": [short, *evidence.landmarks[1:]]}))
    assert found == {FIRST_LANDMARK: {"sustained_182"}}


def test_a_step_against_its_direction_keeps_back_the_answers_of_that_head_at_that_landmark() -> None:
    rows = [direction(FIRST_LANDMARK, "remission", 3, 0.2), direction("before session 2", "remission")]
    found = refused(good_evidence().model_copy(update={"directions": rows}))
    assert found == {FIRST_LANDMARK: {"remission"} | all_of("sustained")}


def test_a_head_worse_than_the_champions_keeps_back_what_rests_on_it_and_a_new_head_nothing() -> None:
    worse = HeadComparison(FIRST_LANDMARK, "relapse", "squared error", 640, 0.05, 0.001)
    new = ChampionComparison("1", (worse,), unrivalled=(("before session 2", "remission"),))
    assert refused(good_evidence(), comparison=new) == {FIRST_LANDMARK: all_of("relapse") | all_of("sustained")}
    unknown = ChampionComparison("1", (), (ImpossibleComparison("give the cohort with --cohort DIR"),))
    assert refused(good_evidence(), comparison=unknown) == {name: set(names) for name, names in ASKED.items()}


@pytest.mark.parametrize("change", [{"quick": True}, {"refit_check": None}, {"leakage": []}])
def test_what_is_wrong_with_the_training_keeps_back_everything_but_research(change: dict[str, object]) -> None:
    evidence = good_evidence().model_copy(update=change)
    assert len(refused(evidence)) == len(refused(evidence, "shadow")) == len(ASKED)
    assert refused(evidence, "research") == {}


def test_shadow_needs_no_good_figures_because_it_is_there_to_find_them() -> None:
    evidence = at_first_landmark(lambda each: each.model_copy(update={"measures": {}, "decision": None}))
    assert set(refused(evidence)) == {FIRST_LANDMARK}
    assert refused(evidence, "shadow") == {}


def seen(*names: str, sound: bool = True) -> PromotionChecks:
    """Checks of which those of these questions at the first landmark fail."""
    figure = PolicyCheck(
        name="figure",
        passed=not names,
        required="r",
        seen="s",
        tier="clinic",
        not_met={FIRST_LANDMARK: names} if names else None,
    )
    return PromotionChecks((figure,), sound)


def asked(**changes: Any) -> GrantRequest:
    return GrantRequest(**({"tier": "clinic", "answered": {FIRST_LANDMARK: SOME}} | changes))


def clinic(*names: str) -> dict[str, dict[str, Tier]]:
    return {FIRST_LANDMARK: dict.fromkeys(names, "clinic")}


def test_a_version_is_promoted_for_what_passes_and_refused_if_nothing_does() -> None:
    assert grant(seen("relapse_84"), asked()).granted == clinic("remission")
    assert grant(seen("relapse_84"), asked()).action == "promote"
    nothing = grant(seen(*SOME), asked())
    assert (nothing.action, nothing.granted) == ("refuse", {})


def test_an_override_grants_everything_and_is_called_one_only_if_something_fails() -> None:
    made = grant(seen("relapse_84"), asked(overridden=True))
    assert (made.action, made.granted) == ("override", clinic(*SOME))
    assert grant(seen(), asked(overridden=True)).action == "promote"
    assert grant(seen(), asked(overridden=True, looser=True)).action == "override"
    assert grant(seen(), asked(looser=True)).action == "refuse"
    assert grant(seen(sound=False), asked(overridden=True, looser=True)).action == "refuse"


def test_a_later_promotion_of_the_same_version_keeps_what_an_earlier_one_granted() -> None:
    again = asked(tier="shadow", champions=clinic("remission"), own=clinic("remission"))
    assert grant(seen("relapse_84"), again).granted == {
        FIRST_LANDMARK: {"remission": "clinic", "relapse_84": "shadow", "sustained_84": "shadow"}
    }
    assert grant(seen("relapse_84"), asked(own=clinic("relapse_84"))).granted == clinic("relapse_84", "remission")


@pytest.mark.parametrize("tier", ["clinic", "shadow"])
def test_an_answer_of_the_champion_in_the_clinic_is_not_withdrawn_unnoticed(tier: Tier) -> None:
    before = clinic("relapse_84")
    made = grant(seen("relapse_84"), asked(tier=tier, champions=before))
    lost = {check.name: check for check in made.checks}[CHAMPIONS_QUESTIONS]
    assert (made.action, lost.passed) == ("refuse", False)
    assert f"{FIRST_LANDMARK}, relapse_84" in lost.seen
    accepted = grant(seen("relapse_84"), asked(tier=tier, champions=before, narrower=True))
    assert accepted.action == "promote"
    assert "given up, as --narrower says" in accepted.checks[-1].seen
    overridden = grant(seen("relapse_84"), asked(tier=tier, champions=before, overridden=True))
    assert (overridden.action, overridden.checks[-1].passed) == ("override", tier == "clinic")


def test_a_champion_in_shadow_may_be_followed_by_one_that_answers_less() -> None:
    before: dict[str, dict[str, Tier]] = {FIRST_LANDMARK: {"relapse_84": "shadow"}}
    assert grant(seen("relapse_84"), asked(champions=before)).action == "promote"


def decided(made: Grant) -> Decision:
    return Decision(
        number=1, at="2026-03-01T09:00:00Z", by="Ada", action=made.action, version="1", previous_champion=None,
        reason="r", run_id="r" * 32, bundle_digest="b" * 64, evidence_digest=None, seal_digest=None, policy_digest=None,
        tier="clinic", granted=made.granted or None, checks=made.checks, previous=FIRST,
    )  # fmt: skip


def test_the_table_has_a_line_for_every_question_with_its_tier_or_the_checks_that_it_fails() -> None:
    decision = decided(grant(seen("relapse_84"), asked()))
    assert reasons(decision)[FIRST_LANDMARK]["relapse_84"] == ("figure",)
    lines = [line.split("  ") for line in granted_text(decision).splitlines()]
    assert [line[-1] for line in lines] == ["clinic", "not promoted: figure"]
    assert all(line[0] == FIRST_LANDMARK for line in lines)


def test_the_command_offers_the_tiers_that_there_are() -> None:
    assert OFFERED == TIERS
