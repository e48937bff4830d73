"""`kap audit verify` and `kap audit dossier`: does what stands behind a model still hold, and a document that shows it.

Exit codes of `verify`: 0 every check passed, 4 any failed, 5 none failed but some could not be checked.
"""

import json
import os
import sys
from dataclasses import asdict
from pathlib import Path

import click

from training.cli.errors import EXISTING_FILE, FOLDER, Group, answers_for_mistakes

MARKS = {"passed": "passed", "failed": "FAILED", "not checked": "not checked", "does not apply": "no such thing"}


@click.group(cls=Group)
def audit() -> None:
    """Check what stands behind a model, and write it down for an auditor."""


@audit.command()
@click.argument("run")
@click.option(
    "--data", type=FOLDER, default=None, help="The cohort that it was trained on; without it less is checked."
)
@click.option("--workers", type=click.IntRange(min=1), default=None, help="Processes; all cores when absent.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object as the last line.")
@answers_for_mistakes
def verify(run: str, data: Path | None, workers: int | None, as_json: bool) -> None:
    """Check everything behind RUN: a training's run, a registered version, or an alias such as champion.

    The record, the artifacts, the model, the registry and the chain of decisions are compared with the seal of the
    training, and so is the copy that BentoML's store serves. Given the cohort, its outcomes and features are derived
    again, the model is learned or updated again and proved again, and bytes are compared; on another processor family
    predictions are, within 1e-8, and the numbers of the evidence, within 1e-6. It takes as long as the training did.

    Exit code 0: every check that applies passed. 4: any failed. 5: none failed, but some could not be made.
    """
    from training.audit.audit import verify as verify_training
    from training.cli.progress import Progress
    from training.registry.release import check_store
    from training.verdicts import exit_code

    with Progress() as progress:
        progress.step("opening the store")
        check_store()
        progress.step("checking the record, and learning again" if data else "checking the record")
        verdicts = verify_training(run, data, workers or os.cpu_count() or 1, progress.count)
    if as_json:
        click.echo(json.dumps({"run": run, "verdicts": [asdict(verdict) for verdict in verdicts]}))
    else:
        for verdict in verdicts:
            click.echo(f"{MARKS[verdict.outcome]:<13} {verdict.check:<22} {verdict.detail}")
    sys.exit(exit_code(verdicts))


@audit.command()
@click.argument("version")
@click.option("--out", type=EXISTING_FILE, required=True, help="HTML file to write.")
@answers_for_mistakes
def dossier(version: str, out: Path) -> None:
    """Write one HTML file for an auditor of VERSION: data, flow, model, evidence, decisions, environment.

    It opens offline, and every statement in it names the artifact that proves it, with its SHA-256. What it says of
    the record is checked while it is written; run `kap audit verify` to have the model learned again too.
    """
    from training.audit.dossier import write_dossier
    from training.registry.release import check_store

    check_store()
    write_dossier(version, out)
    click.echo(f"wrote {out}")
