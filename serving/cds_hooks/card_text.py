"""The words of a card: a summary of one sentence, and details in GitHub's Markdown; numbers as `prediction` gave them.

Nothing here is a value of the patient's record, except the date of the prediction.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from serving.contract.calendar import CourseCalendar
from serving.contract.response import Caution, Interval, NotPredictable, Prediction
from serving.prediction.description import NOT_A_DEVICE, SYNTHETIC

MOST_SUMMARY = 139
"""Characters: fewer than 140 [CDS Hooks 2.0, Card Attributes]."""
NO_EFFECT = (
    "These are predictions, not effects of treatment: they do not say what ketamine, or leaving it out, would change. "
    "They describe groups of patients, not what will happen to one."
)
_INTERVAL = "A 90% interval says how much the number would vary with other training patients."


@dataclass(frozen=True)
class CardContext:
    """What a card says besides the answer: the calendar of the course, and the prefetch keys that were not there."""

    calendar: CourseCalendar
    lacking: Sequence[str]


def percent(probability: float) -> str:
    """A probability in whole percent; never 0 or 100, which no model can say.

    >>> percent(0.4806), percent(0.004), percent(0.996)
    ('48%', 'under 1%', 'over 99%')
    """
    if probability <= 0.005:
        return "under 1%"
    return "over 99%" if probability >= 0.995 else f"{100 * probability:.0f}%"


def with_interval(probability: float | None, interval: Interval | None) -> str:
    """A probability with its 90% interval, or that there is none.

    >>> with_interval(0.4806, Interval(low=0.4057, high=0.5555))
    '48% (90% interval 41% to 56%)'
    """
    if probability is None:
        return "not known"
    if interval is None:
        return f"{percent(probability)} (no interval)"
    return f"{percent(probability)} (90% interval {percent(interval.low)} to {percent(interval.high)})"


def summary_of(answer: Prediction | NotPredictable) -> str:
    """One sentence of fewer than 140 characters: the numbers first, then cautions, and that a model is synthetic."""
    parts = [*_numbers(answer)] if isinstance(answer, Prediction) else ["no prediction is possible"]
    parts = parts or ["no number is known"]
    if answer.cautions:
        number = len(answer.cautions)
        parts.append(f"{number} caution{'' if number == 1 else 's'} to weigh")
    start = "KAP outlook by a SYNTHETIC model: " if answer.model.synthetic else "KAP outlook: "
    while len(text := start + "; ".join(parts) + ".") > MOST_SUMMARY:
        parts.pop(1 if len(parts) > 2 else -1)
    return text


def _numbers(answer: Prediction) -> Iterator[str]:
    if answer.remission is not None:
        yield f"remission {percent(answer.remission.probability)}"
    if answer.relapse is not None:
        for risk in answer.relapse.at_horizons[:1]:
            if risk.probability is not None:
                yield f"relapse within {risk.days} days after it {percent(risk.probability)}"
    for one in answer.sustained_remission[:1]:
        if one.probability is not None:
            yield f"sustained for {one.horizon_days} days {percent(one.probability)}"


def detail_of(answer: Prediction | NotPredictable, context: CardContext) -> str:
    """The details: numbers with intervals, cautions, when and by which model, and what the numbers do not say."""
    shown = _predicted(answer, context) if isinstance(answer, Prediction) else _not_predicted(answer)
    parts = [*shown, *_cautions(answer.cautions), *_limits(answer, context)]
    return "\n\n".join(parts)


def _predicted(answer: Prediction, context: CardContext) -> Iterator[str]:
    lines = []
    if answer.remission is not None:
        lines.append(f"**Remission:** {with_interval(answer.remission.probability, answer.remission.interval_90)}")
    for risk in answer.relapse.at_horizons if answer.relapse is not None else ():
        shown = with_interval(risk.probability, risk.interval_90)
        lines.append(f"**Relapse within {risk.days} days**, for patients in remission: {shown}")
    for one in answer.sustained_remission:
        shown = with_interval(one.probability, one.interval_90)
        lines.append(f"**Sustained remission** (remission, and {one.horizon_days} days without relapse): {shown}")
    yield "\n".join(f"- {line}" for line in lines)
    if any("90% interval" in line for line in lines):
        yield _INTERVAL
    date = context.calendar.date_of(answer.landmark.day)
    yield f"Predicted for *{answer.landmark.name}*" + ("." if date is None else f", {date}.")
    for reason in answer.applicability.reasons if answer.applicability is not None else ():
        yield f"Less certain for this patient: {reason.message}"
    yield from (f"Note on {note}." for note in answer.notes)


def _not_predicted(answer: NotPredictable) -> Iterator[str]:
    yield "No prediction is possible for this record:"
    yield "\n".join(
        f"- {one.message}" + ("" if one.remedy is None else f". To do: {one.remedy}") for one in answer.reasons
    )


def _cautions(cautions: Sequence[Caution]) -> Iterator[str]:
    if cautions:
        yield "**Cautions:** facts in the record to weigh, whatever the numbers say."
        yield "\n".join(f"- ⚠ {one.message} *{one.source}*" for one in cautions)


def _limits(answer: Prediction | NotPredictable, context: CardContext) -> Iterator[str]:
    if context.lacking:
        yield (
            f"**Not sent by the record system:** {', '.join(context.lacking)}. What they would say counts as not "
            "recorded, and gives no caution."
        )
    synthetic = f" **{SYNTHETIC}**" if answer.model.synthetic else ""
    yield f"Model: version {answer.model.version}, digest {answer.model.bundle_digest[:12]}.{synthetic}"
    yield f"{NO_EFFECT} {NOT_A_DEVICE}"
