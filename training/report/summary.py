"""The first screen: what is predicted, how well, and for whom not. Every sentence follows from the evidence."""

from collections import Counter
from collections.abc import Iterator, Sequence

from markupsafe import Markup

from training.evidence.document import Estimate, Evidence, HeadEvidence, LandmarkEvidence, Question
from training.report.facts import ReportFacts
from training.report.kinds import SAID
from training.report.markup import bullets, link, paragraph, section, table
from training.report.wording import CANDIDATES, count, group_title, interval, listed, number, patients


def first_screen(evidence: Evidence, about: ReportFacts) -> Markup:
    """Title, banners, and the three answers."""
    version = f"version {about.model_version}" if about.model_version else "not registered"
    head = Markup("<h1>{}</h1>\n").format(about.title)
    under = f"{version} · run {about.run_id} · bundle {about.bundle_digest[:12]} · {about.written_on}"
    cohort = evidence.cohort
    from_sites = f"{cohort.sites} site{'' if cohort.sites == 1 else 's'}"
    on = f"{SAID[evidence.kind]} Cohort: {cohort.source}, {patients(cohort.patients)}, {from_sites}."
    predicts = section("predicts", 2, "What it predicts", paragraph(_predicts(evidence)), paragraph(about.intended_use))
    not_for = section("not-for", 2, "For whom not", bullets(_not_for(evidence)) or paragraph("Nothing was found."))
    return Markup().join(
        [
            head,
            paragraph(under, "under"),
            Markup('<div class="banners">\n{}</div>\n').format(Markup().join(_banners(evidence))),
            paragraph(on),
            _beside(predicts + _updated(evidence), not_for, ""),
            section("how-well", 2, "How well", *_how_well(evidence)),
        ]
    )


def _updated(evidence: Evidence) -> Markup:
    """What an update did to each head, as the evidence says it; nothing for a model that was not updated."""
    if evidence.kind != "updated":
        return Markup()
    return section("updated", 2, "What the update did", bullets(evidence.caveats) or paragraph("Nothing was recorded."))


def _beside(left: Markup, right: Markup, kind: str) -> Markup:
    """Two parts next to each other where there is room."""
    return Markup('<div class="beside {}">\n<div>{}</div>\n<div>{}</div>\n</div>\n').format(kind, left, right)


def _banners(evidence: Evidence) -> Iterator[Markup]:
    if evidence.cohort.synthetic:
        yield _banner("SYNTHETIC", "The cohort was drawn by a program. Nobody in it exists; no patient is described.")
    elif evidence.model_synthetic:
        yield _banner(
            "SYNTHETIC MODEL", "The model was developed on a cohort drawn by a program. The one judged here is not."
        )
    if evidence.quick:
        yield _banner("QUICK", "Parts of the evaluation were skipped. Promotion takes an override.")
    yield _banner("Not a medical device", "For research. Nothing here has been cleared for the care of patients.")


def _banner(loud: str, words: str) -> Markup:
    return Markup('<p class="banner"><strong>{}</strong> {}</p>\n').format(loud, words)


def _predicts(evidence: Evidence) -> str:
    asked = {question.name: None for landmark in evidence.landmarks for question in landmark.questions}
    moments = listed([landmark.name for landmark in evidence.landmarks])
    if not asked:
        return f"At {moments or 'no moment'}: no question could be judged on this cohort."
    given = " Relapse is that of patients in remission." if any(name.startswith("relapse") for name in asked) else ""
    return f"From what is known {moments}, the probability of: {listed(list(asked))}.{given}"


def _how_well(evidence: Evidence) -> Iterator[Markup]:
    said = [
        Markup("<h3>{}</h3>\n").format(link(f"landmark-{position + 1}", landmark.name))
        + bullets(_head_words(landmark, head) for head in landmark.heads)
        for position, landmark in enumerate(evidence.landmarks)
    ]
    rows = [
        (landmark.name, *_performance(question)) for landmark in evidence.landmarks for question in _longest(landmark)
    ]
    measured = table("At the longest horizon", ("landmark", "question", *_PERFORMANCE), rows)
    words = paragraph(
        "Pairs: two patients, one of whom reached remission (or relapsed first); how often that one was given the "
        "higher probability (c-statistic). Slope: 1 is right, below 1 predictions are too extreme. In the large: 0 is "
        "right, above 0 more happens than predicted. O:E: observed over expected, 1 is right. 95% intervals by "
        f"bootstrap ({evidence.resampled}; {evidence.draws:,} draws).",
        "none",
    )
    yield _beside(Markup().join(said), measured + words, "table")


def _longest(landmark: LandmarkEvidence) -> list[Question]:
    """One question per head, that of the longest horizon."""
    found = {question.head: question for question in sorted(landmark.questions, key=lambda one: one.horizon_days or 0)}
    return [question for question in landmark.questions if found[question.head] is question]


_PERFORMANCE = ("patients", "events", "c-statistic", "slope", "in the large", "O:E")


def questions_table(title: str, landmark: str, questions: Sequence[Question]) -> Markup:
    """How well questions are answered: discrimination and calibration, a line each."""
    rows = [_performance(question) for question in questions]
    return table(f"{title}, {landmark}", ("question", *_PERFORMANCE), rows)


