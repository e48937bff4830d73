"""An answer in sentences for a terminal; this module decides what the sentences may claim.

The answer is given as plain JSON values, as the service and `kap predict` return it.
"""

import textwrap
from collections.abc import Iterable, Mapping
from math import ceil, floor
from typing import Any

from features.catalogue import BUILT_IN
from features.definitions.reason_text import leading_reasons
from features.protocol.shortening import listed
from training.average_risk import AVERAGE_RISK, cause_of_average

WIDTH = 100
Answer = Mapping[str, Any]

GROUPS = {feature.name: feature.group for feature in BUILT_IN}

HEADS = ("remission", "relapse")
NOT_ADVICE = (
    "This is neither medical advice nor a medical device. It describes groups of patients, not what will happen to one "
    "of them."
)
SYNTHETIC = "The model was fitted on SYNTHETIC (made-up) patients and says nothing about real ones."


def as_text(response: Answer) -> str:
    """The answer as paragraphs: the probabilities, the features that raise and lower them, and the model."""
    paragraphs = _predicted(response) if response["outcome"] == "predicted" else _not_predictable(response)
    paragraphs += [*([SYNTHETIC] if response["model"]["synthetic"] else []), NOT_ADVICE]
    return "\n\n".join(textwrap.fill(paragraph, WIDTH, break_on_hyphens=False) for paragraph in paragraphs)


def _not_predictable(response: Answer) -> list[str]:
    reasons = [f"Reason: {reason['message']}." for reason in response["reasons"]]
    remedies = [f"What to do: {reason['remedy']}." for reason in response["reasons"] if reason["remedy"] is not None]
    why = " ".join(["No prediction is possible for this record.", *reasons, *remedies])
    return [why, *_cautions(response), f"{_model(response)} gave no prediction."]


def _predicted(response: Answer) -> list[str]:
    expected = " ".join([*_averages(response), *_expectations(response), *_intervals(response)])
    reasons = [_reasons(head, response["reasons"][head]["contributions"]) for head in _individual(response)]
    return [
        *([expected] if expected else []),
        *_withheld(response),
        *_flags(response),
        *_cautions(response),
        *reasons,
        " ".join(_grounds(response)),
    ]


def _withheld(response: Answer) -> Iterable[str]:
    """The questions whose answers are not given, and why."""
    if response.get("withheld"):
        yield "NOT GIVEN: " + " ".join(one["message"] for one in response["withheld"])


def _average(response: Answer) -> list[str]:
    """The heads that answer every patient alike: their notes say so, and no feature moves the answer."""
    reasons = response["reasons"]
    return [
        head
        for head in HEADS
        if any(note.startswith(f"{head}: ") and AVERAGE_RISK in note for note in response["notes"])
        and not (reasons[head] and any(one["contribution"] for one in reasons[head]["contributions"]))
    ]


def _individual(response: Answer) -> list[str]:
    """The heads whose answer depends on the patient."""
    return [head for head in HEADS if response["reasons"][head] is not None and head not in _average(response)]


def _averages(response: Answer) -> Iterable[str]:
    """That numbers are the average of all patients, and why there is none for this one; said once."""
    heads = _average(response)
    if not heads:
        return
    causes = {head: _cause(head, response["notes"]) for head in heads}
    apart = [f"for {head}, {cause}" for head, cause in causes.items()]
    why = causes[heads[0]] if len(set(causes.values())) == 1 else "; ".join(apart)
    yield f"For {' and '.join(heads)}, {AVERAGE_RISK}. It has no number for this patient alone: {why}."


def _cause(head: str, notes: list[str]) -> str:
    own = [note.removeprefix(f"{head}: ") for note in notes if note.startswith(f"{head}: ")]
    return cause_of_average(next(note for note in own if AVERAGE_RISK in note))


def _expectations(response: Answer) -> Iterable[str]:
    remission, relapse = response["remission"], response["relapse"]
    average = _average(response)
    like = {head: "of the cohort" if head in average else "like this one" for head in HEADS}
    if remission is not None:
        yield f"Of 100 patients {like['remission']}, {_of_100(remission)} reach remission{_ranges(remission)}."
    if relapse is not None:
        known = [risk for risk in relapse["at_horizons"] if risk["probability"] is not None]
        risks = " and ".join(f"{_of_100(risk)} within {risk['days']} days" for risk in known)
        if risks:
            relapses = risks.replace(" within", " relapse within", 1)
            same = remission is not None and like["remission"] == like["relapse"]
            who = "such patients" if same else f"patients {like['relapse']}"
            yield f"Of 100 {who} in remission, {relapses}{_ranges(*known)}."
    lasting = [entry for entry in response["sustained_remission"] if entry["probability"] is not None]
    if remission is not None and lasting:
        last = lasting[-1]
        stay = f"reach remission and stay well for {last['horizon_days']} days"
        who = like["remission" if "relapse" in average else "relapse"]
        yield f"Of 100 patients {who}, {_of_100(last)} {stay}{_ranges(last)}."


