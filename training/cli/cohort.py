"""`kap cohort`: simulate, check and inspect a cohort folder."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from features.protocol.problems import InputRefusedError
from training.cli.cohort_exports import export, features, outcomes, schema
from training.cli.cohort_import import import_command, map_command
from training.cli.options.errors import FOLDER, FOLDER_OR_URL, Group, answers_for_mistakes
from training.cli.options.jobs import runs_jobs
from training.cli.options.reading import STRICT_OPTION, read_for_command, reading_lines

if TYPE_CHECKING:
    from training.cohort.parts.remote import Place
    from training.plausibility.checked_content import CheckedContent


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
    from training.cli.options.progress import Progress
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
@click.argument("place", metavar="DIRECTORY", type=FOLDER_OR_URL)
@click.option("--by-site", is_flag=True, help="Show the scores of each site too.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object with everything, per site too.")
@STRICT_OPTION
@answers_for_mistakes
@runs_jobs
def check(place: "Place", *, by_site: bool, as_json: bool, strict: bool, workers: int) -> None:
    """Check a cohort folder and count the patients analysed.

    Each problem is listed by file, row and column; values are not shown (exit code 2). A line has ten rows or runs of
    rows and the number of the others; --json has all. For a valid cohort the command
    prints rows, days, missing values, scores per instrument, records that no rule uses, and per landmark who is left
    out and why. At the end it lists what the reader repaired, such as TRUE for true, what it does not read, and a
    warning for everything that may falsify outcomes, with what to do.

    A cohort in parts (patients/site=north/part-0.parquet) is checked part by part, on --workers processes or on the
    --cluster. DIRECTORY may then be a URL that fsspec understands, such as s3://bucket/cohort. Counts and scores are
    those of all parts; a warning is of one part, and lists it by its file.
    """
    from training.cli.options.progress import Progress
    from training.cli.texts.check_text import as_document, as_text, refused_document
    from training.cohort.parts.part import is_in_parts
    from training.cohort.reader import describe_problems
    from training.plausibility.part_check import check_parts, with_findings_summarised

    try:
        if isinstance(place, Path) and not is_in_parts(place):
            content = _checked_files(place, strict=strict)
        else:
            with Progress() as progress:
                content = check_parts(place, workers, progress.count, strict=strict)
    except InputRefusedError as error:
        if as_json:
            click.echo(json.dumps(refused_document(describe_problems(error.problems, all_rows=True))))
        raise
    if as_json:
        click.echo(json.dumps(as_document(content)))
        return
    read = content.check
    lines = reading_lines(read.repairs, (*read.columns_not_read, *read.files_not_read))
    click.echo(as_text(with_findings_summarised(content), lines, by_site=by_site))


def _checked_files(directory: Path, *, strict: bool) -> "CheckedContent":
    from training.cohort.reader import read_with_repairs
    from training.plausibility.checked_content import checked_content
    from training.plausibility.cohort_check import check_cohort

    reading = read_with_repairs(directory, strict=strict)
    return checked_content(reading.cohort, check_cohort(reading, directory))


@cohort.command()
@click.argument("directory", type=FOLDER)
@click.argument("patient")
@STRICT_OPTION
@answers_for_mistakes
def explain(directory: Path, patient: str, *, strict: bool) -> None:
    """Show which ratings decide one PATIENT's outcomes, and by which rule.

    This is the only command that prints values of a patient's record.
    """
    from training.outcomes.explanation import explain_outcomes

    click.echo(explain_outcomes(read_for_command(directory, strict=strict).cohort, patient))


for _command in (outcomes, features, schema, export):
    cohort.add_command(_command)


def _refuse_unless_new(directory: Path) -> None:
    from features.protocol.problems import Problem

    if directory.exists() and (not directory.is_dir() or any(directory.iterdir())):
        raise InputRefusedError(
            [
                Problem(
                    directory.name, None, None, "a folder that is new or empty; name another one", "a folder with files"
                )
            ]
        )


cohort.add_command(map_command)
cohort.add_command(import_command)
