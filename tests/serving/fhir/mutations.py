"""Bundles with one to three things wrong at random: what clinic software sends by mistake, and what nobody would send.

Every planted text holds `MARK`, which no answer may repeat.
"""

import copy
import json
from collections.abc import Sequence
from typing import Any

import numpy as np

MARK = "Zephyrine"
Path = tuple[str | int, ...]
DATES = [
    "", "2026", "2026-02", "2026-02-30", "0000-01-01", "9999-12-31", "2026-01-05T24:00:00Z", "2026-01-05T10:00:00",
    "2026-01-05T10:00:00+14:00", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-13:59", "05.01.2026",
    "2026-01-05T10:00:00.1234567891Z", "1900-01-01", "2051-06-01", "\uff12\uff10\uff12\uff16-01-05",
]  # fmt: skip
NUMBERS: list[Any] = [0, -1, 10**9, 10**400, 1e308, -1e-320, 0.1 + 0.2, True, "12", 2**63, 1e17, 10.5]
TEXTS = [
    MARK,
    f"{MARK} \u0000\u0007",
    f"\u202e{MARK}\u200d",
    "\ud800",
    MARK * 5_000,
    f"{MARK}'); --",
    "é" * 300,
]


WORDS = [
    "entered-in-error", "not-done", "stopped", "on-hold", "unknown", "intended", "not-taken", "preliminary",
    "cancelled", "refuted", "resolved", "inactive", "kg", "mL", "mg/kg/h", "[lb_av]", "<", "Patient/r1",
    "Patient/other", "#m", "99999-9", "N06AB06", "N01AX03", "http://loinc.org", "http://snomed.info/sct",
    "6130", "other", "plan", "LA6571-9", "70274-6",
]  # fmt: skip


def mutated(document: dict[str, Any], rng: np.random.Generator) -> bytes:
    """The document with one to three changes, as a body. Half of them keep the kind of the value."""
    changed = copy.deepcopy(document)
    for _ in range(int(rng.choice([1, 1, 1, 2, 3]))):
        _change(changed, rng)
    text = json.dumps(changed)
    if rng.random() < 0.02:
        text = text[: int(rng.integers(len(text)))]
    if rng.random() < 0.02:
        text = text.replace('"id": ', f'"id": "{MARK}", "id": ', 1)
    return text.encode()


def _change(document: dict[str, Any], rng: np.random.Generator) -> None:
    paths = _paths(document)
    path = paths[int(rng.integers(len(paths)))]
    holder, key = _at(document, path[:-1]), path[-1]
    if rng.random() < 0.5:
        holder[key] = _similar(holder[key], rng)
    elif rng.random() < 0.4:
        _change_structure(document, holder, key, rng)
    else:
        values = [NUMBERS, DATES, TEXTS, [_nested(holder[key], int(rng.integers(1, 60)))], _any_values(holder[key])]
        holder[key] = _one_of(_one_of(values, rng), rng)


def _similar(value: Any, rng: np.random.Generator) -> Any:
    """Another value of the same kind; of an object, one of its own values changed."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        return _one_of([0, -1, 1, value * 2, value + 0.5, 10**7, 1e-12], rng)
    if isinstance(value, str):
        return _one_of(DATES if value[:2] == "20" and rng.random() < 0.8 else WORDS, rng)
    inner = list(value.items() if isinstance(value, dict) else enumerate(value))
    if inner:
        key, one = _one_of(inner, rng)
        value[key] = _similar(one, rng)
    return value


def _change_structure(document: dict[str, Any], holder: Any, key: str | int, rng: np.random.Generator) -> None:
    """Remove, repeat, rename or replace a part by another of the document."""
    kind, value = int(rng.integers(4)), holder[key]
    if kind == 0:
        del holder[key]
    elif kind == 1 and isinstance(holder, list):
        holder.append(copy.deepcopy(value))
    elif kind == 2 and isinstance(holder, dict):
        names = sorted({part for path in _paths(document) for part in path if isinstance(part, str)})
        del holder[key]
        holder[f"{MARK}{rng.integers(9)}" if rng.random() < 0.3 else _one_of(names, rng)] = value
    else:
        holder[key] = copy.deepcopy(_at(document, _one_of(_paths(document), rng)))


def _one_of(values: Sequence[Any], rng: np.random.Generator) -> Any:
    return values[int(rng.integers(len(values)))]


def _any_values(value: Any) -> list[Any]:
    """Other kinds of value: nothing, true, a list of it, an object of it, or empty ones."""
    return [None, True, False, [value], {"value": value}, {}, [], [None], [[]], {MARK: MARK}]


def _nested(value: Any, depth: int) -> Any:
    for _ in range(depth):
        value = {"item": [value]}
    return value


def _paths(part: Any, path: Path = ()) -> list[Path]:
    inner = part.items() if isinstance(part, dict) else enumerate(part) if isinstance(part, list) else ()
    return [found for key, value in inner for found in [(*path, key), *_paths(value, (*path, key))]]


def _at(part: Any, path: Path) -> Any:
    for key in path:
        part = part[key]
    return part
