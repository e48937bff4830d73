"""`--acknowledge CHECK --by NAME --reason TEXT`: a named person takes responsibility for a failed leakage check."""

import functools
from collections.abc import Callable
from typing import Any

import click

ACKNOWLEDGE = click.option(
    "--acknowledge",
    multiple=True,
    metavar="CHECK",
    help="Train although this leakage check fails: duplicated-patients, future-perturbation, implausible-features or "
    "shuffled-outcomes; repeatable.",
)
BY = click.option(
    "--by",
    default=None,
    metavar="NAME",
    help="Who trains, and acknowledges what is acknowledged; default: the account.",
)


def acknowledges(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the three options, as ``acknowledged`` and ``by``; raises ``InputRefusedError``."""

    @ACKNOWLEDGE
    @BY
    @click.option("--reason", default=None, metavar="TEXT", help="Why this is no leak; with --acknowledge.")
    @functools.wraps(command)
    def answered(*args: Any, acknowledge: tuple[str, ...], by: str | None, reason: str | None, **kwargs: Any) -> None:
        from training.leakage.acknowledgement import acknowledgements

        command(*args, acknowledged=acknowledgements(acknowledge, by, reason, "train"), by=by, **kwargs)

    return answered
