"""The promotion policy: the evidence that a champion needs. Each requirement becomes a check with a finding.

The numbers are in `config.PromotionPolicy`; `promotion` decides what follows from the checks.
"""

from collections.abc import Set
from math import ceil

from models.promotion import Tier
from training.config import PromotionPolicy
from training.decisions.canonical import digest_of
from training.evidence.document import Evidence, HeadEvidence, LandmarkEvidence, SampleSize
from training.experiment.champion_comparison import ChampionComparison
from training.leakage.acknowledgement import requirements
from training.learning.updating import NOTHING
from training.metrics.sample_size import MARGIN
from training.policy.champion_policy import champion_check
from training.policy.direction_policy import direction_check
from training.policy.policy_finding import PolicyFinding, QuestionNames, about_head, check_of, name_of
from training.policy.question_policy import as_text, check_questions
from training.registry.policy_check import PolicyCheck
from training.report.wording import patients

SHADOW: Tier = "shadow"
CLINIC: Tier = "clinic"
EVERY_QUESTION = "every question answered"
FEWEST_EVENTS = 10
"""Patients with and without the outcome behind an average risk. [judgement]"""


def policy_digest(policy: PromotionPolicy) -> str:
    """SHA-256 of the policy's canonical JSON."""
    return digest_of(policy.as_document())


def check_policy(
    evidence: Evidence,
    policy: PromotionPolicy,
    comparison: ChampionComparison,
    answered: QuestionNames | None = None,
) -> list[PolicyCheck]:
    """Every requirement of the policy with its findings; `granting` says which questions may be promoted by them.

    ``answered`` are all questions that the model has an answer to; those without evidence are not assessed.
    """
    asked = _asked(evidence)
    return [*evidence_checks(evidence, policy, answered or {}), champion_check(comparison, asked, policy)]


def evidence_checks(evidence: Evidence, policy: PromotionPolicy, answered: QuestionNames) -> list[PolicyCheck]:
    """The requirements that follow from evidence and policy alone: all but the comparison with the champion."""
    checks = [_whole_training(evidence), _leakage(evidence, policy), *requirements(evidence.leakage)]
    checks += [_refit_check(evidence), _answered(evidence, answered)]
    for landmark in evidence.landmarks:
        checks += [_sample_size(landmark, _untouched(evidence, landmark), policy), *check_questions(landmark, policy)]
    return [*checks, direction_check(evidence.directions, _asked(evidence), policy)]


def _asked(evidence: Evidence) -> QuestionNames:
    return {landmark.name: tuple(map(name_of, landmark.questions)) for landmark in evidence.landmarks}


def _whole_training(evidence: Evidence) -> PolicyCheck:
    kinds = {"held out": "held-out patients", "external": "another cohort", "updated": "a cross-fitted update"}
    findings = [
        PolicyFinding(
            not evidence.quick, "a quick training, which skips parts" if evidence.quick else "a whole training"
        ),
        PolicyFinding(evidence.kind != "external", f"evidence from {kinds[evidence.kind]}"),
    ]
    required = "a whole training (without --quick), evaluated on held-out patients"
    return check_of("whole training", required, findings, SHADOW)


def _leakage(evidence: Evidence, policy: PromotionPolicy) -> PolicyCheck:
    findings = [
        PolicyFinding(
            not check.stops, f"{check.name}: {f'{check.verdict}. ' if check.acknowledged else ''}{check.seen_in_full}"
        )
        for check in evidence.leakage
    ]
    made = {check.name for check in evidence.leakage}
    findings += [PolicyFinding(False, f"{name}: not made") for name in policy.leakage_checks if name not in made]
    return check_of("leakage checks", f"made and passed: {', '.join(policy.leakage_checks)}", findings, SHADOW)


def _refit_check(evidence: Evidence) -> PolicyCheck:
    required, done = "a second fit of every head gives the same bytes", evidence.refit_check
    heads = sum(head.winner is not None for landmark in evidence.landmarks for head in landmark.heads)
    if evidence.kind == "updated":
        required = "a second update gives the same bytes"
        words = "no second update was made" if done is None else "identical" if done.identical else "not identical"
        finding = PolicyFinding(done is not None and done.identical, words)
    elif done is None:
        finding = PolicyFinding(False, "no second fit was made")
    else:
        words = f"{done.heads} of {heads} heads refitted, {'identical' if done.identical else 'not identical'}"
        finding = PolicyFinding(done.identical and done.heads >= heads > 0, words)
    return check_of("refit check", required, [finding], SHADOW)


