"""Promotion, override and rollback in real stores: who answers is decided on evidence, and every decision is kept."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import bentoml
import pandas as pd
import pytest
from click.testing import CliRunner, Result

from features.protocol.document import Protocol
from tests.training.decisions.stores import as_kept_before
from tests.training.evidences import good_evidence, with_measure
from tests.training.registries import Registry, about, held_out_of, in_use
from training.cli.decisions.history import history
from training.cli.decisions.promotion import promote, rollback
from training.cohort.reader import read_cohort
from training.config import load_policy
from training.evidence.document import Estimate
from training.experiment.records import pseudonyms
from training.outcomes.digests import bundle_digest
from training.registry.decision_documents import document_text, entry_text
from training.registry.decision_log import DecisionLog
from training.registry.decisions import Decision
from training.registry.names import MODEL_NAME

pytestmark = pytest.mark.slow

GOOD, GOOD_TOO, BAD, WITHOUT, WORSE, ELSEWHERE = "1", "2", "3", "4", "5", "6"


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Registry:
    """Six versions, none of them champion."""
    registry = Registry(tmp_path_factory.mktemp("registry"))
    bad = with_measure(good_evidence(), "calibration_slope", Estimate(estimate=0.4, low=0.3, high=0.5))
    registry.register(good_evidence(), held_out_of(skill=0.9))
    registry.register(good_evidence(), held_out_of(skill=1.0))
    registry.register(bad, held_out_of(skill=1.0))
    registry.register(None)
    registry.register(good_evidence(), held_out_of(skill=-0.5))
    registry.register(good_evidence(), held_out_of(skill=1.0), cohort_digest="d" * 64)
    return registry


@pytest.fixture
def registry(prepared: Registry, tmp_path: Path) -> Iterator[Registry]:
    """A copy of its own; the artifacts are shared."""
    shutil.copy(prepared.folder / "mlflow.db", tmp_path / "mlflow.db")
    own = Registry(tmp_path)
    with in_use(own, tmp_path / "serving"):
        yield own


def kap(command: object, *arguments: str) -> Result:
    return CliRunner().invoke(command, list(arguments), catch_exceptions=False)  # type: ignore[arg-type]


def promoted(*arguments: str) -> Result:
    done = kap(promote, *arguments, "--reason", "calibrates best")
    assert done.exit_code == 0, done.output
    return done


def champion(registry: Registry) -> str | None:
    alias = registry.client.get_registered_model(MODEL_NAME).aliases.get("champion")
    return None if alias is None else str(alias)


def decisions(registry: Registry) -> list[tuple[str, str]]:
    chain = DecisionLog(registry.client, MODEL_NAME).read()
    assert chain.findings == ()
    return [(decision.action, decision.version) for decision in chain.decisions]


def served() -> str:
    return str(bentoml.models.get(f"{MODEL_NAME}:latest").info.labels["mlflow_version"])


def test_a_good_model_becomes_champion_and_every_check_is_shown(registry: Registry) -> None:
    done = promoted(GOOD, "--by", "Ada")
    assert champion(registry) == GOOD == served()
    assert "FAILED" not in done.stdout
    assert "remission 0.96 (0.78 to 1.15)" in done.stdout
    (decision,) = DecisionLog(registry.client, MODEL_NAME).read().decisions
    version = registry.client.get_model_version(MODEL_NAME, GOOD)
    assert (decision.by, decision.reason, decision.action) == ("Ada", "calibrates best", "promote")
    assert decision.evidence_digest == version.tags["evidence_digest"]
    assert decision.bundle_digest == version.tags["bundle_digest"]
    assert decision.hash == version.tags["decision_head"]
    assert decision.hash == bentoml.models.get(f"{MODEL_NAME}:latest").info.metadata["decision_head"]
    assert version.tags["promoted_by"] == "Ada"


def test_a_model_that_fails_the_policy_is_refused_with_its_numbers_and_that_is_recorded(registry: Registry) -> None:
    promoted(GOOD)
    done = kap(promote, BAD, "--reason", "newer")
    assert done.exit_code == 4
    assert "FAILED  calibration slope" in done.stdout
    assert "next: accept with --narrower what is withdrawn; or promote it anyway with --override" in done.stderr
    assert "remission 0.40 (0.30 to 0.50)" in done.stdout
    assert champion(registry) == GOOD == served()
    assert decisions(registry) == [("promote", GOOD), ("refuse", BAD)]


def test_an_override_needs_a_name_and_is_recorded_as_one(registry: Registry) -> None:
    unnamed = kap(promote, BAD, "--reason", "no other", "--override")
    assert unnamed.exit_code == 2
    assert "--by" in unnamed.stderr
    promoted(BAD, "--override", "--by", "Grace")
    assert decisions(registry) == [("override", BAD)]
    assert champion(registry) == BAD


def test_a_model_that_passes_needs_no_override(registry: Registry) -> None:
    promoted(GOOD, "--override", "--by", "Grace")
    assert decisions(registry) == [("promote", GOOD)]


def test_a_version_without_evidence_is_refused_unless_overridden(registry: Registry) -> None:
    done = kap(promote, WITHOUT, "--reason", "it is there")
    assert done.exit_code == 4
    assert "registered without evidence" in done.stdout
    promoted(WITHOUT, "--override", "--by", "Grace")
    assert decisions(registry) == [("refuse", WITHOUT), ("override", WITHOUT)]


@pytest.mark.parametrize("place", ["version", "run", "artifact"])
def test_changed_evidence_is_refused_even_with_an_override(registry: Registry, place: str) -> None:
    version = registry.client.get_model_version(MODEL_NAME, GOOD)
    path = Path(registry.client.get_run(version.run_id).info.artifact_uri.removeprefix("file://")) / "evidence.json"
    whole = path.read_bytes()
    try:
        if place == "version":
            registry.client.set_model_version_tag(MODEL_NAME, GOOD, "evidence_digest", "0" * 64)
        elif place == "run":
            registry.client.delete_tag(version.run_id, "evidence_digest")
        else:
            path.write_bytes(whole.replace(b"0.96", b"0.97", 1))
        done = kap(promote, GOOD, "--reason", "best", "--override", "--by", "Grace")
    finally:
        path.write_bytes(whole)
    assert done.exit_code == 4
    assert "changed or lost" in done.stdout
    assert (
        "next: train again: the evidence or the record was changed, so that an override can't promote this version"
        in done.stderr
    )
    assert champion(registry) is None


def test_a_model_worse_than_the_champion_on_the_same_patients_is_refused(registry: Registry) -> None:
    promoted(GOOD)
    done = kap(promote, WORSE, "--reason", "newer")
    assert done.exit_code == 4
    assert "FAILED  champion" in done.stdout
    assert "log loss worse by" in done.stdout
    assert "better by" in promoted(GOOD_TOO).stdout


def test_a_model_of_another_cohort_is_refused_until_that_cohort_is_given(registry: Registry) -> None:
    promoted(GOOD)
    done = kap(promote, ELSEWHERE, "--reason", "newer")
    assert done.exit_code == 4
    assert "--cohort DIR" in done.stdout


@pytest.fixture(scope="module")
def clinics(simulated: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A synthetic cohort without the columns that only its own protocol knows."""
    folder = tmp_path_factory.mktemp("cohorts") / "clinics"
    shutil.copytree(simulated, folder, ignore=shutil.ignore_patterns("protocol.toml", "truth.parquet"))
    patients = pd.read_csv(folder / "patients.csv", dtype=str, keep_default_na=False)
    patients.drop(columns=["expectancy", "working_alliance"]).to_csv(folder / "patients.csv", index=False)
    return folder


