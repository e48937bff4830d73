"""`kap audit verify`, `export`, `dossier` and `document`: check the record of a model, hand it over, and write it.

Exit codes of `verify`: 0 every check passed, 4 at least one failed, 5 none failed but some could not be made.
"""

import errno
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
from training.cli.options.jobs import runs_jobs
from training.cli.options.stored import reads_store

if TYPE_CHECKING:
    from training.audit.verification_request import VerificationRequest
    from training.experiment.train import Announce
    from training.verdicts import Verdict

PACKAGE = ".zip"
"""The ending by which a package is told from a run."""
DOCUMENTS = ("chai", "cyclonedx", "annex-iv", "ai-logging", "change-plan")
"""The names of `training.documents.forms.FORMS`, here because that import takes seconds."""
MARKS = {"passed": "passed", "failed": "FAILED", "not checked": "not checked", "does not apply": "n/a"}


@click.group(cls=Group)
def audit() -> None:
    """Check the record behind a model or a prediction, and write it for an auditor."""


@audit.command()
@click.argument("run")
@click.option("--data", type=FOLDER, default=None, help="The development cohort; without it nothing is retrained.")
@click.option("--every-file", is_flag=True, help="Read every artifact behind a tracking server, a request each.")
@click.option("--service", default=None, metavar="URL", help="Ask this running service too; the API key is in KAP_KEY.")
@click.option(
    "--trusted-key", type=FILE, default=None, help="For a package: the public key (PEM) of who must have signed it."
)
@click.option(
    "--timestamp-certificates",
    "certificates",
    type=FILE,
    default=None,
    help="For a package: root certificates (PEM) of the authority that must have stamped it.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object as the last line.")
@answers_for_mistakes
@reads_store
@runs_jobs
def verify(
    run: str,
    data: Path | None,
    workers: int,
    *,
    every_file: bool,
    service: str | None,
    trusted_key: Path | None,
    certificates: Path | None,
    as_json: bool,
) -> None:
    """Check the record of RUN: a training's run, a registered version, an alias such as champion, or a package.

    The command compares the record, the artifacts, the model, the registry, the decisions and the served copy with the
    seal of the training. The copy must be the one that a service on this machine loads; --service asks a running
    service for its model. With --data it also derives outcomes and features again, retrains and evaluates the model
    again, and compares the bytes. On another processor family it compares numbers within 1e-6. A retraining takes as
    long as the training.

    Behind a tracking server the files are read from the sealed archive of the run, and compared with the store by name
    and size; --every-file reads each of them there.

    A package is a file of kap audit export, FILE.zip. It is checked in the same way, without MLflow or its stores. What
    is served can't be seen in a package.

    Exit codes: 0 every check that applies passed, 3 the artifacts are not found here, 4 at least one failed, 5 none
    failed but some could not be made.
    """
    from training.audit.verification_request import VerificationRequest
    from training.cli.options.progress import Progress
    from training.verdicts import exit_code

    with Progress() as progress:
        progress.step("checking the record and retraining" if data else "checking the record")
        if run.endswith(PACKAGE):
            _require_none("--service", service, "a run or version, not a package")
            keys = (trusted_key, certificates)
            verdicts = _verified_package(Path(run), data, keys, workers, progress.count)
        else:
            _require_none("--trusted-key", trusted_key, "a package, FILE.zip, as what is checked with this key")
            _require_none("--timestamp-certificates", certificates, "a package, FILE.zip, as what was stamped")
            verdicts = _verified_run(run, VerificationRequest(data, workers, every_file, service), progress.count)
    if as_json:
        click.echo(json.dumps({"run": run, "verdicts": [asdict(verdict) for verdict in verdicts]}))
    else:
        for verdict in verdicts:
            click.echo(f"{MARKS[verdict.outcome]:<13} {verdict.check:<22} {verdict.detail}")
    sys.exit(exit_code(verdicts))


def _require_none(option: str, given: object, required: str) -> None:
    if given is not None:
        raise InputRefusedError([Problem("audit", None, option, required, "another")])


def _verified_run(run: str, asked: "VerificationRequest", announce: "Announce") -> "list[Verdict]":
    """The verdicts on a run in the stores."""
    from training.audit.audit import verify as verify_training
    from training.registry.release import check_store

    check_store()
    return verify_training(run, asked, announce)


