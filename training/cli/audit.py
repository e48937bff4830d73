"""`kap audit verify` and `kap audit dossier`: check the record of a model, and write it as a document for an auditor.

Exit codes of `verify`: 0 every check passed, 4 at least one failed, 5 none failed but some could not be made.
"""

import json
import os
import sys
from dataclasses import asdict
from pathlib import Path

import click

from training.cli.options.errors import FOLDER, RESULT_FILE, Group, answers_for_mistakes

MARKS = {"passed": "passed", "failed": "FAILED", "not checked": "not checked", "does not apply": "n/a"}


@click.group(cls=Group)
def audit() -> None:
    """Check the record behind a model or a prediction, and write it for an auditor."""


@audit.command()
@click.argument("run")
@click.option("--data", type=FOLDER, default=None, help="The development cohort; without it nothing is retrained.")
@click.option("--workers", type=click.IntRange(min=1), default=None, help="Processes; default: all cores.")
@click.option("--service", default=None, metavar="URL", help="Ask this running service too; the API key is in KAP_KEY.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object as the last line.")
@answers_for_mistakes
def verify(run: str, data: Path | None, workers: int | None, service: str | None, as_json: bool) -> None:
    """Check the record of RUN: a training's run, a registered version, or an alias such as champion.

    The command compares the record, the artifacts, the model, the registry, the decisions and the served copy with the
    seal of the training. The copy must be the one that a service on this machine loads; --service asks a running
    service for its model. With --data it also derives outcomes and features again, retrains and evaluates the model
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
        verdicts = verify_training(run, data, workers or os.cpu_count() or 1, progress.count, service)
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
