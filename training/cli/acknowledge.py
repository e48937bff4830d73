"""`--acknowledge CHECK --by NAME --reason TEXT`: somebody answers for training on although a leakage check failed."""

import functools
from collections.abc import Callable
from typing import Any

import click

ACKNOWLEDGE = click.option(
    "--acknowledge",
    multiple=True,
    metavar="CHECK",
    help="Go on although this leakage check fails: duplicated-patients, future-perturbation, implausible-features or "
    "shuffled-outcomes; repeatable.",
)
BY = click.option("--by", default=None, metavar="NAME", help="Who answers for it; with --acknowledge.")


def acknowledges(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the three options, and what they say as ``acknowledged``; a mistake in them is the user's."""

    @ACKNOWLEDGE
    @BY
    @click.option("--reason", default=None, metavar="TEXT", help="Why this is no leak; with --acknowledge.")
    @functools.wraps(command)
    def answered(*args: Any, acknowledge: tuple[str, ...], by: str | None, reason: str | None, **kwargs: Any) -> None:
        from training.leakage.acknowledgement import acknowledgements

        command(*args, acknowledged=acknowledgements(acknowledge, by, reason, "train"), **kwargs)

    return answered
