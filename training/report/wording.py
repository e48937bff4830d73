"""How a report writes numbers, intervals and names of measures."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from training.evidence.document import Estimate, Number, Subgroup


@dataclass(frozen=True)
class Measure:
    """A measure's name for people, and which values are good."""

    title: str
    good: str


MEASURES = {
    "observed_rate": Measure("rate of the outcome", "not the model's"),
    "auc": Measure("c-statistic (AUC)", "larger; 0.5 is chance"),
    "log_loss": Measure("log loss", "smaller"),
    "brier": Measure("Brier score", "smaller"),
    "brier_reliability": Measure("Brier: part from miscalibration", "smaller"),
    "brier_resolution": Measure("Brier: part from discrimination", "larger"),
    "brier_uncertainty": Measure("Brier: part from the outcome itself", "not the model's"),
    "brier_within_bins": Measure("Brier: part within bins", "smaller"),
    "ipa": Measure("index of prediction accuracy", "larger; 0 is no model"),
    "oe": Measure("observed over expected (O:E)", "1"),
    "calibration_intercept": Measure("calibration in the large", "0"),
    "calibration_slope": Measure("calibration slope", "1"),
    "ici": Measure("mean miscalibration (ICI)", "smaller"),
    "e50": Measure("median miscalibration (E50)", "smaller"),
    "e90": Measure("90th percentile of miscalibration (E90)", "smaller"),
    "c_index": Measure("Harrell's C", "larger; 0.5 is chance"),
    "uno_c": Measure("Uno's C", "larger; 0.5 is chance"),
    "integrated_brier": Measure("integrated Brier score", "smaller"),
}

CANDIDATES = {
    "no_model": "no model: the average risk for every patient",
    "one_variable": "a model of one variable",
    "logistic": "penalised logistic regression",
    "xgboost": "gradient-boosted trees (XGBoost)",
}


def measure_title(name: str) -> str:
    """A measure's name for people; of an unknown one, its own name."""
    return MEASURES[name].title if name in MEASURES else name.replace("_", " ")


def measure_good(name: str) -> str:
    """Which values of a measure are good; empty for an unknown one."""
    return MEASURES[name].good if name in MEASURES else ""


def ordered(names: Iterable[str]) -> list[str]:
    """Names in the order of `MEASURES`, unknown ones last."""
    places = {name: place for place, name in enumerate(MEASURES)}
    return sorted(names, key=lambda name: (places.get(name, len(places)), name))


def by_chance_alone(name: str, found: Estimate) -> float | None:
    """The limit below which 97.5% of perfectly calibrated models have a distance measure; else ``None``.

    It is how far the interval reaches above the estimate; for the parts of the Brier score, on the square root.
    """
    if name not in _DISTANCES or found.estimate is None or found.high is None:
        return None
    if name.startswith("brier"):
        return float((found.high**0.5 - found.estimate**0.5) ** 2)
    return found.high - found.estimate


_DISTANCES = ("ici", "e50", "e90", "brier_reliability")


def number(value: Number, digits: int = 2) -> str:
    """A figure; a dash where it is not defined. Minus zero is zero."""
    if value is None:
        return "-"
    written = f"{value:.{digits}f}"
    return written.removeprefix("-") if float(written) == 0 else written


def count(value: int | None) -> str:
    """A count of patients; "fewer than 10" where it is suppressed."""
    return "fewer than 10" if value is None else f"{value:,}"


def percent(value: Number, digits: int = 0) -> str:
    """A share from 0 to 1 in percent."""
    return "-" if value is None else f"{100 * value:.{digits}f}%"


def interval(found: Estimate | None, digits: int = 2) -> str:
    """For a table's cell: ``0.71 (0.66 to 0.76)``; without limits that can't differ from the figure."""
    if found is None or found.estimate is None:
        return "not defined"
    limits = f" ({number(found.low, digits)} to {number(found.high, digits)})"
    return number(found.estimate, digits) + (limits if has_limits(found) else "")


def in_prose(found: Estimate | None, digits: int = 2) -> str:
    """For a sentence: ``0.71 (95% interval 0.66 to 0.76)``."""
    if found is None or found.estimate is None:
        return "not defined"
    if not has_limits(found):
        return f"{number(found.estimate, digits)} (without an interval)"
    limits = f"{number(found.low, digits)} to {number(found.high, digits)}"
    return f"{number(found.estimate, digits)} (95% interval {limits})"


def has_limits(found: Estimate) -> bool:
    """Whether there is an interval of some width; it has none if all patients have the same probability."""
    return found.low is not None and found.high is not None and found.high - found.low > 1e-9


def group_title(group: Subgroup) -> str:
    """A group of patients for a reader: ``diagnosis: social anxiety``."""
    return f"{group.variable}: {group.group}".replace("_", " ")


def patients(number_of: int) -> str:
    """A count with its noun."""
    return f"{number_of:,} patient{'' if number_of == 1 else 's'}"


def in_a_sentence(names: list[str]) -> str:
    """``a, b and c``."""
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def slug(words: str) -> str:
    """A name of lower-case letters, digits and hyphens, for a file or an anchor."""
    return re.sub(r"[^a-z0-9]+", "-", words.lower())[:60].strip("-") or "unnamed"
