"""A self-assessment of risk of bias in the four domains of PROBAST+AI, answered from evidence where it can be.

The signalling questions are in our own words. Source: Moons 2025, doi:10.1136/bmj-2024-082505. A self-assessment does
not replace an independent one.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

from training.evidence.document import HeadEvidence, Question
from training.report.facts import ReportContent
from training.report.wording import in_a_sentence, patients, percent

Reply = Literal["yes", "probably yes", "probably no", "no", "no information", "open"]


@dataclass(frozen=True)
class SignallingReply:
    """A reply with its reason; ``place`` is an anchor of the report, empty where there is nothing to see."""

    reply: Reply
    words: str
    place: str = ""


@dataclass(frozen=True)
class Signal:
    """A signalling question; "yes" speaks against bias. ``key`` is that of the authors' reply in ``study.toml``."""

    number: str
    asks: str
    answer: Callable[[ReportContent], SignallingReply]
    key: str = ""


@dataclass(frozen=True)
class Domain:
    """One domain of the assessment."""

    title: str
    signals: tuple[Signal, ...]


@dataclass(frozen=True)
class DomainAssessment:
    """A domain with the replies to its questions and what follows from them."""

    domain: Domain
    reasons: tuple[SignallingReply, ...]

    @property
    def judgement(self) -> str:
        """High risk where a reply is no; low only where every question is answered and none speaks of bias."""
        replies = {reason.reply for reason in self.reasons}
        if "no" in replies:
            return "high risk of bias"
        if "probably no" in replies:
            return "some risk of bias"
        if replies & {"open", "no information"}:
            return "open: answers are outstanding"
        return "low risk of bias by these answers"


def assess(content: ReportContent) -> tuple[DomainAssessment, ...]:
    """The four domains with their replies."""
    return tuple(
        DomainAssessment(domain, tuple(_reply(signal, content) for signal in domain.signals)) for domain in DOMAINS
    )


def _reply(signal: Signal, content: ReportContent) -> SignallingReply:
    """What the evidence replies; where it leaves a question open, what the authors do. They can't overrule it."""
    found = signal.answer(content)
    said = content.about.answers.replies.get(signal.key)
    if found.reply != "open" or said is None:
        return found
    reply = next(reply for reply in AUTHORS_REPLIES if reply == said.reply)
    return SignallingReply(reply, f"By the authors: {said.reason}", found.place)


AUTHORS_REPLIES: tuple[Reply, ...] = ("yes", "probably yes", "probably no", "no", "no information")
"""What the authors may reply."""


def _authors(words: str) -> Callable[[ReportContent], SignallingReply]:
    reason = SignallingReply("open", words)
    return lambda _content: reason


def _data_source(content: ReportContent) -> SignallingReply:
    if content.evidence.cohort.synthetic:
        return SignallingReply(
            "no", "The cohort is synthetic: it can test the method, but is no evidence about patients.", "top"
        )
    return SignallingReply("open", "Whether the source (cohort, trial, register) suits the purpose.")


def _exclusions(content: ReportContent) -> SignallingReply:
    proportions = [
        f"{mark.name} {percent(sum(b.n for b in mark.flow if b.name.startswith('left_out.')) / mark.flow[0].n)}"
        for mark in content.evidence.landmarks
        if mark.flow and mark.flow[0].n
    ]
    if not proportions:
        return SignallingReply("no information", "No flow of patients was recorded.")
    return SignallingReply(
        "open",
        f"Left out: {in_a_sentence(proportions)}, by reasons in the flow; are they right?",
        "landmark-1",
    )


def _same_predictors(content: ReportContent) -> SignallingReply:
    if not content.about.features:
        return SignallingReply("no information", "No feature dictionary was given.")
    return SignallingReply(
        "yes", "One declared function per feature, the same for every patient and site.", "dictionary"
    )


def _before_outcome(content: ReportContent) -> SignallingReply:
    return _leakage(content, "future", "records after the landmark were changed at random and no feature changed")


def _outcome_rule(content: ReportContent) -> SignallingReply:
    if not content.about.outcomes:
        return SignallingReply("no information", "No outcome rule was given.")
    return SignallingReply(
        "yes", f"A program applied one rule, fixed by digest {content.evidence.protocol_digest}.", "definitions"
    )


def _no_copy(content: ReportContent) -> SignallingReply:
    return _leakage(content, "control", "a copy of the outcome put among the features was found")


def _sample_size(content: ReportContent) -> SignallingReply:
    sizes = [head.sample_size for head in _heads(content) if head.sample_size]
    known = [size for size in sizes if size.met is not None]
    short = [size for size in known if not size.met]
    if short:
        words = f"{len(short)} of {len(known)} heads have fewer patients than the criteria of Riley require."
        return SignallingReply("no", words, "sample-size")
    if not known or len(known) < len(sizes):
        return SignallingReply("no information", "The criteria could not be computed for every head.", "sample-size")
    return SignallingReply("yes", "All heads meet the criteria of Riley.", "sample-size")


def _unobserved(content: ReportContent) -> SignallingReply:
    asked = [question for question in _questions(content) if question.n + question.not_observed]
    if not asked:
        return SignallingReply("no information", "No question could be evaluated.")
    most = max(question.not_observed / (question.n + question.not_observed) for question in asked)
    words = (
        f"At most {percent(most)} not observed; weighting represents them, and a sensitivity analysis compares others."
    )
    return SignallingReply(
        "yes" if most < 0.2 else "probably yes" if most < 0.4 else "probably no", words, "landmark-1"
    )


