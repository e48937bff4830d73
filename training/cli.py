"""The `kap` command. Each command reads, calls one function, and prints; the work is done elsewhere.

Exit codes say who must act: 0 nobody, 1 the maintainers (a defect), 2 the user (input or arguments), 3 whoever runs
the stores (a model that is missing or damaged).
"""

import functools
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import click

from features.problems import InputRefusedError

DEFECT, USER, STORE = 1, 2, 3

os.environ.setdefault("DO_NOT_TRACK", "1")
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
os.environ.setdefault("BENTOML_DO_NOT_TRACK", "True")

FOLDER = click.Path(path_type=Path)
EXISTING_FILE = click.Path(path_type=Path, dir_okay=False)


class _Group(click.Group):
    """Commands in the order in which they are used, not of the alphabet."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(self.commands)


def _answers_for_mistakes(command: Callable[..., None]) -> Callable[..., None]:
    """Turn a user's mistake into its problems, and a missing or damaged model into a sentence; never a traceback."""

    @functools.wraps(command)
    def guarded(*args: Any, **kwargs: Any) -> None:
        from models.bundle import BundleRefusedError
        from training.failures import StoreUnreachableError

        try:
            command(*args, **kwargs)
        except InputRefusedError as error:
            from training.read_cohort import describe_problems

            for line in describe_problems(error.problems):
                click.echo(line, err=True)
            click.echo(f"refused: {len(error.problems)} problem{'s' if len(error.problems) > 1 else ''}", err=True)
            sys.exit(USER)
        except BundleRefusedError as error:
            click.echo(f"model refused: {error}", err=True)
            sys.exit(STORE)
        except StoreUnreachableError as error:
            click.echo(f"store: {error}", err=True)
            sys.exit(STORE)
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # the reader has what it wanted
        except (FileNotFoundError, PermissionError, IsADirectoryError, NotADirectoryError) as error:
            click.echo(f"{Path(error.filename or 'a file').name}: {error.strerror}", err=True)
            sys.exit(USER)

    return guarded


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="kap-outcomes")
def main() -> None:
    """Predict how a course of ketamine-assisted psychotherapy for anxiety turns out.

    A cohort is a folder of tables. From it a model is trained and recorded; a recorded version is promoted; the
    promoted model answers for one patient.

    \b
      kap cohort simulate demo/cohort       make a synthetic cohort to try things on
      kap cohort check demo/cohort          is it in order, and who would be analysed?
      kap train demo/cohort                 learn, judge, record
      kap promote 1 --reason "first model"  make version 1 the one that answers
      kap serve                             answer over HTTP
      kap predict patient.json              answer for one patient, offline

    Not a medical device. As shipped, nothing is learned from real patients of this treatment.
    """


@main.group(cls=_Group)
def cohort() -> None:
    """Make, check and look into a cohort folder."""


@cohort.command()
@click.argument("directory", type=FOLDER)
@click.option("--patients", type=click.IntRange(min=1, max=5_000_000), default=2500, show_default=True)
@click.option("--sites", type=click.IntRange(min=1, max=1000), default=8, show_default=True)
@click.option("--seed", type=click.IntRange(min=0), default=7, show_default=True, help="Same seed, same files.")
@click.option("--format", "file_format", type=click.Choice(["csv", "parquet"]), default="csv", show_default=True)
@_answers_for_mistakes
def simulate(directory: Path, patients: int, sites: int, seed: int, file_format: Literal["csv", "parquet"]) -> None:
    """Write a SYNTHETIC cohort into a new folder DIRECTORY.

    Nobody in it exists. Its true risks go to truth.parquet, which no training reads.
    """
    from training.cli_progress import Progress
    from training.synthetic_cohort import simulate_cohort, write_cohort

    _refuse_unless_new(directory)
    with Progress() as progress:
        progress.step("drawing patients")
        drawn = simulate_cohort(patients, sites, seed)
        progress.step("writing tables")
        write_cohort(drawn, directory, file_format)
    click.echo(f"wrote a synthetic cohort of {patients} made-up patients at {sites} sites to {directory}")


@cohort.command()
@click.argument("directory", type=FOLDER)
@_answers_for_mistakes
def check(directory: Path) -> None:
    """Check a cohort folder, and count who would be analysed.

    Every problem is reported, by file, row and column, without showing a value; exit code 2. In a cohort that is in
    order: rows, days, what is missing, and per landmark who is left out and why.
    """
    from training.cohort_flow import analysis_flow, cohort_summary, render_summary
    from training.read_cohort import ignored_files, read_cohort

    read = read_cohort(directory)
    click.echo(render_summary(cohort_summary(read), analysis_flow(read)))
    ignored = ignored_files(directory)
    if ignored:
        click.echo(f"not read: {', '.join(ignored)}")


@cohort.command()
@click.argument("directory", type=FOLDER)
@click.option("--out", type=EXISTING_FILE, required=True, help="File to write: .csv or .parquet.")
@_answers_for_mistakes
def outcomes(directory: Path, out: Path) -> None:
    """Write the outcomes of every patient at every landmark.

    Remission and sustained remission are yes, no or not_observed; never no for want of a reading.
    """
    from training.outcomes_table import write_outcomes
    from training.read_cohort import read_cohort

    write_outcomes(read_cohort(directory), out)
    click.echo(f"wrote {out}")


