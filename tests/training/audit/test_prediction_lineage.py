"""A logged prediction is walked to the model, the training and the decision behind it, and answered again."""

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import bentoml
import mlflow
import pytest
from click.testing import CliRunner, Result
from mlflow.tracking import MlflowClient

from models.bundle import Bundle, load_bundle
from serving.cds_hooks.card_ids import caution_card_of
from serving.fhir.reading.bundle import read_fhir
from serving.fhir.reading.options import ReadingDefaults
from tests.serving.bundles import with_applicability
from tests.serving.fhir.readers import objections, resources_in
from tests.serving.requests import changed, example
from tests.training.decisions.stores import sql
from tests.training.evidences import good_evidence
from tests.training.prediction_logs import CALLER, PredictionLog, ServedBundle, again
from tests.training.registries import Registry, held_out_of, in_use
from training.audit.audit import seal_run
from training.audit.prediction_lineage import PredictionLineage, decision_verdict
from training.cli.app import main
from training.registry.decision_log import Chain
from training.registry.decisions import FIRST, Decision
from training.registry.names import MODEL_NAME
from training.registry.policy_check import PolicyCheck

pytestmark = pytest.mark.slow

PROMOTED, NEVER = "1", "2"
STEPS = ["entry", "model", "training run", "decision", "answer"]
PROVENANCE = {"commit": "5ca1ab1e", "modified": "True", "lock_digest": "10cc", "mlflow.user": "ada"}


class EvaluatedVersion(Registry):
    """Every bundle has an applicability domain."""

    def bundle(self, number: int, cohort_digest: str) -> Bundle:
        return with_applicability(super().bundle(number, cohort_digest))


@dataclass(frozen=True)
class LoggedRegistry:
    """A registry of which version 1 is champion, and a log with an answer by each version."""

    registry: Registry
    log: PredictionLog
    models: dict[str, ServedBundle]
    answered: dict[str, str]

    def run_id(self, version: str) -> str:
        return self.models[version].run_id

    @property
    def client(self) -> MlflowClient:
        return self.registry.client


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LoggedRegistry]:
    registry = EvaluatedVersion(tmp_path_factory.mktemp("traced"))
    for _ in (PROMOTED, NEVER):
        registry.register(good_evidence(), held_out_of(skill=0.9))
    with in_use(registry, registry.folder / "serving"), pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLFLOW_TRACKING_URI", registry.address)
        models = {version: served(registry, version) for version in (PROMOTED, NEVER)}
        done = kap("promote", PROMOTED, "--reason", "first model", "--by", "Ada")
        assert done.exit_code == 0, done.output
        log = PredictionLog(registry.folder / "log")
        log.folder.mkdir()
        answered = {version: log.answer(model, example())[0] for version, model in models.items()}
        yield LoggedRegistry(registry, log, models, answered)


def served(registry: Registry, version: str) -> ServedBundle:
    """A version with its provenance, sealed."""
    run_id = registry.client.get_model_version(MODEL_NAME, version).run_id
    for key, value in PROVENANCE.items():
        registry.client.set_tag(run_id, key, value)
    seal_run(run_id)
    folder = registry.folder / "new" / version / "bundle"
    return ServedBundle(load_bundle(folder), version, run_id)


@pytest.fixture
def place(prepared: LoggedRegistry, tmp_path: Path) -> LoggedRegistry:
    """The same with a log of its own."""
    shutil.copytree(prepared.log.folder, tmp_path / "log")
    return replace(prepared, log=PredictionLog(tmp_path / "log"))


def kap(*arguments: str | Path, stdin: str | None = None) -> Result:
    return CliRunner().invoke(main, [str(part) for part in arguments], input=stdin, catch_exceptions=False)


@dataclass(frozen=True)
class Lineage:
    """The command's verdicts by step."""

    exit_code: int
    outcomes: dict[str, str]
    details: dict[str, str]

    @property
    def failed(self) -> list[str]:
        return [step for step, outcome in self.outcomes.items() if outcome == "failed"]


def lineage(place: LoggedRegistry, prediction_id: str, *options: str | Path, stdin: str | None = None) -> Lineage:
    done = kap("audit", "lineage", prediction_id, "--log", place.log.file, "--json", *options, stdin=stdin)
    verdicts = json.loads(done.stdout)["verdicts"]
    outcomes = {verdict["check"]: verdict["outcome"] for verdict in verdicts}
    details = {verdict["check"]: "; ".join([verdict["detail"], *verdict["findings"]]) for verdict in verdicts}
    return Lineage(done.exit_code, outcomes, details)