def _measures(content: ReportContent) -> SignallingReply:
    both = {"auc", "calibration_slope"}
    asked = _questions(content)
    lacking = [question.name for question in asked if not both <= question.measures.keys() or not question.calibration]
    if not asked:
        return SignallingReply("no information", "No question could be evaluated.")
    if lacking:
        words = f"No full account of discrimination and calibration for {in_a_sentence(list(dict.fromkeys(lacking)))}."
        return SignallingReply("probably no", words, "how-well")
    return SignallingReply("yes", "Both for every question, with intervals, curves and net benefit.", "how-well")


def _optimism(content: ReportContent) -> SignallingReply:
    kind = content.evidence.kind
    if kind == "external":
        return SignallingReply("yes", "The model never saw this cohort.", "top")
    words = (
        f"Every prediction is of models that never saw the patient ({content.evidence.folds}). The same patients chose "
        "the candidate, which flatters it slightly."
    )
    return SignallingReply("probably yes", words, "how-well")


def _duplicates(content: ReportContent) -> SignallingReply:
    return _leakage(content, "duplicate", "no patient or near-duplicate record stood on both sides of a fold")


def _clusters(content: ReportContent) -> SignallingReply:
    across = [found for question in _questions(content) for found in question.across_sites]
    if content.evidence.cohort.sites < 2:
        return SignallingReply(
            "probably no", f"Sites: {content.evidence.cohort.sites}; what others would see is not known.", "top"
        )
    if not across:
        return SignallingReply(
            "probably no", "Too few sites with enough outcomes for a summary over sites.", "landmark-1"
        )
    return SignallingReply(
        "yes", "Each site, the random-effects mean, and a prediction interval for a new site.", "landmark-1"
    )


def _groups(content: ReportContent) -> SignallingReply:
    groups = [group for question in _questions(content) for group in question.subgroups]
    if not groups:
        return SignallingReply("no information", "No groups were compared.")
    hidden = len({(group.variable, group.group) for group in groups if group.n is None})
    return SignallingReply(
        "probably yes", f"Per group with intervals; {hidden} groups too small in some question.", "landmark-1"
    )


def _stability(content: ReportContent) -> SignallingReply:
    moving = [
        found.share_moving_over_ten_points
        for head in _heads(content)
        if (found := head.instability) and found.share_moving_over_ten_points is not None
    ]
    if not moving:
        return SignallingReply("no information", "Instability was not measured.")
    words = f"Up to {percent(max(moving))} of patients move by more than 10 points between refits."
    reply: Reply = "yes" if max(moving) < 0.1 else "probably yes" if max(moving) < 0.25 else "probably no"
    return SignallingReply(reply, words, "instability")


def _complete(content: ReportContent) -> SignallingReply:
    if content.evidence.quick:
        return SignallingReply("no", "Parts of the evaluation were skipped.", "top")
    return SignallingReply(
        "yes", f"Nothing was skipped; {patients(content.evidence.cohort.patients)} in the cohort.", "top"
    )


def _leakage(content: ReportContent, about: str, source: str) -> SignallingReply:
    """The reply of the leakage checks that speak of something; no information where none does."""
    checks = [check for check in content.evidence.leakage if about in f"{check.name} {check.required}".lower()]
    if not checks:
        return SignallingReply("no information", "This check of leakage is not in the evidence.")
    failed = [check.name for check in checks if not check.passed]
    if failed:
        return SignallingReply("no", f"Failed: {in_a_sentence(failed)}.", "leakage")
    return SignallingReply("yes", f"Checked: {source}.", "leakage")


def _heads(content: ReportContent) -> list[HeadEvidence]:
    return [head for mark in content.evidence.landmarks for head in mark.heads]


def _questions(content: ReportContent) -> list[Question]:
    return [question for mark in content.evidence.landmarks for question in mark.questions]


def replies(assessed: Iterable[DomainAssessment]) -> list[Reply]:
    """Every reply, in order."""
    return [reason.reply for domain in assessed for reason in domain.reasons]


DOMAINS = (
    Domain("Participants and data", (
        Signal("1.1", "Do the data come from a source that suits the purpose?", _data_source, "data_source"),
        Signal("1.2", "Was it right whom the analysis left out?", _exclusions, "exclusions"),
        Signal("1.3", "Are the patients like those whom the model is meant for?",
               _authors("Compare the case mix."), "population"),
    )),
    Domain("Predictors", (
        Signal("2.1", "Were predictors defined and computed in the same way for all patients?", _same_predictors),
        Signal("2.2", "Were predictors free of what came after the prediction?", _before_outcome),
        Signal("2.3", "Are all predictors at hand when the model is used?",
               _authors("Compare with local records."), "predictors_at_hand"),
    )),
    Domain("Outcome", (
        Signal("3.1", "Was the outcome defined by one rule, applied in the same way to all patients?", _outcome_rule),
        Signal("3.2", "Would a predictor that copies the outcome have been noticed?", _no_copy),
        Signal("3.3", "Were raters blind to predictors?",
               _authors("Self-rated, or rated by whom, knowing what?"), "blinding"),
        Signal("3.4", "Was the time to the outcome right?",
               _authors("Whether the horizons suit the decision."), "horizons"),
    )),
    Domain("Analysis", (
        Signal("4.1", "Were there enough patients and events?", _sample_size),
        Signal("4.2", "Were unobserved outcomes handled well?", _unobserved),
        Signal("4.3", "Were discrimination and calibration both evaluated?", _measures),
        Signal("4.4", "Are the figures free of optimism?", _optimism),
        Signal("4.5", "Were fitting and evaluation separated?", _duplicates),
        Signal("4.6", "Were differences between sites accounted for?", _clusters),
        Signal("4.7", "Was performance evaluated in groups of patients?", _groups),
        Signal("4.8", "Are the predictions stable when the model is refitted?", _stability),
        Signal("4.9", "Was the whole of the planned evaluation made?", _complete),
    )),
)  # fmt: skip
"""The domains with our signalling questions, in order."""
