"""The settings of a training and the policy of promotions: frozen objects, read from TOML and passed down.

`default.toml` says what each key means and why it has its value.
"""

import math
import re
import tomllib
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields, replace
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

from features.protocol.problems import InputRefusedError, Problem
from training.evidence.document import Acknowledgement

DEFAULTS = Path(__file__).with_name("default.toml")


@dataclass(frozen=True)
class TrainingConfig:
    """Settings of a training; `default.toml` explains each one. A ``quick`` training needs an override to promote.

    ``acknowledged`` are the acknowledged leakage checks.
    """

    seed: int
    candidates: tuple[str, ...]
    folds: int
    fewest_repeats: int
    most_repeats: int
    site_events: int
    fewest_site_folds: int
    events_to_fit: int
    largest_weight: float
    draws: int
    quick: bool = False
    acknowledged: tuple[Acknowledgement, ...] = ()

    def as_parameters(self) -> dict[str, Any]:
        """The settings as plain values, for the record; acknowledgements only if there are any."""
        values = asdict(self) | {"candidates": list(self.candidates)}
        del values["acknowledged"]
        answered = [each.model_dump() for each in self.acknowledged]
        return values | ({"acknowledged": answered} if answered else {})


@dataclass(frozen=True)
class PromotionPolicy:
    """What the evidence of a model must show before it may answer; `default.toml` explains each requirement."""

    slope: tuple[float, float]
    slope_outermost: tuple[float, float]
    in_the_large: float
    remission_thresholds: tuple[float, ...]
    relapse_thresholds: tuple[float, ...]
    sustained_thresholds: tuple[float, ...]
    net_benefit_margin: float
    subgroup_patients: int
    subgroup_in_the_large: float
    direction_margin: float
    direction_patients: int
    leakage_checks: tuple[str, ...]
    champion_log_loss_margin: float
    champion_brier_margin: float

    def as_document(self) -> dict[str, Any]:
        """The policy as plain values."""
        return {key: list(value) if isinstance(value, tuple) else value for key, value in asdict(self).items()}


@dataclass(frozen=True)
class _Section:
    """A section of the settings: its keys, and which values each takes."""

    name: str
    keys: tuple[str, ...]
    fits: Callable[[str, Any, Any], bool]
    requirement: Callable[[str, Any], str]


CANDIDATES = ("no_model", "one_variable", "logistic", "xgboost")
"""Candidates by rising complexity; the first one can't be left out."""
CANDIDATE_GROUP = "kap.candidates"
"""The group of entry points that name candidates of other packages."""
LARGEST = 2**31 - 1
"""Largest number: the largest seed that every library accepts, also with the number of a repeat added."""


def load_config(override: Path | None = None, seed: int | None = None) -> TrainingConfig:
    """The defaults, overridden by a file and by a seed; raises ``InputRefusedError`` naming every wrong key."""
    keys = tuple(field.name for field in fields(TrainingConfig) if field.name not in ("quick", "acknowledged"))
    section = _Section("training", keys, _fits, _requirement)
    values = _values(section, override)
    if seed is not None:
        values["seed"] = seed
    return TrainingConfig(**values)


def quickened(config: TrainingConfig) -> TrainingConfig:
    """The settings of a quick training: no trees, few repeats and draws."""
    return replace(
        config,
        quick=True,
        candidates=tuple(name for name in config.candidates if name != "xgboost"),
        fewest_repeats=1,
        most_repeats=min(config.most_repeats, 2),
        draws=min(config.draws, 40),
    )


def load_policy(override: Path | None = None) -> PromotionPolicy:
    """The promotion policy, overridden by a file; raises ``InputRefusedError`` naming every wrong key."""
    keys = tuple(field.name for field in fields(PromotionPolicy))
    return PromotionPolicy(**_values(_Section("policy", keys, _policy_fits, _policy_requirement), override))


