"""Options for seals and their time stamps, which `kap history` and `kap audit log` share, and what is said of them."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from features.protocol.problems import InputRefusedError, Problem
from training.cli.options.errors import FILE

if TYPE_CHECKING:
    from training.timestamps import TimestampCheck

NOT_CHECKED = 5
"""Exit code: nothing is wrong, and something could not be checked."""
Command = TypeVar("Command", bound=Callable[..., Any])


def timestamp_options(command: Command) -> Command:
    """`--timestamp` and `--timestamp-certificates`."""
    url = click.option(
        "--timestamp", default=None, metavar="URL", help="Authority (RFC 3161) that stamps the seal; writes FILE.tsr."
    )
    roots = click.option(
        "--timestamp-certificates",
        "certificates",
        type=FILE,
        default=None,
        help="The authority's root certificates (PEM), to check FILE.tsr beside the file of --since.",
    )
    return url(roots(command))


def require_new_seal(seal: Path | None, timestamp: str | None) -> None:
    """Raise ``InputRefusedError`` for a seal whose file, or time stamp, is there, and for a time stamp of no seal."""
    from training.timestamps import require_address, stamp_path

    if timestamp is not None:
        require_address(timestamp)
        if seal is None:
            raise InputRefusedError([Problem("--timestamp", None, None, "--seal FILE, which is stamped", "no --seal")])
    for path in () if seal is None else (seal, stamp_path(seal)):
        if path.exists():
            raise InputRefusedError([Problem(path.name, None, None, "the name of a new file", "an existing file")])


def require_since(since: Iterable[Path], *options: Path | None) -> None:
    """Raise ``InputRefusedError`` for certificates or a key to check an earlier seal with, if no seal is given."""
    if any(options) and not any(since):
        required, found = "an earlier seal to check, --since FILE", "no --since"
        raise InputRefusedError([Problem("--since", None, None, required, found)])


def write_sealed(seal: Path, text: str, timestamp: str | None) -> None:
    """Write a seal, and beside it the time stamp that an authority gave; neither without the other."""
    from training.timestamps import request_stamp, stamp_path

    stamp = None if timestamp is None else request_stamp(text.encode("utf-8"), timestamp)
    seal.write_text(text, encoding="utf-8", newline="\n")
    click.echo(f"seal written to {seal}", err=True)
    if stamp is not None:
        stamp_path(seal).write_bytes(stamp)
        click.echo(f"time stamp written to {stamp_path(seal)}", err=True)


def checked_stamps(seals: Iterable[Path], certificates: Path | None) -> "list[TimestampCheck]":
    """The time stamps beside seals, checked; with certificates each seal must have one."""
    from training.timestamps import check_stamp

    found = (check_stamp(seal, certificates) for seal in seals)
    return [check for check in found if check is not None]


def stamp_findings(checks: "Iterable[TimestampCheck]") -> list[str]:
    """What is wrong with time stamps."""
    return [f"time stamp {check.file}: {check.wrong}" for check in checks if check.wrong]


def stamp_text(check: "TimestampCheck") -> str:
    """What is known of a time stamp in which nothing is wrong."""
    when = f"{check.at:%Y-%m-%dT%H:%M:%SZ}" if check.at else "an unknown time"
    if check.checked:
        return f"time stamp {check.file}: the seal was there at {when}"
    return f"time stamp {check.file}: not checked, says {when}; give --timestamp-certificates PEM"
