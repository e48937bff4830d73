"""The findings as tables: all numbers, with and without a figure."""

from collections.abc import Sequence

from training.evidence.parts import Number
from training.monitoring.report.figures import check_title
from training.monitoring.statistics.document import Calibration, Check, Count, MonitoredModel
from training.monitoring.statistics.drift import SHARE
from training.report.templating import Table
from training.report.wording import interval, number, percent

FEW = "fewer than 5"
_CHECKS = ("what", "verdict", "patients", "in training", "recently", "change", "evidence", "since", "alarm in")


def model_tables(model: MonitoredModel) -> dict[str, Table]:
    """All tables of a model, by the names under which the template places them."""
    urgent = [check for check in model.checks if check.state in ("act", "watch")]
    return {
        "changes": Table("What has changed", _CHECKS, [_check(check) for check in urgent]),
        "checks": Table(
            "All monitored items, the strongest evidence first", _CHECKS, [_check(check) for check in model.checks]
        ),
        "calibration": _calibration(model.calibration),
        "horizons": _horizons(model.calibration),
        "windows": _windows(model.calibration),
        "joined": _joined(model.calibration),
        "predictions": _predictions(model),
    }


def _check(check: Check) -> tuple[str, ...]:
    change = check.change
    shown = (change.reference, change.recent) if change else (None, None)
    unused = "" if check.used else " (not used by the model)"
    return (
        check_title(check) + unused,
        check.state,
        FEW if check.patients is None else f"{check.patients:,}",
        *(percent(value) for value in shown),
        _difference(check),
        _rarity(check.chance),
        check.since or "-",
        check.alarm or "-",
    )


def _difference(check: Check) -> str:
    change = check.change
    if change is None or change.difference is None:
        return "-"
    if change.unit == SHARE:
        return f"{100 * change.difference:+.0f} points"
    return f"{change.difference:+.2f} SD"


def _rarity(chance: float) -> str:
    if chance >= 1:
        return "none"
    return "1 in over a million" if chance < 1e-6 else f"1 in {1 / chance:,.0f}"


def _calibration(calibration: Sequence[Calibration]) -> Table:
    header = ("landmark", "head", "patients", "observed", "expected", "O:E", "in the large", "slope")
    rows = [
        (
            one.landmark,
            one.head,
            FEW if one.patients is None else f"{one.patients:,}",
            _or_few(one.observed),
            number(one.expected, 1),
            interval(one.ratio),
            interval(one.in_the_large),
            interval(one.slope),
        )
        for one in calibration
    ]
    return Table("Calibration", header, rows)


def _or_few(value: Number) -> str:
    return "too few" if value is None else f"{value:,.0f}"


def _horizons(calibration: Sequence[Calibration]) -> Table:
    rows = [
        (one.landmark, f"{horizon.days}", FEW if horizon.patients is None else f"{horizon.patients:,}",
         interval(horizon.ratio) if horizon.ratio else "too few")
        for one in calibration
        for horizon in one.horizons
    ]  # fmt: skip
    header = ("landmark", "within days", "patients followed", "O:E")
    return Table("Relapse by horizon, with follow-up weights", header, rows)


def _windows(calibration: Sequence[Calibration]) -> Table:
    rows = [
        (f"{one.head}, {one.landmark}", f"{window.first} to {window.last}", f"{window.patients:,}",
         f"{window.observed:,}", number(window.expected, 1), interval(window.ratio))
        for one in calibration
        for window in one.windows
    ]  # fmt: skip
    header = ("what", "predicted in", "patients", "observed", "expected", "O:E")
    return Table("Calibration by time of prediction", header, rows)


def _joined(calibration: Sequence[Calibration]) -> Table:
    rows = [
        (f"{one.head}, {one.landmark}", _reason(count), FEW if count.patients is None else f"{count.patients:,}")
        for one in calibration
        for count in one.joined
    ]
    return Table("Outcomes joined to predictions", ("what", "", "patients"), rows)


def _reason(count: Count) -> str:
    return count.reason + (f"; {FEW} of them: {'; '.join(count.few)}" if count.few else "")


def _predictions(model: MonitoredModel) -> Table:
    rows = (
        ("in the log", model.predictions),
        ("erased", model.erased),
        ("before any landmark", model.without_landmark),
        ("repeated for a patient and landmark", model.repeated),
        ("counted", model.counted),
    )
    return Table("Predictions", ("", "predictions"), [(name, f"{value:,}") for name, value in rows])