def _performance(question: Question) -> tuple[str, ...]:
    names = ("auc", "calibration_slope", "calibration_intercept", "oe")
    return (
        *(question.name, count(question.n), count(question.events)),
        *(interval(question.measures.get(name)) for name in names),
    )


def _head_words(landmark: LandmarkEvidence, head: HeadEvidence) -> str:
    """One head in a sentence or two, true of a fitted model, of the overall rate and of nothing at all."""
    name = head.head.capitalize()
    note = f" {head.note[:1].upper()}{head.note[1:]}." if head.note else ""
    if head.winner is None:
        return f"{name}: nothing is predicted.{note}"
    if head.winner == "no_model":
        return f"{name}: everybody is given the same overall rate; patients are not told apart."
    return f"{name}, by {CANDIDATES.get(head.winner, head.winner)}: {_pairs(landmark, head)}{note}"


def _pairs(landmark: LandmarkEvidence, head: HeadEvidence) -> str:
    found = _discrimination(landmark, head)
    if found is None or found.estimate is None:
        return "how well it tells patients apart could not be estimated."
    limits = (
        f" (95% interval {number(100 * found.low, 0)} to {number(100 * found.high, 0)})"
        if found.low is not None and found.high is not None
        else ""
    )
    chance = " The interval includes chance." if found.low is not None and found.low <= 0.5 else ""
    pairs = f"{number(100 * found.estimate, 0)} of 100 pairs{limits} put in the right order"
    return f"{pairs}; 50 is chance.{chance}"


def _discrimination(landmark: LandmarkEvidence, head: HeadEvidence) -> Estimate | None:
    if head.head == "relapse":
        return head.measures.get("c_index")
    asked = (question.measures.get("auc") for question in landmark.questions if question.head == "remission")
    return next(asked, None)


def _not_for(evidence: Evidence) -> Iterator[str]:
    failed = [check.name for check in evidence.leakage if check.stops]
    if failed:
        yield f"Nobody, until this is corrected: leakage checks failed ({listed(failed)})."
    for check in evidence.leakage:
        if check.acknowledged is not None:
            yield f"The leakage check {check.name} failed; {check.acknowledged.as_text()}."
        if check.warning:
            yield f"Leakage check {check.name}: {check.warning}."
    yield from _left_out(evidence)
    yield from _too_small(evidence)
    yield from _off_for_all(evidence)
    yield from _off_for_groups(evidence)
    if evidence.kind != "updated":  # those of an update stand under what it did
        yield from evidence.caveats


def _left_out(evidence: Evidence) -> Iterator[str]:
    """Reasons over all landmarks; counts differ between landmarks and stand in the flow diagrams."""
    boxes = [box for landmark in evidence.landmarks for box in landmark.flow]
    reasons = {box.label: None for box in boxes if box.name.startswith("left_out.") and box.n}
    if reasons:
        yield f"Patients like those left out, of whom nothing is known: {'; '.join(reasons)}."


def _too_small(evidence: Evidence) -> Iterator[str]:
    few = {
        group_title(group): None
        for landmark in evidence.landmarks
        for question in landmark.questions
        for group in question.subgroups
        if group.n is None
    }
    if few:
        yield f"Groups of whom too little is known, with fewer than ten patients in some question: {'; '.join(few)}."


def _off_for_all(evidence: Evidence) -> Iterator[str]:
    """Questions whose interval of calibration in the large leaves out 0 for all patients together."""
    off: dict[str, list[str]] = {}
    for landmark in evidence.landmarks:
        for question in landmark.questions:
            way = _way(question.measures.get("calibration_intercept"))
            if way:
                off.setdefault(f"{question.name} is too {way}", []).append(landmark.name)
    if off:
        said = "; ".join(f"{name} {listed(landmarks)}" for name, landmarks in off.items())
        yield f"Anybody, for questions that are off on average for all patients: {said}."


def _off_for_groups(evidence: Evidence) -> Iterator[str]:
    """Groups off on average in questions that are right on average for all; those off most often first."""
    asked, off = Counter[str](), Counter[str]()
    for question in (question for landmark in evidence.landmarks for question in landmark.questions):
        if _way(question.measures.get("calibration_intercept")):
            continue
        for group in question.subgroups:
            name, way = group_title(group), _way(group.calibration_in_the_large)
            asked[name] += group.calibration_in_the_large is not None
            off.update([f"{name} (too {way}"] if way else [])
    most = [
        f"{name} in {times} of {asked[name.rpartition(' (')[0]]})" for name, times in off.most_common(_GROUPS_NAMED)
    ]
    more = f"; and {len(off) - len(most)} more" if len(off) > len(most) else ""
    if most:
        yield (
            f"Groups for whom predictions are off on average though right for all, by number of questions: "
            f"{'; '.join(most)}{more}. About one in twenty would be by chance alone."
        )
    elif asked.total():
        yield "No group was found for whom predictions are off on average beyond chance; small errors are not excluded."


_GROUPS_NAMED = 4
"""How many groups the first screen names; all stand with their figures at each question."""


def _way(found: Estimate | None) -> str:
    """Whether predictions are too low or too high on average: the whole interval on one side of 0; else empty."""
    if found is None or found.low is None or found.high is None:
        return ""
    return "low" if found.low > 0 else "high" if found.high < 0 else ""
