"""The declaration of a setting: its default, the values that it takes, what it means, and where its default is from.

A section of settings is a frozen dataclass whose fields are made by `setting`. From the fields follow the check of a
file, training/default.toml and the page training/SETTINGS.md.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from typing import Any, TypeVar

LARGEST = 2**31 - 1
"""Largest whole number: the largest seed that every library accepts, also with the number of a repeat added."""
JUDGEMENT = "[judgement]"

Value = TypeVar("Value")


@dataclass(frozen=True)
class Requirement:
    """Which values a setting takes, as a text and as a check of a value as TOML gives it.

    ``found`` names what is wrong with a value that does not hold.
    """

    as_text: str
    holds: Callable[[Any], bool]
    found: Callable[[Any], str] = lambda _value: "another value"


@dataclass(frozen=True)
class SettingDeclaration:
    """A setting: ``default`` as a plain value, lists included; ``meaning`` and ``source`` are sentences for people."""

    name: str
    default: Any
    requirement: Requirement
    meaning: str
    source: str


def setting(default: Value, requirement: Requirement, meaning: str, source: str = JUDGEMENT) -> Value:
    """The field of a section's dataclass that holds a setting."""
    found: Value = field(default=default, metadata={"requirement": requirement, "meaning": meaning, "source": source})
    return found


def declarations(section: type) -> tuple[SettingDeclaration, ...]:
    """The settings that a section's dataclass declares, in order; its other fields are no settings."""
    return tuple(
        SettingDeclaration(one.name, plain(one.default), **one.metadata)
        for one in fields(section)
        if "requirement" in one.metadata
    )


def plain(value: Any) -> Any:
    """A value as TOML and JSON write it: a list for a tuple."""
    return list(value) if isinstance(value, tuple) else value


def frozen(value: Any, default: Any) -> Any:
    """A value as a section holds it: a tuple for a list, and a decimal where the default is one."""
    if isinstance(value, list):
        decimal = bool(default) and all(isinstance(one, float) for one in default)
        return tuple(float(one) if decimal else one for one in value)
    return float(value) if isinstance(default, float) else value


def whole(low: int, high: int = LARGEST) -> Requirement:
    """A whole number, both bounds included."""

    def holds(value: Any) -> bool:
        return isinstance(value, int) and not isinstance(value, bool) and low <= value <= high

    return Requirement(
        f"a whole number from {low} to {high}" if high < LARGEST else f"a whole number from {low}", holds
    )


def number(low: float, high: float = math.inf, *, above: bool = False, below: bool = False) -> Requirement:
    """A finite number from ``low`` to ``high``; ``above`` and ``below`` leave the bound itself out."""

    def holds(value: Any) -> bool:
        if not isinstance(value, int | float) or isinstance(value, bool) or not math.isfinite(value):
            return False
        return (low < value or (not above and value == low)) and (value < high or (not below and value == high))

    least = f"above {low:g}" if above else f"from {low:g}"
    most = "" if high == math.inf else f" and below {high:g}" if below else f" to {high:g}"
    return Requirement(f"a number {least}{most}", holds)


def several(one: Requirement, *, fewest: int = 1, ascending: bool = False) -> Requirement:
    """A list of values that each meet a requirement, without the same value twice."""

    def holds(value: Any) -> bool:
        if not isinstance(value, list) or len(value) < fewest or not all(map(one.holds, value)):
            return False
        return len(set(value)) == len(value) and (not ascending or value == sorted(value))

    each = one.as_text.removeprefix("a ")
    return Requirement(f"a list, each a {each}, {'ascending' if ascending else 'each once'}", holds)


def bounds(low: float, high: float, *, above: bool = False) -> Requirement:
    """Two numbers, the first not larger than the second."""
    one = number(low, high, above=above)

    def holds(value: Any) -> bool:
        return isinstance(value, list) and len(value) == 2 and all(map(one.holds, value)) and value[0] <= value[1]

    return Requirement(f"two ascending numbers, each {one.as_text.removeprefix('a number ')}", holds)


def one_of(*names: str) -> Requirement:
    """One of some texts."""
    return Requirement("one of " + ", ".join(f'"{name}"' for name in names), lambda value: value in names)


def texts(what: str, *, fewest: int = 0) -> Requirement:
    """A list of texts that are not blank; ``what`` says of what."""

    def holds(value: Any) -> bool:
        if not isinstance(value, list) or len(value) < fewest:
            return False
        return all(isinstance(one, str) and bool(one.strip()) for one in value) and len(set(value)) == len(value)

    return Requirement(f"a list of {what}, each once", holds)
