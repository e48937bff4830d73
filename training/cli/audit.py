"""`kap audit verify`, `dossier` and `document`: check the record of a model, and write it for those who ask for it.

Exit codes of `verify`: 0 every check passed, 4 at least one failed, 5 none failed but some could not be made.
"""

import json
import os
import sys
from dataclasses import asdict
from pathlib import Path

import click

from training.cli.options.errors import FOLDER, RESULT_FILE, Group, answers_for_mistakes

DOCUMENTS = ("chai", "cyclonedx", "annex-iv", "ai-logging", "change-plan")
"""The names of `training.documents.forms.FORMS`, here because that import takes seconds."""
MARKS = {"passed": "passed", "failed": "FAILED", "not checked": "not checked", "does not apply": "n/a"}


@click.group(cls=Group)
def audit() -> None:
    """Check the record behind a model or a prediction, and write it for an auditor."""


@audit.command()
@click.argument("run")
@click.option("--data", type=FOLDER, default=None, help="The development cohort; without it nothing is retrained.")
@click.option("--workers", type=click.IntRange(min=1), default=None, help="Processes; default: all cores.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object as the last line.")
@answers_for_mistakes
def verify(run: str, data: Path | None, workers: int | None, as_json: bool) -> None:
    """Check the record of RUN: a training's run, a registered version, or an alias such as champion.

    The command compares the record, the artifacts, the model, the registry, the decisions and the served copy with the
    seal of the training. With --data it also derives outcomes and features again, retrains and evaluates the model
    again, and compares the bytes. On another processor family it compares numbers within 1e-6. A retraining takes as
    long as the training.

    Exit codes: 0 every check that applies passed, 4 at least one failed, 5 none failed but some could not be made.
    """
    from training.audit.audit import verify as verify_training
    from training.cli.options.progress import Progress
    from training.registry.release import check_store
    from training.verdicts import exit_code

    with Progress() as progress:
        progress.step("opening the store")
        check_store()
        progress.step("checking the record and retraining" if data else "checking the record")
        verdicts = verify_training(run, data, workers or os.cpu_count() or 1, progress.count)
    if as_json:
        click.echo(json.dumps({"run": run, "verdicts": [asdict(verdict) for verdict in verdicts]}))
    else:
        for verdict in verdicts:
            click.echo(f"{MARKS[verdict.outcome]:<13} {verdict.check:<22} {verdict.detail}")
    sys.exit(exit_code(verdicts))


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
