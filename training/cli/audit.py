"""`kap audit verify`, `export` and `dossier`: check the record of a model, hand it over, and write it as a document.

Exit codes of `verify`: 0 every check passed, 4 at least one failed, 5 none failed but some could not be made.
"""

import getpass
import json
import os
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from features.protocol.problems import InputRefusedError, Problem
from training.cli.options.errors import FILE, FOLDER, RESULT_FILE, Group, answers_for_mistakes

if TYPE_CHECKING:
    from training.cli.options.progress import Progress
    from training.verdicts import Verdict

PACKAGE = ".zip"
"""The ending by which a package is told from a run."""
MARKS = {"passed": "passed", "failed": "FAILED", "not checked": "not checked", "does not apply": "n/a"}


@click.group(cls=Group)
def audit() -> None:
    """Check the record behind a model or a prediction, and write it for an auditor."""


@audit.command()
@click.argument("run")
@click.option("--data", type=FOLDER, default=None, help="The development cohort; without it nothing is retrained.")
@click.option("--workers", type=click.IntRange(min=1), default=None, help="Processes; default: all cores.")
@click.option("--every-file", is_flag=True, help="Read every artifact behind a tracking server, a request each.")
@click.option(
    "--trusted-key", type=FILE, default=None, help="For a package: the public key (PEM) of who must have signed it."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object as the last line.")
@answers_for_mistakes
def verify(
    run: str,
    data: Path | None,
    workers: int | None,
    *,
    every_file: bool,
    trusted_key: Path | None,
    as_json: bool,
) -> None:
    """Check the record of RUN: a training's run, a registered version, an alias such as champion, or a package.

    The command compares the record, the artifacts, the model, the registry, the decisions and the served copy with the
    seal of the training. With --data it also derives outcomes and features again, retrains and evaluates the model
    again, and compares the bytes. On another processor family it compares numbers within 1e-6. A retraining takes as
    long as the training.

    Behind a tracking server the files are read from the sealed archive of the run, and compared with the store by name
    and size; --every-file reads each of them there.

    A package is a file of kap audit export, FILE.zip. It is checked in the same way, without MLflow or its stores. What
    is served can't be seen in a package.

    Exit codes: 0 every check that applies passed, 3 the artifacts are not found here, 4 at least one failed, 5 none
    failed but some could not be made.
    """
    from training.cli.options.progress import Progress
    from training.verdicts import exit_code

    with Progress() as progress:
        if run.endswith(PACKAGE):
            verdicts = _verified_package(Path(run), data, trusted_key, workers, progress)
        else:
            _refuse_key(trusted_key)
            from training.audit.audit import verify as verify_training
            from training.registry.release import check_store

            progress.step("opening the store")
            check_store()
            progress.step("checking the record and retraining" if data else "checking the record")
            verdicts = verify_training(run, data, workers or os.cpu_count() or 1, progress.count, every_file=every_file)
    if as_json:
        click.echo(json.dumps({"run": run, "verdicts": [asdict(verdict) for verdict in verdicts]}))
    else:
        for verdict in verdicts:
            click.echo(f"{MARKS[verdict.outcome]:<13} {verdict.check:<22} {verdict.detail}")
    sys.exit(exit_code(verdicts))


def _refuse_key(trusted_key: Path | None) -> None:
    """Raise ``InputRefusedError`` for the key of a package where a run is checked."""
    if trusted_key is not None:
        required = "a package, FILE.zip, as what is checked with this key"
        raise InputRefusedError([Problem("audit", None, "--trusted-key", required, "a run or version")])


def _verified_package(
    path: Path, data: Path | None, trusted_key: Path | None, workers: int | None, progress: "Progress"
) -> "list[Verdict]":
    """The verdicts on a package, for which MLflow is not imported."""
    from training.archive.signature import load_public_key
    from training.archive.verification import verify_package

    trusted = load_public_key(trusted_key) if trusted_key else None
    progress.step("checking the package and retraining" if data else "checking the package")
    return verify_package(path, data, trusted, workers or os.cpu_count() or 1, progress.count)


@audit.command()
@click.argument("version")
@click.option("--out", type=RESULT_FILE, required=True, help="File to write, FILE.zip.")
@click.option("--by", default=None, metavar="NAME", help="Who exports; default: your account's name.")
@click.option("--key", type=FILE, default=None, help="Your private Ed25519 key (PEM), to sign the package; needs --by.")
@click.option("--with-predictions", is_flag=True, help="Include the held-out predictions, a row for every patient.")
@click.option(
    "--log-seal", "log_seals", type=FILE, multiple=True, help="A seal of the prediction log, of kap audit log --seal."
)
@click.option("--licence", default=None, metavar="TEXT", help="Licence of the package: an address, or a sentence.")
@answers_for_mistakes
def export(
    version: str,
    out: Path,
    *,
    by: str | None,
    key: Path | None,
    with_predictions: bool,
    log_seals: tuple[Path, ...],
    licence: str | None,
) -> None:
    """Write the whole record of VERSION as one file that others check without your stores.

    The file is a Workflow Run RO-Crate: the model, its evidence, report, protocol, settings and seal, the locked
    packages, all decisions on the model, and the external evaluations. Nothing in it is about a single patient, unless
    --with-predictions asks for it. The recipient checks it with kap audit verify FILE.zip. Send the SHA-256 that is
    printed on another way, so that the recipient knows that it is this file; or sign it with --by and --key.
    """
    from training.archive.export import NO_LICENCE, ExportOptions
    from training.archive.export import export as write_package
    from training.archive.signature import load_private_key
    from training.registry.release import check_store

    if not out.name.endswith(PACKAGE):
        raise InputRefusedError([Problem("audit", None, "--out", f"a name that ends in {PACKAGE}", "another name")])
    if key is not None and not (by or "").strip():
        raise InputRefusedError([Problem("audit", None, "--by", "the name of the person whose key signs", "no name")])
    options = ExportOptions(
        by=by or getpass.getuser(),
        key=load_private_key(key) if key else None,
        with_predictions=with_predictions,
        log_seals=_read_seals(log_seals),
        licence=licence or NO_LICENCE,
    )
    check_store()
    written = write_package(version, out, options)
    click.echo(f"wrote {out}, {written.files} files, SHA-256 {written.digest}")
    for name in written.withheld:
        click.echo(f"not in it: {name}", err=True)


def _read_seals(paths: tuple[Path, ...]) -> dict[str, bytes]:
    """The seals of prediction logs by file name; raises ``InputRefusedError`` for another file, or two of one name."""
    from serving.log.check import read_seal

    seals: dict[str, bytes] = {}
    for path in paths:
        content = path.read_bytes()
        read_seal(content)
        if path.name in seals:
            problem = Problem("audit", None, "--log-seal", "files with different names", "two of one name")
            raise InputRefusedError([problem])
        seals[path.name] = content
    return seals


@audit.command()
@click.argument("version")
@click.option("--out", type=RESULT_FILE, required=True, help="HTML file to write.")
@answers_for_mistakes
def dossier(version: str, out: Path) -> None:
    """Write one HTML file for an auditor of VERSION: data, flow, model, evidence, decisions, environment.

    The file opens offline. Every statement names its source artifact with the SHA-256. The record is checked while the
    file is written; `kap audit verify --data DIR` also retrains the model.
    """
    from training.audit.dossier import write_dossier
    from training.registry.release import check_store

    check_store()
    write_dossier(version, out)
    click.echo(f"wrote {out}")
