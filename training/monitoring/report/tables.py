"""The findings as tables: every figure that a drawing shows, and those that no drawing does."""

from collections.abc import Sequence

from markupsafe import Markup

from training.evidence.parts import Number
from training.monitoring.report.figures import check_title
from training.monitoring.statistics.document import Calibration, Check, Count, ModelMonitored, State
from training.monitoring.statistics.drift import SHARE
from training.report.markup import Cell, paragraph, table
from training.report.wording import interval, number, percent

URGENT: tuple[State, ...] = ("act", "watch")
FEW = "fewer than 5"
_CHECKS = ("what", "verdict", "patients", "in training", "of late", "change", "evidence", "since", "proof in")


def changes_table(model: ModelMonitored) -> Markup:
    """What calls for action or attention; where nothing does, whether anything could be judged."""
    urgent = [check for check in model.checks if check.state in URGENT]
    if not urgent:
        evaluated = any(check.state == "in order" for check in model.checks)
        words = "Nothing that could be judged calls for anything." if evaluated else "Nothing could be judged."
        return paragraph(words, "none")
    return table("What has changed", _CHECKS, [_check(check) for check in urgent])


def all_checks(model: ModelMonitored) -> Markup:
    """Everything that is watched, folded away."""
    if not model.checks:
        return Markup()
    rows = table("Everything watched, the strongest evidence first", _CHECKS, [_check(check) for check in model.checks])
    alone = "" if model.referenced else ": calibration alone, without drift"
    return _folded(f"All {len(model.checks)} things that are watched{alone}", rows)


def _folded(words: str, inside: Markup) -> Markup:
    return Markup("<details><summary>{}</summary>\n{}</details>\n").format(words, inside)


def _check(check: Check) -> tuple[Cell, ...]:
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


def calibration_tables(model: ModelMonitored) -> Markup:
    """How far predictions come true: over all, by horizon, and by when they were made; and what could be joined."""
    if not model.followed:
        return Markup()
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
        for one in model.calibration
    ]
    shown = [table("Calibration", header, rows), _horizons(model.calibration), _windows(model.calibration)]
    return Markup().join([*shown, _joined(model.calibration)])


def _or_few(value: Number) -> str:
    return "too few" if value is None else f"{value:,.0f}"


def _horizons(calibration: Sequence[Calibration]) -> Markup:
    rows = [
        (one.landmark, f"{horizon.days}", FEW if horizon.patients is None else f"{horizon.patients:,}",
         interval(horizon.ratio) if horizon.ratio else "too few")
        for one in calibration
        for horizon in one.horizons
    ]  # fmt: skip
    header = ("landmark", "within days", "patients followed", "O:E")
    return table("Relapse by horizon, those lost stood for by those followed", header, rows) if rows else Markup()


def _windows(calibration: Sequence[Calibration]) -> Markup:
    rows = [
        (f"{one.head}, {one.landmark}", f"{window.first} to {window.last}", f"{window.patients:,}",
         f"{window.observed:,}", number(window.expected, 1), interval(window.ratio))
        for one in calibration
        for window in one.windows
    ]  # fmt: skip
    header = ("what", "predicted in", "patients", "observed", "expected", "O:E")
    words = "Calibration by when patients were predicted for"
    return _folded(words, table(words, header, rows)) if rows else Markup()


def _joined(calibration: Sequence[Calibration]) -> Markup:
    rows = [
        (f"{one.head}, {one.landmark}", _reason(count), FEW if count.patients is None else f"{count.patients:,}")
        for one in calibration
        for count in one.joined
    ]
    words = "What became of joining outcomes to predictions"
    return _folded(words, table(words, ("what", "", "patients"), rows)) if rows else Markup()


def _reason(count: Count) -> str:
    return count.reason + (f"; {FEW} of them: {'; '.join(count.few)}" if count.few else "")


def counts_table(model: ModelMonitored) -> Markup:
    """Which predictions count."""
    rows = (
        ("in the log", model.predictions),
        ("erased", model.erased),
        ("before any landmark", model.without_landmark),
        ("about a patient and landmark once more", model.repeated),
        ("counted", model.counted),
    )
    return table("Predictions", ("", "predictions"), [(name, f"{value:,}") for name, value in rows])
