"""`kap report`: the report of a registered version as HTML or for Word, and the questions that its authors answer."""

from pathlib import Path

import click

from features.protocol.problems import InputRefusedError, Problem
from training.cli.options.errors import FILE, FOLDER, RESULT_FILE, answers_for_mistakes
from training.cli.options.stored import reads_store

TEMPLATE = "template"


@click.command()
@click.argument("version", metavar="VERSION|template")
@click.argument("directory", type=FOLDER, required=False)
@click.option("--to", "form", type=click.Choice(["html", "docx"]), default="html", show_default=True, help="Format.")
@click.option("--out", type=RESULT_FILE, default=None, help="File to write; default: report-VERSION and its format.")
@click.option("--study", type=FILE, default=None, help="study.toml to use instead of the recorded one.")
@answers_for_mistakes
@reads_store
def report(version: str, directory: Path | None, form: str, out: Path | None, study: Path | None) -> None:
    """Write the report of a registered VERSION (or an alias) again, or draft study.toml for its authors.

    The report is made from what the run of the version recorded, with the decisions and external evaluations up to
    now. --study gives the authors' answers later: the report says so, with the file's digest, and the run stays as it
    was. --to docx is for journals: Word's own tables, and figures as pictures with captions and alternative texts.

    kap report template DIRECTORY drafts DIRECTORY/study.toml, and kap report template --out FILE drafts FILE: every
    item of TRIPOD+AI and PROBAST+AI that only the authors can answer, as a question above its key. Answers that are
    already in the file stay. kap train records the file beside a cohort's tables with the training.
    """
    if version == TEMPLATE:
        _draft(directory, out)
    else:
        _refuse_directory(directory)
        _write(version, form, out, study)


def _refuse_directory(directory: Path | None) -> None:
    if directory is not None:
        required = f"a folder only for kap report {TEMPLATE}"
        raise InputRefusedError([Problem("report", None, "DIRECTORY", required, "one beside a version")])


def _draft(directory: Path | None, out: Path | None) -> None:
    from training.cohort.file_names import STUDY_FILE, require_folder
    from training.report.authors.draft import draft_study
    from training.report.authors.reader import read_study

    if (directory is None) == (out is None):
        required = "a folder, or --out and a file to write"
        raise InputRefusedError([Problem("report", None, "--out", required, "both" if out else "neither")])
    if directory is not None:
        require_folder(directory)
    path = out or Path(directory or ".") / STUDY_FILE
    existing = read_study(path).document if path.exists() else ""
    path.write_text(draft_study(existing), encoding="utf-8")
    click.echo(f"wrote {path}: answer what you can, and leave the rest empty")


def _write(version: str, form: str, out: Path | None, study: Path | None) -> None:
    from training.registry.release import check_store
    from training.report.authors.reader import read_study
    from training.report.page.page import compose_report, render_report
    from training.tracking.report import recorded_report

    given = None if study is None else read_study(study)
    check_store()
    evidence, about = recorded_report(version, given)
    path = out or Path(f"report-{about.model_version}.{form}")
    if form == "docx":
        from training.report.word.document import word_report

        path.write_bytes(word_report(compose_report(evidence, about)))
    else:
        path.write_text(render_report(evidence, about), encoding="utf-8")
    click.echo(f"wrote {path}")
