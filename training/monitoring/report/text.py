"""The findings as sentences: the reasons of a verdict, with figures, evidence and dates."""

from collections.abc import Iterator, Sequence
from typing import Literal, TypeAlias

from training.monitoring.report.joining_text import joining
from training.monitoring.statistics.calibration import ENOUGH, ENOUGH_OF_EITHER, ENOUGH_RELAPSES
from training.monitoring.statistics.document import Calibration, Check, MonitoredModel, Monitoring, State
from training.monitoring.statistics.drift import ENOUGH_PATIENTS
from training.report.wording import in_a_sentence, in_prose, number, patients, percent

SHOWN = 8
"""Findings that are spelled out; the others are counted."""
NO_REFERENCE = (
    "Its training recorded no reference, so that drift can't be evaluated. Train or recalibrate again to record one."
)
OutcomesGiven: TypeAlias = Literal["not given", "unreadable", "read"]
"""Whether outcomes were given, and could be read under the model's protocol."""
NO_OUTCOMES = "No outcomes were given, so that calibration is not evaluated. Add --outcomes DIR."
UNREADABLE = "The outcomes can't be read under its protocol, so that calibration is not evaluated."


def reasons(
    checks: Sequence[Check], calibration: Sequence[Calibration], outcomes: OutcomesGiven, *, referenced: bool
) -> list[str]:
    """The reasons of a model's state, the most urgent first; equal findings at several landmarks share a sentence."""
    alike: dict[tuple[State, str, str], list[Check]] = {}
    for state in ("act", "watch"):
        for check in checks:
            if check.state == state:
                alike.setdefault((state, check.kind, check.name), []).append(check)
    said = [_finding(group, calibration) for group in list(alike.values())[:SHOWN]]
    if len(alike) > SHOWN:
        said.append(f"And {len(alike) - SHOWN} more: see the tables of the page.")
    if not referenced:
        said.append(NO_REFERENCE)
    said += _about_records(checks)
    if outcomes != "read":
        return [*said, NO_OUTCOMES if outcomes == "not given" else UNREADABLE]
    return [*said, *joining(calibration), *_about_calibration(checks, calibration)]


def _finding(group: Sequence[Check], calibration: Sequence[Calibration]) -> str:
    """A finding that needs action or attention, at the landmark with the strongest evidence."""
    check, others = group[0], [f"{other.landmark!r}" for other in group[1:]]
    strength = f"Hint at the end of {check.hint}" if check.alarm is None else f"Alarm at the end of {check.alarm}"
    since = f", since {check.since}" if check.since else ""
    likewise = f" The same at {in_a_sentence(others)}." if others else ""
    return f"{_what(check, calibration)}{since}. {strength}: {_rarity(check.chance)}.{_but(check)}{likewise}"


def _what(check: Check, calibration: Sequence[Calibration]) -> str:
    """The change itself, with figures where they may be shown."""
    where, change = f"At the landmark {check.landmark!r}", check.change
    if check.kind == "calibration":
        return f"{where}, predictions of {check.name} are miscalibrated{_observed(check, calibration)}"
    if check.kind == "answered":
        return f"{where}, the share of patients at the edge or without a prediction has changed{_proportions(check)}"
    if check.kind == "recorded":
        return f"{where}, the share of patients with a recorded {check.name} has changed{_proportions(check)}"
    subject = f"the probability of {check.name}" if check.kind == "probability" else check.name
    if change is None or change.difference is None:
        return f"{where}, the distribution of {subject} differs from training"
    direction = "higher" if change.difference > 0 else "lower"
    shift = f"{where}, {subject} is {number(abs(change.difference))} standard deviations {direction} than in training"
    return shift + (_proportions(check) if change.recent is not None and change.reference is not None else "")