def looser_keys(policy: PromotionPolicy, than: PromotionPolicy) -> list[str]:
    """The keys by which a policy accepts a model that another refuses; none if it is as strict or stricter."""
    looser = []
    for key, value in policy.as_document().items():
        other = getattr(than, key)
        if key in ("slope", "slope_outermost"):
            strict = other[0] <= value[0] and value[1] <= other[1]
        elif isinstance(value, list):
            strict = set(value) >= set(other)
        else:
            strict = value <= other
        if not strict:
            looser.append(key)
    return looser


def _values(section: _Section, override: Path | None) -> dict[str, Any]:
    values = tomllib.loads(DEFAULTS.read_text(encoding="utf-8"))[section.name]
    if override is not None:
        values = values | _read_override(override, section, values)
    return {key: tuple(value) if isinstance(value, list) else value for key, value in values.items()}


def _read_override(path: Path, section: _Section, defaults: dict[str, Any]) -> dict[str, Any]:
    try:
        given = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
        raise InputRefusedError([Problem(path.name, None, None, "a readable TOML file", "something else")]) from None
    problems = [
        Problem(path.name, None, name, f"[{section.name}] and nothing else", "another section")
        for name in given
        if name != section.name
    ]
    values = given.get(section.name, {})
    if not isinstance(values, dict):
        raise InputRefusedError([Problem(path.name, None, section.name, "a section", "another value")])
    for key, value in values.items():
        if key not in defaults:
            problems.append(Problem(path.name, None, key, f"one of {', '.join(section.keys)}", "an unknown key"))
        elif not section.fits(key, value, defaults[key]):
            problems.append(Problem(path.name, None, key, section.requirement(key, defaults[key]), "another value"))
    if problems:
        raise InputRefusedError(problems)
    return dict(values)


def _fits(key: str, value: Any, default: Any) -> bool:
    if key == "candidates":
        return _are_candidates(value)
    if isinstance(value, bool) or not isinstance(value, int if isinstance(default, int) else int | float):
        return False
    return _lowest(key) <= value <= LARGEST


def _are_candidates(value: Any) -> bool:
    """Whether a list names candidates that exist: built-in ones, entry points, or addresses of classes."""
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value) or "no_model" not in value:
        return False
    unknown = [one for one in value if one not in CANDIDATES and not re.fullmatch(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*", one)]
    named = {point.name for point in entry_points(group=CANDIDATE_GROUP)} if unknown else set()
    return len(set(value)) == len(value) and named.issuperset(unknown)


def _requirement(key: str, default: Any) -> str:
    if key == "candidates":
        return (
            f"a list with no_model and any of {', '.join(CANDIDATES[1:])}, package.module:Class, or an entry point of "
            f"the group {CANDIDATE_GROUP}"
        )
    kind = "a whole number" if isinstance(default, int) else "a number"
    return f"{kind} from {_lowest(key)} to {LARGEST}"


def _lowest(key: str) -> int:
    return {"seed": 0, "folds": 2}.get(key, 1)


def _policy_fits(key: str, value: Any, default: Any) -> bool:
    if key == "leakage_checks":
        return isinstance(value, list) and bool(value) and all(isinstance(each, str) and each for each in value)
    if isinstance(default, list):
        if not isinstance(value, list) or not value or not all(_is_number(each) for each in value):
            return False
        if key.endswith("thresholds"):
            return all(0 < each < 1 for each in value)
        return len(value) == 2 and 0 < value[0] <= 1 <= value[1]
    if isinstance(default, int):
        return isinstance(value, int) and _is_number(value) and _lowest_of_policy(key) <= value <= LARGEST
    return _is_number(value) and value >= 0


def _lowest_of_policy(key: str) -> int:
    return 0 if key == "direction_patients" else 1


def _policy_requirement(key: str, default: Any) -> str:
    if key == "leakage_checks":
        return "a list of names of checks"
    if key.endswith("thresholds"):
        return "a list of probabilities above 0 and below 1"
    if isinstance(default, list):
        return "two numbers above 0, the first up to 1, the second from 1 on"
    return (
        f"a whole number from {_lowest_of_policy(key)} to {LARGEST}"
        if isinstance(default, int)
        else "a number from 0 on"
    )


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
