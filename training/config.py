"""The settings of a training: one frozen object, read from TOML at the entry point and passed down."""

import tomllib
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from features.problems import InputRefusedError, Problem

DEFAULTS = Path(__file__).with_name("default.toml")


@dataclass(frozen=True)
class TrainingConfig:
    """Settings of a training; `default.toml` says what each one means."""

    seed: int
    candidates: tuple[str, ...]
    folds: int
    fewest_repeats: int
    most_repeats: int
    site_events: int
    fewest_site_folds: int
    events_to_fit: int
    largest_weight: float

    def as_parameters(self) -> dict[str, Any]:
        """The settings as plain values, for the record."""
        return asdict(self) | {"candidates": list(self.candidates)}


CANDIDATES = ("no_model", "one_variable", "logistic", "xgboost")
"""Candidates by rising complexity; the first one can't be left out."""
LARGEST = 2**31 - 1
"""Of any number: the largest seed that every library takes, also with the number of a repeat added."""


def load_config(override: Path | None = None, seed: int | None = None) -> TrainingConfig:
    """The defaults, overridden by a file and by a seed; raises ``InputRefusedError`` naming every wrong key."""
    values = tomllib.loads(DEFAULTS.read_text(encoding="utf-8"))["training"]
    if override is not None:
        values = values | _read_override(override, values)
    if seed is not None:
        values["seed"] = seed
    frozen: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in values.items()}
    return TrainingConfig(**frozen)


def _read_override(path: Path, defaults: dict[str, Any]) -> dict[str, Any]:
    try:
        given = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
        raise InputRefusedError([Problem(path.name, None, None, "a readable TOML file", "something else")]) from None
    problems = [
        Problem(path.name, None, name, "[training] and nothing else", "another section")
        for name in given
        if name != "training"
    ]
    section = given.get("training", {})
    if not isinstance(section, dict):
        raise InputRefusedError([Problem(path.name, None, "training", "a section", "another value")])
    for key, value in section.items():
        if key not in defaults:
            known = ", ".join(field.name for field in fields(TrainingConfig))
            problems.append(Problem(path.name, None, key, f"one of {known}", "an unknown key"))
        elif not _fits(key, value, defaults[key]):
            problems.append(Problem(path.name, None, key, _requirement(key, defaults[key]), "another value"))
    if problems:
        raise InputRefusedError(problems)
    return dict(section)


def _fits(key: str, value: Any, default: Any) -> bool:
    if key == "candidates":
        return isinstance(value, list) and "no_model" in value and all(name in CANDIDATES for name in value)
    if isinstance(value, bool) or not isinstance(value, int if isinstance(default, int) else int | float):
        return False
    return _lowest(key) <= value <= LARGEST


def _requirement(key: str, default: Any) -> str:
    if key == "candidates":
        return "a list with no_model and any of " + ", ".join(CANDIDATES[1:])
    kind = "a whole number" if isinstance(default, int) else "a number"
    return f"{kind} from {_lowest(key)} to {LARGEST}"


def _lowest(key: str) -> int:
    return {"seed": 0, "folds": 2}.get(key, 1)