def _verified_package(
    path: Path, data: Path | None, trusted: tuple[Path | None, Path | None], workers: int, announce: "Announce"
) -> "list[Verdict]":
    """The verdicts on a package, for which MLflow is not imported.

    ``trusted`` are the files of the signer's key and of the authority's certificates.
    """
    if not path.is_file():  # before the next imports, which take seconds
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(path))
    from training.archive.signature import load_public_key
    from training.archive.verification import verify_package

    key, certificates = trusted
    return verify_package(path, data, load_public_key(key) if key else None, workers, announce, certificates)


@audit.command()
@click.argument("version")
@click.option("--out", type=RESULT_FILE, required=True, help="File to write, FILE.zip.")
@click.option("--by", default=None, metavar="NAME", help="Who exports; default: your account's name.")
@click.option("--key", type=FILE, default=None, help="Your private Ed25519 key (PEM), to sign the package; needs --by.")
@click.option("--with-predictions", is_flag=True, help="Include the held-out predictions, a row for every patient.")
@click.option(
    "--log-seal", "log_seals", type=FILE, multiple=True, help="A seal of the prediction log, of kap audit log --seal."
)
@click.option("--timestamp", default=None, metavar="URL", help="Authority (RFC 3161) that stamps the manifest.")
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
    timestamp: str | None,
    licence: str | None,
) -> None:
    """Write the whole record of VERSION as one file that others check without your stores.

    The file is a Workflow Run RO-Crate: the model, its evidence, report, protocol, settings and seal, the locked
    packages, all decisions on the model, and the external evaluations. Nothing in it is about a single patient, unless
    --with-predictions asks for it. The recipient checks it with kap audit verify FILE.zip. Send the SHA-256 that is
    printed on another way, so that the recipient knows that it is this file; or sign it with --by and --key.
    --timestamp has an authority confirm when it was written; only a digest is sent.
    """
    from training.timestamps import require_address

    if not out.name.endswith(PACKAGE):
        raise InputRefusedError([Problem("audit", None, "--out", f"a name that ends in {PACKAGE}", "another name")])
    if key is not None and not (by or "").strip():
        raise InputRefusedError([Problem("audit", None, "--by", "the name of the person whose key signs", "no name")])

    from training.archive.export import NO_LICENCE, ExportOptions
    from training.archive.export import export as write_package
    from training.decisions.keys import private_key
    from training.registry.release import check_store

    if timestamp is not None:
        require_address(timestamp)
    options = ExportOptions(
        by=by or getpass.getuser(),
        key=private_key(key) if key else None,
        with_predictions=with_predictions,
        log_seals=_read_seals(log_seals),
        licence=licence or NO_LICENCE,
        timestamp=timestamp,
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
@reads_store
def dossier(version: str, out: Path) -> None:
    """Write one HTML file for an auditor of VERSION: data, flow, model, evidence, decisions, environment.

    The file opens offline. Every statement names its source artifact with the SHA-256. The record is checked while the
    file is written; `kap audit verify --data DIR` also retrains the model.
    """
    from training.dossier.page import write_dossier
    from training.registry.release import check_store

    check_store()
    write_dossier(version, out)
    click.echo(f"wrote {out}")


@audit.command()
@click.argument("version")
@click.option("--to", "name", type=click.Choice(DOCUMENTS), required=True, help="Which document; see above.")
@click.option(
    "--out", type=RESULT_FILE, default=None, help="File to write; default: the document, VERSION and its ending."
)
@answers_for_mistakes
def document(version: str, name: str, out: Path | None) -> None:
    """Write a document about VERSION that others ask for, from its record.

    \b
      chai         CHAI applied model card (XML, schema v0.2)
      cyclonedx    CycloneDX 1.6 bill of materials of the model (JSON)
      annex-iv     index for Annex IV of the EU AI Act (HTML)
      ai-logging   table on AI logging: EU AI Act and ISO/IEC DIS 24970 (HTML)
      change-plan  change plan from the policy in force (HTML)

    What only people know comes from study.toml and from [study] in protocol.toml, or is said to be open. No document
    claims that anything conforms to a law or standard. The same record, decisions and installation give the same bytes.

    A version whose record fails its checks gets no document (exit code 4).
    """
    from training.documents.forms import FORMS, document_of
    from training.registry.release import check_store

    check_store()
    form = FORMS[name]
    path = out or Path(f"{name}-{version.replace('/', '-').replace('@', '-')}.{form.ending}")
    path.write_bytes(document_of(version, form))
    click.echo(f"wrote {path}: {form.title}")