def _proportions(check: Check) -> str:
    change = check.change
    if change is None:
        return ""
    if change.recent is None:
        return f" ({percent(change.reference)} in training)"
    named = "on average " if check.kind == "probability" else "yes for " if check.kind == "value" else ""
    return f" ({named}{percent(change.recent)} recently, {percent(change.reference)} in training)"


def _observed(check: Check, calibration: Sequence[Calibration]) -> str:
    own = next((one for one in calibration if (one.landmark, one.head) == (check.landmark, check.name)), None)
    if own is None or own.ratio is None or own.observed is None or own.expected is None:
        return ""
    ratio = in_prose(own.ratio)
    return f": {own.observed} observed, {number(own.expected, 1)} expected, O:E {ratio}"


def _but(check: Check) -> str:
    """Why a change with an alarm is only watched."""
    if check.state != "watch" or check.alarm is None:
        return ""
    if not check.used:
        return " The model does not use this feature."
    return " Recently the change is small or absent."


def _rarity(chance: float) -> str:
    """How rare so much evidence is without a change."""
    if chance < 1e-6:
        return "without a change, fewer than one in a million models would ever show this much evidence"
    return f"without a change, one in {max(round(1 / chance), 1):,} models would ever show this much evidence"


def _about_records(checks: Sequence[Check]) -> Iterator[str]:
    """The landmarks without drift, and those with too few patients."""
    by_landmark: dict[str, list[State]] = {}
    for check in checks:
        if check.kind != "calibration":
            by_landmark.setdefault(check.landmark, []).append(check.state)
    quiet = [name for name, own in by_landmark.items() if "in order" in own and not {"act", "watch"} & set(own)]
    few = [name for name, own in by_landmark.items() if not {"in order", "act", "watch"} & set(own)]
    if quiet:
        yield f"No drift of patients or predictions at: {'; '.join(quiet)}."
    if few:
        yield f"Fewer than {ENOUGH_PATIENTS} patients, too few to exclude drift, at: {'; '.join(few)}."


def _about_calibration(checks: Sequence[Check], calibration: Sequence[Calibration]) -> Iterator[str]:
    off = {(check.landmark, check.name) for check in checks if check.kind == "calibration" and check.state == "act"}
    for one in calibration:
        if (one.landmark, one.head) in off:
            continue
        if one.enough:
            yield f"{one.head.capitalize()} at {one.landmark!r}: calibrated, O:E {in_prose(one.ratio)}."
        else:
            yield f"{one.head.capitalize()} at {one.landmark!r}: too few outcomes ({_still_needed(one)})."


def _still_needed(one: Calibration) -> str:
    """The number of outcomes, and the number needed."""
    known = "fewer than five patients" if one.patients is None else patients(one.patients)
    if one.head == "relapse":
        expected = "" if one.expected is None else f" with {number(one.expected, 1)} relapses expected"
        return f"{known}{expected} so far; {ENOUGH_RELAPSES} expected relapses are needed"
    kinds = f"at least {ENOUGH_OF_EITHER} in remission and {ENOUGH_OF_EITHER} not"
    return f"{known} so far; {ENOUGH} are needed, {kinds}"


def as_text(found: Monitoring) -> str:
    """All findings for a terminal."""
    lines = []
    for model in found.models:
        lines += [_heading(model), *(f"  * {reason}" for reason in model.reasons), ""]
    return "\n".join(lines).rstrip() if lines else "The log holds no predictions."


def _heading(model: MonitoredModel) -> str:
    parts = ", ".join(f"{part} {part_text(model, part)}" for part in model.states)
    name = f"version {model.version}, {model.counted:,} of {model.predictions:,} predictions evaluated"
    return f"{name}, {model.first_day} to {model.last_day}: {model.state.upper()}{f' ({parts})' if parts else ''}"


def part_text(model: MonitoredModel, part: str) -> str:
    """The state of a part, or why it has none."""
    if part not in model.states:
        return "not evaluated"
    return model.states[part] if model.referenced or part == "calibration" else "not evaluated"
