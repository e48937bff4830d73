"""The verdicts of each monitored item and of the model: act, watch, in order, or too little to tell.

Act: an alarm (without a change, at most one of twenty lifetimes has one) about a large change in something that the
model uses. Watch: an alarm about a small or irrelevant change, or a hint (one of five lifetimes).
`report.text` writes the sentences.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from models.bundle import Bundle
from models.onnx_score import OnnxScore
from models.outcome_model import OutcomeModel
from models.score import Constant, LinearScore, Score, Trees
from training.monitoring.statistics.calendar import Calendar
from training.monitoring.statistics.checks import ALARM, HINT, Kind, MonitoringFinding, Size
from training.monitoring.statistics.document import STATES, ChangeSize, Check, State, disclosed

LARGE: Mapping[Kind, float] = {"value": 0.5, "probability": 0.5, "recorded": 0.2, "answered": 0.1}
"""From where a change is large: half a standard deviation, a medium effect (Cohen 1992,
doi:10.1037/0033-2909.112.1.155); 20 in 100 patients recorded or not; 10 in 100 more or fewer answered [judgement]."""
DRAWN = 6
"""Courses of evidence that are recorded for a model: the strongest ones."""
PARTS: Mapping[str, tuple[Kind, ...]] = {
    "records": ("recorded", "value"),
    "answers": ("probability", "answered"),
    "calibration": ("calibration",),
}
LOG_10 = float(np.log(10))


def checks(found: Sequence[MonitoringFinding], bundle: Bundle, calendar: Calendar) -> list[Check]:
    """Every monitored item as it is recorded, the strongest evidence first."""
    used = {model.landmark.name: used_features(model, bundle.features) for model in bundle.models}
    ordered = sorted(found, key=lambda one: one.best_chance)
    return [
        _check(one, _is_used(one, used), calendar, drawn=place < DRAWN and one.best_chance < 1)
        for place, one in enumerate(ordered)
    ]


def _is_used(found: MonitoringFinding, used: Mapping[str, frozenset[str]]) -> bool:
    """Whether the model uses the item; predictions and calibration always count as used."""
    item = found.item
    return item.kind not in PARTS["records"] or item.name in used[item.landmark]


def used_features(model: OutcomeModel, names: Sequence[str]) -> frozenset[str]:
    """The features that either head of a model uses."""
    scores = [head.score for head in (model.remission, model.relapse) if head is not None]
    return frozenset(names[column] for score in scores for column in _columns(score))


def _columns(score: Score) -> list[int]:
    if isinstance(score, Constant):
        return []
    if isinstance(score, LinearScore):
        return score.used[(score.weight != 0) | (score.missing_weight != 0)].tolist()
    if isinstance(score, Trees):
        return [int(name[1:]) for name in score.booster.get_score(importance_type="weight")]
    never = score.missing.never_recorded.tolist() if isinstance(score, OnnxScore) else []
    return [column for column in range(score.features) if column not in never]  # it does not say which it uses


def _check(found: MonitoringFinding, used: bool, calendar: Calendar, *, drawn: bool) -> Check:
    course, item = found.course, found.item
    alarm, hint = found.first_month_below(ALARM), found.first_month_below(HINT)
    began = int(course.since[course.best if alarm is None else alarm])
    return Check(
        landmark=item.landmark,
        kind=item.kind,
        name=item.name,
        patients=disclosed(found.patients),
        log10_evidence=float(course.log_wealth[-1]) / LOG_10,
        log10_most=float(course.log_wealth.max()) / LOG_10,
        chance=found.best_chance,
        share=found.share,
        alarm=None if alarm is None else calendar.label(alarm),
        hint=None if hint is None else calendar.label(hint),
        since=None if hint is None else calendar.label(began),
        change=None if found.size is None else _change(found.size),
        used=used,
        state=_state(found, used, alarm, hint),
        course=[round(float(wealth) / LOG_10, 3) for wealth in course.log_wealth] if drawn else [],
    )


def _change(size: Size) -> ChangeSize:
    if not size.disclosed:
        return ChangeSize(
            unit=size.unit, reference=size.reference, recent=None, difference=None, patients=size.patients
        )
    return ChangeSize(
        unit=size.unit,
        reference=size.reference,
        recent=size.recent,
        difference=size.difference,
        patients=size.patients,
    )


def _state(found: MonitoringFinding, used: bool, alarm: int | None, hint: int | None) -> State:
    if alarm is not None and used and is_large(found.item.kind, found.size):
        return "act"
    if hint is not None:
        return "watch"
    return "in order" if found.enough else "too little to tell"


def is_large(kind: Kind, size: Size | None) -> bool:
    """Whether a change is large among recent patients; with too few of them it counts as large.

    Miscalibration always counts as large.
    """
    return kind == "calibration" or size is None or abs(size.difference) >= LARGE[kind]


def states(monitored: Sequence[Check], *, followed: bool) -> dict[str, State]:
    """The state of each evaluated part: records, answers, and calibration where outcomes were given."""
    parts = {part: kinds for part, kinds in PARTS.items() if part != "calibration" or followed}
    return {
        part: _of_part([check.state for check in monitored if check.kind in kinds]) for part, kinds in parts.items()
    }


def _of_part(own: Sequence[State]) -> State:
    """The most urgent state; without act or watch, in order if any item had enough patients."""
    urgent = [state for state in own if state in ("act", "watch")]
    return min(urgent, key=STATES.index) if urgent else "in order" if "in order" in own else "too little to tell"


def overall(parts: Mapping[str, State]) -> State:
    """The most urgent of the parts."""
    return min(parts.values(), key=STATES.index, default="too little to tell")
