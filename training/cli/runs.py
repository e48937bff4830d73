"""`kap runs`: the trainings of the store."""

import json
from dataclasses import asdict

import click

from training.cli.options.errors import answers_for_mistakes
from training.cli.options.stored import reads_store


@click.command()
@click.option("--limit", type=click.IntRange(min=1), default=10, show_default=True, help="Number of trainings.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON list, with the whole ids.")
@answers_for_mistakes
@reads_store
def runs(limit: int, *, as_json: bool) -> None:
    """List the last trainings with version, cohort and headline figures, the newest first.

    At every landmark there is the winner of each head with its AUC (remission) or C-index (relapse) on held-out
    patients. Updates by kap recalibrate are listed too. The trainings are those of ./mlflow.db, or of the server in
    MLFLOW_TRACKING_URI.
    """
    from training.cli.texts.runs_text import runs_text
    from training.tracking.runs import list_trainings

    found = list_trainings(limit)
    click.echo(json.dumps([asdict(one) for one in found], indent=2) if as_json else runs_text(found))
