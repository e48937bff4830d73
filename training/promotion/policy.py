"""The promotion policy: the evidence that a champion needs. Each requirement becomes a check with a finding.

The numbers are in `config.PromotionPolicy`; `promotion` decides what follows from the checks.
"""

from collections.abc import Sequence, Set

from training.config import PromotionPolicy
from training.decisions.canonical import digest_of
from training.evidence.document import (
    DecisionCurve,
    Estimate,
    Evidence,
    HeadEvidence,
    LandmarkEvidence,
    Question,
    SampleSize,
    Subgroup,
)
from training.experiment.champion_comparison import ChampionComparison
from training.leakage.acknowledgement import requirements
from training.learning.updating import NOTHING
from training.promotion.champion_policy import champion_finding, champion_requirement
from training.promotion.direction_policy import direction_findings, direction_requirement
from training.registry.decisions import PolicyCheck
from training.report.wording import patients

IN_THE_LARGE, SLOPE = "calibration_intercept", "calibration_slope"
"""Names of the measures in `Question.measures`."""

SHOWN = 3
"""Miscalibrated groups that are named; the others are counted."""
ROUNDING = 1e-9
"""Differences in net benefit below this count as zero: they are rounding errors."""
Findings = list[tuple[bool, str]]
"""Findings on one requirement: whether each meets it, and the text."""


def policy_digest(policy: PromotionPolicy) -> str:
    """SHA-256 of the policy's canonical JSON."""
    return digest_of(policy.as_document())


def check_policy(evidence: Evidence, policy: PromotionPolicy, comparison: ChampionComparison) -> list[PolicyCheck]:
    """Every requirement of the policy, met or not; a model may be promoted when all are met."""
    checks = [_whole_training(evidence), _leakage(evidence, policy), *requirements(evidence.leakage)]
    checks += [_refit_check(evidence), _answered(evidence)]
    for landmark in evidence.landmarks:
        checks += [
            _sample_size(landmark, _untouched(evidence, landmark)),
            _in_the_large(landmark, policy),
            _slope(landmark, policy),
            _net_benefit(landmark, policy),
            _subgroups(landmark, policy),
        ]
    return [*checks, _directions(evidence, policy), _champion(comparison, policy)]


def as_text(question: Question) -> str:
    """A question's name, such as "relapse by day 91"."""
    if question.head == "remission":
        return "remission"
    return f"{question.head} {'by' if question.head == 'relapse' else 'to'} day {question.horizon_days}"


def _check(name: str, required: str, findings: Findings) -> PolicyCheck:
    """The check of findings, unmet ones first; it fails without any finding."""
    failed = "; ".join(words for met, words in findings if not met)
    passed = "; ".join(words for met, words in findings if met)
    seen = f"not met: {failed}" + (f". Met: {passed}" if passed else "") if failed else passed
    return PolicyCheck(name=name, passed=bool(findings) and not failed, required=required, seen=seen or "no findings")


def _whole_training(evidence: Evidence) -> PolicyCheck:
    kinds = {"held out": "held-out patients", "external": "another cohort", "updated": "a cross-fitted update"}
    findings = [
        (not evidence.quick, "a quick training, which skips parts" if evidence.quick else "a whole training"),
        (evidence.kind != "external", f"evidence from {kinds[evidence.kind]}"),
    ]
    required = "a whole training (without --quick), evaluated on held-out patients"
    return _check("whole training", required, findings)


def _leakage(evidence: Evidence, policy: PromotionPolicy) -> PolicyCheck:
    findings: Findings = [
        (not check.stops, f"{check.name}: {f'{check.verdict}. ' if check.acknowledged else ''}{check.seen_in_full}")
        for check in evidence.leakage
    ]
    made = {check.name for check in evidence.leakage}
    findings += [(False, f"{name}: not made") for name in policy.leakage_checks if name not in made]
    return _check("leakage checks", f"made and passed: {', '.join(policy.leakage_checks)}", findings)


def _refit_check(evidence: Evidence) -> PolicyCheck:
    required = "a second fit of every head gives the same bytes"
    done = evidence.refit_check
    if evidence.kind == "updated":
        required = "a second update gives the same bytes"
        words = "no second update was made" if done is None else "identical" if done.identical else "not identical"
        return _check("refit check", required, [(done is not None and done.identical, words)])
    heads = sum(head.winner is not None for landmark in evidence.landmarks for head in landmark.heads)
    if done is None:
        return _check("refit check", required, [(False, "no second fit was made")])
    words = f"{done.heads} of {heads} heads refitted, {'identical' if done.identical else 'not identical'}"
    return _check("refit check", required, [(done.identical and done.heads >= heads > 0, words)])


