"""The check of a cohort for a terminal and as JSON: its content, scores, patient flow and findings."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from training.cohort.declared_features import render_declared
from training.cohort.summary import LandmarkFlow, OutcomeCounts, render_summary
from training.cohort.unused import render_unused
from training.plausibility.checked_content import CheckedContent
from training.plausibility.finding import counted, describe_findings
from training.plausibility.score_table import render_scores


def as_text(content: CheckedContent, reading: Sequence[str] = (), *, by_site: bool = False) -> str:
    """For a terminal, 100 characters wide, with the warnings at the end.

    ``reading`` are lines about repairs and what is not read; ``by_site`` adds the scores of each site.
    """
    check = content.check
    scores = render_scores(check.scores, by_site=by_site)
    rest = ["\n".join(part) for part in (render_declared(content.declared), render_unused(content.unused)) if part]
    lines = [render_summary(content.summary, content.flows, ["\n\n".join(rest)] if rest else [], scores)]
    lines += [*reading, *describe_findings(check.findings)]
    number = len(check.findings)
    lines.append(counted(number, "warning") if number else "no warnings")
    return "\n".join(lines)


def as_document(content: CheckedContent) -> dict[str, Any]:
    """For JSON, with every count and figure of the text, per site too."""
    summary, unused = content.summary, content.unused
    return {
        "protocol": summary.protocol,
        "patients": summary.patients,
        "sites": summary.sites,
        "without_site": summary.without_site,
        "asked_for_history": summary.asked_for_history,
        "missing_events": summary.missing_events,
        "synthetic": summary.is_synthetic,
        "tables": [asdict(table) for table in summary.tables],
        "unused_ratings": dict(unused.ratings),
        "declared_features": [asdict(feature) for feature in content.declared],
        "landmarks": [_flow(flow) for flow in content.flows],
    } | content.check.as_document()


def refused_document(problems: Sequence[str]) -> dict[str, Any]:
    """For JSON, where the cohort is refused: the problems in sentences."""
    return {"problems": list(problems)}


def _flow(flow: LandmarkFlow) -> dict[str, Any]:
    return {
        "name": flow.landmark.name,
        "patients": flow.patients,
        "left_out": {reason.name.lower(): number for reason, number in flow.left_out},
        "not_reached": dict(flow.not_reached),
        "eligible": flow.eligible,
        "instruments": dict(flow.instruments),
        "remission": _answers(flow.remission),
        "not_followed": flow.not_followed,
        "ended_by": {end.name.lower(): number for end, number in flow.ended.items()},
        "median_followed_days": flow.median_followed_days,
        "sustained": {str(days): _answers(answers) for days, answers in flow.sustained},
    }


def _answers(counts: OutcomeCounts) -> Mapping[str, int]:
    return asdict(counts)
