"""Paths as SVG writes them: the commands M, L, H, V, C and z, absolute and relative."""

import re

from matplotlib.path import Path

_PARTS = re.compile(r"[A-Za-z]|-?(?:\d+\.?\d*|\.\d+)(?:e-?\d+)?")
_NUMBERS = {"M": 2, "L": 2, "H": 1, "V": 1, "C": 6, "Z": 0}


def path_of(commands: str) -> Path:
    """The path of the attribute ``d``; raises ``ValueError`` for a command that is not known, such as an arc."""
    vertices: list[tuple[float, float]] = []
    codes: list[int] = []
    x, y = start = (0.0, 0.0)
    for command, numbers in _steps(commands):
        letter = command.upper()
        if letter == "Z":
            points, code = [start], Path.CLOSEPOLY
        else:
            points = _points(letter, numbers, (x, y), relative=command.islower())
            code = Path.MOVETO if letter == "M" else Path.CURVE4 if letter == "C" else Path.LINETO
        vertices += points
        codes += [int(code)] * len(points)
        x, y = points[-1]
        start = (x, y) if letter == "M" else start
    return Path(vertices or [(0.0, 0.0)], codes or [int(Path.MOVETO)])


def _points(
    letter: str, numbers: list[float], here: tuple[float, float], *, relative: bool
) -> list[tuple[float, float]]:
    """The points of a command; those of a curve end with where it leads."""
    x, y = here if relative else (0.0, 0.0)
    if letter == "H":
        return [(x + numbers[0], here[1])]
    if letter == "V":
        return [(here[0], y + numbers[0])]
    return [(x + across, y + down) for across, down in zip(numbers[::2], numbers[1::2], strict=True)]


def _steps(commands: str) -> list[tuple[str, list[float]]]:
    """Each command with its numbers; further numbers after a move are lines, as SVG has it."""
    steps = []
    parts = _PARTS.findall(commands)
    letter, place = "", 0
    while place < len(parts):
        if parts[place].isalpha():
            letter, place = parts[place], place + 1
            if letter.upper() not in _NUMBERS:
                raise ValueError(f"a figure has a path that can't be drawn for Word: {letter}")
        size = _NUMBERS[letter.upper()]
        steps.append((letter, [float(part) for part in parts[place : place + size]]))
        place += size
        letter = {"M": "L", "m": "l"}.get(letter, letter)
    return steps
