"""What was answered, as an auditor reads it: outcome, probabilities or why there are none, and codes of cautions.

The answer is the logged JSON text of any release; what it does not have is left out.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

Answer = Mapping[str, Any]


def answered(text: str | None) -> dict[str, Any] | None:
    """The parts of a logged answer that an auditor compares; ``None`` where it was erased or can't be read."""
    try:
        answer = json.loads(text or "")
    except ValueError:
        return None
    if not isinstance(answer, dict):
        return None
    return {
        "outcome": answer.get("outcome"),
        "remission": answer.get("remission"),
        "relapse": (answer.get("relapse") or {}).get("at_horizons", []),
        "sustained_remission": answer.get("sustained_remission", []),
        "reasons_for_none": answer.get("reasons", []) if answer.get("outcome") == "not_predictable" else [],
        "cautions": [caution["code"] for caution in answer.get("cautions", [])],
        "tiers": answer.get("tiers", {}),
    }


def answer_lines(answer: Answer | None) -> Iterator[str]:
    """What `answered` gives, a line for each probability or reason."""
    if answer is None:
        yield "erased, or can't be read"
        return
    yield str(answer["outcome"]).replace("_", " ")
    for reason in answer["reasons_for_none"]:
        yield f"{reason['code']}: {reason['message']}"
    if answer["remission"] is not None:
        yield f"remission: {_probability(answer['remission'])}"
    for risk in answer["relapse"]:
        yield f"relapse within {risk['days']} days after remission: {_probability(risk)}"
    for lasting in answer["sustained_remission"]:
        yield f"remission that lasts {lasting['horizon_days']} days: {_probability(lasting)}"
    yield f"cautions: {', '.join(answer['cautions']) or 'none'}"
    if answer["tiers"]:
        yield "tiers: " + ", ".join(f"{question} {tier}" for question, tier in answer["tiers"].items())


def _probability(part: Answer) -> str:
    """A probability with its interval, in percent with one digit; --json has every digit."""
    if part["probability"] is None:
        return "not known"
    interval = part.get("interval_90")
    if interval is None:
        return f"{part['probability']:.1%}, without an interval"
    return f"{part['probability']:.1%} (90% interval {interval['low']:.1%} to {interval['high']:.1%})"
