"""The `kap` command. Each command reads its input, calls one function and prints the result.

Exit codes: 0 success, 1 internal error, 2 wrong input or arguments, 3 a store or model that is missing or damaged, 4 a
failed check of evidence, log or decisions, 130 or 143 stopped by Ctrl-C or TERM.
"""

import atexit
import gc
import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from training.cli.audit import audit
from training.cli.cohort import cohort
from training.cli.cohort_exports import require_result_file
from training.cli.completion import completion
from training.cli.decisions.history import history
from training.cli.decisions.people import people
from training.cli.decisions.promotion import promote, rollback
from training.cli.decisions.proposals import approve, propose
from training.cli.demo_group import demo_group
from training.cli.evaluate import evaluate, recalibrate
from training.cli.keys import keys
from training.cli.log import audit_log, log_group
from training.cli.monitor import monitor_command
from training.cli.options.acknowledge import acknowledges
from training.cli.options.errors import (
    FILE,
    FOLDER,
    FOLDER_OR_URL,
    MODEL_OPTION,
    RESULT_FILE,
    Group,
    answers_for_mistakes,
)
from training.cli.options.jobs import runs_jobs
from training.cli.options.reading import STRICT_OPTION, read_for_command, reading_lines
from training.cli.options.stored import UPGRADE_STORE, ask_for_upgrade, reads_store
from training.cli.record import record
from training.cli.replay import lineage, replay
from training.cli.report import report
from training.cli.runs import runs

if TYPE_CHECKING:
    from training.api.trained_model import TrainedModel
    from training.cohort.parts.remote import Place
    from training.config import TrainingConfig
    from training.evidence.document import Acknowledgement


@click.group(cls=Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="kap-outcomes")
def main() -> None:
    """Predict outcomes of ketamine-assisted psychotherapy for anxiety.

    A cohort is a folder of tables. kap train fits a model to a cohort and registers it as a version. kap promote makes
    a version the champion. The champion predicts for patients.

    \b
      kap cohort simulate demo/cohort       write a synthetic cohort
      kap cohort check demo/cohort          check a cohort and count the patients analysed
      kap train demo/cohort                 fit and evaluate a model, register it as version 1
      kap runs                              list the trainings with their figures
      kap evaluate 1 other/cohort           evaluate version 1 on a validation cohort
      kap promote 1 --reason "first model"  make version 1 the champion if it meets the policy
      kap history                           list the promotion decisions
      kap predict patient.json              predict for one patient, offline
      kap serve                             predict over HTTP and log every answer
      kap demo clinic                       try the service with a mock EHR and synthetic patients
      kap audit verify champion             check a model's record against its seal
      kap audit export 1 --out 1.zip        write a model's record as one file for others
      kap audit log                         check that the prediction log is unchanged
      kap monitor                           check for drift and miscalibration in use

    Not a medical device. No model in this package is fitted on real patients of this treatment.
    """
    atexit.register(gc.freeze)  # the process ends: to look for cycles among all that was imported takes a second


main.add_command(cohort)


@main.command()
@click.argument("directory", type=FOLDER)
@click.option(
    "--seed", type=click.IntRange(0, 2**31 - 1), default=None, help="Random seed; the same seed gives the same model."
)
@click.option("--config", type=FILE, default=None, help="TOML file that overrides training/default.toml.")
@click.option(
    "--quick", is_flag=True, help="Leave out xgboost and parts of the evaluation; promotion then needs --override."
)
@click.option(
    "--model-name",
    default=None,
    metavar="NAME",
    help="Register under this name; default: kap-outcomes for KAP, else a name made from the protocol's.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object as the last line.")