@pytest.mark.parametrize(("skill", "exit_code"), [(1.0, 0), (-1.0, 4)])
def test_given_its_cohort_the_champion_predicts_for_the_same_patients(
    registry: Registry, clinics: Path, skill: float, exit_code: int
) -> None:
    promoted(GOOD)
    cohort = read_cohort(clinics, Protocol())
    names = pseudonyms(cohort)
    held_out = held_out_of(skill, len(names))
    places = held_out["patient"].str[1:].astype(int)
    version = registry.register(good_evidence(), held_out.assign(patient=names[places]), cohort.digest)
    done = kap(promote, version, "--reason", "newer", "--cohort", str(clinics))
    assert done.exit_code == exit_code, done.output
    assert "log loss better by" in done.stdout if exit_code == 0 else "log loss worse by" in done.stdout


def test_an_update_is_compared_on_the_cohort_that_it_was_updated_on(registry: Registry, clinics: Path) -> None:
    """Version 1 and the update are one and the same model here, so that no difference may be seen."""
    promoted(GOOD)
    update = good_evidence().model_copy(update={"kind": "updated"})
    version = registry.register(update, None, read_cohort(clinics, Protocol()).digest)
    done = kap(promote, version, "--reason", "newer")
    assert done.exit_code == 4
    assert f"give the cohort that version {version} was updated on with --cohort DIR" in " ".join(done.stdout.split())
    done = kap(promote, version, "--reason", "newer", "--cohort", str(clinics))
    assert done.exit_code == 0, done.output
    said = " ".join(done.stdout.split())
    assert said.count("the same (") >= 2
    assert f"version {version} was fitted on these patients, which favours it" in said


