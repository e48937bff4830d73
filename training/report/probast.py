"""A self-assessment of risk of bias in the four domains of PROBAST+AI, answered from evidence where it can be.

The signalling questions are in our own words. Source: Moons 2025, doi:10.1136/bmj-2024-082505. A self-assessment does
not replace that of somebody else.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

from training.evidence.document import HeadEvidence, Question
from training.report.facts import Told
from training.report.wording import listed, patients, percent

Reply = Literal["yes", "probably yes", "probably no", "no", "no information", "for the authors"]


@dataclass(frozen=True)
class Reason:
    """A reply with its reason; ``place`` is an anchor of the report, empty where there is nothing to see."""

    reply: Reply
    words: str
    place: str = ""


@dataclass(frozen=True)
class Signal:
    """A signalling question; "yes" speaks against bias."""

    number: str
    asks: str
    answer: Callable[[Told], Reason]


@dataclass(frozen=True)
class Domain:
    """One domain of the assessment."""

    title: str
    signals: tuple[Signal, ...]


@dataclass(frozen=True)
class Assessed:
    """A domain with the replies to its questions and what follows from them."""

    domain: Domain
    reasons: tuple[Reason, ...]

    @property
    def judgement(self) -> str:
        """High risk where a reply is no; low only where every question is answered and none speaks of bias."""
        replies = {reason.reply for reason in self.reasons}
        if "no" in replies:
            return "high risk of bias"
        if "probably no" in replies:
            return "some risk of bias"
        if replies & {"for the authors", "no information"}:
            return "open: answers are outstanding"
        return "low risk of bias by these answers"


def assess(told: Told) -> tuple[Assessed, ...]:
    """The four domains with their replies."""
    return tuple(Assessed(domain, tuple(signal.answer(told) for signal in domain.signals)) for domain in DOMAINS)


def _authors(words: str) -> Callable[[Told], Reason]:
    reason = Reason("for the authors", words)
    return lambda _told: reason


def _data_source(told: Told) -> Reason:
    if told.evidence.cohort.synthetic:
        return Reason("no", "The cohort is synthetic: fit to test the method, not to say anything of patients.", "top")
    return Reason("for the authors", "Whether the source (cohort, trial, register) suits the purpose.")


def _exclusions(told: Told) -> Reason:
    shares = [
        f"{mark.name} {percent(sum(b.n for b in mark.flow if b.name.startswith('left_out.')) / mark.flow[0].n)}"
        for mark in told.evidence.landmarks
        if mark.flow and mark.flow[0].n
    ]
    if not shares:
        return Reason("no information", "No flow of patients was recorded.")
    return Reason(
        "for the authors", f"Left out: {listed(shares)}, by reasons in the flow; are they right?", "landmark-1"
    )


def _same_predictors(told: Told) -> Reason:
    if not told.about.features:
        return Reason("no information", "No feature dictionary was given.")
    return Reason("yes", "One declared function per feature, the same for every patient and site.", "dictionary")


def _before_outcome(told: Told) -> Reason:
    return _leakage(told, "future", "a record's future was rewritten and no feature changed")


def _outcome_rule(told: Told) -> Reason:
    if not told.about.outcomes:
        return Reason("no information", "No outcome rule was given.")
    return Reason("yes", f"A program applied one rule, fixed by digest {told.evidence.protocol_digest}.", "definitions")


def _no_copy(told: Told) -> Reason:
    return _leakage(told, "control", "a copy of the outcome put among the features was found")


def _sample_size(told: Told) -> Reason:
    sizes = [head.sample_size for head in _heads(told) if head.sample_size]
    known = [size for size in sizes if size.met is not None]
    short = [size for size in known if not size.met]
    if short:
        words = f"{len(short)} of {len(known)} heads have fewer patients than the criteria of Riley require."
        return Reason("no", words, "sample-size")
    if not known or len(known) < len(sizes):
        return Reason("no information", "The criteria could not be computed for every head.", "sample-size")
    return Reason("yes", "All heads meet the criteria of Riley.", "sample-size")


def _unobserved(told: Told) -> Reason:
    asked = [question for question in _questions(told) if question.n + question.not_observed]
    if not asked:
        return Reason("no information", "No question could be judged.")
    most = max(question.not_observed / (question.n + question.not_observed) for question in asked)
    words = f"At most {percent(most)} without an answer; weights stand for them, and other treatments are compared."
    return Reason("yes" if most < 0.2 else "probably yes" if most < 0.4 else "probably no", words, "landmark-1")


def _measures(told: Told) -> Reason:
    both = {"auc", "calibration_slope"}
    asked = _questions(told)
    lacking = [question.name for question in asked if not both <= question.measures.keys() or not question.calibration]
    if not asked:
        return Reason("no information", "No question could be judged.")
    if lacking:
        words = f"No full account of discrimination and calibration for {listed(list(dict.fromkeys(lacking)))}."
        return Reason("probably no", words, "how-well")
    return Reason("yes", "Both for every question, with intervals, curves and net benefit.", "how-well")


def _optimism(told: Told) -> Reason:
    kind = told.evidence.kind
    if kind == "external":
        return Reason("yes", "The model never saw this cohort.", "top")
    words = (
        f"Every prediction is of models that never saw the patient ({told.evidence.folds}). The same patients chose "
        "the candidate, which flatters it slightly."
    )
    return Reason("probably yes", words, "how-well")


def _duplicates(told: Told) -> Reason:
    return _leakage(told, "duplicate", "no patient or near-duplicate record stood on both sides of a fold")


def _clusters(told: Told) -> Reason:
    across = [found for question in _questions(told) for found in question.across_sites]
    if told.evidence.cohort.sites < 2:
        return Reason("probably no", f"Sites: {told.evidence.cohort.sites}; what others would see is not known.", "top")
    if not across:
        return Reason("probably no", "Too few sites with enough outcomes for a summary over sites.", "landmark-1")
    return Reason("yes", "Sites apart, their random-effects mean, and what a new site should expect.", "landmark-1")


def _groups(told: Told) -> Reason:
    groups = [group for question in _questions(told) for group in question.subgroups]
    if not groups:
        return Reason("no information", "No groups were compared.")
    hidden = len({(group.variable, group.group) for group in groups if group.n is None})
    return Reason(
        "probably yes", f"Per group with intervals; {hidden} groups too small in some question.", "landmark-1"
    )


def _stability(told: Told) -> Reason:
    moving = [
        found.share_moving_over_ten_points
        for head in _heads(told)
        if (found := head.instability) and found.share_moving_over_ten_points is not None
    ]
    if not moving:
        return Reason("no information", "Instability was not measured.")
    words = f"Up to {percent(max(moving))} of patients move by more than 10 points between refits."
    return Reason("yes" if max(moving) < 0.1 else "probably yes" if max(moving) < 0.25 else "probably no", words,
                  "instability")  # fmt: skip


def _complete(told: Told) -> Reason:
    if told.evidence.quick:
        return Reason("no", "Parts of the evaluation were skipped.", "top")
    return Reason("yes", f"Nothing was skipped; {patients(told.evidence.cohort.patients)} in the cohort.", "top")


def _leakage(told: Told, about: str, proof: str) -> Reason:
    """The reply of the leakage checks that speak of something; no information where none does."""
    checks = [check for check in told.evidence.leakage if about in f"{check.name} {check.required}".lower()]
    if not checks:
        return Reason("no information", "This check of leakage is not in the evidence.")
    failed = [check.name for check in checks if not check.passed]
    if failed:
        return Reason("no", f"Failed: {listed(failed)}.", "leakage")
    return Reason("yes", f"Checked: {proof}.", "leakage")


def _heads(told: Told) -> list[HeadEvidence]:
    return [head for mark in told.evidence.landmarks for head in mark.heads]


def _questions(told: Told) -> list[Question]:
    return [question for mark in told.evidence.landmarks for question in mark.questions]


def replies(assessed: Iterable[Assessed]) -> list[Reply]:
    """Every reply, in order."""
    return [reason.reply for domain in assessed for reason in domain.reasons]


DOMAINS = (
    Domain("Participants and data", (
        Signal("1.1", "Do the data come from a source that suits the purpose?", _data_source),
        Signal("1.2", "Was it right whom the analysis left out?", _exclusions),
        Signal("1.3", "Are the patients like those whom the model is meant for?", _authors("Compare the case mix.")),
    )),
    Domain("Predictors", (
        Signal("2.1", "Were predictors defined and computed alike for everybody?", _same_predictors),
        Signal("2.2", "Were predictors free of what came after the prediction?", _before_outcome),
        Signal("2.3", "Are all predictors at hand when the model is used?", _authors("Compare with local records.")),
    )),
    Domain("Outcome", (
        Signal("3.1", "Was the outcome fixed by one rule, applied alike to everybody?", _outcome_rule),
        Signal("3.2", "Would a predictor that copies the outcome have been noticed?", _no_copy),
        Signal("3.3", "Were raters blind to predictors?", _authors("Self-rated, or rated by whom, knowing what?")),
        Signal("3.4", "Was the time to the outcome right?", _authors("Whether the horizons suit the decision.")),
    )),
    Domain("Analysis", (
        Signal("4.1", "Were there enough patients and events?", _sample_size),
        Signal("4.2", "Were unobserved outcomes handled well?", _unobserved),
        Signal("4.3", "Were discrimination and calibration both judged?", _measures),
        Signal("4.4", "Are the figures free of optimism?", _optimism),
        Signal("4.5", "Were learning and judging kept apart?", _duplicates),
        Signal("4.6", "Were differences between sites accounted for?", _clusters),
        Signal("4.7", "Was performance judged in groups of patients?", _groups),
        Signal("4.8", "Do the predictions hold still when the model is learned again?", _stability),
        Signal("4.9", "Was the whole of the planned evaluation made?", _complete),
    )),
)  # fmt: skip
"""The domains with our signalling questions, in order."""
