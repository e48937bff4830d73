"""`kap evaluate` and `kap recalibrate`: evaluate or update a registered model on another cohort."""

import json
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from training.cli.options.acknowledge import ACKNOWLEDGE, BY
from training.cli.options.errors import FILE, FOLDER, answers_for_mistakes
from training.cli.options.jobs import runs_jobs
from training.cli.options.reading import STRICT_OPTION

if TYPE_CHECKING:
    from models.bundle import Bundle
    from training.config import TrainingConfig
    from training.registry.release import RegisteredModel

CONFIG = click.option("--config", type=FILE, default=None, help="TOML file that overrides training/default.toml.")


@click.command()
@click.argument("model")
@click.argument("directory", type=FOLDER)
@CONFIG
@click.option("--by", default=None, metavar="NAME", help="Who evaluates; default: the account.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object as the last line.")
@STRICT_OPTION
@answers_for_mistakes
@runs_jobs
def evaluate(
    model: str,
    directory: Path,
    *,
    config: Path | None,
    workers: int,
    by: str | None,
    as_json: bool,
    strict: bool,
) -> None:
    """Evaluate MODEL (a registered version, or an alias such as champion) on the validation cohort in DIRECTORY.

    The tables are read under the model's own protocol. The evaluation becomes an MLflow run with a report, linked to
    the model's run. The model does not change.
    """
    settings = _settings(config, directory)

    from training.cli.cohort_check import read_with_study
    from training.cli.options.progress import Progress
    from training.cli.texts.evaluation_text import as_document, as_text
    from training.evaluation.case_mix_comparison import compare_case_mix
    from training.experiment.external import evaluate as evaluate_on
    from training.provenance import collect_provenance
    from training.tracking.evaluation import record_evaluation, recorded_evidence
    from training.tracking.links import places_of

    provenance = collect_provenance(by)
    with Progress() as progress, tempfile.TemporaryDirectory() as scratch:
        progress.step("loading the model")
        registered, bundle = _loaded(model, Path(scratch))
        development = recorded_evidence(registered)
        progress.step("reading the cohort")
        cohort, check, study = read_with_study(directory, bundle.protocol, strict=strict)
        name = directory.resolve().name
        evidence = evaluate_on(bundle, cohort, name, settings, progress.count, workers)
        compared = compare_case_mix(development, evidence) if development else []
        progress.step("recording")
        run_id = record_evaluation(evidence, (registered, bundle), cohort, compared, provenance, (check, study))
    if as_json:
        click.echo(json.dumps(as_document(evidence) | {"run_id": run_id, "model_version": registered.version}))
    else:
        click.echo(as_text(evidence, compared, registered.version, places_of(run_id)))


@click.command()
@click.argument("model")
@click.argument("directory", type=FOLDER)
@click.option("--reason", required=True, help="Why the model is updated; with --acknowledge also why it is no leak.")
@ACKNOWLEDGE
@BY
@CONFIG
@STRICT_OPTION
@answers_for_mistakes
@runs_jobs
def recalibrate(
    model: str,
    directory: Path,
    *,
    reason: str,
    acknowledge: tuple[str, ...],
    by: str | None,
    config: Path | None,
    workers: int,
    strict: bool,
) -> None:
    """Update MODEL (a registered version, or an alias such as champion) on the cohort in DIRECTORY, as a new version.

    For every head a closed test chooses the smallest sufficient update: none, the intercept, intercept and slope, or a
    refit. The new version names its parent, has its own evidence, and needs a promotion like any other.

    The command refuses a cohort that fails a leakage check, as `kap train` does; --acknowledge CHECK --by NAME updates
    although that check fails.
    """
    from training.leakage.acknowledgement import acknowledgements
    from training.reasons import require_reason

    require_reason("recalibrate", reason)
    acknowledged = acknowledgements(acknowledge, by, reason if acknowledge else None, "recalibrate")
    settings = replace(_settings(config, directory), acknowledged=acknowledged)

    from training.cli.cohort_check import read_with_study
    from training.cli.options.progress import Progress
    from training.experiment.update import UpdateRequest, update_model
    from training.provenance import collect_provenance
    from training.registry.names import version_for_commands
    from training.tracking.links import places_of
    from training.tracking.update import record_update

    with Progress() as progress, tempfile.TemporaryDirectory() as scratch:
        progress.step("loading the model")
        parent, bundle = _loaded(model, Path(scratch))
        progress.step("reading the cohort")
        cohort, check, study = read_with_study(directory, bundle.protocol, strict=strict)
        provenance, name = collect_provenance(by), directory.resolve().name
        wanted = UpdateRequest(bundle, parent.version, cohort, name, settings, provenance, parent.name)
        updated = update_model(wanted, progress.count, workers)
        progress.step("recording")
        run_id, version = record_update(updated, parent, cohort, reason, provenance, (check, study))
    made = (
        f"registered as version {version} of {parent.name}, an update of version {parent.version}, which is unchanged"
    )
    then = f'next: kap promote {version_for_commands(parent.name, version)} --reason "..."'
    click.echo("\n".join([*updated.said, "", f"{made}, run {run_id}", *places_of(run_id), then]))


def _loaded(model: str, scratch: Path) -> "tuple[RegisteredModel, Bundle]":
    """A registered version and its bundle; refused before the work if the store can't take what is made of it."""
    from training.registry.release import checked, fetch, require_answers
    from training.tracking.rights import require_recording_rights

    registered = fetch(model, scratch)
    bundle = checked(registered.folder, registered.version, registered.name)
    require_answers(bundle, registered.version)
    require_recording_rights(registered.name, bundle.protocol.name)
    return registered, bundle


def _settings(config: Path | None, directory: Path) -> "TrainingConfig":
    """The settings; refuses a missing folder too, before the imports of the work, which take seconds."""
    from training.cohort.file_names import require_folder
    from training.config import load_config

    settings = load_config(config)
    require_folder(directory)
    return settings
