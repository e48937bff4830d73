"""How sure the figures are, and who checked what: sentences for the first page, each from the evidence or the facts."""

from collections.abc import Iterator

from training.evidence.caveats import ON_SYNTHETIC
from training.evidence.document import Evidence, HeadEvidence
from training.report.facts import ReportContent
from training.report.kinds import MADE
from training.report.page.not_for import no_group_is_off
from training.report.study import OPEN
from training.report.wording import in_a_sentence, number, patients


def sureness(evidence: Evidence) -> Iterator[str]:
    """Patients and intervals, sample size, stability, what a new site should expect, and caveats."""
    cohort = evidence.cohort
    sites = f"{cohort.sites} site{'' if cohort.sites == 1 else 's'}"
    yield (
        f"{patients(cohort.patients)} at {sites}. A 95% interval shows how far chance may move a figure (bootstrap: "
        f"{evidence.draws:,} draws over {evidence.resampled})."
    )
    heads = [head for landmark in evidence.landmarks for head in landmark.heads]
    yield from _sample_size(heads, len(evidence.landmarks))
    moving = [
        found.share_moving_over_ten_points
        for head in heads
        if (found := head.instability) and found.share_moving_over_ten_points is not None
    ]
    if moving:
        whom = f"for up to {_of_100(max(moving))} patients" if max(moving) else "for no patient"
        yield f"Fitted on other patients of this kind, probabilities move by more than 10 percentage points {whom}."
    yield from _new_site(evidence)
    if no_group_is_off(evidence):
        yield "No group's predictions are off beyond chance. Small errors can't be excluded."
    yield from _caveats(evidence)


def _of_100(share: float) -> str:
    """A share that is small but not zero is not shown as 0 of 100."""
    return f"{max(1, round(100 * share))} of 100"


def _sample_size(heads: list[HeadEvidence], landmarks: int) -> Iterator[str]:
    known = [head for head in heads if head.sample_size and head.sample_size.met is not None]
    short = [head for head in known if head.sample_size and not head.sample_size.met]
    if not known:
        return
    outcomes = in_a_sentence(list(dict.fromkeys(head.head for head in known)))
    those = f"({outcomes}{' at each landmark' if landmarks > 1 else ''})"
    rule = "the usual rule asks for (Riley and colleagues, 2020)"
    if not short:
        yield f"All models {those} had as many patients as {rule}."
        return
    many = (
        f"{len(short)} of the {len(known)} models"
        if len(short) < len(known)
        else f"All {len(known)} models"
        if len(known) > 1
        else "The model"
    )
    yield f"{many} {those} had fewer patients than {rule}: {_of_too_few(short)}."


def _of_too_few(short: list[HeadEvidence]) -> str:
    """What too few patients do to predictions; an average risk is never too extreme, but it may be wrong."""
    average = [head for head in short if head.winner == "no_model"]
    if len(average) == len(short):
        return "the average risk that every patient gets may be off"
    extreme = "predictions may be too extreme for new patients"
    return f"{extreme}; where every patient gets the average risk, that average may be off" if average else extreme


def _caveats(evidence: Evidence) -> Iterator[str]:
    """Those of the evidence, less what a banner says; those of an update stand under what it did."""
    if evidence.kind != "updated":
        said = ON_SYNTHETIC if evidence.cohort.synthetic else ()
        yield from (words for words in evidence.caveats if words not in said)


def _new_site(evidence: Evidence) -> Iterator[str]:
    found = [
        (landmark, question, across)
        for landmark in evidence.landmarks
        for question in landmark.questions
        for across in question.across_sites
        if question.head == "remission" and across.measure == "auc" and across.new_site_low is not None
    ]
    if not found:
        yield "Other sites: how the model does there is not known. It must be checked there before use."
        return
    landmark, question, across = found[-1]
    yield (
        f"Other sites: the model must be checked there before use. From how {across.sites} sites here differ, such a "
        f"check may find a c-statistic of {question.name} {landmark.name} between {number(across.new_site_low)} and "
        f"{number(across.new_site_high)}."
    )


def checks(content: ReportContent) -> Iterator[str]:
    """Leakage checks, refit check, external evaluation, decision, code and authors."""
    evidence, about = content.evidence, content.about
    yield _leakage(evidence)
    yield _refit(evidence)
    yield _external(content)
    if about.decisions is None:
        yield "Promotion (may it answer for patients?): not decided when this was written; see kap history."
    else:
        yield " ".join(about.decisions) or "Promotion: no decision on this version has been made."
    commit = about.provenance.get("commit")
    code = f"commit {commit[:12]}" if commit else "its commit was not recorded"
    who = f" by {about.made_by}" if about.made_by else ""
    yield f"Code: {code}. {MADE[evidence.kind]} on {about.written_on}{who}."
    authors = about.answers.text("authors")
    yield f"Authors: {authors or OPEN}."


def _leakage(evidence: Evidence) -> str:
    if not evidence.leakage:
        return f"{_LEAKAGE}: no check is in the evidence."
    failed = [check.name for check in evidence.leakage if not check.passed]
    if failed:
        return f"{_LEAKAGE}: {len(failed)} of {len(evidence.leakage)} checks FAILED ({in_a_sentence(failed)})."
    return f"{_LEAKAGE}: all {len(evidence.leakage)} checks passed."


_LEAKAGE = "Leakage (did the model see what it has to predict?)"


def _refit(evidence: Evidence) -> str:
    if evidence.refit_check is None:
        return f"{_REFIT}: not checked in this run."
    same = "the same, byte for byte" if evidence.refit_check.identical else "NOT the same"
    return f"{_REFIT}: {same}."


_REFIT = "Refit check (does a second fit give the same model?)"


def _external(content: ReportContent) -> str:
    if content.evidence.kind == "external":
        return f"{_EXTERNAL}: this report is one."
    known = content.about.evaluations
    if known:
        return f"{_EXTERNAL}: {in_a_sentence(list(known))}."
    return f"{_EXTERNAL}: none" + (" when this was written." if known is None else ".")


_EXTERNAL = "External evaluation (was it checked on other patients?)"
