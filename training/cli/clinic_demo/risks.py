"""The risk assessments and refusals in the answer to `$predict`, as the EHR's page lists them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class RiskLine:
    """One prediction of a RiskAssessment: of what, how probable in percent, when; empty where it is not said."""

    outcome: str
    probability: str
    when: str
    mitigation: str


def read_risks(answer: Any) -> list[RiskLine]:
    """Every prediction of every RiskAssessment of a Bundle."""
    assessments = [one for one in _resources(answer) if one.get("resourceType") == "RiskAssessment"]
    return [_risk(one, prediction) for one in assessments for prediction in one.get("prediction", [])]


def read_refusals(answer: Any) -> list[str]:
    """What the issues of the OperationOutcomes say, and where."""
    outcomes = [one for one in _resources(answer) if one.get("resourceType") == "OperationOutcome"]
    return [_issue(issue) for outcome in outcomes for issue in outcome.get("issue", [])]


def _resources(answer: Any) -> Iterator[Mapping[str, Any]]:
    if isinstance(answer, Mapping):
        yield answer
        yield from (entry["resource"] for entry in answer.get("entry", []) if "resource" in entry)


def _risk(assessment: Mapping[str, Any], prediction: Mapping[str, Any]) -> RiskLine:
    return RiskLine(
        _text(prediction.get("outcome", {})),
        _probability(prediction),
        _range(prediction.get("whenRange")) or _period(prediction.get("whenPeriod", {})),
        assessment.get("mitigation", ""),
    )


def _probability(prediction: Mapping[str, Any]) -> str:
    if "probabilityDecimal" in prediction:
        return f"{100 * prediction['probabilityDecimal']:.0f}%"
    if "probabilityRange" in prediction:
        return _range(prediction["probabilityRange"])
    return _text(prediction.get("qualitativeRisk", {})) or prediction.get("rationale", "")


def _range(limits: Mapping[str, Any] | None) -> str:
    if limits is None:
        return ""
    values = [limits[name] for name in ("low", "high") if name in limits]
    unit = next((unit for value in values if (unit := value.get("unit") or value.get("code"))), "")
    return f"{' to '.join(format(value['value'], 'g') for value in values)} {unit}".replace(" %", "%").strip()


def _period(period: Mapping[str, Any]) -> str:
    return " to ".join(period[name][:10] for name in ("start", "end") if name in period)


def _issue(issue: Mapping[str, Any]) -> str:
    words = issue.get("diagnostics") or _text(issue.get("details", {})) or issue.get("code", "")
    return ": ".join([*issue.get("expression", [])[:1], words])


def _text(concept: Mapping[str, Any]) -> str:
    return concept.get("text") or next((one.get("display", "") for one in concept.get("coding", [])), "")
