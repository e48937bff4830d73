"""Reads a cohort for a command, and says on standard error what was repaired and what is not read."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from features.protocol.document import Protocol
    from training.cohort.parts.remote import Place
    from training.cohort.reader import CohortReading
    from training.cohort.repairs import Repair

STRICT_OPTION = click.option(
    "--strict", is_flag=True, help="Repair nothing: refuse every cell and name that is not as the format has it."
)


def read_for_command(place: "Place", protocol: "Protocol | None" = None, *, strict: bool) -> "CohortReading":
    """The cohort, in files or in parts, as ``read_whole`` gives it, with the repairs printed."""
    from training.cohort.parts.whole import read_whole

    reading = read_whole(place, protocol, strict=strict)
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
