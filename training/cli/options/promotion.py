"""Options of the commands that promote: why, on which cohort and policy, for which tier, and who signs the copy."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from features.protocol.problems import InputRefusedError, Problem
from training.cli.options.errors import FILE, FOLDER

if TYPE_CHECKING:
    from training.handover.signing import CopySigner

Command = TypeVar("Command", bound=Callable[..., None])
TIERS = ("research", "shadow", "clinic")
"""Those of `models.promotion`, whose import takes a second that `kap --help` need not wait."""

REASON = click.option("--reason", required=True, help="Why this version, in one line; kept permanently.")
COHORT = click.option("--cohort", type=FOLDER, default=None, help="The cohort that VERSION was trained or updated on.")
POLICY = click.option("--policy", "policy_file", type=FILE, default=None, help="TOML file that overrides [policy].")
TIER = click.option(
    "--tier",
    type=click.Choice(TIERS),
    default="clinic",
    show_default=True,
    help="What each question is promoted for: the clinic, shadow (logged, not given), or research.",
)
NARROWER = click.option(
    "--narrower", is_flag=True, help="Accept that the service no longer answers some questions of the champion."
)


def signing_options(command: Command) -> Command:
    """The three options that say who signs the served copy."""
    key = click.option(
        "--sign", default=None, metavar="KEY", help="Sign the served copy with this private key (PEM, or pkcs11: URI)."
    )
    certificate = click.option("--sign-certificate", type=FILE, default=None, help="The certificate of KEY (PEM).")
    chain = click.option(
        "--sign-chain", type=FILE, multiple=True, help="A certificate between it and an authority (PEM); repeatable."
    )
    return key(certificate(chain(command)))


def signer_of(sign: str | None, certificate: Path | None, chain: tuple[Path, ...]) -> "CopySigner | None":
    """The signer that the options name; ``None`` without a key. Raises ``InputRefusedError`` for half of a signer."""
    if sign is None:
        if certificate is not None or chain:
            raise InputRefusedError([Problem("signature", None, "--sign", "the key of the certificate", "no key")])
        return None
    from training.handover.signing import CopySigner

    return CopySigner(sign, certificate, chain)