@UPGRADE_STORE
@STRICT_OPTION
@answers_for_mistakes
@runs_jobs
@acknowledges
def train(
    directory: Path,
    *,
    seed: int | None,
    config: Path | None,
    quick: bool,
    workers: int,
    model_name: str | None,
    as_json: bool,
    upgrade_store: bool,
    strict: bool,
    by: str | None,
    acknowledged: "tuple[Acknowledgement, ...]",
) -> None:
    """Fit a model to the cohort in DIRECTORY, evaluate it on held-out patients, and register it as a new version.

    First it prints every warning of `kap cohort check`, which is recorded with the training.

    The command refuses a cohort that fails a leakage check (exit code 4). --acknowledge CHECK trains although that
    check fails; it needs --by and --reason. Both are recorded with the model and shown at every promotion. A covariate
    that equals the outcome can't be acknowledged.

    Runs go to ./mlflow.db, or to the server in MLFLOW_TRACKING_URI. View them with `mlflow ui --backend-store-uri
    sqlite:///mlflow.db`. The run's report.html shows how well the model predicts, and for whom it does not. The winner
    of each head is the best candidate, or the average where none beats it significantly (one-sided paired t test).
    training/SETTINGS.md lists every setting; copy training/default.toml to begin with.
    """
    from training.config import load_config, quickened

    settings = replace(load_config(config, seed), acknowledged=acknowledged)
    _refuse_at_once(directory, settings)

    from training.api.recipe import TrainingRequest, run_training
    from training.cli.cohort_check import read_with_study
    from training.cli.options.progress import Progress

    ask_for_upgrade(agreed=upgrade_store)
    with Progress() as progress:
        progress.step("reading the cohort")
        read, check, study = read_with_study(directory, strict=strict)
        request = TrainingRequest(
            cohort=read,
            check=check,
            config=quickened(settings) if quick else settings,
            source=directory.resolve().name,
            workers=workers,
            model_name=model_name,
            study=study,
            by=by,
        )
        trained = run_training(request, progress)
    click.echo(_as_json(trained) if as_json else _as_text(trained))


def _refuse_at_once(directory: Path, settings: "TrainingConfig") -> None:
    """Refuse what needs no work, before the imports of a training, which take seconds."""
    from training.cohort.file_names import require_folder
    from training.learning.own_candidates.resolution import require_own_candidates

    require_folder(directory)
    require_own_candidates(settings)


def _as_json(trained: "TrainedModel") -> str:
    assert trained.recorded is not None  # noqa: S101 - the command records every training
    known = {"run_id": trained.run_id, "model_version": trained.model_version, "report": trained.report}
    reference = f"{trained.recorded.model}/{trained.recorded.model_version}"
    known |= {"reference": reference, "link": trained.recorded.link}
    return json.dumps(known | {"landmarks": trained.landmarks})


def _as_text(trained: "TrainedModel") -> str:
    from training.cli.texts.training_text import as_text
    from training.leakage.checks import notes

    longest = max(trained.bundle.protocol.horizons_days)
    assert trained.recorded is not None  # noqa: S101 - the command records every training
    research_only = trained.bundle.research_only
    words = as_text(trained.landmarks, longest, trained.recorded, trained.training.config, research_only)
    return "\n".join([*notes(trained.training.leakage), words])


for _command in (record, runs, report, evaluate, recalibrate, propose, approve, promote, rollback, history, people):
    main.add_command(_command)


def _write_example(context: click.Context, _option: click.Parameter, wanted: bool) -> None:
    """The demonstration's patient, before any other option or argument is asked for."""
    if wanted:
        from training.cli.demo import PATIENT

        click.echo(json.dumps(PATIENT, indent=1))
        context.exit()


@main.command()
@click.argument("file", type=click.File("rb"))
@MODEL_OPTION
@click.option(
    "--example",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_write_example,
    help="Print the record of a made-up patient to start from, and predict nothing.",
)
@click.option("--in-words", "words", is_flag=True, help="Answer in sentences instead of JSON.")
@click.option("--fhir", is_flag=True, help="FILE has FHIR resources, and so does the answer, as POST /fhir/$predict.")
@answers_for_mistakes
@reads_store
def predict(file: Any, model: str, words: bool, fhir: bool) -> None:
    """Predict for the one patient in FILE (JSON, - for standard input), without a server.

    Request and answer have the format of POST /v1/predict, or of POST /fhir/$predict. For FHIR the settings
    KAP_TIME_ZONE and KAP_FHIR_AI_TRANSPARENCY count as they do for the service.

    The answer is that of the service: it gives only the questions that are promoted for the clinic, says the tier of
    each, and lists what it withholds. A version without a promoted copy on this machine has no tiers, and answers all.
    kap score writes every number of a cohort.
    """
    from training.cli.answering import fhir_answer, json_answer

    if fhir:
        if words:
            raise click.UsageError("--in-words and --fhir exclude each other")
        click.echo(fhir_answer(file.read(), model))
        return
    answer = json_answer(file.read(), model)
    if words:
        from training.cli.texts.prediction_text import as_text

        click.echo(as_text(answer))
    else:
        click.echo(json.dumps(answer, indent=2))


