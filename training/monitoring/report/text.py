"""The findings in sentences: why the verdict is what it is, with the figure, the evidence, and since when."""

from collections.abc import Iterator, Sequence
from typing import Literal, TypeAlias

from training.monitoring.report.joining_text import joining
from training.monitoring.statistics.calibration import ENOUGH, ENOUGH_OF_EITHER, ENOUGH_RELAPSES
from training.monitoring.statistics.document import Calibration, Check, ModelMonitored, Monitoring, State
from training.monitoring.statistics.drift import ENOUGH_PATIENTS
from training.report.wording import in_prose, listed, number, patients, percent

SHOWN = 8
"""Findings that are spelled out; the others are counted."""
NO_REFERENCE = (
    "Its training recorded no reference, so that neither patients nor answers can be compared with anything: train or "
    "recalibrate again to have one."
)
OutcomesGiven: TypeAlias = Literal["not given", "unreadable", "read"]
"""Whether outcomes were given, and could be read under the model's protocol."""
NO_OUTCOMES = "No outcomes were given: whether predictions come true is open."
UNREADABLE = "The outcomes can't be read under its protocol: whether predictions come true is open."


def reasons(
    checks: Sequence[Check], calibration: Sequence[Calibration], outcomes: OutcomesGiven, *, referenced: bool
) -> list[str]:
    """Why a model's state is what it is, the most urgent first; one sentence for what is the same at many landmarks."""
    alike: dict[tuple[State, str, str], list[Check]] = {}
    for state in ("act", "watch"):
        for check in checks:
            if check.state == state:
                alike.setdefault((state, check.kind, check.name), []).append(check)
    said = [_finding(group, calibration) for group in list(alike.values())[:SHOWN]]
    if len(alike) > SHOWN:
        said.append(f"And {len(alike) - SHOWN} more, which stand in the tables.")
    if not referenced:
        said.append(NO_REFERENCE)
    said += _about_records(checks)
    if outcomes != "read":
        return [*said, NO_OUTCOMES if outcomes == "not given" else UNREADABLE]
    return [*said, *joining(calibration), *_about_calibration(checks, calibration)]


def _finding(group: Sequence[Check], calibration: Sequence[Calibration]) -> str:
    """One thing that calls for action or attention, told of the landmark where the evidence is strongest."""
    check, others = group[0], [f"{other.landmark!r}" for other in group[1:]]
    strength = "A hint, no proof" if check.alarm is None else f"Proven at the end of {check.alarm}"
    since = f", since {check.since}" if check.since else ""
    likewise = f" Likewise at {listed(others)}." if others else ""
    return f"{_what(check, calibration)}{since}. {strength}: {_rarity(check.chance)}.{_but(check)}{likewise}"


def _what(check: Check, calibration: Sequence[Calibration]) -> str:
    """The change itself, in figures where they may be told."""
    where, change = f"At the landmark {check.landmark!r}", check.change
    if check.kind == "calibration":
        return f"{where}, {check.name} does not come true as predicted{_observed(check, calibration)}"
    if check.kind == "answered":
        return f"{where}, another share of patients is at the edge, or is given no prediction{_shares(check)}"
    if check.kind == "recorded":
        return f"{where}, {check.name} is recorded for another share of patients{_shares(check)}"
    subject = f"the probability of {check.name}" if check.kind == "probability" else check.name
    if change is None or change.difference is None:
        return f"{where}, {subject} is distributed otherwise than in training"
    direction = "higher" if change.difference > 0 else "lower"
    shift = f"{where}, {subject} is {number(abs(change.difference))} standard deviations {direction} than in training"
    return shift + (_shares(check) if change.recent is not None and change.reference is not None else "")


def _shares(check: Check) -> str:
    change = check.change
    if change is None:
        return ""
    if change.recent is None:
        return f" ({percent(change.reference)} in training)"
    named = "on average " if check.kind == "probability" else "yes for " if check.kind == "value" else ""
    return f" ({named}{percent(change.recent)} of late, {percent(change.reference)} in training)"


def _observed(check: Check, calibration: Sequence[Calibration]) -> str:
    own = next((one for one in calibration if (one.landmark, one.head) == (check.landmark, check.name)), None)
    if own is None or own.ratio is None or own.observed is None or own.expected is None:
        return ""
    ratio = in_prose(own.ratio)
    return f": {own.observed} observed where {number(own.expected, 1)} were expected, O:E {ratio}"


def _but(check: Check) -> str:
    """Why something proven is only watched."""
    if check.state != "watch" or check.alarm is None:
        return ""
    if not check.used:
        return " The model does not go by it."
    return " Of late the change is small, or gone."


def _rarity(chance: float) -> str:
    """How rare so much evidence is."""
    if chance < 1e-6:
        return "less than one in a million models to which nothing happened would ever show as much"
    return f"one in {max(round(1 / chance), 1):,} models to which nothing happened would ever show as much"


def _about_records(checks: Sequence[Check]) -> Iterator[str]:
    """What is in order, and where there were too few patients to say."""
    by_landmark: dict[str, list[State]] = {}
    for check in checks:
        if check.kind != "calibration":
            by_landmark.setdefault(check.landmark, []).append(check.state)
    quiet = [name for name, own in by_landmark.items() if "in order" in own and not {"act", "watch"} & set(own)]
    few = [name for name, own in by_landmark.items() if not {"in order", "act", "watch"} & set(own)]
    if quiet:
        yield f"Patients and answers are like those of the training at: {'; '.join(quiet)}."
    if few:
        yield f"Fewer than {ENOUGH_PATIENTS} patients, too few to rule a change out, at: {'; '.join(few)}."


def _about_calibration(checks: Sequence[Check], calibration: Sequence[Calibration]) -> Iterator[str]:
    off = {(check.landmark, check.name) for check in checks if check.kind == "calibration" and check.state == "act"}
    for one in calibration:
        if (one.landmark, one.head) in off:
            continue
        if one.enough:
            yield f"{one.head.capitalize()} at {one.landmark!r}: as predicted, O:E {in_prose(one.ratio)}."
        else:
            yield f"{one.head.capitalize()} at {one.landmark!r}: too few outcomes to tell ({_still_needed(one)})."


def _still_needed(one: Calibration) -> str:
    """How many outcomes there are, and how many it takes."""
    known = "fewer than five patients" if one.patients is None else patients(one.patients)
    if one.head == "relapse":
        expected = "" if one.expected is None else f" with {number(one.expected, 1)} relapses expected"
        return f"{known}{expected} so far; needed are as many as make {ENOUGH_RELAPSES} relapses expected"
    return f"{known} so far; needed are {ENOUGH}, at least {ENOUGH_OF_EITHER} in remission and {ENOUGH_OF_EITHER} not"


def as_text(found: Monitoring) -> str:
    """All of it for a terminal."""
    lines = []
    for model in found.models:
        lines += [_heading(model), *(f"  * {reason}" for reason in model.reasons), ""]
    return "\n".join(lines).rstrip() if lines else "The log holds no predictions."


def _heading(model: ModelMonitored) -> str:
    parts = ", ".join(f"{part} {part_text(model, part)}" for part in model.states)
    name = f"version {model.version}, {model.counted:,} predictions that count of {model.predictions:,}"
    return f"{name}, {model.first_day} to {model.last_day}: {model.state.upper()}{f' ({parts})' if parts else ''}"


def part_text(model: ModelMonitored, part: str) -> str:
    """The state of a part, or why it has none."""
    if part not in model.states:
        return "not looked at"
    return model.states[part] if model.referenced or part == "calibration" else "not judged"