def _answered(evidence: Evidence) -> PolicyCheck:
    """Every landmark must answer each question that any landmark answers."""
    asked = {(each.head, each.horizon_days): each for landmark in evidence.landmarks for each in landmark.questions}
    missing = [
        (False, f"{landmark.name}: {head.head} was not fitted ({head.note})")
        for landmark in evidence.landmarks
        for head in landmark.heads
        if head.winner is None
    ]
    for landmark in evidence.landmarks:
        answered = {(question.head, question.horizon_days) for question in landmark.questions}
        missing += [
            (False, f"{landmark.name}: {as_text(asked[key])} is not answered") for key in asked if key not in answered
        ]
    required = "every head is fitted, and every question is answered at every landmark"
    questions = sum(len(landmark.questions) for landmark in evidence.landmarks)
    words = f"{questions} questions at {len(evidence.landmarks)} landmarks"
    return _check("every question answered", required, [*missing, (questions > 0, words)])


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


def _sample_size(landmark: LandmarkEvidence, untouched: Set[str]) -> PolicyCheck:
    required = "the cohort has as many patients as the model needs (Riley 2020, doi:10.1136/bmj.m441)"
    findings = [
        (True, f"{head.head}: not applicable, nothing was estimated")
        if head.head in untouched and head.sample_size is None
        else _size_of(head, head.sample_size)
        for head in landmark.heads
    ]
    return _check(f"sample size, {landmark.name}", required, findings)


def _size_of(head: HeadEvidence, size: SampleSize | None) -> tuple[bool, str]:
    if size is None or size.met is None or size.required is None:
        return False, f"{head.head}: the size needed can't be computed"
    noun = "parameter" if size.parameters == 1 else "parameters"
    return size.met, (
        f"{head.head}: the model has {size.parameters} {noun} and needs {patients(size.required)}; "
        f"the cohort has {size.patients:,}"
    )


def _in_the_large(landmark: LandmarkEvidence, policy: PromotionPolicy) -> PolicyCheck:
    limit = policy.in_the_large
    findings: Findings = []
    for question in landmark.questions:
        found = question.measures.get(IN_THE_LARGE)
        met = found is not None and found.estimate is not None and abs(found.estimate) <= limit
        findings.append((met, f"{as_text(question)} {_figure(found)}"))
    required = f"between {-limit:.2f} and {limit:.2f} (log-odds; ideal 0)"
    return _check(f"calibration in the large, {landmark.name}", required, findings)


def _slope(landmark: LandmarkEvidence, policy: PromotionPolicy) -> PolicyCheck:
    (low, high), (lowest, highest) = policy.slope, policy.slope_outermost
    required = f"the 95% interval overlaps {low} to {high}, and the estimate is in {lowest} to {highest} (ideal 1)"
    findings: Findings = []
    for question in landmark.questions:
        if not _has_slope(question, landmark.heads):
            findings.append((True, _overall(question)))
            continue
        found = question.measures.get(SLOPE)
        met = _touches(found, low, high) and _touches(_without_limits(found), lowest, highest)
        findings.append((met, f"{as_text(question)} {_figure(found)}"))
    return _check(f"calibration slope, {landmark.name}", required, findings)


def _has_slope(question: Question, heads: Sequence[HeadEvidence]) -> bool:
    """Whether predictions differ between patients; those of sustained remission do if either head's do."""
    behind = [head for head in heads if question.head in (head.head, "sustained")]
    return any(head.winner != "no_model" for head in behind)


def _overall(question: Question) -> str:
    return f"{as_text(question)} not applicable, the model gives every patient the average risk"


def _net_benefit(landmark: LandmarkEvidence, policy: PromotionPolicy) -> PolicyCheck:
    required = (
        f"at most {policy.net_benefit_margin} below the better of treating all and treating none, and the upper 95% "
        f"limit of the difference is not below 0 (net true positives per patient)"
    )
    findings = [
        # With one risk for all patients the model treats all or none, so that this comparison says nothing about it.
        _benefit(question, policy) if _has_slope(question, landmark.heads) else (True, _overall(question))
        for question in landmark.questions
    ]
    return _check(f"net benefit, {landmark.name}", required, findings)