def test_a_cohort_that_is_not_the_candidates_own_is_refused(registry: Registry, clinics: Path) -> None:
    promoted(GOOD)
    done = kap(promote, ELSEWHERE, "--reason", "newer", "--cohort", str(clinics))
    assert done.exit_code == 2
    assert "--cohort" in done.stderr


def test_a_policy_of_ones_own_may_be_stricter_and_its_digest_is_kept(registry: Registry, tmp_path: Path) -> None:
    (tmp_path / "strict.toml").write_text("[policy]\nin_the_large = 0.01\n")
    done = kap(promote, GOOD, "--reason", "best", "--policy", str(tmp_path / "strict.toml"))
    assert done.exit_code == 4
    promoted(GOOD)
    refused, made = DecisionLog(registry.client, MODEL_NAME).read().decisions
    assert refused.policy_digest != made.policy_digest
    assert refused.policy is not None
    assert made.policy == load_policy().as_document() == refused.policy | {"in_the_large": 0.3}
    refusal, promotion = kap(history).stdout.splitlines()[1:]
    assert refusal.endswith("[not the default policy: in_the_large = 0.01]")
    assert "policy" not in promotion


def test_a_policy_looser_than_the_default_needs_an_override_and_stays_marked(
    registry: Registry, tmp_path: Path
) -> None:
    (tmp_path / "loose.toml").write_text(
        "[policy]\nslope = [0.3, 2.0]\nslope_outermost = [0.3, 2.0]\nin_the_large = 0.2\n"
    )
    loose = ("--policy", str(tmp_path / "loose.toml"))
    done = kap(promote, BAD, "--reason", "newer", *loose)
    assert done.exit_code == 2
    assert done.stderr.count("required the default value or a stricter one, or --override") == 2
    assert "policy, key slope: " in done.stderr
    assert "slope" in done.stderr
    assert "slope_outermost" in done.stderr
    assert "in_the_large" not in done.stderr
    assert decisions(registry) == []
    promoted(BAD, "--override", "--by", "Grace", *loose)
    assert decisions(registry) == [("override", BAD)]
    marked = "[not the default policy: in_the_large = 0.2, slope = [0.3, 2.0], slope_outermost = [0.3, 2.0]]"
    assert marked in kap(history).stdout
    today = DecisionLog(registry.client, MODEL_NAME).read().decisions[0].at[:10]
    assert marked in kap(history, "--on", today).stdout


@pytest.mark.parametrize("other", ["bundle", "cohort", "settings"])
def test_evidence_of_another_model_is_refused_even_with_an_override(registry: Registry, other: str) -> None:
    """The evidence is whole and recorded with its digest, and of the same protocol and winners."""
    another = registry.client.get_model_version(MODEL_NAME, GOOD).tags["bundle_digest"]
    own = digest_of_the_next(registry)
    evidence = {
        "bundle": about(good_evidence(), another),
        "cohort": about(good_evidence(), own, "d" * 64),
        "settings": about(good_evidence(), own).model_copy(update={"quick": True}),
    }[other]
    version = registry.register(evidence, held_out_of(skill=1.0))
    assert registry.client.get_model_version(MODEL_NAME, version).tags["bundle_digest"] == own
    done = kap(promote, version, "--reason", "best", "--override", "--by", "Grace")
    assert done.exit_code == 4
    assert "about another model than this version's" in done.stdout
    assert champion(registry) is None


def digest_of_the_next(registry: Registry) -> str:
    """The digest that the bundle of the next version will have."""
    number = len(registry.client.search_model_versions(f"name = '{MODEL_NAME}'")) + 1
    return bundle_digest(registry.bundle(number, "c" * 64))


