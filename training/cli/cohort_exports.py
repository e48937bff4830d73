"""`kap cohort outcomes`, `features`, `schema` and `export`: a cohort for the tools of others."""

from collections.abc import Mapping
from pathlib import Path

import click

from features.protocol.problems import InputRefusedError, Problem
from training.cli.options.errors import FOLDER, RESULT_FILE, answers_for_mistakes
from training.cli.options.reading import STRICT_OPTION, read_for_command

TABLE_OPTION = click.option("--out", type=RESULT_FILE, required=True, help="File to write: .csv or .parquet.")


@click.command()
@click.argument("directory", type=FOLDER)
@TABLE_OPTION
@STRICT_OPTION
@answers_for_mistakes
def outcomes(directory: Path, out: Path, *, strict: bool) -> None:
    """Write the outcomes of every patient at every landmark.

    Remission and sustained remission are yes, no or not_observed. A missing rating never counts as no.
    """
    from training.exports.patient_tables import write_outcomes

    require_result_file(directory, out)
    _report(out, write_outcomes(read_for_command(directory, strict=strict).cohort, out))


@click.command()
@click.argument("directory", type=FOLDER)
@TABLE_OPTION
@STRICT_OPTION
@answers_for_mistakes
def features(directory: Path, out: Path, *, strict: bool) -> None:
    """Write the features of every patient at every landmark reached.

    The rows are those from which a model is fitted and a prediction is made. A feature is missing if its record is.
    """
    from training.exports.patient_tables import write_features

    require_result_file(directory, out)
    _report(out, write_features(read_for_command(directory, strict=strict).cohort, out))


@click.command()
@click.argument("directory", type=FOLDER, required=False)
@click.option("--out", type=RESULT_FILE, required=True, help="File to write, for example datapackage.json.")
@answers_for_mistakes
def schema(directory: Path | None, out: Path) -> None:
    """Write a Data Package descriptor, by which other tools check the tables of a cohort.

    With DIRECTORY it lists the tables of that cohort, with paths relative to the descriptor. Without, it describes the
    format under the default protocol, as five CSV files beside the descriptor. A descriptor beside the tables is not
    read by any other command.
    """
    from training.exports.data_package import describe_folder, describe_format, write_descriptor

    if directory is not None:
        _refuse_table_name(directory, out)
    write_descriptor(describe_format() if directory is None else describe_folder(directory, out.parent), out)
    click.echo(f"wrote {out}")


@click.command()
@click.argument("directory", type=FOLDER)
@click.option("--to", "target", type=click.Choice(["meds"]), required=True, help="Format: meds.")
@click.option("--out", type=FOLDER, required=True, help="New or empty folder to write.")
@STRICT_OPTION
@answers_for_mistakes
def export(directory: Path, target: str, out: Path, *, strict: bool) -> None:  # noqa: ARG001 - one target so far
    """Write a cohort in a format of others: --to meds for the Medical Event Data Standard 0.4.

    The folder gets the record of every patient, labels per landmark, and the meaning of every code. Days become times
    that count from 2000-01-01, which is no real date.
    """
    from training.exports.meds_dataset import describe_dataset, write_dataset

    _refuse_table_name(directory, out)
    click.echo("\n".join(describe_dataset(write_dataset(read_for_command(directory, strict=strict).cohort, out), out)))


def _report(out: Path, marked: Mapping[str, int]) -> None:
    from training.exports.table_file import describe_marked

    click.echo("\n".join([f"wrote {out}", *describe_marked(marked)]))


def require_result_file(directory: Path | None, out: Path) -> None:
    """Refuse a result of another kind than CSV or Parquet, and one that would be taken for a table of the cohort."""
    from training.exports.table_file import require_table_file

    require_table_file(out)
    if directory is not None:
        _refuse_table_name(directory, out)


def _refuse_table_name(directory: Path, out: Path) -> None:
    """A result may not replace a table of the cohort, nor have a name that makes every later reading fail."""
    from training.cohort.file_names import meant_table

    if out.parent.resolve() == directory.resolve() and meant_table(out.name) is not None:
        required = "another name, or another folder than the cohort's"
        raise InputRefusedError([Problem("--out", None, None, required, "a name like that of a table of the cohort")])
