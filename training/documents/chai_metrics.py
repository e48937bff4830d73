"""The key metrics of a CHAI card: usefulness, fairness and reliability, each with its figures from the evidence.

A figure has the form of the published cards, ``{"kind": "single", "value": ..., "unit": ...}``; its 95% limits are
figures of their own, because no form for an interval is published.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from training.documents.subject import SYNTHETIC, DocumentSubject
from training.evidence.document import Estimate, Question, Subgroup
from training.report.wording import group_title, measure_title, patients

SHOWN = ("auc", "ipa", "oe", "calibration_intercept", "calibration_slope", "brier")
UNITS: Mapping[str, str] = {
    "auc": "c-statistic",
    "ipa": "share of the Brier score of one rate for all",
    "oe": "ratio",
    "calibration_intercept": "log-odds",
    "calibration_slope": "slope",
    "brier": "mean squared error",
}
"""The measures of a question on the card, and the unit of each."""
TESTS = {
    "held out": "Internal evaluation on held-out patients",
    "external": "External evaluation on another cohort",
    "updated": "Cross-fitted evaluation of an update",
}
NOTHING = ("no figure", json.dumps({"kind": "single", "value": 0, "unit": "figures"}))
"""The schema needs at least one result; where there is none, the card counts none."""
Result = tuple[str, str]
"""A label and its figure as JSON."""


@dataclass(frozen=True)
class MetricSection:
    """One of the three sections, with the name of its element."""

    name: str
    goal: str
    results: tuple[Result, ...]
    interpretation: str
    test_type: str
    data: str
    process: str


def metric_sections(subject: DocumentSubject) -> tuple[MetricSection, ...]:
    """The three sections in the schema's order."""
    return (
        _section(
            subject,
            "UsefulnessUsabilityEfficacy",
            "Discrimination, calibration and overall accuracy of every probability.",
            tuple(_useful(subject)),
            "A c-statistic of 0.5 is chance; calibration is right at an O:E and slope of 1 and at 0 in the large. No "
            "effect of the model on the outcomes of care was studied.",
        ),
        _section(
            subject,
            "FairnessEquity",
            "Calibration in the large within groups of patients.",
            tuple(_fair(subject)),
            "0 is right; groups of fewer than ten patients are suppressed. An interval that includes 0 does not show "
            "that a group is served as well as others. " + subject.answer("fairness"),
        ),
        _section(
            subject,
            "SafetyReliability",
            "Whether a second fit gives the same model, and whether probabilities move against declared directions.",
            tuple(_reliable(subject)),
            "The figures say how stable the computation is; harm in use was not studied.",
        ),
    )


def _section(
    subject: DocumentSubject, name: str, goal: str, results: tuple[Result, ...], meaning: str
) -> MetricSection:
    evidence, cohort = subject.evidence, subject.evidence.cohort
    kind = SYNTHETIC if cohort.synthetic else "Recorded patients."
    return MetricSection(
        name=name,
        goal=goal,
        results=results or (NOTHING,),
        interpretation=meaning,
        test_type=TESTS[evidence.kind] + (", quick: parts were skipped" if evidence.quick else ""),
        data=f"{kind} {cohort.source}: {patients(cohort.patients)}, sites: {cohort.sites}, digest {cohort.digest}.",
        process=f"Held out by {evidence.folds}. Intervals: 95%, {evidence.draws} bootstrap draws over "
        f"{evidence.resampled}. Evidence: SHA-256 {subject.tags.get('evidence_digest', 'not recorded')}.",
    )


def _useful(subject: DocumentSubject) -> Iterator[Result]:
    for place, question in _asked(subject):
        yield f"{place}: patients", _figure(question.n, "patients")
        yield f"{place}: events", _figure(question.events, "events")
        for name in SHOWN:
            yield from _with_limits(f"{place}: {measure_title(name)}", question.measures.get(name), UNITS[name])


def _fair(subject: DocumentSubject) -> Iterator[Result]:
    for place, question in _asked(subject):
        for group in question.subgroups:
            yield from _group(place, group)


def _group(place: str, group: Subgroup) -> Iterator[Result]:
    if group.n is not None:
        label = f"{place}, {group_title(group)}"
        yield from _with_limits(f"{label}: in the large", group.calibration_in_the_large, "log-odds")


def _reliable(subject: DocumentSubject) -> Iterator[Result]:
    done = subject.evidence.refit_check
    if done is not None:
        yield "heads fitted twice", _figure(done.heads, "heads")
        yield "second fits give the same bytes", _figure(int(done.identical), "1 yes, 0 no")
    for one in subject.evidence.directions:
        label = f"{one.landmark}, {one.head}: {one.meaning} Patients whose probability moves the other way"
        yield label, _figure(one.against, f"of {one.patients:,} patients")


def _asked(subject: DocumentSubject) -> Iterator[tuple[str, Question]]:
    for landmark in subject.evidence.landmarks:
        for question in landmark.questions:
            yield f"{landmark.name}, {question.name}", question


def _with_limits(label: str, found: Estimate | None, unit: str) -> Iterator[Result]:
    if found is None or found.estimate is None:
        return
    yield label, _figure(found.estimate, unit)
    if found.low is not None and found.high is not None:
        yield f"{label}, lower 95% limit", _figure(found.low, unit)
        yield f"{label}, upper 95% limit", _figure(found.high, unit)


def _figure(value: float, unit: str) -> str:
    """As the published cards write it; four digits after the point."""
    return json.dumps({"kind": "single", "value": round(value, 4), "unit": unit}, separators=(",", ":"))