def test_a_prediction_of_the_champion_is_walked_to_its_end(place: LoggedRegistry) -> None:
    found = lineage(place, place.answered[PROMOTED])
    assert found.exit_code == 0
    assert list(found.outcomes) == STEPS
    assert set(found.outcomes.values()) == {"passed"}
    tags = place.client.get_run(place.run_id(PROMOTED)).data.tags
    for step, expected in {
        "entry": ["writer 1, entry 1", "'before session 3' on day 14", f"key {CALLER}"],
        "model": [place.models[PROMOTED].bundle.digest, f"version 1 by run {place.run_id(PROMOTED)}"],
        "training run": [tags["cohort_digest"], "code 5ca1ab1e with files that differed from it", "10cc", "by ada"],
        "decision": ["promote version 1 by Ada", "first model", tags["evidence_digest"], "checks met"],
        "answer": ["version 1 of the registry"],
    }.items():
        assert all(text in found.details[step] for text in expected), (step, found.details[step])


def test_the_steps_are_printed_one_a_line(place: LoggedRegistry) -> None:
    done = kap("audit", "lineage", place.answered[PROMOTED], "--log", place.log.file)
    assert done.exit_code == 0
    steps = [line for line in done.stdout.splitlines() if not line.startswith(" ")]
    assert [line[:27].rstrip() for line in steps] == [f"passed        {step}" for step in STEPS]


def test_an_auditor_sees_what_was_answered(place: LoggedRegistry) -> None:
    prediction_id = place.answered[PROMOTED]
    answer = json.loads(place.log.entry(prediction_id).answer or "")
    done = kap("audit", "lineage", prediction_id, "--log", place.log.file, "--json")
    shown = json.loads(done.stdout)["answered"]
    assert shown["outcome"] == "predicted"
    assert shown["remission"] == answer["remission"]
    assert shown["relapse"] == answer["relapse"]["at_horizons"]
    assert shown["sustained_remission"] == answer["sustained_remission"]
    assert shown["cautions"] == [caution["code"] for caution in answer["cautions"]]
    text = kap("audit", "lineage", prediction_id, "--log", place.log.file).stdout
    assert f"remission: {answer['remission']['probability']:.1%}" in text
    for risk in answer["relapse"]["at_horizons"]:
        assert f"relapse within {risk['days']} days after remission: " in text
    assert "cautions: " in text


def test_an_auditor_sees_why_there_was_no_prediction(place: LoggedRegistry) -> None:
    (prediction_id,) = place.log.answer(place.models[PROMOTED], changed(("patient", "age_years"), 92))
    done = kap("audit", "lineage", prediction_id, "--log", place.log.file)
    assert "answered      not predictable" in done.stdout
    assert "answered      outside_training: " in done.stdout


@pytest.mark.parametrize("name", ["lineage", "trace"])
def test_provenance_and_audit_event_are_given_as_fhir(place: LoggedRegistry, name: str, tmp_path: Path) -> None:
    prediction_id, out = place.answered[PROMOTED], tmp_path / "origin.json"
    done = kap("audit", name, prediction_id, "--log", place.log.file, "--to", "fhir", "--out", out)
    assert done.exit_code == 0
    assert objections([out.read_bytes()]) == []
    bundle = json.loads(out.read_bytes())
    (provenance,) = resources_in(bundle, "Provenance")
    assert [one["what"]["display"] for one in provenance["entity"]] == [
        "model", "training run", "cohort", "code", "decision",
    ]  # fmt: skip
    assert provenance["entity"][-1]["what"]["identifier"]["value"].startswith("1:")
    (event,) = resources_in(bundle, "AuditEvent")
    assert event["agent"][0]["who"]["identifier"]["value"] == CALLER
    answer = json.loads(place.log.entry(prediction_id).answer or "")
    assert str(answer["remission"]["probability"]) not in out.read_text(encoding="utf-8")


def test_a_decision_that_no_check_confirmed_is_not_in_the_provenance(place: LoggedRegistry) -> None:
    done = kap("audit", "lineage", place.answered[NEVER], "--log", place.log.file, "--to", "fhir")
    assert done.exit_code == 4
    (provenance,) = resources_in(json.loads(done.stdout), "Provenance")
    assert "decision" not in [one["what"]["display"] for one in provenance["entity"]]


