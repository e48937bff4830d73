"""A training's result for a terminal: per landmark and head the candidates side by side, and how to read them."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from training.learning.choice_text import rule_text
from training.registry.names import version_for_commands
from training.report.wording import patients
from training.tracking.links import place_lines

if TYPE_CHECKING:
    from training.config import TrainingConfig
    from training.tracking.recorded_run import RecordedRun

QUICK = (
    "QUICK: parts of the evaluation were skipped, and xgboost is not among the candidates; train without --quick for a "
    "version that can be promoted"
)
HEADINGS = {
    "auc": "AUC",
    "log_loss": "log loss",
    "brier": "Brier",
    "calibration_intercept": "cal. intercept",
    "calibration_slope": "cal. slope",
    "c_index": "C-index",
    "integrated_brier": "integrated Brier",
}


def as_text(
    landmarks: list[dict[str, Any]],
    longest_horizon: int,
    recorded: "RecordedRun",
    config: "TrainingConfig",
    research_only: str = "",
) -> str:
    """The summary of `records.summary` as aligned text; every figure is from held-out patients.

    Relapses are those within ``longest_horizon`` days; a quick training is marked, and one that is ``research_only``
    with the reason.
    """
    lines, version = [], version_for_commands(recorded.model, recorded.model_version)
    for landmark in landmarks:
        lines += ["", landmark["name"], "=" * len(landmark["name"])]
        for name in ("remission", "relapse"):
            lines += _head(name, landmark[name], longest_horizon)
    lines += [
        "",
        "All figures are from held-out patients. AUC and C-index: larger is better, 0.5 is chance.",
        "Log loss and Brier: smaller is better. Calibration: intercept 0 and slope 1 are ideal.",
        "",
        f"The winner (*) is {rule_text(config.selection.rule, config.selection.level)}.",
        "Its figures include recalibration where the data support one. Those of the other candidates do not.",
        "",
        f"registered as version {recorded.model_version} of {recorded.model}, run {recorded.run_id}",
        *place_lines(recorded.link, recorded.report),
        *([f"RESEARCH ONLY: this version can't be promoted. {research_only}"] if research_only else []),
        *([QUICK] if config.quick else []),
        *([] if config.quick or research_only else [f'next: kap promote {version} --reason "..."']),
    ]
    return "\n".join(lines).lstrip("\n")


def _head(name: str, head: dict[str, Any] | None, longest_horizon: int) -> Iterator[str]:
    if head is None:
        yield f"{name}: not predicted, because every patient is in remission at the landmark"
        return
    relapses = f"relapse{'' if head['events'] == 1 else 's'} within {longest_horizon} days"
    events = "in remission" if name == "remission" else relapses
    yield f"{name}: {patients(head['n'])}, {head['events']:,} {events}; winner: {head['winner'] or 'none'}"
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