def _intervals(response: Answer) -> Iterable[str]:
    """The meaning of an interval, if there is one."""
    relapse = response["relapse"]
    given = [
        response["remission"] or {},
        *(relapse["at_horizons"] if relapse else []),
        *response["sustained_remission"],
    ]
    if any(entry.get("interval_90") for entry in given):
        yield (
            "90% interval: how much the estimate would vary with other training patients. It does not say what will "
            "happen to this patient."
        )


def _flags(response: Answer) -> Iterable[str]:
    applicability = response["applicability"]
    if applicability is not None and applicability["verdict"] == "at_the_edge":
        because = listed([reason["message"] for reason in applicability["reasons"]])
        individual = _individual(response)
        of = f" for {individual[0]}" if individual and _average(response) else ""
        less_certain = f"The numbers{of} are less certain than for other patients."
        effect = less_certain if individual else "The average of the cohort may not hold for such a patient."
        yield f"CAUTION: this patient is at the edge of the training patients: {because}. {effect}"


def _cautions(response: Answer) -> Iterable[str]:
    """The cautions, if there are any."""
    if response["cautions"]:
        messages = " ".join(caution["message"] for caution in response["cautions"])
        yield f"CAUTIONS, whatever the numbers say: {messages}"


def _of_100(entry: Answer) -> str:
    """The probability as a number of patients."""
    number = round(100 * entry["probability"])
    return {0: "fewer than 1", 100: "more than 99"}.get(number, f"about {number}")


def _ranges(*entries: Answer) -> str:
    """The intervals of probabilities in brackets, rounded outwards; empty if one of them has none."""
    intervals = [entry["interval_90"] for entry in entries]
    if None in intervals:
        return ""
    ranges = [f"{floor(100 * interval['low'])}-{ceil(100 * interval['high'])}" for interval in intervals]
    return f" (90% interval{'s' if len(ranges) > 1 else ''} {' and '.join(ranges)})"


def _reasons(outcome: str, contributions: list[Answer]) -> str:
    """The sum of each group of features, then the largest single recorded features in either direction.

    Features of one group overlap, so that the sum of a group says more than its largest member. They are
    associations: no sentence says 'because'.
    """
    if not contributions:
        return f"For {outcome}, no feature of this patient moves the number."
    more, less = leading_reasons(contributions)
    return (
        f"Contributions to {outcome}, in log-odds (above 0: more likely): {_by_group(contributions)}. "
        f"Largest features that raise it: {'; '.join(more) or 'none'}. "
        f"Largest features that lower it: {'; '.join(less) or 'none'}."
    )


def _by_group(contributions: list[Answer]) -> str:
    sums: dict[str, float] = {}
    for entry in contributions:
        group = "not recorded" if entry["value"] is None else GROUPS.get(entry["feature"], "the study's own")
        sums[group] = sums.get(group, 0.0) + entry["contribution"]
    largest = sorted(sums, key=lambda group: -abs(sums[group]))
    return ", ".join(f"{group} {sums[group]:+.2f}" for group in largest)


def _grounds(response: Answer) -> Iterable[str]:
    landmark = response["landmark"]
    date = landmark.get("date")
    when = f"day {landmark['day']}" if date is None else f"on {date} (day {landmark['day']})"
    yield f"{_model(response)} answered at the landmark '{landmark['name']}', {when}."
    missing = len(response["not_recorded"])
    if missing:
        yield f"{missing} of the model's features {'was' if missing == 1 else 'were'} not recorded."
    later = sum(response["not_used"].values())
    if later:
        records, were = ("record", "was") if later == 1 else ("records", "were")
        yield f"{later} {records} after the landmark {were} not used."
    for note in response["notes"]:
        rest = _not_yet_said(note, _average(response))
        if rest:
            yield f"Note on {rest.rstrip('.')}."


def _not_yet_said(note: str, average: list[str]) -> str:
    """A note of a head without what the answer begins with: that the head gives the average, and why."""
    head, _, text = note.partition(": ")
    _, found, more = text.partition(AVERAGE_RISK)
    if head not in average or not found:
        return note
    return f"{head}: {more.removeprefix('; ')}" if more else ""


def _model(response: Answer) -> str:
    model = response["model"]
    return f"Model version {model['version']} (bundle {model['bundle_digest'][:12]})"
