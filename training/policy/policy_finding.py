"""Findings on one requirement of the policy, the questions that each is about, and the check that they make."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from models.promotion import Tier
from training.evidence.document import LandmarkEvidence, Question
from training.registry.policy_check import PolicyCheck

QuestionNames = dict[str, tuple[str, ...]]
"""Names of questions by landmark."""


@dataclass(frozen=True)
class PolicyFinding:
    """What was found on a requirement; ``met`` is ``None`` if the evidence can't say, for want of observed events.

    ``about`` has the questions that it decides about; without it, it decides about all.
    """

    met: bool | None
    text: str
    about: QuestionNames | None = None


def check_of(
    name: str, required: str, findings: Sequence[PolicyFinding], tier: Tier, landmark: str | None = None
) -> PolicyCheck:
    """The check of findings, unmet ones first; it fails without any finding.

    Questions of ``tier`` and above need it. ``landmark`` is the one that it is about, if it is about one alone.
    """
    unmet, unassessed, met = ([one for one in findings if one.met is state] for state in (False, None, True))
    parts = {"not met": unmet, "not assessed": unassessed, "met" if not (unmet or unassessed) else "Met": met}
    said = [f"{verdict}: {'; '.join(one.text for one in some)}" for verdict, some in parts.items() if some]
    nothing: QuestionNames = {} if landmark is None or findings else {landmark: ()}
    return PolicyCheck(
        name=name,
        passed=bool(met) and not unmet,
        required=required,
        seen=". ".join(said).removeprefix("met: ") or "no findings",
        tier=tier,
        assessed=False if unassessed and not (unmet or met) else None,
        not_met=nothing or _questions_of(unmet),
        not_assessed=_questions_of(unassessed),
    )


def _questions_of(findings: Sequence[PolicyFinding]) -> QuestionNames | None:
    """The questions that findings are about; ``None`` if there are none, or one is about all."""
    merged: dict[str, dict[str, None]] = {}
    for finding in findings:
        if finding.about is None:
            return None
        for landmark, names in finding.about.items():
            merged.setdefault(landmark, {}).update(dict.fromkeys(names))
    return {landmark: tuple(names) for landmark, names in merged.items()} if merged else None


def name_of(question: Question) -> str:
    """The name of a question as decisions and answers have it: ``remission``, ``relapse_H`` or ``sustained_H``."""
    return question.head if question.horizon_days is None else f"{question.head}_{question.horizon_days}"


def about_question(landmark: LandmarkEvidence, question: Question) -> QuestionNames:
    """A question at a landmark."""
    return {landmark.name: (name_of(question),)}


def about_head(landmark: LandmarkEvidence, head: str) -> QuestionNames:
    """The questions at a landmark that rest on a head: its own, and sustained remission, which rests on both."""
    return {landmark.name: resting_on(head, map(name_of, landmark.questions))}


def resting_on(head: str, questions: Iterable[str]) -> tuple[str, ...]:
    """Of some questions those that rest on a head."""
    return tuple(name for name in questions if name.partition("_")[0] in (head, "sustained"))
