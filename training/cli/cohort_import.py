"""`kap cohort map` and `kap cohort import`: from what a clinic has to a cohort folder."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from features.protocol.problems import CohortRefusedError, InputRefusedError, Problem
from training.cli.options.errors import FILE, FOLDER, RESULT_FILE, answers_for_mistakes

if TYPE_CHECKING:
    from training.intake.mapping import CohortMapping
    from training.intake.source import Source

KEY_NAME = ".key"
"""How the name of a key's file ends where none is given."""

DRAFT = "mapping.toml"
"""How a mapping is called that is not in a file yet."""


@click.command("map")
@click.argument("source")
@click.option("--out", type=RESULT_FILE, required=True, help="File to write: the mapping, in TOML.")
@answers_for_mistakes
def map_command(source: str, out: Path) -> None:
    """Draft the mapping of a SOURCE to a cohort: which column is what, and which value means what.

    SOURCE is a file or a folder: CSV, TSV, Excel, SPSS, Stata, SAS, a REDCap export with its data dictionary or OMOP
    tables; or the postgresql:// address of a database with OMOP tables. What the source does not tell stands in the
    mapping as a question with candidates. Answer it there, then run kap cohort import.
    """
    from training.intake.drafting.mapping_draft import draft_mapping
    from training.intake.sources.dispatch import read_source

    if out.exists():
        required = "a file that does not exist yet, so that no answers are lost"
        raise InputRefusedError([Problem(out.name, None, "--out", required, "an existing file")])
    read = read_source(source)
    text = draft_mapping(read)
    out.write_text(text, encoding="utf-8")
    for note in (note for table in read.tables.values() for note in table.notes):
        click.echo(note)
    click.echo("\n".join(_next_step(text, source, out)))


def _next_step(text: str, source: str, out: Path) -> list[str]:
    """What is asked, and the command to run afterwards."""
    import tomllib

    from training.intake.open_questions import open_questions

    document = tomllib.loads(text)
    questions = list(open_questions(document))
    written = document.get("dates", {}).get("format")
    lines = [f"dates are read as {written}, because a day above 12 tells it"] if isinstance(written, str) else []
    lines += [f"{out}: key {path}: {asked.removeprefix('an answer: ')}" for path, asked in questions]
    number = len(questions)
    asked = f"{number} question{'' if number == 1 else 's'} to answer in it" if number else "no question is open"
    return [*lines, f"wrote {out}: {asked}; then run kap cohort import {_shown(source)} DIR --map {out}"]


def _shown(source: str) -> str:
    """The source as a command names it; the address of a database may hold a password."""
    from training.intake.sources.dispatch import is_address

    return "SOURCE" if is_address(source) else source


@click.command("import")
@click.argument("source")
@click.argument("directory", type=FOLDER)
@click.option("--map", "mapping_file", type=FILE, help="The mapping; without it, one is drafted that may ask nothing.")
@click.option(
    "--key",
    "key_file",
    type=FILE,
    help="File with the key of the pseudonyms; made if absent. Default: beside the mapping, else DIR.key.",
)
@answers_for_mistakes
def import_command(source: str, directory: Path, mapping_file: Path | None, key_file: Path | None) -> None:
    """Import a SOURCE as a cohort into a new folder DIRECTORY.

    Dates become days from each patient's first dosing session, items become totals, ids become pseudonyms. Every
    conversion is counted, on the screen and in DIRECTORY/import.json. A problem is told by file, row and column of the
    source (exit code 2), and nothing is written then. Keep the key: the same key gives the same pseudonyms next time.
    """
    from training.intake.conversion.cohort_import import import_cohort, needs_key
    from training.intake.sources.dispatch import read_source

    read = read_source(source)
    mapping = _drafted(read, source) if mapping_file is None else _from_file(mapping_file, read)
    usual = (
        directory.with_name(directory.name + KEY_NAME) if mapping_file is None else mapping_file.with_suffix(KEY_NAME)
    )
    key = key_file or usual
    is_new = not key.exists()
    record = import_cohort(read, mapping, directory, key)
    click.echo("\n".join(record.sentences()))
    for line in record.not_read:
        click.echo(f"not read: {line}")
    for line in record.warnings:
        click.echo(line)
    click.echo(f"wrote {directory}; {directory / 'import.json'} has this list")
    if needs_key(mapping):
        click.echo(_about_key(key, is_new=is_new))


def _about_key(key: Path, *, is_new: bool) -> str:
    if not is_new:
        return f"pseudonyms by the key in {key}, the same as with this key before"
    return (
        f"pseudonyms by a new key in {key}, which only you may read: keep it, and apart from the cohort. "
        "With it, the next import knows the same patients; anyone who has it can find a patient by the id. "
        f"Imports by another key have other pseudonyms for the same patients{_other_keys(key)}"
    )


def _other_keys(key: Path) -> str:
    """What to do where the folder has other keys, as another mapping of the same source has."""
    others = sorted(path.name for path in key.parent.glob(f"*{KEY_NAME}") if path.name != key.name)
    if not others:
        return "."
    return f"; for those of {' or '.join(others)} beside it, import again with --key."


def _from_file(path: Path, source: Source) -> CohortMapping:
    """The mapping in a file; refused where the source has rows or columns that it does not know."""
    from training.intake.drafting.later_data import refuse_unknown_data
    from training.intake.mapping_reading import read_mapping
    from training.intake.named_columns import refuse_missing_columns

    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise InputRefusedError([Problem(path.name, None, None, "text in UTF-8", "other bytes")]) from None
    mapping = read_mapping(text, path.name, path.parent)
    refuse_missing_columns(source, mapping)
    refuse_unknown_data(source, mapping)
    return mapping


def _drafted(source: Source, location: str) -> CohortMapping:
    """The mapping as map drafts it, when it asks nothing."""
    from training.intake.drafting.mapping_draft import draft_mapping
    from training.intake.mapping_reading import read_mapping

    try:
        return read_mapping(draft_mapping(source), DRAFT)
    except CohortRefusedError as error:
        required = f"a mapping: run kap cohort map {_shown(location)} --out {DRAFT}, answer it, and import with --map"
        step = Problem(DRAFT, None, "--map", required, "open questions")
        raise CohortRefusedError([*error.problems, step]) from None