def test_a_file_is_asked_for_with_a_form_and_one_form_at_a_time(place: LoggedRegistry, tmp_path: Path) -> None:
    arguments = ("audit", "lineage", place.answered[PROMOTED], "--log", place.log.file)
    assert kap(*arguments, "--out", tmp_path / "a.json").exit_code == 2
    assert kap(*arguments, "--to", "fhir", "--json").exit_code == 2


@pytest.mark.parametrize("written", [str, str.upper, "urn:uuid:{}".format, caution_card_of])
def test_a_prediction_is_found_by_any_of_its_names(place: LoggedRegistry, written: Callable[[str], str]) -> None:
    prediction_id = place.answered[PROMOTED]
    done = kap("audit", "lineage", written(prediction_id), "--log", place.log.file, "--json")
    assert json.loads(done.stdout)["prediction"] == prediction_id


def test_a_fhir_body_is_compared_as_it_was_read_that_day(place: LoggedRegistry) -> None:
    body = (Path(__file__).parents[2] / "serving" / "fhir" / "example.json").read_bytes()
    model = place.models[PROMOTED]
    today = datetime.now(UTC).astimezone().date()
    record = read_fhir(body, ReadingDefaults(lambda _: today, None, model.bundle.protocol))
    document = record.request.model_dump(mode="json", exclude_unset=True)
    (prediction_id,) = place.log.answer(model, document)
    same = lineage(place, prediction_id, "--request", "-", stdin=body.decode())
    assert same.outcomes["request"] == "passed"
    other = lineage(place, place.answered[PROMOTED], "--request", "-", stdin=body.decode())
    assert other.failed == ["request"]


def test_a_fhir_body_that_is_wrong_is_the_users_matter(place: LoggedRegistry) -> None:
    arguments = ("audit", "lineage", place.answered[PROMOTED], "--log", place.log.file, "--request", "-")
    done = kap(*arguments, stdin='{"resourceType": "Bundle", "type": "collection", "entry": []}')
    assert done.exit_code == 2
    assert "required" in done.stderr


def test_a_prediction_by_a_model_that_was_never_champion_fails_at_the_decision_alone(place: LoggedRegistry) -> None:
    found = lineage(place, place.answered[NEVER])
    assert (found.exit_code, found.failed) == (4, ["decision"])
    assert "no decision had made it champion; in force: decision 1, promote version 1" in found.details["decision"]


def relogged(place: LoggedRegistry, **changes: Any) -> str:
    """The champion's prediction, logged with changes by somebody who has the secret; its id."""
    return place.log.add(again(place.log.entry(place.answered[PROMOTED]), **changes))[0]


def renamed(answer: str | None, prediction_id: str) -> str:
    return json.dumps(json.loads(answer or "") | {"prediction_id": prediction_id})


@pytest.mark.parametrize(
    ("of", "path", "expected"),
    [
        ("row", ("age_years",), "reasons.remission.contributions.age_years.value"),
        ("answer", ("remission", "probability"), "remission.probability: by 1.0e-08"),
        ("answer", ("relapse", "curve", 3, "event_free"), "relapse.curve[3].event_free: by 1.0e-08"),
    ],
)
def test_a_changed_row_or_answer_that_was_signed_is_found_by_computing_again(
    place: LoggedRegistry, of: str, path: tuple[str | int, ...], expected: str
) -> None:
    entry, prediction_id = place.log.entry(place.answered[PROMOTED]), "signed"
    texts = {"row": entry.row, "answer": renamed(entry.answer, prediction_id)}
    document = json.loads(texts[of] or "")
    value: Any = document
    for part in path:
        value = value[part]
    texts[of] = json.dumps(changed(path, value + (7 if of == "row" else 1e-8), document))
    found = lineage(place, relogged(place, prediction_id=prediction_id, **texts))
    assert (found.exit_code, found.failed) == (4, ["answer"])
    assert expected in found.details["answer"]


