"""Reads a file of settings: unknown sections and keys are refused with the nearest known one, each with its line."""

import re
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from features.protocol.nearest_word import nearest_word
from features.protocol.problems import InputRefusedError, Problem
from models.settings.declaration import SettingDeclaration

Declared = Mapping[str, Sequence[SettingDeclaration]]


def given_values(path: Path, declared: Declared) -> dict[str, dict[str, Any]]:
    """The values of a file by section, each checked against its declaration.

    Raises ``InputRefusedError`` with every problem at its line.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
        document = tomllib.loads(text)
    except (OSError, UnicodeDecodeError):
        raise InputRefusedError([Problem(path.name, None, None, "a readable TOML file", "something else")]) from None
    except (ValueError, RecursionError) as error:  # ValueError: also a number of 5,000 digits
        raise InputRefusedError([_no_toml(path.name, text, error)]) from None
    lines, problems = text.splitlines(), list[Problem]()
    for section, values in document.items():
        problems += _problems_of_section(path.name, lines, declared, section, values)
    if problems:
        raise InputRefusedError(sorted(problems, key=lambda problem: problem.row or 0))
    return {section: dict(values) for section, values in document.items()}


def nearest(name: str, known: Sequence[str]) -> str:
    """The end of a sentence: "did you mean depths?" after a comma, or nothing if no name is like it."""
    near = nearest_word(name.replace(" ", "_"), known)
    return f"; did you mean {near}?" if near else ""


def _no_toml(name: str, text: str, error: Exception) -> Problem:
    """Where a file stops being TOML, and what the parser says of it."""
    found = re.search(r"at line (\d+)", str(error))
    row = int(found.group(1)) - 1 if found else max(len(text.splitlines()) - 1, 0)
    said = str(error).partition(" (at ")[0].lower() if isinstance(error, tomllib.TOMLDecodeError) else "no such value"
    return Problem(name, row, None, "a TOML document, as training/default.toml is one", f"a line that is not: {said}")


def _problems_of_section(
    name: str, lines: Sequence[str], declared: Declared, section: str, values: Any
) -> list[Problem]:
    line = _line_of_section(lines, section)
    if section not in declared:
        homes = [home for home, settings in declared.items() if section in [one.name for one in settings]]
        known = f"below one of {', '.join(f'[{one}]' for one in declared)}"
        hint = f"; {section} belongs below [{homes[0]}]" if homes else nearest(section, list(declared))
        return [Problem(name, line, section, f"settings {known}", f"[{section}], which is not a section{hint}")]
    if not isinstance(values, dict):
        return [Problem(name, line, section, f"a section, [{section}]", "another value")]
    known_settings = {one.name: one for one in declared[section]}
    problems = []
    for key, value in values.items():
        place = _line_of_key(lines, section, key)
        if key not in known_settings:
            hint = nearest(key, list(known_settings)) or _elsewhere(key, section, declared)
            required = f"a setting of [{section}]"
            problems.append(Problem(name, place, key, required, f"[{section}] {key}, which is not a setting{hint}"))
        elif not known_settings[key].requirement.holds(value):
            problems.append(
                Problem(
                    name,
                    place,
                    key,
                    known_settings[key].requirement.as_text,
                    known_settings[key].requirement.found(value),
                )
            )
    return problems


def _elsewhere(key: str, section: str, declared: Declared) -> str:
    """The section that has a setting of this name, or one like it."""
    for other, settings in declared.items():
        if other != section and key in [one.name for one in settings]:
            return f"; it belongs below [{other}]"
    hints = {other: nearest(key, [one.name for one in settings]) for other, settings in declared.items()}
    return next((f"{hint[:-1]} of [{other}]?" for other, hint in hints.items() if hint), "")


def _line_of_section(lines: Sequence[str], section: str) -> int:
    """The line of a section's header or of a value of its name, from 0; the first line if it has none."""
    name = _name_pattern(section)
    found = (n for n, line in enumerate(lines) if re.match(rf"\s*(\[\s*{name}\s*[\].]|{name}\s*[=.])", line))
    return next(found, 0)


def _line_of_key(lines: Sequence[str], section: str, key: str) -> int:
    """The line of a key below the section's header, or as a dotted key; else that of the section."""
    first, name = _line_of_section(lines, section), _name_pattern(key)
    for number in range(first, len(lines)):
        if (
            number > first
            and re.match(r"\s*\[\s*[\"'\w]", lines[number])
            and "=" not in lines[number].partition("#")[0]
        ):
            break
        if re.match(rf"\s*({_name_pattern(section)}\s*\.\s*)?{name}\s*=", lines[number]):
            return number
    return first


def _name_pattern(name: str) -> str:
    """A name as TOML may write it, quoted or not."""
    return rf"[\"']?{re.escape(name)}[\"']?"
