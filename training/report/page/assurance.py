"""How sure the figures are, and who checked what: sentences for the first page, each from the evidence or the facts."""

from collections.abc import Iterator

from training.evidence.document import Evidence, HeadEvidence
from training.report.facts import ReportContent
from training.report.kinds import MADE
from training.report.study import OPEN
from training.report.wording import in_a_sentence, number, patients, percent


def sureness(evidence: Evidence) -> Iterator[str]:
    """Patients and intervals, sample size, stability, and what a new site should expect."""
    cohort = evidence.cohort
    sites = f"{cohort.sites} site{'' if cohort.sites == 1 else 's'}"
    yield (
        f"{patients(cohort.patients)} at {sites}. Every interval is a 95% bootstrap interval ({evidence.draws:,} draws "
        f"over {evidence.resampled})."
    )
    heads = [head for landmark in evidence.landmarks for head in landmark.heads]
    yield from _sample_size(heads)
    moving = [
        found.share_moving_over_ten_points
        for head in heads
        if (found := head.instability) and found.share_moving_over_ten_points is not None
    ]
    if moving:
        most = f"up to {_share(max(moving))} of probabilities move" if max(moving) else "no probability moves"
        yield f"Refitted on other samples of the patients, {most} by more than 10 points."
    yield from _new_site(evidence)


def _share(value: float) -> str:
    """In percent; a share that is small but not zero is not shown as 0%."""
    return "1%" if value < 0.01 else percent(value)


def _sample_size(heads: list[HeadEvidence]) -> Iterator[str]:
    known = [head.sample_size.met for head in heads if head.sample_size and head.sample_size.met is not None]
    if known:
        short = known.count(False)
        yield (
            f"{short} of the {len(known)} models (one per outcome and landmark) have fewer patients than the criteria "
            "of Riley and colleagues require."
            if short
            else "All models have the patients that the criteria of Riley and colleagues require."
        )


def _new_site(evidence: Evidence) -> Iterator[str]:
    found = [
        (landmark, question, across)
        for landmark in evidence.landmarks
        for question in landmark.questions
        for across in question.across_sites
        if question.head == "remission" and across.measure == "auc" and across.new_site_low is not None
    ]
    if found:
        landmark, question, across = found[-1]
        yield (
            f"At a new site the c-statistic of {question.name} {landmark.name} should be between "
            f"{number(across.new_site_low)} and {number(across.new_site_high)}."
        )


def checks(content: ReportContent) -> Iterator[str]:
    """Leakage checks, refit check, external evaluation, decision, code and authors."""
    evidence, about = content.evidence, content.about
    yield _leakage(evidence)
    yield _refit(evidence)
    yield _external(content)
    if about.decisions is None:
        yield "Promotion: not decided when this report was written; kap history lists decisions."
    else:
        yield " ".join(about.decisions) or "Promotion: no decision on this version has been made."
    commit = about.provenance.get("commit")
    code = f"commit {commit}" if commit else "its commit was not recorded"
    yield f"Code: {code}. {MADE[evidence.kind]} on {about.written_on}."
    authors = about.answers.text("authors")
    yield f"Authors: {authors or OPEN}."


def _leakage(evidence: Evidence) -> str:
    if not evidence.leakage:
        return "Leakage: no check is in the evidence."
    failed = [check.name for check in evidence.leakage if not check.passed]
    if failed:
        return f"Leakage: {len(failed)} of {len(evidence.leakage)} checks FAILED ({in_a_sentence(failed)})."
    return f"Leakage: all {len(evidence.leakage)} checks passed."


def _refit(evidence: Evidence) -> str:
    if evidence.refit_check is None:
        return "Refit check: not made in this run."
    same = "gave the same bytes" if evidence.refit_check.identical else "did NOT give the same bytes"
    return f"Refit check: a second fit {same}."


def _external(content: ReportContent) -> str:
    if content.evidence.kind == "external":
        return "External evaluation: this report is one."
    known = content.about.evaluations
    if known:
        return f"External evaluation: {in_a_sentence(list(known))}."
    return "External evaluation: none" + (" when this report was written." if known is None else ".")