@pytest.mark.parametrize("place", ["version", "run"])
def test_a_version_whose_run_was_not_sealed_is_refused_unless_overridden(registry: Registry, place: str) -> None:
    run_id = registry.client.get_model_version(MODEL_NAME, GOOD).run_id
    if place == "version":  # recording was killed between the evidence and the seal
        registry.client.delete_model_version_tag(MODEL_NAME, GOOD, "seal_digest")
    registry.client.delete_tag(run_id, "seal_digest")
    done = kap(promote, GOOD, "--reason", "best")
    assert done.exit_code == 4
    assert "FAILED  sealed record" in done.stdout
    assert decisions(registry) == [("refuse", GOOD)]
    assert kap(promote, GOOD, "--reason", "b", "--override", "--by", "A").exit_code == (0 if place == "version" else 4)


def test_a_record_changed_since_it_was_sealed_is_refused_even_with_an_override(registry: Registry) -> None:
    run_id = registry.client.get_model_version(MODEL_NAME, GOOD).run_id
    registry.client.set_tag(run_id, "cohort_digest", "e" * 64)
    done = kap(promote, GOOD, "--reason", "best", "--override", "--by", "Grace")
    assert done.exit_code == 4
    said = " ".join(done.stdout.split())
    assert "FAILED sealed record" in said
    assert "tag cohort_digest of run" in said
    assert champion(registry) is None


@pytest.mark.parametrize("step", ["head", "copy", "alias"])
@pytest.mark.parametrize("then", [promote, rollback])
def test_a_decision_interrupted_after_it_was_recorded_is_finished_by_the_next(
    registry: Registry, monkeypatch: pytest.MonkeyPatch, step: str, then: object
) -> None:
    promoted(GOOD)
    with monkeypatch.context() as patch:
        patch.setattr(*INTERRUPTED[step])
        with pytest.raises(ProcessKilledError):
            kap(promote, GOOD_TOO, "--reason", "newer", "--by", "Ada")
    assert champion(registry) == GOOD
    printed = kap(history)
    assert printed.exit_code == 4
    assert "decision 2 (promote version 2) is recorded but interrupted: it has not taken effect" in printed.stderr
    assert "The next kap promote or kap rollback completes it" in printed.stderr
    done = kap(then, *([] if then is rollback else [BAD]), "--reason", "next")
    assert "decision 2 (promote version 2) was interrupted; it is now complete" in done.stderr
    course = [("promote", GOOD), ("promote", GOOD_TOO)]
    if then is rollback:
        assert (done.exit_code, champion(registry), served()) == (0, GOOD, GOOD)
        assert decisions(registry) == [*course, ("rollback", GOOD)]
    else:
        assert (done.exit_code, champion(registry), served()) == (4, GOOD_TOO, GOOD_TOO)
        assert decisions(registry) == [*course, ("refuse", BAD)]
        assert registry.client.get_model_version(MODEL_NAME, GOOD_TOO).tags["promoted_by"] == "Ada"
    assert kap(history).exit_code == 0


class ProcessKilledError(BaseException):
    """The process ended here."""


def killed(*_: object) -> None:
    raise ProcessKilledError


INTERRUPTED = {
    "head": ("training.registry.decision_log.DecisionLog.keep_head", killed),
    "copy": ("bentoml._internal.models.model.Model.save", killed),
    "alias": ("training.registry.release.MlflowClient.set_registered_model_alias", killed),
}
"""What does not come about any more, once the decision is recorded."""


def test_a_champion_that_no_interruption_explains_is_not_finished(registry: Registry) -> None:
    promoted(GOOD)
    promoted(GOOD_TOO)
    registry.client.set_registered_model_alias(MODEL_NAME, "champion", BAD)
    done = kap(promote, GOOD, "--reason", "newer")
    assert done.exit_code == 4
    assert "refused: earlier decisions were changed or lost" in done.stderr
    assert champion(registry) == BAD


def test_a_rollback_restores_the_champion_before_and_serves_it_again(registry: Registry) -> None:
    promoted(GOOD)
    assert kap(rollback, "--reason", "wrong").exit_code == 2
    promoted(GOOD_TOO)
    assert served() == GOOD_TOO
    done = kap(rollback, "--reason", "complaints", "--by", "Ada")
    assert done.exit_code == 0, done.output
    assert champion(registry) == GOOD == served()
    assert decisions(registry) == [("promote", GOOD), ("promote", GOOD_TOO), ("rollback", GOOD)]
    assert kap(rollback, "--reason", "wrong").exit_code == 2