@pytest.mark.parametrize("column", ["row", "answer"])
def test_a_changed_digit_behind_the_logs_back_is_found_twice(place: LoggedRegistry, column: str) -> None:
    prediction_id = place.answered[PROMOTED]
    text = str(getattr(place.log.entry(prediction_id), column))
    before = '"age_years":4' if column == "row" else '"probability":0.'
    digit = text.index(before) + len(before)
    place.log.change(prediction_id, **{column: text[:digit] + str(9 - int(text[digit])) + text[digit + 1 :]})
    found = lineage(place, prediction_id)
    assert (found.exit_code, found.failed) == (4, ["entry", "answer"])
    assert "its content was changed" in found.details["entry"]


def test_another_models_digest_is_found(place: LoggedRegistry) -> None:
    prediction_id = place.answered[PROMOTED]
    place.log.change(prediction_id, model_digest="e" * 64)
    found = lineage(place, prediction_id)
    assert (found.exit_code, found.failed) == (4, ["entry", "model", "decision"])
    assert "no registered version has the bundle" in found.details["model"]
    assert found.outcomes["answer"] == "not checked"
    assert found.outcomes["training run"] == "passed"


@pytest.mark.parametrize(("column", "other"), [("model_version", NEVER), ("run_id", "0" * 32)])
def test_a_version_or_run_that_is_not_the_bundles_is_found(place: LoggedRegistry, column: str, other: str) -> None:
    found = lineage(place, relogged(place, prediction_id="other", **{column: other}))
    assert {"model", "decision"} <= set(found.failed)
    assert "the bundle that answered is registered as version 1" in found.details["model"]
    if column == "run_id":
        assert "deleted from the store" in found.details["training run"]


def test_an_erased_prediction_tells_by_whom_and_is_not_answered_again(place: LoggedRegistry) -> None:
    done = kap("log", "erase", "c1-0042", "--log", place.log.file, "--by", "Grace", "--reason", "asked for")
    assert done.exit_code == 0, done.output
    found = lineage(place, place.answered[PROMOTED])
    assert (found.exit_code, found.failed) == (5, [])
    assert found.outcomes == dict.fromkeys(STEPS, "passed") | {"answer": "not checked"}
    assert "its content was erased" in found.details["entry"]
    assert "by Grace: asked for" in found.details["entry"]


def test_what_only_looks_erased_is_found(place: LoggedRegistry) -> None:
    prediction_id = place.answered[PROMOTED]
    gone = ("nonce", "patient", "input_digest", "row", "answer", "idempotency")
    place.log.change(prediction_id, **dict.fromkeys(gone))
    found = lineage(place, prediction_id)
    assert (found.exit_code, found.failed) == (4, ["entry"])
    assert "no erasure names it" in found.details["entry"]


def test_where_nothing_was_predicted_there_is_no_answer_to_compute(place: LoggedRegistry) -> None:
    """A patient who was in remission from the beginning."""
    ratings = [{"day": 0, "instrument": "gad7", "score": 2}]
    (prediction_id,) = place.log.answer(place.models[PROMOTED], example(assessments=ratings))
    found = lineage(place, prediction_id)
    assert found.exit_code == 0
    assert found.outcomes["answer"] == "does not apply"


def test_a_patient_unlike_the_training_patients_is_refused_again(place: LoggedRegistry) -> None:
    (prediction_id,) = place.log.answer(place.models[PROMOTED], changed(("patient", "age_years"), 92))
    assert json.loads(place.log.entry(prediction_id).answer or "")["outcome"] == "not_predictable"
    assert set(lineage(place, prediction_id).outcomes.values()) == {"passed"}


@pytest.mark.parametrize("in_full", [True, False])
def test_a_request_at_hand_is_compared_with_the_one_that_was_answered(place: LoggedRegistry, in_full: bool) -> None:
    (prediction_id,) = place.log.answer(place.models[PROMOTED], example(), in_full=in_full)
    same = lineage(place, prediction_id, "--request", "-", stdin=json.dumps(example(), indent=2))
    assert (same.exit_code, same.outcomes["request"]) == (0, "passed")
    other = lineage(place, prediction_id, "--request", "-", stdin=json.dumps(example(as_of_day=15)))
    assert (other.exit_code, other.failed) == (4, ["request"])


def test_an_erased_request_can_not_be_compared(place: LoggedRegistry) -> None:
    kap("log", "erase", "c1-0042", "--log", place.log.file, "--by", "Grace", "--reason", "asked for")
    found = lineage(place, place.answered[PROMOTED], "--request", "-", stdin=json.dumps(example()))
    assert found.outcomes["request"] == "not checked"


