"""Reads a cohort for a command, and says on standard error what was repaired and what is not read."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from features.protocol.document import Protocol
    from training.cohort.reader import CohortReading
    from training.cohort.repairs import Repair

STRICT_OPTION = click.option(
    "--strict", is_flag=True, help="Repair nothing: refuse every cell and name that is not as the format has it."
)


def read_for_command(directory: Path, protocol: "Protocol | None" = None, *, strict: bool) -> "CohortReading":
    """The cohort in a folder, as ``read_with_repairs`` gives it, with the repairs printed."""
    from training.cohort.reader import read_with_repairs

    reading = read_with_repairs(directory, protocol, strict=strict)
    lines = reading_lines(reading.repairs, reading.not_read)
    if lines:
        click.echo("\n".join(lines), err=True)
    return reading


def reading_lines(repairs: "Sequence[Repair]", not_read: "Sequence[str]") -> list[str]:
    """What was repaired, a line for each kind, and what is not read; nothing for a plain cohort."""
    from training.cohort.repairs import describe_repairs

    lines = describe_repairs(repairs)
    if not_read:
        lines.append(f"not read: {', '.join(not_read)}")
    return lines