def _benefit(question: Question, policy: PromotionPolicy) -> tuple[bool, str]:
    """A question's net benefit at each of its thresholds."""
    thresholds = {
        "remission": policy.remission_thresholds,
        "relapse": policy.relapse_thresholds,
        "sustained": policy.sustained_thresholds,
    }[question.head]
    if question.decision is None:
        return False, f"{as_text(question)} not computed"
    found = [_benefit_at(question.decision, threshold, policy.net_benefit_margin) for threshold in thresholds]
    return all(met for met, _ in found), f"{as_text(question)} {', '.join(words for _, words in found)}"


def _benefit_at(curve: DecisionCurve, threshold: float, margin: float) -> tuple[bool, str]:
    where = next((place for place, at in enumerate(curve.thresholds) if abs(at - threshold) < 1e-6), None)
    if where is None or where >= min(len(curve.difference), len(curve.difference_high)):
        return False, f"not computed at {threshold:.0%}"
    model, difference, high = curve.model[where], curve.difference[where], curve.difference_high[where]
    if model is None or difference is None:
        return False, f"not computed at {threshold:.0%}"
    high = difference if high is None else high
    met = difference >= -margin - ROUNDING and high >= -ROUNDING
    words = f"{model:.3f} (treat all or none: {model - difference:.3f}) at {threshold:.0%}"
    return met, f"{words}{'' if met else f' (difference {difference:.3f}, upper limit {high:.3f})'}"


def _subgroups(landmark: LandmarkEvidence, policy: PromotionPolicy) -> PolicyCheck:
    fewest, limit = policy.subgroup_patients, policy.subgroup_in_the_large
    findings: Findings = []
    for question in landmark.questions:
        evaluated = [group for group in question.subgroups if group.n is not None and group.n >= fewest]
        findings += _worst_groups(question, evaluated, limit)
    required = (
        f"no group of at least {fewest} patients has a calibration in the large whose 95% interval is "
        f"entirely beyond {limit} log-odds"
    )
    return _check(f"worst subgroup, {landmark.name}", required, findings)


def _worst_groups(question: Question, groups: Sequence[Subgroup], limit: float) -> Findings:
    """The miscalibrated groups, the worst three by name; without any, the group that is farthest from 0."""
    known = [(group, found) for group in groups if (found := group.calibration_in_the_large) is not None]
    known = [(group, found) for group, found in known if found.estimate is not None]
    if not known:
        return [(True, f"{as_text(question)}: no group is large enough")]
    known.sort(key=lambda pair: -abs(pair[1].estimate or 0.0))
    off = [(group, found) for group, found in known if not _touches(found, -limit, limit)]
    shown = (off or known[:1])[:SHOWN]
    words = [f"{group.variable} {group.group} (n {group.n}) {_figure(found)}" for group, found in shown]
    rest = len(off) - SHOWN
    more = f", and {rest} more group{'' if rest == 1 else 's'}" if rest > 0 else ""
    return [(not off, f"{as_text(question)}, {', '.join(words)}{more}")]


def _directions(evidence: Evidence, policy: PromotionPolicy) -> PolicyCheck:
    return _check("directions", direction_requirement(policy), direction_findings(evidence.directions, policy))


def _champion(comparison: ChampionComparison, policy: PromotionPolicy) -> PolicyCheck:
    required = champion_requirement(policy)
    if comparison.champion is None:
        return _check("champion", required, [(True, "there is no other champion")])
    findings: Findings = [(False, reason) for reason in comparison.impossible]
    findings += [champion_finding(each, policy) for each in comparison.heads]
    check = _check("champion", required, findings)
    return check.model_copy(update={"seen": f"{check.seen}. {comparison.caveat}"}) if comparison.caveat else check


def _touches(found: Estimate | None, low: float, high: float) -> bool:
    """Whether an interval, or else the estimate, lies at least partly within a range."""
    if found is None or found.estimate is None:
        return False
    lower = found.estimate if found.low is None else found.low
    upper = found.estimate if found.high is None else found.high
    return lower <= high and upper >= low


def _without_limits(found: Estimate | None) -> Estimate | None:
    return None if found is None else Estimate(estimate=found.estimate)


def _figure(found: Estimate | None) -> str:
    if found is None or found.estimate is None:
        return "not defined"
    if found.low is None or found.high is None:
        return f"{found.estimate:.2f}"
    return f"{found.estimate:.2f} ({found.low:.2f} to {found.high:.2f})"