@pytest.mark.parametrize(
    ("request_text", "expected"), [("{", "request: required a JSON text"), ('{"as_of_day": 1}', "patient")]
)
def test_a_file_that_is_no_request_is_the_users_matter(place: LoggedRegistry, request_text: str, expected: str) -> None:
    arguments = ("audit", "lineage", place.answered[PROMOTED], "--log", place.log.file, "--request", "-")
    done = kap(*arguments, stdin=request_text)
    assert done.exit_code == 2
    assert expected in done.stderr


def test_an_id_that_the_log_does_not_have_is_the_users_matter(place: LoggedRegistry) -> None:
    done = kap("audit", "lineage", "nothing", "--log", place.log.file)
    assert done.exit_code == 2
    assert "PREDICTION_ID: required the id of a logged prediction" in done.stderr


@contextmanager
def tagged(client: MlflowClient, run_id: str, key: str, value: str) -> Iterator[None]:
    before = client.get_run(run_id).data.tags[key]
    client.set_tag(run_id, key, value)
    try:
        yield
    finally:
        client.set_tag(run_id, key, before)


@pytest.mark.parametrize("key", ["cohort_digest", "commit"])
def test_a_record_that_is_not_as_sealed_is_found(place: LoggedRegistry, key: str) -> None:
    with tagged(place.client, place.run_id(PROMOTED), key, "f" * 64):
        found = lineage(place, place.answered[PROMOTED])
    assert (found.exit_code, found.failed) == (4, ["training run"])
    assert f"tag {key}" in found.details["training run"]


def test_a_training_that_is_gone_is_found(place: LoggedRegistry) -> None:
    run_id = place.run_id(PROMOTED)
    place.client.delete_run(run_id)
    found = lineage(place, place.answered[PROMOTED])
    place.client.restore_run(run_id)
    assert (found.exit_code, found.failed) == (4, ["training run"])
    assert "marked as deleted" in found.details["training run"]


def test_provenance_that_was_never_recorded_is_said(place: LoggedRegistry) -> None:
    run_id = place.run_id(NEVER)
    place.client.delete_tag(run_id, "commit")
    seal_run(run_id)
    found = lineage(place, place.answered[NEVER])
    place.client.set_tag(run_id, "commit", PROVENANCE["commit"])
    seal_run(run_id)
    assert found.outcomes["training run"] == "not checked"
    assert "no commit was recorded" in found.details["training run"]


def test_a_decision_that_was_changed_is_found(place: LoggedRegistry) -> None:
    store = place.registry.folder / "decisions.db"
    kept = store.read_bytes()
    sql(store, "UPDATE decision_entries SET document = replace(document, 'Ada', 'Eve') WHERE kind = 'decision'")
    found = lineage(place, place.answered[PROMOTED])
    store.write_bytes(kept)
    assert (found.exit_code, found.failed) == (4, ["decision"])
    assert "was changed" in found.details["decision"]


def test_without_the_registrys_files_the_served_copy_answers_again(place: LoggedRegistry, tmp_path: Path) -> None:
    files = place.registry.folder / "runs1" / place.run_id(PROMOTED) / "artifacts" / "model"
    shutil.move(files, tmp_path / "model")
    found = lineage(place, place.answered[PROMOTED])
    shutil.move(tmp_path / "model", files)
    assert found.failed == ["training run"]
    assert found.outcomes["answer"] == "passed"
    assert f"the copy {bentoml.models.get(f'{MODEL_NAME}:latest').tag}" in found.details["answer"]


def test_without_a_registry_the_rest_is_checked(place: LoggedRegistry, monkeypatch: pytest.MonkeyPatch) -> None:
    """Port 9 of this machine, where nothing listens."""
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    mlflow.set_tracking_uri("http://127.0.0.1:9")
    try:
        found = lineage(place, place.answered[PROMOTED])
    finally:
        mlflow.set_tracking_uri(place.registry.address)
    assert (found.exit_code, found.failed) == (5, [])
    assert {step for step, outcome in found.outcomes.items() if outcome == "passed"} == {"entry", "answer"}
    assert "the tracking store does not answer" in found.details["decision"]


NOON = datetime(2030, 1, 2, 12, 0, 0, tzinfo=UTC)
PATIENCE = timedelta(seconds=62)


