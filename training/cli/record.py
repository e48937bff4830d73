"""`kap record`: records a training that was kept in a folder because its recording had failed."""

from pathlib import Path

import click

from training.cli.options.errors import FOLDER, answers_for_mistakes


@click.command()
@click.argument("folder", type=FOLDER)
@answers_for_mistakes
def record(folder: Path) -> None:
    """Record the training kept in FOLDER, which kap train names when it can't record it.

    The run goes to the store of MLFLOW_TRACKING_URI, as the training's would have. It holds the same figures and, byte
    for byte, the same bundle, and it is registered and sealed as any training. FOLDER stays as it is; delete it
    afterwards, because it holds predictions for patients under pseudonyms.

    A folder that was changed is refused, and so is one that is recorded already.
    """
    from training.cli.options.progress import Progress
    from training.registry.names import version_for_commands
    from training.tracking.kept import read_kept
    from training.tracking.links import place_lines
    from training.tracking.transfer import record_kept

    kept = read_kept(folder)
    with Progress() as progress:
        recorded = record_kept(kept, lambda part: progress.step(f"recording {part}"))
    version = version_for_commands(recorded.model, recorded.model_version)
    made = f"registered as version {recorded.model_version} of {recorded.model}, run {recorded.run_id}"
    rest = f'{folder} is recorded; delete it\nnext: kap promote {version} --reason "..."'
    click.echo("\n".join([made, *place_lines(recorded.link, recorded.report), rest]))
