"""`kap cohort`: simulate, check and inspect a cohort folder."""

from pathlib import Path
from typing import Literal

import click

from features.protocol.problems import InputRefusedError
from training.cli.cohort_import import import_command, map_command
from training.cli.errors import EXISTING_FILE, FOLDER, Group, answers_for_mistakes


@click.group(cls=Group)
def cohort() -> None:
    """Simulate, check and inspect a cohort folder."""


@cohort.command()
@click.argument("directory", type=FOLDER)
@click.option(
    "--patients", type=click.IntRange(min=1, max=5_000_000), default=2500, show_default=True, help="Number of patients."
)
@click.option("--sites", type=click.IntRange(min=1, max=1000), default=8, show_default=True, help="Number of sites.")
@click.option("--seed", type=click.IntRange(min=0), default=7, show_default=True, help="Random seed.")
@click.option(
    "--format",
    "file_format",
    type=click.Choice(["csv", "parquet"]),
    default="csv",
    show_default=True,
    help="Format of the tables.",
)
@answers_for_mistakes
def simulate(directory: Path, patients: int, sites: int, seed: int, file_format: Literal["csv", "parquet"]) -> None:
    """Write a SYNTHETIC cohort into a new folder DIRECTORY.

    Its patients do not exist. Their true risks go to truth.parquet, which no training reads.
    """
    from training.cli.progress import Progress
    from training.simulation.cohort import simulate_cohort, write_cohort

    _refuse_unless_new(directory)
    with Progress() as progress:
        progress.step("drawing patients")
        drawn = simulate_cohort(patients, sites, seed)
        progress.step("writing tables")
        write_cohort(drawn, directory, file_format)
    people, places = f"{patients:,} patient{'' if patients == 1 else 's'}", f"{sites:,} site{'' if sites == 1 else 's'}"
    click.echo(f"wrote a synthetic cohort of {people} at {places} to {directory}")


@cohort.command()
@click.argument("directory", type=FOLDER)
@answers_for_mistakes
def check(directory: Path) -> None:
    """Check a cohort folder and count the patients analysed.

    Each problem is listed by file, row and column; values are not shown (exit code 2). For a valid cohort the command
    prints rows, days, missing values, records that no rule uses, and per landmark who is left out and why.
    """
    from training.cohort.reader import ignored_files, read_cohort
    from training.cohort.summary import analysis_flow, cohort_summary, render_summary
    from training.cohort.unused import render_unused, unused_records

    read = read_cohort(directory)
    click.echo(render_summary(cohort_summary(read), analysis_flow(read), render_unused(unused_records(read))))
    ignored = ignored_files(directory)
    if ignored:
        click.echo(f"not read: {', '.join(ignored)}")


@cohort.command()
@click.argument("directory", type=FOLDER)
@click.option("--out", type=EXISTING_FILE, required=True, help="File to write: .csv or .parquet.")
@answers_for_mistakes
def outcomes(directory: Path, out: Path) -> None:
    """Write the outcomes of every patient at every landmark.

    Remission and sustained remission are yes, no or not_observed. A missing rating never counts as no.
    """
    from training.cohort.reader import read_cohort
    from training.outcomes.table import write_outcomes

    write_outcomes(read_cohort(directory), out)
    click.echo(f"wrote {out}")


@cohort.command()
@click.argument("directory", type=FOLDER)
@click.argument("patient")
@answers_for_mistakes
def explain(directory: Path, patient: str) -> None:
    """Show which ratings decide one PATIENT's outcomes, and by which rule.

    This is the only command that prints values of a patient's record.
    """
    from training.cohort.reader import read_cohort
    from training.outcomes.explanation import explain_outcomes

    click.echo(explain_outcomes(read_cohort(directory), patient))


def _refuse_unless_new(directory: Path) -> None:
    from features.protocol.problems import Problem

    if directory.exists() and (not directory.is_dir() or any(directory.iterdir())):
        raise InputRefusedError(
            [Problem(directory.name, None, None, "a folder that is new or empty", "a folder with files")]
        )


cohort.add_command(map_command)
cohort.add_command(import_command)
