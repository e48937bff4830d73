"""A prediction in words, for people who read it in a terminal; what the words may claim is decided here.

It takes the answer as plain JSON values, as the endpoint and `kap predict` give it.
"""

import re
import textwrap
from collections.abc import Iterable, Mapping
from math import ceil, floor
from typing import Any

from features.catalogue import BUILT_IN

WIDTH = 100
MOST_REASONS = 2
Answer = Mapping[str, Any]

GROUPS = {feature.name: feature.group for feature in BUILT_IN}

NOT_ADVICE = (
    "This is neither medical advice nor a medical device: it describes groups of patients, and it can't say which of "
    "them this patient will be."
)
SYNTHETIC = "The model was learned from SYNTHETIC (made-up) patients and says nothing about real ones."


def as_text(response: Answer) -> str:
    """The answer as paragraphs: what to expect, what speaks for and against it, and what it rests on."""
    paragraphs = _predicted(response) if response["outcome"] == "predicted" else _not_predictable(response)
    paragraphs += [*([SYNTHETIC] if response["model"]["synthetic"] else []), NOT_ADVICE]
    return "\n\n".join(textwrap.fill(paragraph, WIDTH) for paragraph in paragraphs)


def _not_predictable(response: Answer) -> list[str]:
    reasons = "; ".join(reason["message"] for reason in response["reasons"])
    remedies = "; ".join(reason["remedy"] for reason in response["reasons"] if reason["remedy"] is not None)
    helps = f" What would help: {remedies}." if remedies else ""
    why = f"Nothing can be predicted for this record: {reasons}.{helps}"
    return [why, *_cautions(response), f"{_model(response)} was asked."]


def _predicted(response: Answer) -> list[str]:
    remission, relapse = response["reasons"]["remission"], response["reasons"]["relapse"]
    expected = " ".join([*_expectations(response), *_intervals(response)])
    paragraphs = [expected, *_flags(response), *_cautions(response)]
    if remission is not None:
        paragraphs.append(_reasons("remission", remission["contributions"]))
    if relapse is not None:
        paragraphs.append(_reasons("relapse", relapse["contributions"]))
    return [*paragraphs, " ".join(_grounds(response))]


def _expectations(response: Answer) -> Iterable[str]:
    remission, relapse = response["remission"], response["relapse"]
    if remission is not None:
        yield f"Of 100 patients like this one, {_of_100(remission)} reach remission."
    if relapse is not None:
        known = [risk for risk in relapse["at_horizons"] if risk["probability"] is not None]
        risks = [f"{_of_100(risk)} within {risk['days']} days" for risk in known]
        if risks:
            yield f"Of 100 such patients who are in remission, {' and '.join(risks)} after it have a relapse."
    lasting = [entry for entry in response["sustained_remission"] if entry["probability"] is not None]
    if remission is not None and lasting:
        last = lasting[-1]
        yield f"So {_of_100(last)} of the 100 reach remission and stay well for {last['horizon_days']} days."


def _intervals(response: Answer) -> Iterable[str]:
    """What the brackets mean, where there are any."""
    relapse = response["relapse"]
    given = [
        response["remission"] or {},
        *(relapse["at_horizons"] if relapse else []),
        *response["sustained_remission"],
    ]
    if any(entry.get("interval_90") for entry in given):
        yield (
            "The brackets are 90% intervals: how far the model may be off the true probability. They do not say what "
            "will happen to one patient."
        )


def _flags(response: Answer) -> Iterable[str]:
    applicability = response["applicability"]
    if applicability is not None and applicability["verdict"] == "at_the_edge":
        because = "; ".join(reason["message"] for reason in applicability["reasons"])
        yield (
            f"CAUTION: this patient is at the edge of those learned from: {because}. The numbers are less certain "
            "than they look."
        )


def _cautions(response: Answer) -> Iterable[str]:
    """What a clinician has to weigh, whatever the numbers say; nothing is said where nothing was recorded."""
    if response["cautions"]:
        messages = " ".join(caution["message"] for caution in response["cautions"])
        yield f"TO WEIGH, whatever the numbers say: {messages}"


def _of_100(entry: Answer) -> str:
    """The probability as a number of patients, with its interval rounded outwards."""
    number, interval = round(100 * entry["probability"]), entry["interval_90"]
    said = {0: "fewer than 1", 100: "more than 99"}.get(number, f"about {number}")
    if interval is None:
        return said
    return f"{said} (between {floor(100 * interval['low'])} and {ceil(100 * interval['high'])})"


def _reasons(outcome: str, contributions: list[Answer]) -> str:
    """What each group of features adds up to, then single recorded features either way.

    Features of one group overlap, so that the sum of a group says more than its largest member. They are
    associations: nothing here says 'because'.
    """
    if not contributions:
        return (
            f"For {outcome} the model gives every patient the cohort's average risk: it does not know this patient's "
            "own, and gives no interval for it."
        )
    recorded = [entry for entry in contributions if entry["value"] is not None]
    more = [_reason(entry) for entry in recorded if entry["contribution"] > 0][:MOST_REASONS]
    less = [_reason(entry) for entry in recorded if entry["contribution"] < 0][:MOST_REASONS]
    return (
        f"For {outcome}, in log-odds (above 0 makes it more likely): {_by_group(contributions)}. "
        f"Single features, for it: {'; '.join(more) or 'none'}. Against it: {'; '.join(less) or 'none'}."
    )


def _by_group(contributions: list[Answer]) -> str:
    sums: dict[str, float] = {}
    for entry in contributions:
        group = "not recorded" if entry["value"] is None else GROUPS.get(entry["feature"], "study covariates")
        sums[group] = sums.get(group, 0.0) + entry["contribution"]
    largest = sorted(sums, key=lambda group: -abs(sums[group]))
    return ", ".join(f"{group} {sums[group]:+.2f}" for group in largest)


def _reason(entry: Answer) -> str:
    meaning = re.sub(r" \(1\) or (another|not) \(0\)", "", re.split(r"[.;]", entry["meaning"])[0])
    first = meaning.split()[0]
    if not (len(first) > 1 and first.isupper()):  # an abbreviation keeps its capitals
        meaning = meaning[:1].lower() + meaning[1:]
    if entry["unit"] == "no/yes" and entry["value"] in (0, 1):
        return f"{meaning} ({'yes' if entry['value'] == 1 else 'no'})"
    if entry["unit"] == "share":
        return f"{meaning} ({100 * entry['value']:.0f}%)"
    return f"{meaning} ({entry['value']:.3g} {entry['unit']})"


def _grounds(response: Answer) -> Iterable[str]:
    landmark = response["landmark"]
    yield f"{_model(response)} answered at the landmark '{landmark['name']}', day {landmark['day']}."
    missing = len(response["not_recorded"])
    if missing:
        yield f"{missing} of the model's features {'was' if missing == 1 else 'were'} not recorded."
    later = sum(response["not_used"].values())
    if later:
        yield f"{later} later {'record was' if later == 1 else 'records were'} not used."
    for note in response["notes"]:
        yield f"Note on {note.rstrip('.')}."


def _model(response: Answer) -> str:
    model = response["model"]
    return f"Model version {model['version']} (bundle {model['bundle_digest'][:12]})"