@cohort.command()
@click.argument("directory", type=FOLDER)
@click.argument("patient")
@_answers_for_mistakes
def trace(directory: Path, patient: str) -> None:
    """Show which readings decided one PATIENT's outcomes, and by which rule.

    This shows the patient's record: it is the one command that does.
    """
    from training.read_cohort import read_cohort
    from training.trace import trace_patient

    click.echo(trace_patient(read_cohort(directory), patient))


@main.command()
@click.argument("directory", type=FOLDER)
@click.option("--seed", type=click.IntRange(0, 2**31 - 1), default=None, help="Overrides the seed of the settings.")
@click.option("--config", type=EXISTING_FILE, default=None, help="TOML file that overrides training/default.toml.")
@click.option("--workers", type=click.IntRange(min=1), default=None, help="Processes; all cores when absent.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object as the last line.")
@_answers_for_mistakes
def train(directory: Path, seed: int | None, config: Path | None, workers: int | None, as_json: bool) -> None:
    """Learn from the cohort in DIRECTORY, judge on patients held out, record in MLflow, register a new version.

    Runs go to ./mlflow.db, or to the server in MLFLOW_TRACKING_URI. Look at them with `mlflow ui
    --backend-store-uri sqlite:///mlflow.db`. The winner of each head is the simplest candidate that is within one
    standard error of the best.
    """
    from training.cli_progress import Progress
    from training.config import load_config
    from training.provenance import collect_provenance
    from training.read_cohort import read_cohort
    from training.records import summary
    from training.release import check_store
    from training.run import train as train_on

    settings = load_config(config, seed)
    with Progress() as progress:
        progress.step("reading the cohort")
        read = read_cohort(directory)
        progress.step("opening the store")
        check_store()
        progress.step("judging the candidates")
        started = time.time()
        finished = train_on(read, settings, collect_provenance(), progress.count, workers or os.cpu_count() or 1)
        progress.step("recording")
        from training.tracking import record

        name = directory.resolve().name
        recorded = record(finished, name, started, lambda part: progress.step(f"recording {part}"))
    landmarks = summary(finished)
    if as_json:
        answer = {"run_id": recorded.run_id, "model_version": recorded.model_version, "landmarks": landmarks}
        click.echo(json.dumps(answer))
    else:
        from training.training_in_words import in_words

        reach = max(read.protocol.horizons_days)
        click.echo(in_words(landmarks, reach, recorded.model_version, recorded.run_id))


@main.command()
@click.argument("version")
@click.option("--reason", required=True, help="Why this version; kept with it.")
@_answers_for_mistakes
def promote(version: str, reason: str) -> None:
    """Make VERSION of the registered model the champion, and hand it to the service.

    The bundle is checked first; the service takes it from BentoML's model store, so it needs no MLflow to run.
    """
    from training.release import promote as promote_version

    done = promote_version(version, reason)
    click.echo(f"version {done.version} is champion; served as {done.serving_tag}, bundle {done.bundle_digest[:12]}")


MODEL_OPTION = click.option(
    "--model", default="champion", show_default=True, help="Registered version, or alias, in MLflow."
)


@main.command()
@click.argument("file", type=click.File("rb"))
@MODEL_OPTION
@click.option("--in-words", "words", is_flag=True, help="Answer in sentences instead of JSON.")
@_answers_for_mistakes
def predict(file: Any, model: str, words: bool) -> None:
    """Answer for the one patient in FILE (JSON, - for standard input), without a server.

    The JSON is what the endpoint takes, and the answer is what it gives.
    """
    from serving.offline import predict_json
    from training.release import load_registered

    answer = predict_json(file.read(), *load_registered(model))
    if words:
        from training.answer_in_words import in_words

        click.echo(in_words(answer))
    else:
        click.echo(json.dumps(answer, indent=2))


@main.command()
@click.argument("directory", type=FOLDER)
@click.option("--out", type=EXISTING_FILE, required=True, help="Parquet file to write.")
@MODEL_OPTION
@_answers_for_mistakes
def score(directory: Path, out: Path, model: str) -> None:
    """Predict for every patient of the cohort in DIRECTORY, at every landmark reached, into a Parquet file.

    The tables are read under the model's own protocol. Whoever nothing can be predicted for has the reason instead.
    """
    from training.cli_progress import Progress
    from training.read_cohort import read_cohort
    from training.release import load_registered
    from training.score import score_cohort

    with Progress() as progress:
        progress.step("loading the model")
        bundle, _ = load_registered(model)
        progress.step("reading the cohort")
        read = read_cohort(directory, bundle.protocol)
        progress.step("predicting")
        rows = score_cohort(read, bundle, out)
    click.echo(f"wrote {rows} predictions to {out}")


@main.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", type=click.IntRange(1, 65535), default=3000, show_default=True)
@click.option("--workers", type=click.IntRange(min=1), default=1, show_default=True)
@_answers_for_mistakes
def serve(host: str, port: int, workers: int) -> None:
    """Answer over HTTP with the promoted model: POST /v1/predict, GET /v1/model."""
    from serving.service import serve as start

    start(host, port, workers)


def _refuse_unless_new(directory: Path) -> None:
    from features.problems import Problem

    if directory.exists() and (not directory.is_dir() or any(directory.iterdir())):
        raise InputRefusedError([Problem(directory.name, None, None, "a folder that is new or empty", "one in use")])