@main.command()
@click.argument("place", metavar="DIRECTORY", type=FOLDER_OR_URL)
@click.option("--out", type=RESULT_FILE, required=True, help="File to write: .csv or .parquet.")
@MODEL_OPTION
@STRICT_OPTION
@answers_for_mistakes
@reads_store
@runs_jobs
def score(place: "Place", out: Path, model: str, *, workers: int, strict: bool) -> None:
    """Predict for every patient of the cohort in DIRECTORY, at every landmark reached, into a CSV or Parquet file.

    The tables are read under the model's own protocol. A patient without a prediction has the reason instead. The file
    has every number of the model, whatever its tier: it is for evaluation and not for care.

    A cohort in parts, whose tables are folders of Parquet files (patients/site=north/part-0.parquet), is read and
    predicted for part by part, on --workers processes or on the --cluster. DIRECTORY may then be a URL that fsspec
    understands, such as s3://bucket/cohort, with its driver installed.
    """
    from training.cli.options.progress import Progress
    from training.cohort.parts.part import is_in_parts
    from training.cohort.parts.whole import files_not_read
    from training.exports.cohort_predictions import score_cohort
    from training.exports.part_predictions import score_parts
    from training.exports.table_file import describe_marked
    from training.registry.release import load_registered
    from training.seen_cohorts import IN_SAMPLE, NOT_COMPARED, has_seen

    require_result_file(place if isinstance(place, Path) else None, out)
    with Progress() as progress:
        progress.step("loading the model")
        bundle, version = load_registered(model)
        if is_in_parts(place):
            done = score_parts(place, bundle, out, workers, progress.count, strict=strict)
            not_read = (*done.columns_not_read, *files_not_read(place))
            for line in (*reading_lines(done.repairs, not_read), NOT_COMPARED):
                click.echo(line, err=True)
            rows, marked = done.rows, done.marked
        else:
            progress.step("reading the cohort")
            read = read_for_command(place, bundle.protocol, strict=strict).cohort
            if has_seen(bundle, read):
                said = IN_SAMPLE.format(version=f"version {version}")
                click.echo(f"warning: {said}: kap report {model}", err=True)
            progress.step("predicting")
            rows, marked = score_cohort(read, bundle, out)
    click.echo("\n".join([f"wrote {rows} predictions to {out}", *describe_marked(marked)]))


@main.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", type=click.IntRange(1, 65535), default=3000, show_default=True, help="Port to listen on.")
@click.option("--workers", type=click.IntRange(min=1), default=1, show_default=True, help="Processes.")
@answers_for_mistakes
def serve(host: str, port: int, workers: int) -> None:
    """Predict over HTTP with the champion: POST /v1/predict and /v1/predict_batch, GET /v1/model.

    The folder KAP_STATE (default: ./kap-state) holds the prediction log, the secret and the rate limits. KAP_LOG names
    a database for the log instead. Other machines need a key: see kap keys. For TLS set KAP_TLS_CERTIFICATE and
    KAP_TLS_KEY. serving/README.md lists every setting.

    A running server loads a newly promoted model within seconds and drops no request. Stop the server with Ctrl-C or a
    TERM signal: it answers the open requests first.
    """
    from serving.server.start import serve as start
    from serving.storage.settings import load_settings

    start(load_settings(), host, port, workers)


audit.add_command(audit_log)
audit.add_command(lineage)
audit.add_command(lineage, "trace")
main.add_command(demo_group)
main.add_command(keys)
main.add_command(log_group)
main.add_command(monitor_command)
main.add_command(replay)
main.add_command(audit)
main.add_command(completion)
