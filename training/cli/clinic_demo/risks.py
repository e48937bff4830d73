"""What the EHR's page lists of the answer to `$predict`: risks, cautions, refusals, and what was not used."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class RiskLine:
    """An outcome of a RiskAssessment with its probability and interval in percent; empty where it is not said."""

    outcome: str
    probability: str
    interval: str
    when: str


@dataclass(frozen=True)
class FhirReply:
    """The parts of an answer that people read, in its order; all are empty for an answer that is no FHIR."""

    risks: Sequence[RiskLine] = ()
    mitigations: Sequence[str] = ()
    cautions: Sequence[str] = ()
    refusals: Sequence[str] = ()
    unused: Sequence[str] = ()


def read_reply(answer: Any) -> FhirReply:
    """The parts of a Bundle, or of an OperationOutcome alone."""
    assessments = _of_type(answer, "RiskAssessment")
    issues = [issue for one in _of_type(answer, "OperationOutcome") for issue in one.get("issue", [])]
    return FhirReply(
        [risk for one in assessments for risk in _risks(one.get("prediction", []))],
        list(dict.fromkeys(one["mitigation"] for one in assessments if "mitigation" in one)),
        [one.get("detail", "") for one in _of_type(answer, "DetectedIssue")],
        [_words(issue) for issue in issues if issue.get("severity") != "information"],
        [_words(issue) for issue in issues if issue.get("severity") == "information"],
    )


def _of_type(answer: Any, kind: str) -> list[Mapping[str, Any]]:
    return [one for one in _resources(answer) if one.get("resourceType") == kind]


def _resources(answer: Any) -> Iterator[Mapping[str, Any]]:
    if isinstance(answer, Mapping):
        yield answer
        yield from (entry["resource"] for entry in answer.get("entry", []) if "resource" in entry)


def _risks(predictions: Sequence[Mapping[str, Any]]) -> list[RiskLine]:
    """A line per outcome and time: FHIR has a probability and its interval in a prediction each."""
    lines: dict[tuple[str, str], dict[str, str]] = {}
    for one in predictions:
        when = _range(one.get("whenRange")) or _period(one.get("whenPeriod", {}))
        cells = lines.setdefault((_text(one.get("outcome", {})), when), {"probability": "", "interval": ""})
        if "probabilityDecimal" in one:
            cells["probability"] = f"{one['probabilityDecimal']:.0f}%"
        if "probabilityRange" in one:
            cells["interval"] = _range(one["probabilityRange"])
    return [RiskLine(outcome, when=when, **cells) for (outcome, when), cells in lines.items()]


def _range(limits: Mapping[str, Any] | None) -> str:
    if limits is None:
        return ""
    values = [limits[name] for name in ("low", "high") if name in limits]
    unit = next((unit for value in values if (unit := value.get("unit") or value.get("code"))), "")
    return f"{' to '.join(format(value['value'], '.0f') for value in values)} {unit}".replace(" %", "%").strip()


def _period(period: Mapping[str, Any]) -> str:
    return " to ".join(period[name][:10] for name in ("start", "end") if name in period)


def _words(issue: Mapping[str, Any]) -> str:
    words = _text(issue.get("details", {})) or issue.get("diagnostics") or issue.get("code", "")
    return ": ".join([*issue.get("expression", [])[:1], words])


def _text(concept: Mapping[str, Any]) -> str:
    return concept.get("text") or next((one.get("display", "") for one in concept.get("coding", [])), "")
