"""`kap monitor` on a log that the service's own code wrote, with a registry and outcomes: what it says and records."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from mlflow.entities import Run

from features.records.cohort import Cohort
from models.bundle import Bundle, load_bundle
from models.promotion import Tier, questions
from serving.log.erasure import erase_patient
from tests.serving.bundles import toy_bundle
from tests.serving.logs import SECRET
from tests.serving.requests import Document, request_of
from tests.training.prediction_logs import PredictionLog, ServedBundle
from tests.training.registries import Registry, in_use
from training.audit.audit import read_training
from training.audit.linked import monitoring_verdict
from training.cli.app import main
from training.cohort.reader import read_cohort
from training.monitoring.statistics.reference import REFERENCE, reference_of_update
from training.registry.names import MODEL_NAME

PATIENTS = 24


@dataclass(frozen=True)
class CohortRegistry(Registry):
    """Versions under the protocol of a cohort, with the reference that their training would have recorded."""

    cohort: Cohort

    def bundle(self, number: int, cohort_digest: str) -> Bundle:
        return replace(toy_bundle(self.cohort.protocol), training={"number": number, "cohort_digest": cohort_digest})

    def version(self, number: str) -> ServedBundle:
        run_id = self.client.get_model_version(MODEL_NAME, number).run_id
        return ServedBundle(load_bundle(self.folder / "new" / number / "bundle"), number, run_id)


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory, simulated: Path) -> Iterator[CohortRegistry]:
    made = CohortRegistry(tmp_path_factory.mktemp("monitored"), read_cohort(simulated))
    for number in ("1", "2"):
        made.register(None)
        answering = made.version(number)
        if number == "2":
            reference = reference_of_update(made.cohort, answering.bundle.models)
            made.client.log_text(answering.run_id, reference.as_json(), REFERENCE)
    with in_use(made, made.folder / "serving"), pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLFLOW_TRACKING_URI", made.address)
        patch.chdir(made.folder)
        yield made


def requests(cohort: Cohort, *, with_age: bool = True) -> list[Document]:
    """What a clinic sends of some patients on day 0."""
    documents = [request_of(cohort, patient, 0) for patient in range(PATIENTS)]
    for document in [] if with_age else documents:
        document["patient"].pop("age_years", None)
    return documents


def log_in(folder: Path, model: ServedBundle, documents: list[Document], day: str = "2025-02-03") -> PredictionLog:
    """A log of answers that were all given on a day."""
    log = PredictionLog(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("serving.log.append.now", lambda: f"{day}T09:00:00.000000+00:00")
        log.answer(model, *documents, in_full=False)
    return log


def kap(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, ["monitor", *(str(part) for part in arguments)], catch_exceptions=False)


def run_of(registry: Registry, run_id: str) -> Run:
    return registry.client.get_run(run_id)


def recorded_runs(registry: Registry) -> set[str]:
    """The ids of all recorded runs."""
    places = [one.experiment_id for one in registry.client.search_experiments()]
    return {run.info.run_id for run in registry.client.search_runs(places)}


def test_what_is_found_is_reported_recorded_and_written(
    registry: CohortRegistry, simulated: Path, tmp_path: Path
) -> None:
    model = registry.version("2")
    log = log_in(tmp_path, model, requests(registry.cohort))
    done = kap(log.file, "--outcomes", simulated, "--out", tmp_path / "page.html", "--json")
    assert done.exit_code == 0, done.output
    printed = json.loads(done.stdout.splitlines()[-1])
    (found,) = printed["models"]
    assert (found["version"], found["counted"], found["followed"], found["referenced"]) == ("2", PATIENTS, True, True)
    assert printed["state"] == found["state"] == "too little to tell"
    joined = {count["reason"]: count["patients"] for count in found["calibration"][0]["joined"]}
    assert sum(joined.values()) == PATIENTS
    assert joined["with an outcome"] >= 5
    run = run_of(registry, printed["run_id"])
    assert run.data.tags["level"] == "monitoring"
    assert (run.data.tags["model_version"], run.data.tags["model_run_id"]) == ("2", model.run_id)
    assert run.data.metrics["version 2/counted"] == PATIENTS
    names = {one.path for one in registry.client.list_artifacts(printed["run_id"])}
    assert names >= {"monitoring.json", "monitoring.html", "figures", "seal.json"}
    recorded = Path(registry.client.download_artifacts(printed["run_id"], "monitoring.html", str(tmp_path)))
    assert recorded.read_bytes() == (tmp_path / "page.html").read_bytes()


def test_a_monitoring_that_is_deleted_is_missed_by_the_version_and_by_the_next_one(
    registry: CohortRegistry, tmp_path: Path
) -> None:
    model = registry.version("2")
    log = log_in(tmp_path, model, requests(registry.cohort))
    first, second = (json.loads(kap(log.file, "--json").stdout.splitlines()[-1])["run_id"] for _ in range(2))
    tags = registry.client.get_model_version(MODEL_NAME, "2").tags
    assert {f"monitoring {first}", f"monitoring {second}"} <= tags.keys()
    assert run_of(registry, second).data.tags["previous_monitoring"] == first
    assert run_of(registry, second).data.tags["monitored_by"]
    assert monitoring_verdict(read_training(model.run_id, tmp_path)).outcome == "passed"
    registry.client.delete_run(first)
    registry.client.delete_model_version_tag(MODEL_NAME, "2", f"monitoring {first}")
    missed = monitoring_verdict(read_training(model.run_id, tmp_path))
    registry.client.restore_run(first)
    assert missed.outcome == "failed"
    assert f"monitoring {first}, before {second[:8]}: marked as deleted" in missed.detail


def test_answers_in_shadow_are_monitored_as_those_that_were_given(
    registry: CohortRegistry, simulated: Path, tmp_path: Path
) -> None:
    """A version in shadow is there to see how well it is calibrated before it is promoted for the clinic."""
    model = registry.version("2")
    asked, found = questions(model.bundle.models[0].horizons_days), []
    granted: dict[str, dict[str, Tier]] = {
        one.landmark.name: dict.fromkeys(asked, "shadow") for one in model.bundle.models
    }
    for folder, tiers in (("given", None), ("shadow", granted)):
        (tmp_path / folder).mkdir()
        log = log_in(tmp_path / folder, replace(model, granted=tiers), requests(registry.cohort))
        done = kap(log.file, "--outcomes", simulated, "--json")
        assert done.exit_code == 0, done.output
        printed = json.loads(done.stdout.splitlines()[-1], parse_float=lambda text: round(float(text), 9))
        (one,) = printed["models"]
        found.append(
            (one["calibration"], [check["change"] for check in one["checks"]])
        )  # whatever the order of entries
    assert found[0][0][0]["patients"] > 10
    assert found[1] == found[0]


def test_the_verdict_act_gives_exit_code_4_and_the_reason(registry: CohortRegistry, tmp_path: Path) -> None:
    log = log_in(tmp_path, registry.version("2"), requests(registry.cohort, with_age=False))
    done = kap(log.file)
    assert done.exit_code == 4
    assert "ACT" in done.stdout
    assert "the share of patients with a recorded age_years has changed (0% recently" in done.stdout
    assert "No outcomes were given" in done.stdout
    assert "page: " in done.stdout
    assert "in MLflow: http://127.0.0.1:5000/#/experiments/" in done.stdout


def test_outcomes_that_belong_to_nobody_in_the_log_are_warned_of(
    registry: CohortRegistry, simulated: Path, tmp_path: Path
) -> None:
    documents = requests(registry.cohort)
    for document in documents:
        document["patient"]["patient_ref"] += " of elsewhere"
    done = kap(log_in(tmp_path, registry.version("2"), documents).file, "--outcomes", simulated)
    assert done.exit_code == 0, done.output
    assert "WARNING: none of the patients is in the folder of outcomes" in done.stdout
    assert f"Outcomes: {PATIENTS} not in the folder." in done.stdout
    assert "No outcomes were given" not in done.stdout


def test_a_version_without_a_reference_ends_well_and_is_not_taken_for_one_in_order(
    registry: CohortRegistry, simulated: Path, tmp_path: Path
) -> None:
    log = log_in(tmp_path, registry.version("1"), requests(registry.cohort))
    done = kap(log.file, "--outcomes", simulated, "--out", tmp_path / "page.html")
    assert done.exit_code == 0
    assert "recorded no reference" in done.stdout
    assert "records not evaluated, answers not evaluated" in done.stdout
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "No item could be evaluated." in page
    assert "calls for anything" not in page
    assert "monitored items: calibration alone, without drift" in page


def test_a_model_of_another_registry_is_said_to_be_unknown(registry: CohortRegistry, tmp_path: Path) -> None:
    stranger = replace(registry.version("2"), bundle=replace(registry.version("2").bundle, digest="e" * 64))
    done = kap(log_in(tmp_path, stranger, requests(registry.cohort)).file)
    assert done.exit_code == 0
    assert "no bundle of this digest" in done.stdout


def test_erased_predictions_are_counted_and_tell_nothing(registry: CohortRegistry, tmp_path: Path) -> None:
    log = log_in(tmp_path, registry.version("2"), requests(registry.cohort))
    with log.open() as state:
        erase_patient(state.engine, state.secret, str(registry.cohort.patient_ids[0]), by="Ada", reason="asked for it")
    done = kap(log.file, "--json")
    (found,) = json.loads(done.stdout.splitlines()[-1])["models"]
    assert (found["predictions"], found["erased"], found["counted"]) == (PATIENTS, 1, PATIENTS - 1)


def test_a_log_without_predictions_from_a_day_on_says_so_and_records_nothing(
    registry: CohortRegistry, tmp_path: Path
) -> None:
    log = log_in(tmp_path, registry.version("2"), requests(registry.cohort)[:1])
    done = kap(log.file, "--since", "2026-01-01")
    assert (done.exit_code, done.stdout.strip()) == (0, "The log holds no predictions.")


def test_a_log_that_was_changed_is_not_evaluated(registry: CohortRegistry, simulated: Path, tmp_path: Path) -> None:
    """One answer is changed behind the log's back: nothing about it is printed, recorded or written."""
    log = log_in(tmp_path, registry.version("2"), requests(registry.cohort))
    changed = log.ids()[3]
    log.change(changed, answer=str(log.entry(changed).answer).replace("0.", "0.9", 1))
    runs = recorded_runs(registry)
    done = kap(log.file, "--outcomes", simulated, "--out", tmp_path / "page.html", "--json")
    assert (done.exit_code, done.stdout) == (4, "")
    assert "1 finding" in done.stderr
    assert f"({changed}): its content was changed" in done.stderr
    assert "kap audit log" in done.stderr
    assert recorded_runs(registry) == runs
    assert not (tmp_path / "page.html").exists()


