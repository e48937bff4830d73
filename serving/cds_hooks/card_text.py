"""The words of the cards: a summary of one sentence, details in GitHub's Markdown; numbers as `prediction` gave them.

Nothing here is a value of the patient's record, except the date of the prediction.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from serving.contract.calendar import CourseCalendar
from serving.contract.description import PromotionDescription
from serving.contract.response import Caution, Interval, NotPredictable, Prediction
from serving.decision.percents import percent_digits
from serving.prediction.caution_sources import shown_source
from serving.prediction.description import NOT_A_DEVICE, SYNTHETIC, promotion_sentence

MOST_SUMMARY = 139
"""Characters: fewer than 140 [CDS Hooks 2.0, Card Attributes]."""
NO_EFFECT = (
    "These are predictions, not effects of treatment: they do not say what ketamine, or leaving it out, would change. "
    "They describe groups of patients, not what will happen to one."
)
_COUNTED = (
    "Relapse counts only patients in remission, from the reading that showed it. Sustained remission counts all "
    "patients, and only those without a relapse, a new treatment or death. A new treatment and death count neither as "
    "relapse nor as sustained remission. So its number is not simply that of remission times the rest of that of "
    "relapse."
)
_DAYS_OF_WEEK = 7
_SYNTHETIC_SUMMARY, _SUMMARY = "Synthetic model, not for care: ", "KAP outlook: "
_URGENT: Mapping[str, str] = {
    "suicidal_intent": "a suicidal intent or a recent attempt is recorded",
    "suicidal_thoughts_item": "thoughts of death or suicide are recorded",
    "ketamine_allergy": "an allergy to ketamine or esketamine is recorded",
    "aneurysm_or_brain_haemorrhage": "an aneurysm, a malformation or a haemorrhage in the brain is recorded",
    "ketamine_not_tolerated": "ketamine was not tolerated before",
    "raised_intracranial_pressure": "raised intracranial pressure is recorded",
    "pregnant_or_breastfeeding": "pregnancy or breastfeeding is recorded",
}
"""The cautions that lead a summary, the most urgent first, in short [our judgement]: what can't wait, then the
contraindications of esketamine and what clinics exclude."""
_SHORT: Mapping[str, str] = {
    **_URGENT,
    "dose_beyond_route": "a dose above the limit of its route is recorded",
    "dose_without_route": "a large dose without its route is recorded",
}
"""Cautions whose message is too long, or has more than one sentence, for a summary."""
_RULES = "Cautions are rules over the record; no model is behind them."
_INTERVAL = "A 90% interval says how much the number would vary with other training patients."


@dataclass(frozen=True)
class CardContext:
    """What a card says besides the answer: the calendar of the course, and the prefetch keys that were not there.

    ``is_over`` if the course ended so long ago that a card without a prediction would tell nobody anything.
    ``promotion`` is the decision about the model that answered, if it is known.
    """

    calendar: CourseCalendar
    lacking: Sequence[str]
    is_over: bool = False
    promotion: PromotionDescription | None = None


def percent(probability: float) -> str:
    """A probability in percent, as the page shows it.

    >>> percent(0.4806), percent(0.064), percent(0.0004), percent(0.996)
    ('48%', '6.4%', 'under 0.1%', 'over 99%')
    """
    bound, digits = percent_digits(probability)
    return f"{bound} {digits}%".lstrip()


def time_text(days: int) -> str:
    """A time in weeks where it is a number of weeks, else in days.

    >>> time_text(84), time_text(7), time_text(30)
    ('12 weeks', '1 week', '30 days')
    """
    weeks, rest = divmod(days, _DAYS_OF_WEEK)
    number, unit = (days, "day") if rest or not weeks else (weeks, "week")
    return f"{number} {unit}{'' if number == 1 else 's'}"


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
    """One sentence of fewer than 140 characters: that a model is synthetic, and the numbers with whom they count."""
    parts = [*_numbers(answer)] if isinstance(answer, Prediction) else ["no prediction is possible"]
    parts = parts or ["no number is known"]
    start = _SYNTHETIC_SUMMARY if answer.model.synthetic else _SUMMARY
    while len(text := start + "; ".join(parts) + ".") > MOST_SUMMARY:
        parts.pop(1 if len(parts) > 2 else -1)
    return text


def _numbers(answer: Prediction) -> Iterator[str]:
    if answer.remission is not None:
        yield f"remission {percent(answer.remission.probability)}"
    risks = () if answer.relapse is None else answer.relapse.at_horizons
    for days, probability in _longest([(one.days, one.probability) for one in risks]):
        yield f"relapse in {time_text(days)}, if in remission, {percent(probability)}"
    for days, probability in _longest([(one.horizon_days, one.probability) for one in answer.sustained_remission]):
        yield f"remission for {time_text(days)} {percent(probability)}"


def _longest(given: Sequence[tuple[int, float | None]]) -> Sequence[tuple[int, float]]:
    """The longest horizon with a number, which the page leads with too; none if no number is known."""
    return sorted((days, probability) for days, probability in given if probability is not None)[-1:]


def by_urgency(cautions: Sequence[Caution]) -> list[Caution]:
    """Cautions with the most urgent first; the others keep their order."""
    ranks = list(_URGENT)
    return sorted(cautions, key=lambda one: ranks.index(one.code) if one.code in ranks else len(ranks))


def caution_summary_of(cautions: Sequence[Caution]) -> str:
    """One sentence of fewer than 140 characters: the most urgent caution, and how many there are besides.

    A caution that does not fit is counted only.
    """
    first, *others = by_urgency(cautions)
    short = _SHORT.get(first.code) or _first_clause(first.message)
    more = f", and {len(others)} more caution{'' if len(others) == 1 else 's'}" if others else ""
    text = f"Safety: {short}{more}."
    number = len(cautions)
    return text if len(text) <= MOST_SUMMARY else f"Safety: {number} caution{'' if number == 1 else 's'} to weigh."


def _first_clause(message: str) -> str:
    """What is recorded, of a sentence of the form "X is recorded: weigh ..."."""
    clause = message.partition(":")[0].rstrip(".")
    return f"{clause[:1].lower()}{clause[1:]}"


def caution_detail_of(cautions: Sequence[Caution], context: CardContext) -> str:
    """The details of the cautions: each with its source, and what was not sent."""
    parts = [*_cautions(by_urgency(cautions)), *_lacking(context), f"{_RULES} {NOT_A_DEVICE}"]
    return "\n\n".join(parts)


def detail_of(answer: Prediction | NotPredictable, context: CardContext) -> str:
    """The details: numbers with intervals, when and by which model, and what the numbers do not say."""
    shown = _predicted(answer, context) if isinstance(answer, Prediction) else _not_predicted(answer)
    parts = [*shown, *_lacking(context), _model(answer, context), f"{NO_EFFECT} {NOT_A_DEVICE}"]
    return "\n\n".join(parts)


def _predicted(answer: Prediction, context: CardContext) -> Iterator[str]:
    lines = []
    withheld = {one.question for one in answer.withheld}
    relapse = () if answer.relapse is None else answer.relapse.at_horizons
    risks = [one for one in relapse if f"relapse_{one.days}" not in withheld]
    lasting = [one for one in answer.sustained_remission if f"sustained_{one.horizon_days}" not in withheld]
    if answer.remission is not None:
        lines.append(f"**Remission:** {with_interval(answer.remission.probability, answer.remission.interval_90)}")
    for risk in risks:
        shown = with_interval(risk.probability, risk.interval_90)
        lines.append(f"**Relapse within {time_text(risk.days)}**, if in remission: {shown}")
    for one in lasting:
        shown = with_interval(one.probability, one.interval_90)
        what = f"remission, then {time_text(one.horizon_days)} without relapse"
        lines.append(f"**Sustained remission** ({what}), of all: {shown}")
    yield "\n".join(f"- {line}" for line in lines)
    if risks and lasting:
        yield _COUNTED
    if answer.withheld:
        yield f"**Not given:** {' '.join(one.message for one in answer.withheld)}"
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
    yield "**Cautions:** facts in the record to weigh, whatever the numbers say."
    yield "\n".join(f"- ⚠ {one.message} *{shown_source(one.source)}*" for one in cautions)


def _lacking(context: CardContext) -> Iterator[str]:
    if context.lacking:
        yield (
            f"**Not sent by the record system:** {', '.join(context.lacking)}. What they would say counts as not "
            "recorded, and gives no caution."
        )


def _model(answer: Prediction | NotPredictable, context: CardContext) -> str:
    synthetic = f" **{SYNTHETIC}**" if answer.model.synthetic else ""
    promoted = "" if context.promotion is None else f" {promotion_sentence(context.promotion)}"
    return f"Model: version {answer.model.version}, digest {answer.model.bundle_digest[:12]}.{promoted}{synthetic}"
