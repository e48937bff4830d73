"""`kap cohort outcomes`, `features`, `schema` and `export`: a cohort for the tools of others."""

from collections.abc import Mapping
from pathlib import Path

import click

from features.protocol.problems import InputRefusedError, Problem
from training.cli.errors import EXISTING_FILE, FOLDER, answers_for_mistakes

TABLE_OPTION = click.option("--out", type=EXISTING_FILE, required=True, help="File to write: .csv or .parquet.")


@click.command()
@click.argument("directory", type=FOLDER)
@TABLE_OPTION
@answers_for_mistakes
def outcomes(directory: Path, out: Path) -> None:
    """Write the outcomes of every patient at every landmark.

    Remission and sustained remission are yes, no or not_observed. A missing rating never counts as no.
    """
    from training.cohort.reader import read_cohort
    from training.exports.patient_tables import write_outcomes

    _refuse_table_name(directory, out)
    _report(out, write_outcomes(read_cohort(directory), out))


@click.command()
@click.argument("directory", type=FOLDER)
@TABLE_OPTION
@answers_for_mistakes
def features(directory: Path, out: Path) -> None:
    """Write the features of every patient at every landmark reached.

    The rows are those from which a model is fitted and a prediction is made. A feature is missing if its record is.
    """
    from training.cohort.reader import read_cohort
    from training.exports.patient_tables import write_features

    _refuse_table_name(directory, out)
    _report(out, write_features(read_cohort(directory), out))


@click.command()
@click.argument("directory", type=FOLDER, required=False)
@click.option("--out", type=EXISTING_FILE, required=True, help="File to write, for example datapackage.json.")
@answers_for_mistakes
def schema(directory: Path | None, out: Path) -> None:
    """Write a Data Package descriptor, by which other tools check the tables of a cohort.

    With DIRECTORY it lists the tables of that cohort, with paths relative to the descriptor. Without, it describes the
    format under the default protocol, as five CSV files beside the descriptor. A descriptor beside the tables is not
    read by any other command.
    """
    from training.exports.data_package import describe_folder, describe_format, write_descriptor

    write_descriptor(describe_format() if directory is None else describe_folder(directory, out.parent), out)
    click.echo(f"wrote {out}")


@click.command()
@click.argument("directory", type=FOLDER)
@click.option("--to", "target", type=click.Choice(["meds"]), required=True, help="Format: meds.")
@click.option("--out", type=FOLDER, required=True, help="New or empty folder to write.")
@answers_for_mistakes
def export(directory: Path, target: str, out: Path) -> None:  # noqa: ARG001 - one target so far
    """Write a cohort in a format of others: --to meds for the Medical Event Data Standard 0.4.

    The folder gets the record of every patient, labels per landmark, and the meaning of every code. Days become times
    that count from 2000-01-01, which is no real date.
    """
    from training.cohort.reader import read_cohort
    from training.exports.meds_dataset import describe_dataset, write_dataset

    click.echo("\n".join(describe_dataset(write_dataset(read_cohort(directory), out), out)))


def _report(out: Path, marked: Mapping[str, int]) -> None:
    from training.exports.table_file import describe_marked

    click.echo("\n".join([f"wrote {out}", *describe_marked(marked)]))


def _refuse_table_name(directory: Path, out: Path) -> None:
    """A result may not replace a table of the cohort, nor stand where the next reader takes it for one."""
    from features.protocol.columns import TABLES
    from training.exports.table_file import require_table_file

    require_table_file(out)
    if out.parent.resolve() == directory.resolve() and out.name.casefold().partition(".")[0] in TABLES:
        required = "another name, or another folder than the cohort's"
        raise InputRefusedError([Problem("--out", None, None, required, "the name of a table of the cohort")])