def test_history_answers_who_was_champion_who_decided_and_on_what_numbers(registry: Registry) -> None:
    promoted(GOOD, "--by", "Ada")
    kap(promote, BAD, "--reason", "newer", "--by", "Grace")
    table = kap(history)
    assert table.exit_code == 0
    assert "promote" in table.stdout
    assert "refuse" in table.stdout
    assert "the history is intact" in table.stderr
    at = DecisionLog(registry.client, MODEL_NAME).read().decisions[0].at
    on = kap(history, "--on", at[:10])
    assert f"version {GOOD} was champion" in on.stdout
    assert "decided by Ada: calibrates best" in on.stdout
    assert "remission 0.96" in on.stdout
    assert "no version was champion on" in kap(history, "--on", "2020-01-01").stdout
    document = json.loads(kap(history, "--on", at[:10], "--json").stdout)
    assert (document["champion"], document["chain"]["holds"]) == (GOOD, True)
    assert [decision["action"] for decision in document["decisions"]] == ["promote"]


@pytest.mark.parametrize("day", ["yesterday", "2999-01-01"])
def test_a_day_that_is_none_or_has_not_begun_is_refused(registry: Registry, day: str) -> None:
    assert kap(history, "--on", day).exit_code == 2


def test_a_decision_of_an_earlier_version_that_is_not_whole_is_reported_with_what_to_do(registry: Registry) -> None:
    promoted(GOOD)
    as_kept_before(registry)
    registry.client.delete_registered_model_tag(MODEL_NAME, "decision.000001.2")
    done = kap(history)
    assert done.exit_code == 4
    assert "decision.000001.2: is missing" in done.stderr
    assert "delete the tags of the registered model that begin with decision.000001" in done.stderr


def test_decisions_kept_as_documents_in_runs_are_read_checked_and_taken_over(registry: Registry) -> None:
    """Versions 0.8 and 0.9 kept a short tag for each decision, which names a run with its document."""
    promoted(GOOD, "--by", "Ada")
    (decision,) = as_kept_before(registry)
    for key in decision.parts():
        registry.client.delete_registered_model_tag(MODEL_NAME, key)
    run = kept_as_document(registry, decision)
    assert decisions(registry) == [("promote", GOOD)]
    path = Path(registry.client.get_run(run).info.artifact_uri.removeprefix("file://")) / "decision.json"
    whole = path.read_text()
    for change, said in (
        (lambda: path.write_text(whole.replace("Ada", "Eve")), "was changed"),
        (path.unlink, "is lost, or can't be read"),
    ):
        change()
        for done in (kap(history), kap(promote, GOOD_TOO, "--reason", "newer")):
            assert done.exit_code == 4
            assert said in done.stderr
        path.write_text(whole)
    tag = registry.client.get_registered_model(MODEL_NAME).tags["decision.000001"]
    registry.client.delete_registered_model_tag(MODEL_NAME, "decision.000001")
    assert "holds a decision that no tag of the registered model names any more" in kap(history).stderr
    registry.client.set_registered_model_tag(MODEL_NAME, "decision.000001", tag)
    promoted(GOOD_TOO)
    assert decisions(registry) == [("promote", GOOD), ("promote", GOOD_TOO)]


def kept_as_document(registry: Registry, decision: Decision) -> str:
    """The run that holds a decision's document, as it was made."""
    experiment = registry.client.get_experiment_by_name(f"{MODEL_NAME}/decisions")
    tags = {
        "level": "decision",
        "model_name": MODEL_NAME,
        "model_version": decision.version,
        "model_run_id": decision.run_id,
        "hash": decision.hash,
    }
    name = f"{decision.action} version {decision.version} · {decision.at[:10]} · {decision.by}"
    run = registry.client.create_run(experiment.experiment_id, tags=tags, run_name=name)
    run_id = str(run.info.run_id)
    registry.client.log_text(run_id, document_text(decision), "decision.json")
    registry.client.set_terminated(run_id, "FINISHED")
    registry.client.set_registered_model_tag(MODEL_NAME, decision.key, entry_text(decision, run_id))
    return run_id


@pytest.mark.parametrize(
    ("option", "text"),
    [("--reason", " "), ("--reason", "a" * 1001), ("--reason", "two\nlines"), ("--by", "a" * 101), ("--by", "\udcff")],
    ids=["empty", "long", "lines", "long name", "no text"],
)
def test_a_reason_or_name_that_can_not_be_kept_is_refused(registry: Registry, option: str, text: str) -> None:
    arguments = {"--reason": "calibrates best", "--by": "Ada"} | {option: text}
    done = kap(promote, GOOD, *(word for pair in arguments.items() for word in pair))
    assert done.exit_code == 2
    assert option in done.stderr
    assert decisions(registry) == []
