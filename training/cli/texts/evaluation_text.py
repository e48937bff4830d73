"""An external evaluation for a terminal and as JSON: every measure with its interval, and how the cohorts differ."""

from collections.abc import Iterator, Sequence
from typing import Any

from training.evaluation.case_mix_comparison import NOTABLE, CaseMixComparison
from training.evidence.document import Estimate, Evidence, LandmarkEvidence
from training.report.wording import has_limits, patients
from training.tracking.metrics import measures_of

SHOWN = 3
TITLES = {
    "auc": "AUC",
    "c_index": "C-index",
    "uno_c": "Uno's C",
    "calibration_slope": "calibration slope",
    "calibration_intercept": "calibration in the large",
    "oe": "observed / expected",
    "brier": "Brier",
    "ipa": "prediction accuracy",
    "integrated_brier": "integrated Brier",
}


def as_document(evidence: Evidence) -> dict[str, Any]:
    """Per landmark every measure of remission and relapse; those of a single day have it in the name, as ``oe_84``.

    Without a day, ``oe`` of relapse is that of the longest horizon reached.
    """
    landmarks = []
    for landmark in evidence.landmarks:
        answer: dict[str, Any] = {"name": landmark.name}
        for head in ("remission", "relapse", "sustained"):
            found = measures_of(landmark, head)
            answer[head] = {name: estimate.model_dump() for name, estimate in found.items()} or None
        landmarks.append(answer)
    return {"landmarks": landmarks}


def as_text(evidence: Evidence, compared: list[CaseMixComparison], version: str, places: Sequence[str]) -> str:
    """The evaluation as aligned text; ``places`` are lines that say where its run and its report are."""
    cohort = evidence.cohort
    mark = " SYNTHETIC" if cohort.synthetic else ""
    developed = ", developed on a SYNTHETIC cohort," if evidence.model_synthetic else ""
    lines = [
        f"version {version}{developed} on the{mark} cohort {cohort.source}: {patients(cohort.patients)}",
        "This is not the development cohort. Whether the two cohorts share patients is not checked.",
    ]
    for landmark in evidence.landmarks:
        lines += ["", landmark.name, "=" * len(landmark.name), *_questions(landmark)]
        lines += _differences([row for row in compared if row.landmark == landmark.name])
    lines += [
        "",
        "Brackets: 95% bootstrap intervals; none with fewer than five outcomes of either kind.",
        "Ideal values: calibration slope 1, calibration in the large 0, observed / expected 1.",
    ]
    lines += [
        "",
        *places,
        "case_mix.json, with every feature of the two cohorts, is in the report's folder",
        f'next, if calibration is off: kap recalibrate {version} DIRECTORY --reason "..."',
    ]
    return "\n".join(lines)


def _questions(landmark: LandmarkEvidence) -> Iterator[str]:
    for head in landmark.heads:
        yield f"{head.head}: {patients(head.n)}, {head.events:,} event{'' if head.events == 1 else 's'}"
        yield from _measures(head.measures)
    for question in landmark.questions:
        unknown = f", {question.not_observed} not observed" if question.not_observed else ""
        yield f"{question.name}: {patients(question.n)}, {question.events} yes{unknown}"
        yield from _measures(question.measures)


def _measures(measures: dict[str, Estimate]) -> Iterator[str]:
    for name, title in TITLES.items():
        if name in measures and measures[name].estimate is not None:
            yield f"  {title:<26}{_figure(measures[name])}"


def _figure(found: Estimate) -> str:
    limits = f"  [{found.low:.3f}, {found.high:.3f}]" if has_limits(found) else ""
    return f"{found.estimate:8.3f}{limits}"


def _differences(rows: list[CaseMixComparison]) -> Iterator[str]:
    notable = [row for row in rows if abs(row.standardised_difference or 0.0) >= NOTABLE]
    if notable:
        yield "features that differ from the development cohort (standardised difference of the means):"
    for row in notable[:SHOWN]:
        means = f"development {row.development_mean:.3g}, validation {row.validation_mean:.3g}"
        yield f"  {row.feature:<36}{row.standardised_difference:+6.2f}   {means}"
    if len(notable) > SHOWN:
        yield f"  and {len(notable) - SHOWN} more, in case_mix.json"
