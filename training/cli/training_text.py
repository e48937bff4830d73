"""A training's result for a terminal: per landmark and head the candidates side by side, and what the winner means."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from training.learning.choice import RULE

if TYPE_CHECKING:
    from training.tracking.training import RecordedRun

QUICK = "QUICK: parts of the evaluation were left out; train without --quick for a version that can be promoted"
HEADINGS = {
    "auc": "AUC",
    "log_loss": "log loss",
    "brier": "Brier",
    "calibration_intercept": "cal. intercept",
    "calibration_slope": "cal. slope",
    "c_index": "C-index",
    "integrated_brier": "integrated Brier",
}


def as_text(landmarks: list[dict[str, Any]], longest_horizon: int, recorded: "RecordedRun", *, quick: bool) -> str:
    """The summary of `records.summary` as aligned text; every figure is from patients held out.

    Relapses are those within ``longest_horizon`` days; a ``quick`` training is marked.
    """
    lines = []
    for landmark in landmarks:
        lines += ["", landmark["name"], "=" * len(landmark["name"])]
        for name in ("remission", "relapse"):
            lines += _head(name, landmark[name], longest_horizon)
    lines += [
        "",
        "All figures are from patients that the model did not see. AUC and C: larger is better, 0.5 is chance;",
        "log loss and Brier: smaller is better; calibration: intercept 0 and slope 1 are right.",
        "",
        f"The winner is the best candidate, or {RULE}.",
        "Its figures are the report's, after recalibration where the data support one; those of the others are about",
        "the models as they were learned.",
        "",
        f"registered as version {recorded.model_version}, run {recorded.run_id}",
        f"report: {recorded.report}",
        f'next: kap promote {recorded.model_version} --reason "..."' if not quick else QUICK,
    ]
    return "\n".join(lines).lstrip("\n")


def _head(name: str, head: dict[str, Any] | None, longest_horizon: int) -> Iterator[str]:
    if head is None:
        yield f"{name}: not predicted, everyone is in remission at the landmark"
        return
    events = "in remission" if name == "remission" else f"relapses within {longest_horizon} days"
    yield f"{name}: {head['n']} patients, {head['events']} {events}; winner: {head['winner'] or 'none'}"
    if head["note"]:
        yield f"  note: {head['note']}"
    candidates = head["candidates"]
    if candidates:
        measures = list(next(iter(candidates.values())))
        yield "  " + f"{'candidate':<14}" + "".join(f"{HEADINGS[measure]:>18}" for measure in measures)
        for candidate, values in candidates.items():
            mark = "*" if candidate == head["winner"] else " "
            yield f"{mark} {candidate:<14}" + "".join(f"{_figure(values[measure]):>18}" for measure in measures)


def _figure(value: float | None) -> str:
    return "-" if value is None else f"{value:.4f}"
