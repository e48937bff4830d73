"""`kap promote`, `kap rollback` and `kap history`: who answers, who decided it, and on what numbers."""

import click

from training.cli_guard import answers_for_mistakes


@click.command()
@click.argument("version")
@click.option("--reason", required=True, help="Why this version; kept with it.")
@answers_for_mistakes
def promote(version: str, reason: str) -> None:
    """Make VERSION of the registered model the champion, and hand it to the service.

    The bundle is checked first; the service takes it from BentoML's model store, so it needs no MLflow to run.
    """
    from training.release import promote as promote_version

    done = promote_version(version, reason)
    click.echo(f"version {done.version} is champion; served as {done.serving_tag}, bundle {done.bundle_digest[:12]}")
