"""`kap keys`: create, list and revoke the API keys of the service."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from training.cli.options.errors import FOLDER, Group, answers_for_mistakes

if TYPE_CHECKING:
    from serving.storage.keys import ApiKey

STATE_OPTION = click.option(
    "--state", type=FOLDER, default=None, help="The service's folder; default: KAP_STATE, or ./kap-state."
)


@click.group(cls=Group)
def keys() -> None:
    """Create, list and revoke the API keys of the service.

    \b
      kap keys create --name "ward 3" --scope predict --per-minute 60
      kap keys list
      kap keys revoke 1f0c9a3e

    The service's database stores hashes of the keys: predictions.db in its folder, or the database in KAP_LOG. After
    the first key is created, every request needs a key, and other machines may send requests. A running service
    accepts a new key, and refuses a revoked one, within seconds.
    """


@keys.command()
@click.option("--name", required=True, help="Owner of the key, 1 to 64 characters; shown in lists.")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    default=("predict", "read"),
    show_default=True,
    help="Permission, repeatable: predict, read (the model and the metrics), admin (everything).",
)
@click.option("--expires-in-days", type=int, default=365, show_default=True, help="Days until it expires, up to 3650.")
@click.option("--per-minute", type=int, default=600, show_default=True, help="Requests a minute, on each host.")
@STATE_OPTION
@answers_for_mistakes
def create(name: str, scopes: tuple[str, ...], expires_in_days: int, per_minute: int, state: Path | None) -> None:
    """Create a key. Its token is printed once, alone on standard output, and can't be shown again.

    \b
      (umask 077; kap keys create --name "ward 3" --scope predict --expires-in-days 90 > ward-3.token)

    Give the token only to that caller, for the header "Authorization: Bearer TOKEN". Never pass it as an argument of a
    command: every user of a machine can read arguments.
    """
    from serving.storage.keys import create_key
    from serving.storage.settings import load_settings
    from serving.storage.state import begin_state

    settings = load_settings(state)
    begun = settings.secret_path.exists()
    kept = begin_state(settings)
    if not begun:
        click.echo(f"created a new log and a new secret: {settings.secret_path.absolute()}", err=True)
    key, token = create_key(
        kept.engine, kept.secret, name, scopes, per_minute=per_minute, expires_in_days=expires_in_days
    )
    may = ", ".join(key.scopes)
    click.echo(
        f"key {key.id} for {key.name}: {may}; {key.per_minute} a minute; until {key.expires_at:%Y-%m-%d}\n"
        "The token follows. It can't be shown again:",
        err=True,
    )
    click.echo(token)


@keys.command(name="list")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON array.")
@STATE_OPTION
@answers_for_mistakes
def show(as_json: bool, state: Path | None) -> None:
    """List every key, also revoked and expired ones: id, status, dates, limit, scopes and name."""
    from serving.storage.keys import list_keys
    from serving.storage.settings import load_settings
    from serving.storage.state import open_state

    now = datetime.now(UTC)
    found = list_keys(open_state(load_settings(state)).engine)
    if as_json:
        click.echo(json.dumps([_document(key, now) for key in found], indent=2))
        return
    for key in found:
        lasts = f"{key.created_at:%Y-%m-%d} to {key.expires_at:%Y-%m-%d}"
        click.echo(
            f"{key.id}  {key.status(now):<7}  {lasts}  {key.per_minute:>7}/min  {' '.join(key.scopes):<18}  {key.name}"
        )
    if not found:
        click.echo("no keys yet; kap keys create makes the first one")


@keys.command()
@click.argument("key_id", metavar="ID")
@STATE_OPTION
@answers_for_mistakes
def revoke(key_id: str, state: Path | None) -> None:
    """Revoke the key ID permanently; a running service refuses it within seconds."""
    from serving.storage.keys import revoke_key
    from serving.storage.settings import load_settings
    from serving.storage.state import open_state

    kept = open_state(load_settings(state))
    key = revoke_key(kept.engine, kept.secret, key_id)
    click.echo(f"key {key.id} for {key.name} is revoked since {key.revoked_at:%Y-%m-%d %H:%M:%S} UTC")


def _document(key: "ApiKey", at: datetime) -> dict[str, str | int | list[str] | None]:
    return {
        "id": key.id,
        "name": key.name,
        "scopes": list(key.scopes),
        "per_minute": key.per_minute,
        "created_at": key.created_at.isoformat(),
        "expires_at": key.expires_at.isoformat(),
        "revoked_at": None if key.revoked_at is None else key.revoked_at.isoformat(),
        "status": key.status(at),
    }
