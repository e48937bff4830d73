"""What the commands on decisions share: options, the answer to a broken chain, and how a decision is called."""

import getpass
import os
import sys
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from training.cli.options.errors import EVIDENCE, FILE

if TYPE_CHECKING:
    from training.registry.decisions import Decision


def answers_for_broken_chains(command: Callable[..., None]) -> Callable[..., None]:
    """Refuse a new decision if earlier ones were changed: print the findings, exit code 4.

    The passphrase of a locked key is asked for first, where somebody sits before a terminal.
    """

    @wraps(command)
    def guarded(*args: Any, **kwargs: Any) -> None:
        from features.protocol.shortening import shortened
        from training.failures import ChainBrokenError

        try:
            _ask_passphrase(kwargs.get("by"), kwargs.get("by_key", kwargs.get("key")))
            command(*args, **kwargs)
        except ChainBrokenError as error:
            for finding in shortened(error.findings):
                click.echo(finding, err=True)
            click.echo(
                "refused: earlier decisions were changed or lost; restore them from a backup first (see kap history)",
                err=True,
            )
            sys.exit(EVIDENCE)

    return guarded


def _ask_passphrase(by: str | None, key: Path | None) -> None:
    from training.decisions.keys import PASSPHRASE, key_file, needs_passphrase

    path = key or key_file(by or getpass.getuser())
    if needs_passphrase(path) and PASSPHRASE not in os.environ and sys.stdin.isatty():
        os.environ[PASSPHRASE] = click.prompt(f"passphrase of {path}", hide_input=True)


BY = click.option("--by", default=None, metavar="NAME", help="Who decides; default: your account's name.")
WHO = click.option("--by", required=True, metavar="NAME", help="Who signs; kept permanently.")
KEY = click.option(
    "--key",
    type=FILE,
    default=None,
    help="The key of NAME; default: NAME.pem in KAP_SIGNING_KEYS or ~/.config/kap/keys.",
)
MODEL_NAME_OPTION = click.option(
    "--model-name",
    default=None,
    metavar="NAME",
    help="Registered model; default: kap-outcomes, or the only one in the registry.",
)


def named(decision: "Decision") -> str:
    """A decision for a message."""
    return f"decision {decision.number} ({decision.action} version {decision.version})"


def say_first_key(name: str, file: Path | None) -> None:
    """Say that a key was made for a name, and where it is."""
    if file is not None:
        click.echo(
            f"made a key for {name}: {file}; it signs what {name} decides, so keep it and let nobody else read it",
            err=True,
        )