def test_of_a_log_that_was_changed_in_many_places_the_first_are_reported(
    registry: CohortRegistry, tmp_path: Path
) -> None:
    log = log_in(tmp_path, registry.version("2"), requests(registry.cohort))
    log.sql("UPDATE entries SET ciphertext = x'00'")
    done = kap(log.file)
    assert done.exit_code == 4
    assert f"{PATIENTS} findings" in done.stderr
    assert f"and {PATIENTS - 3} more" in done.stderr


def test_no_reference_hash_or_value_of_a_patient_is_shown(
    registry: CohortRegistry, simulated: Path, tmp_path: Path
) -> None:
    documents = requests(registry.cohort)
    for document in documents:
        document["patient"]["body_mass_index"] = 31.41592
    log = log_in(tmp_path, registry.version("2"), documents)
    done = kap(log.file, "--outcomes", simulated, "--out", tmp_path / "page.html", "--json")
    printed = done.output + (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "31.4159" not in printed
    for document in documents:
        reference = document["patient"]["patient_ref"]
        assert reference not in printed
        assert SECRET.patient(reference) not in printed
    assert not [key for key in log.ids() if key in printed]


@pytest.mark.parametrize("name", ["nowhere.db", "postgresql://ada:secret@host/db"])
def test_what_names_no_log_is_the_users_matter(registry: CohortRegistry, name: str) -> None:
    done = kap(name)
    assert done.exit_code == 2
    assert "refused: 1 problem" in done.output


def test_outcomes_that_can_t_be_read_are_the_users_matter(registry: CohortRegistry, tmp_path: Path) -> None:
    log = log_in(tmp_path, registry.version("2"), requests(registry.cohort)[:1])
    (tmp_path / "outcomes").mkdir()
    done = kap(log.file, "--outcomes", tmp_path / "outcomes")
    assert done.exit_code == 2
    assert "patients" in done.output