def _answered(evidence: Evidence, answered: QuestionNames) -> PolicyCheck:
    """Every landmark should answer each question that any landmark answers; only a missing one is not promoted."""
    asked = {name_of(each): each for landmark in evidence.landmarks for each in landmark.questions}
    missing = [
        PolicyFinding(
            False, f"{landmark.name}: {head.head} was not fitted ({head.note})", about_head(landmark, head.head)
        )
        for landmark in evidence.landmarks
        for head in landmark.heads
        if head.winner is None
    ]
    for landmark in evidence.landmarks:
        there = {name_of(question) for question in landmark.questions}
        unseen = tuple(name for name in answered.get(landmark.name, ()) if name not in there)
        if unseen:
            text = f"{landmark.name}: nobody was followed to {', '.join(unseen)}"
            missing.append(PolicyFinding(None, text, {landmark.name: unseen}))
        missing += [
            PolicyFinding(False, f"{landmark.name}: {as_text(asked[name])} is not answered", {landmark.name: (name,)})
            for name in asked
            if name not in there and name not in unseen
        ]
    required = "every head is fitted, and every question is answered at every landmark"
    questions = sum(len(landmark.questions) for landmark in evidence.landmarks)
    words = f"{questions} questions at {len(evidence.landmarks)} landmarks"
    return check_of(EVERY_QUESTION, required, [*missing, PolicyFinding(questions > 0, words)], CLINIC)


def _untouched(evidence: Evidence, landmark: LandmarkEvidence) -> set[str]:
    """The heads that an update left unchanged, by its caveats, which state the method for each head."""
    if evidence.kind != "updated":
        return set()
    done: dict[str, str] = {head.head: f"{landmark.name}, {head.head}: " for head in landmark.heads}
    changed = {
        name
        for name, begins in done.items()
        for line in evidence.caveats
        if line.startswith(begins) and not line.startswith(begins + NOTHING)
    }
    return done.keys() - changed


def _sample_size(landmark: LandmarkEvidence, untouched: Set[str], policy: PromotionPolicy) -> PolicyCheck:
    margin = policy.average_margin
    required = (
        "the cohort has as many patients as the model's parameters need (Riley 2020, doi:10.1136/bmj.m441); a head "
        f"that gives every patient the average risk has none: it needs {FEWEST_EVENTS} patients with and without the "
        f"outcome, and as many as put the average within {margin:g}"
    )
    findings = [
        PolicyFinding(True, f"{head.head}: not applicable, nothing was estimated")
        if head.head in untouched and head.sample_size is None
        else PolicyFinding(*_size_of(head, head.sample_size, margin), about_head(landmark, head.head))
        for head in landmark.heads
    ]
    return check_of(f"sample size, {landmark.name}", required, findings, CLINIC, landmark.name)


def _size_of(head: HeadEvidence, size: SampleSize | None, margin: float) -> tuple[bool | None, str]:
    """Whether a head has enough patients; ``None`` if no event, or nothing else, was observed."""
    if not 0 < head.events < head.n:
        return None, f"{head.head}: {head.events:,} of {patients(head.n)} had it"
    if head.winner == "no_model":
        return _average_of(head, size, margin)
    if size is None or size.met is None or size.required is None:
        return False, f"{head.head}: the size needed can't be computed"
    noun = "parameter" if size.parameters == 1 else "parameters"
    return size.met, (
        f"{head.head}: the model has {size.parameters} {noun} and needs {patients(size.required)}; "
        f"the cohort has {size.patients:,}"
    )


def _average_of(head: HeadEvidence, size: SampleSize | None, margin: float) -> tuple[bool, str]:
    """An average has no parameters: it needs events, and patients for its own precision alone.

    ``margin`` is the policy's; the evidence has the patients for `MARGIN`, whose number goes with its inverse square.
    """
    needed = None if size is None else size.criteria.get("precision")
    if size is None or needed is None:
        return False, f"{head.head}: the size needed for the average risk can't be computed"
    rarer, wanted = min(head.events, head.n - head.events), ceil(needed * (MARGIN / margin) ** 2)
    return rarer >= FEWEST_EVENTS and size.patients >= wanted, (
        f"{head.head}: every patient gets the average risk, of {patients(size.patients)} with {head.events:,} events; "
        f"it needs {FEWEST_EVENTS} of either kind, and {patients(wanted)} to be within {margin:g}"
    )