def decisions(*taken: tuple[str, float, str]) -> Chain:
    """A chain of decisions: action, seconds after noon, version."""
    made: list[Decision] = []
    champion: str | None = None
    for number, (action, seconds, version) in enumerate(taken, start=1):
        decision = Decision(
            number=number,
            at=(NOON + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ"),
            by="Ada",
            action=action,  # type: ignore[arg-type]
            version=version,
            previous_champion=champion,
            reason="better",
            run_id=f"run {version}",
            bundle_digest=version * 64,
            evidence_digest=None,
            seal_digest=None,
            policy_digest=None,
            checks=(),
            previous=made[-1].hash if made else FIRST,
        )
        champion = version if decision.changes_champion else champion
        made.append(decision)
    return Chain(tuple(made), champion, ())


def prediction_by(version: str, seconds: float) -> PredictionLineage:
    return PredictionLineage(
        prediction_id="p",
        place="writer 1, entry 1",
        at=(NOON + timedelta(seconds=seconds)).isoformat(timespec="microseconds"),
        caller="loopback",
        model_digest=version * 64,
        model_version=version,
        run_id=f"run {version}",
        landmark=None,
        landmark_day=None,
        findings=(),
        content="row",
        erased=None,
        request="not given",
    )


REPLACED = decisions(("promote", 0, "1"), ("refuse", 50, "3"), ("override", 100, "2"))


@pytest.mark.parametrize(
    ("chain", "version", "seconds", "outcome", "expected"),
    [
        (REPLACED, "1", -0.001, "failed", "no decision had made any version champion"),
        (REPLACED, "1", 0, "passed", "decision 1, promote version 1 by Ada at 2030-01-02T12:00:00Z: better"),
        (REPLACED, "1", 99.9, "passed", "decision 1"),
        (REPLACED, "2", 99.9, "failed", "no decision had made it champion; in force: decision 1"),
        (REPLACED, "2", 100, "passed", "decision 3, version 2 at 2030-01-02T12:01:40Z, an OVERRIDE by Ada"),
        (REPLACED, "1", 162, "passed", "62.0 s after it was replaced (decision 3, version 2 at"),
        (REPLACED, "1", 162.1, "failed", "62.1 s after it was replaced"),
        (REPLACED, "3", 60, "failed", "no decision had made it champion"),
        (decisions(("promote", 0, "1"), ("promote", 9, "2"), ("promote", 18, "3")), "1", 71, "passed", "62.0 s after"),
        (decisions(("promote", 0, "1"), ("promote", 9, "2"), ("promote", 18, "3")), "1", 72, "failed", "63.0 s after"),
        (decisions(("promote", 0, "1"), ("promote", 9, "2"), ("rollback", 18, "1")), "1", 999, "passed", "rollback"),
        (decisions(), "1", 0, "failed", "no decision"),
    ],
)
def test_a_decision_must_stand_behind_the_model_when_it_answers(
    chain: Chain, version: str, seconds: float, outcome: str, expected: str
) -> None:
    verdict = decision_verdict(prediction_by(version, seconds), chain, None, PATIENCE)
    assert verdict.outcome == outcome, verdict.detail
    assert expected in verdict.detail


def test_an_override_is_said_loudly_with_the_checks_that_were_not_met() -> None:
    chain = decisions(("override", 0, "1"))
    seen = {"sample size, session 2": False, "leakage checks": True, "champion": False}
    checks = tuple(PolicyCheck(name=name, passed=met, required="more", seen="less") for name, met in seen.items())
    taken = chain.decisions[0].model_copy(update={"checks": checks})
    verdict = decision_verdict(prediction_by("1", 5), Chain((taken,), "1", ()), None, PATIENCE)
    assert verdict.outcome == "passed"
    assert "an OVERRIDE by Ada (reason: better): not met: sample size, session 2; champion (figures:" in verdict.detail
    assert "leakage" not in verdict.detail
    assert "1 of 3 checks met" in verdict.detail


@pytest.mark.parametrize("at", ["yesterday", "2030-01-02", "2030-01-02T12:00:00"])
def test_a_time_that_was_changed_into_none_is_said(at: str) -> None:
    verdict = decision_verdict(replace(prediction_by("1", 5), at=at), REPLACED, None, PATIENCE)
    assert verdict.outcome == "not checked"
