"""An audit finds every change and loss behind a promoted version, and retrains the same model."""

import json
import math
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from features.protocol.problems import InputRefusedError
from tests.training.audit.audited import RecordedTraining, import_record_of, recorded_and_promoted
from tests.training.commands import SameProcess, Workplace
from training.audit.audit import read_training, run_of, seal_run, verify
from training.audit.checks import import_verdict
from training.audit.retraining import import_beside
from training.audit.served import served_verdict
from training.audit.verification_request import VerificationRequest
from training.evidence.document import read_evidence
from training.experiment import retraining
from training.experiment.train import Training, quietly
from training.registry.decision_log import CHAMPION
from training.registry.names import MODEL_NAME
from training.registry.seal import digest_of
from training.simulation.cohort import simulate_cohort, write_cohort
from training.verdicts import Verdict, does_not_apply, exit_code, failed, not_checked, passed

pytestmark = pytest.mark.slow

TABLES = {
    "params": ("key", "value"),
    "metrics": ("key", "value"),
    "latest_metrics": ("key", "value"),
    "tags": ("key", "value"),
    "model_version_tags": ("key", "value"),
    "registered_model_tags": ("key", "value"),
    "logged_model_params": ("param_key", "param_value"),
    "logged_model_tags": ("tag_key", "tag_value"),
    "logged_model_metrics": ("metric_name", "metric_value"),
    "datasets": ("name", "digest"),
}
"""Where MLflow keeps what was recorded, and the columns that name and hold it."""


@pytest.fixture(scope="module")
def audited(trained: Training, simulated: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RecordedTraining]:
    with recorded_and_promoted(trained, simulated, tmp_path_factory.mktemp("audited")) as made:
        yield made


@dataclass(frozen=True)
class RecordChange:
    """A change to what stands behind a version; ``name`` is what an audit must say."""

    name: str
    make: Callable[[], None]
    undo: Callable[[], None]


def byte_of(path: Path, rng: np.random.Generator) -> RecordChange:
    """Another byte somewhere in a file."""
    content = path.read_bytes()
    at, other = int(rng.integers(len(content))), int(rng.integers(1, 256))
    changed = bytearray(content)
    changed[at] ^= other
    return RecordChange(path.name, lambda: _write(path, bytes(changed)), lambda: _write(path, content))


def _write(path: Path, content: bytes) -> None:
    path.write_bytes(content)


def value_of(database: Path, table: str, rng: np.random.Generator) -> RecordChange:
    """Another value in a row of a table, behind MLflow's back: a character of a text, the last bit of a number."""
    named, held = TABLES[table]
    with closing(sqlite3.connect(database)) as store:
        rows = store.execute(f"SELECT rowid, {named}, {held} FROM {table} ORDER BY rowid").fetchall()
    row, name, value = rows[int(rng.integers(len(rows)))]
    statement = f"UPDATE {table} SET {held} = ? WHERE rowid = ?"
    return RecordChange(
        name,
        lambda: _execute(database, statement, _other(value, rng), row),
        lambda: _execute(database, statement, value, row),
    )


def _other(value: Any, rng: np.random.Generator) -> Any:
    if isinstance(value, float):
        return math.nextafter(value, math.inf)
    at, letter = int(rng.integers(len(value) + 1)), chr(int(rng.integers(97, 123)))
    return value[:at] + ("0" if letter == value[at : at + 1] else letter) + value[at + 1 :]


def _execute(database: Path, statement: str, *values: Any) -> None:
    with closing(sqlite3.connect(database)) as store, store:
        store.execute(statement, values)


@contextmanager
def made(change: RecordChange) -> Iterator[None]:
    change.make()
    try:
        yield
    finally:
        change.undo()


def random_changes(audited: RecordedTraining, number: int, seed: int) -> Iterator[RecordChange]:
    """Half of them bytes of files, every file as likely; half of them values, every table as likely."""
    rng = np.random.default_rng(seed)
    recorded = sorted((audited.folder / "mlruns").rglob("*"))
    copied = [*sorted(audited.served.iterdir()), audited.served.parent / "performance.json"]
    files = [path for path in [*recorded, *copied] if path.is_file() and path.stat().st_size]
    for _ in range(number):
        if rng.random() < 0.5:
            yield byte_of(files[int(rng.integers(len(files)))], rng)
        else:
            yield value_of(audited.database, list(TABLES)[int(rng.integers(len(TABLES)))], rng)


def test_an_untouched_training_holds_in_everything_that_needs_no_data(audited: RecordedTraining) -> None:
    verdicts = audited.verify()
    assert [name for name, verdict in verdicts.items() if verdict.outcome == "failed"] == []
    for name in (
        "seal",
        "runs",
        "record",
        "artifacts",
        "model",
        "registry",
        "evidence",
        "import",
        "evaluations",
        "decisions",
        "served",
        "code",
        "environment",
    ):
        assert verdicts[name].outcome == "passed", name
    for name in ("cohort", "outcomes and features", "retraining", "held-out predictions", "evidence again"):
        assert verdicts[name].outcome == "not checked", name
    assert verdicts["runs"].detail.startswith("28 runs")  # 1 training, 3 landmarks, 2 heads each, 3 candidates each
    assert "promote version 1 by A. Tester" in verdicts["decisions"].detail


@pytest.mark.parametrize("changes", [12, pytest.param(200, marks=pytest.mark.long)])
def test_random_changes_to_what_stands_behind_a_version_are_all_reported_and_named(
    audited: RecordedTraining, changes: int
) -> None:
    for number, change in enumerate(random_changes(audited, changes, seed=200)):
        with made(change):
            said = audited.failed()
        assert any(change.name in detail for detail in said.values()), (number, change.name, said)
    assert audited.failed() == {}


@pytest.mark.parametrize("table", TABLES)
def test_a_value_is_found_in_whichever_table_it_is_changed(audited: RecordedTraining, table: str) -> None:
    change = value_of(audited.database, table, np.random.default_rng(1))
    with made(change):
        assert any(change.name in detail for detail in audited.failed().values()), change.name


def test_what_is_written_consistently_is_found_by_the_decision(audited: RecordedTraining) -> None:
    """Somebody who changes a metric and seals again still contradicts what was decided upon."""
    with closing(sqlite3.connect(audited.database)) as store:
        kept = list(store.iterdump())
    seal = audited.files() / "seal.json"
    content = seal.read_bytes()
    try:
        audited.client.log_metric(audited.run_id, "patients", 401)
        seal_run(audited.run_id)
        said = audited.failed()
    finally:
        seal.write_bytes(content)
        _restore(audited.database, kept)
    assert set(said) == {"decisions"}
    assert "another seal_digest than the present one" in said["decisions"]


def _restore(database: Path, statements: list[str]) -> None:
    """The database as dumped, in place, since MLflow holds it open."""
    with closing(sqlite3.connect(":memory:")) as kept, closing(sqlite3.connect(database)) as store:
        kept.executescript("\n".join(statements))
        kept.backup(store)


def test_a_file_that_is_lost_or_added_is_named(audited: RecordedTraining, tmp_path: Path) -> None:
    summary = audited.files() / "summary.json"
    shutil.move(summary, tmp_path)
    assert "artifact summary.json" in audited.failed()["artifacts"]
    assert "lost" in audited.failed()["artifacts"]
    shutil.move(tmp_path / "summary.json", summary)
    later = audited.files() / "later.txt"
    later.write_text("a nicer figure")
    assert "artifact later.txt" in audited.failed()["artifacts"]
    later.unlink()
    assert audited.failed() == {}


def test_a_tag_of_somebodys_own_is_noted_and_fails_nothing(audited: RecordedTraining) -> None:
    audited.client.set_tag(audited.run_id, "seen by", "the committee")
    verdict = audited.verify()["record"]
    audited.client.delete_tag(audited.run_id, "seen by")
    assert verdict.outcome == "passed"
    assert "tag seen by" in verdict.detail


def test_a_metric_added_later_is_no_part_of_the_record_and_is_noted(audited: RecordedTraining) -> None:
    audited.client.log_metric(audited.run_id, "auc", 0.99)
    verdict = audited.verify()["record"]
    for table in ("metrics", "latest_metrics"):
        _execute(audited.database, f"DELETE FROM {table} WHERE key = 'auc' AND run_uuid = ?", audited.run_id)
    assert verdict.outcome == "passed"
    assert "metric auc" in verdict.detail
    assert "added (noted)" in verdict.detail


def candidate_run(audited: RecordedTraining) -> str:
    with closing(sqlite3.connect(audited.database)) as store:
        (found,) = store.execute("SELECT run_uuid FROM tags WHERE key = 'candidate' LIMIT 1").fetchone()
    return str(found)


def test_a_run_marked_as_deleted_and_one_gone_for_good_are_reported(audited: RecordedTraining) -> None:
    run_id = candidate_run(audited)
    audited.client.delete_run(run_id)
    assert run_id[:8] in audited.failed()["runs"]
    assert "marked as deleted" in audited.failed()["runs"]
    audited.client.restore_run(run_id)
    _execute(audited.database, "UPDATE runs SET run_uuid = 'gone' WHERE run_uuid = ?", run_id)
    said = audited.failed()
    _execute(audited.database, "UPDATE runs SET run_uuid = ? WHERE run_uuid = 'gone'", run_id)
    assert run_id[:8] in said["runs"]
    assert "deleted from the store" in said["runs"]
    assert audited.failed() == {}


def test_the_loss_of_the_training_itself_is_reported_by_the_registry(audited: RecordedTraining) -> None:
    """What is registered survives its run, and so does the id by which the run is missed."""
    _execute(audited.database, "UPDATE runs SET run_uuid = 'gone' WHERE run_uuid = ?", audited.run_id)
    verdicts = verify(audited.version, VerificationRequest(), quietly)
    _execute(audited.database, "UPDATE runs SET run_uuid = ? WHERE run_uuid = 'gone'", audited.run_id)
    assert verdicts[0].check == "runs"
    assert audited.run_id in verdicts[0].detail
    assert exit_code(verdicts) == 4


def test_the_loss_of_a_version_is_reported(audited: RecordedTraining) -> None:
    for table in ("model_versions", "model_version_tags", "registered_model_aliases"):
        _execute(audited.database, f"UPDATE {table} SET version = 99 WHERE version = ?", audited.version)
    said = audited.failed()
    for table in ("model_versions", "model_version_tags", "registered_model_aliases"):
        _execute(audited.database, f"UPDATE {table} SET version = ? WHERE version = 99", audited.version)
    assert "version 1: deleted from the store" in said["registry"]


def test_a_run_is_meant_by_its_id_its_version_or_an_alias(audited: RecordedTraining) -> None:
    assert run_of(audited.run_id) == run_of(audited.version) == run_of(CHAMPION) == audited.run_id


@pytest.mark.parametrize("name", ["0" * 32, "99", "challenger"])
def test_what_was_never_there_is_the_users_mistake(audited: RecordedTraining, name: str) -> None:
    with pytest.raises(InputRefusedError):
        run_of(name)


@pytest.mark.parametrize("name", ["bundle/manifest.json", "bundle/bundle.sha256", "performance.json"])
def test_another_byte_in_the_served_copy_is_found_and_named(audited: RecordedTraining, name: str) -> None:
    path = audited.served.parent / name
    with made(byte_of(path, np.random.default_rng(4))):
        said = audited.failed()
    assert set(said) == {"served"}
    assert path.name in said["served"]


def test_a_lost_served_copy_is_distinguished_from_a_store_that_serves_others(
    audited: RecordedTraining, tmp_path: Path
) -> None:
    entry = audited.served.parent
    shutil.move(entry, tmp_path / "entry")
    without = audited.verify()["served"]
    shutil.move(tmp_path / "entry", entry)
    assert without.outcome == "not checked"
    assert "served elsewhere" in without.detail
    details = entry / "model.yaml"
    content = details.read_text()
    details.write_text(content.replace("mlflow_version: '1'", "mlflow_version: '7'"))
    said = audited.failed()
    details.write_text(content)
    assert "says it is version 7" in said["served"]
    assert "version 1 is champion" in said["served"]
    assert audited.failed() == {}


@pytest.mark.parametrize("column", ["source", "run_id", "storage_location"])
def test_a_version_that_points_elsewhere_is_found(audited: RecordedTraining, column: str) -> None:
    with closing(sqlite3.connect(audited.database)) as store:
        (before,) = store.execute(f"SELECT {column} FROM model_versions").fetchone()
    _execute(audited.database, f"UPDATE model_versions SET {column} = ?", "m-" + "0" * 32)
    said = audited.failed()
    _execute(audited.database, f"UPDATE model_versions SET {column} = ?", before)
    assert "version" in said["registry" if column == "run_id" else "record"]
    assert audited.failed() == {}


def test_what_a_version_says_of_its_promotion_can_not_be_deleted_unnoticed(audited: RecordedTraining) -> None:
    tags = dict(audited.client.get_model_version(MODEL_NAME, audited.version).tags)
    keys = [key for key in tags if key.startswith(("promoted_", "promotion "))]
    assert len(keys) == 5
    for key in keys:
        audited.client.delete_model_version_tag(MODEL_NAME, audited.version, key)
    said = audited.failed()
    for key in keys:
        audited.client.set_model_version_tag(MODEL_NAME, audited.version, key, tags[key])
    assert set(said) == {"decisions"}
    assert all(f"the tag {key} of version 1: lost" in said["decisions"] for key in keys)


@contextmanager
def evaluated(audited: RecordedTraining) -> Iterator[str]:
    """A sealed evaluation of the version on another cohort, called elsewhere; gives its run."""
    client = audited.client
    experiment = client.get_run(audited.run_id).info.experiment_id
    tags = {"level": "evaluation", "model_run_id": audited.run_id}
    run_id = client.create_run(experiment, tags=tags).info.run_id
    client.log_param(run_id, "cohort", "elsewhere")
    evidence = (audited.files() / "evidence.json").read_text()
    client.log_text(run_id, evidence, "evidence.json")
    client.set_tag(run_id, "evidence_digest", digest_of(evidence))
    client.set_tag(run_id, "cohort_digest", json.loads(evidence)["cohort"]["digest"])
    client.set_terminated(run_id)
    seal_run(run_id)
    client.set_model_version_tag(MODEL_NAME, audited.version, f"evaluation {run_id}", "elsewhere")
    try:
        yield run_id
    finally:
        _execute(audited.database, "DELETE FROM model_version_tags WHERE key = ?", f"evaluation {run_id}")
        _execute(audited.database, "UPDATE tags SET value = 'past' WHERE key = 'level' AND run_uuid = ?", run_id)


def test_an_evaluation_that_is_lost_changed_or_no_longer_named_is_reported(audited: RecordedTraining) -> None:
    client = audited.client
    with evaluated(audited) as run_id:
        untouched = audited.verify()["evaluations"]
        with made(byte_of(audited.files(run_id) / "evidence.json", np.random.default_rng(5))):
            changed = audited.failed()
        _execute(audited.database, "UPDATE runs SET run_uuid = 'gone' WHERE run_uuid = ?", run_id)
        lost = audited.failed()
        _execute(audited.database, "UPDATE runs SET run_uuid = ? WHERE run_uuid = 'gone'", run_id)
        client.delete_model_version_tag(MODEL_NAME, audited.version, f"evaluation {run_id}")
        unnamed = audited.failed()
        client.set_model_version_tag(MODEL_NAME, audited.version, f"evaluation {run_id}", "elsewhere")
    assert untouched == passed("evaluations", f"each as sealed: elsewhere by run {run_id[:8]}")
    assert "evidence.json" in changed["evaluations"]
    assert f"evaluation {run_id} on elsewhere: deleted from the store" in lost["evaluations"]
    assert "no tag of the version names it" in unnamed["evaluations"]
    assert audited.verify()["evaluations"].detail == "none recorded"


def test_given_the_data_the_model_is_fitted_again_byte_for_byte(
    audited: RecordedTraining, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The evidence recorded here is made up, so that computing it again returns it."""
    recorded = read_evidence((audited.files() / "evidence.json").read_text())
    monkeypatch.setattr(retraining, "build_evidence", lambda *_: recorded)
    verdicts = audited.verify(audited.cohort)
    for name in ("cohort", "outcomes and features", "retraining", "held-out predictions", "evidence again"):
        assert verdicts[name].outcome == "passed", verdicts[name]
    assert verdicts["cohort"].detail.endswith("; its folder has no import.json")
    assert "byte for byte" in verdicts["retraining"].detail
    assert "at most 0.0e+00" in verdicts["held-out predictions"].detail


def test_the_import_that_made_the_cohort_is_known_by_its_digest(audited: RecordedTraining, tmp_path: Path) -> None:
    path, record = tmp_path / "import.json", audited.import_record
    stored = read_training(audited.run_id, tmp_path / "scratch")
    assert stored.tags["import_digest"] == digest_of(record)
    assert import_verdict(stored) == passed("import", f"the import that made the cohort, {digest_of(record)}")
    elsewhere = replace(stored, artifacts=tmp_path)
    assert import_verdict(elsewhere) == failed("import", "import.json is lost")
    path.write_bytes(b"{}")
    assert import_verdict(elsewhere) == failed("import", "import.json differs from the run's tag import_digest")
    assert import_beside(tmp_path, stored) == "; its folder has another import.json than the training"
    path.write_bytes(record)
    assert import_verdict(elsewhere).outcome == "passed"
    assert import_beside(tmp_path, stored) == "; its folder has the import.json of the training"


@pytest.mark.parametrize(
    ("agreement", "outcome", "said"),
    [
        ("changed", "failed", "the tables or the protocol were changed after the import"),
        (None, "failed", "the tables or the protocol were changed after the import"),
        ("protocol changed", "passed", "read under another protocol"),
        ("read under another protocol", "passed", "read under another protocol"),
    ],
)
def test_the_import_of_another_cohort_than_the_runs_is_not_called_the_one_that_made_it(
    audited: RecordedTraining, tmp_path: Path, agreement: str | None, outcome: str, said: str
) -> None:
    stored = read_training(audited.run_id, tmp_path / "scratch")
    record, own = import_record_of("0" * 64), stored.tags["cohort_digest"]
    (tmp_path / "import.json").write_bytes(record)
    if agreement:
        (tmp_path / "cohort_check.json").write_text(json.dumps({"import_agreement": agreement}))
    tags = dict(stored.tags) | {"import_digest": digest_of(record)}
    verdict = import_verdict(replace(stored, tags=tags, artifacts=tmp_path))
    assert verdict.outcome == outcome
    assert said in verdict.detail
    assert "the import that made the cohort" not in verdict.detail
    if outcome == "failed":
        assert f"import.json names the cohort {'0' * 64}, the run {own}" in verdict.detail


def test_a_record_that_names_no_cohort_is_not_taken_for_the_import_that_made_it(
    audited: RecordedTraining, tmp_path: Path
) -> None:
    stored = read_training(audited.run_id, tmp_path / "scratch")
    (tmp_path / "import.json").write_bytes(b"{}")
    tags = dict(stored.tags) | {"import_digest": digest_of(b"{}")}
    verdict = import_verdict(replace(stored, tags=tags, artifacts=tmp_path))
    assert verdict.outcome == "not checked"
    assert "names no cohort" in verdict.detail


@pytest.mark.parametrize(("champion", "said"), [(None, "there is no champion"), ("7", "the champion is version 7")])
def test_without_a_copy_it_is_said_who_is_champion(
    audited: RecordedTraining, tmp_path: Path, champion: str | None, said: str
) -> None:
    stored = replace(read_training(audited.run_id, tmp_path), copies=(), answering=None)
    assert served_verdict(stored, champion) == passed("served", f"no copy on this machine; {said}")


def test_a_training_without_an_import_verifies_as_before(audited: RecordedTraining, tmp_path: Path) -> None:
    stored = replace(read_training(audited.run_id, tmp_path), tags={}, artifacts=tmp_path)
    assert import_verdict(stored) == does_not_apply("import", "the cohort has no record of an import")
    assert import_beside(tmp_path, stored) == ""


def test_another_cohort_than_that_of_the_training_fails_and_nothing_is_fitted_on_it(
    audited: RecordedTraining, tmp_path: Path
) -> None:
    write_cohort(simulate_cohort(60, 3, 6), tmp_path / "other")
    verdicts = audited.verify(tmp_path / "other")
    assert verdicts["cohort"].outcome == "failed"
    assert verdicts["retraining"].outcome == "not checked"


def test_on_another_processor_family_the_audit_says_so_and_compares_predictions(audited: RecordedTraining) -> None:
    """OpenBLAS and NumPy compute as on a processor of 2008, which rounds differently."""
    code = (
        "import json, sys\nfrom dataclasses import asdict\nfrom pathlib import Path\n"
        "from training.experiment import retraining\n"
        "from training.evidence.document import read_evidence\n"
        "from training.audit.audit import verify\nfrom training.experiment.train import quietly\n"
        "from training.audit.verification_request import VerificationRequest\n"
        "recorded = read_evidence(Path(sys.argv[3]).read_text())\nretraining.build_evidence = lambda *_: recorded\n"
        "print(json.dumps([asdict(v) for v in verify(sys.argv[1], VerificationRequest(Path(sys.argv[2])), quietly)]))"
    )
    place = Workplace(audited.folder)
    older = {"OPENBLAS_CORETYPE": "Nehalem", "NPY_DISABLE_CPU_FEATURES": "X86_V3 X86_V4"}
    with pytest.MonkeyPatch.context() as patch:
        for name, value in older.items():
            patch.setenv(name, value)
        done = place.python(code, audited.run_id, audited.cohort, audited.files() / "evidence.json")
    assert done.returncode == 0, done.stderr
    verdicts = {each["check"]: each for each in json.loads(done.stdout.splitlines()[-1])}
    assert [name for name, each in verdicts.items() if each["outcome"] == "failed"] == []
    assert "on another processor" in verdicts["environment"]["detail"]
    assert "Nehalem" in verdicts["retraining"]["detail"]
    assert "predictions by at most" in verdicts["retraining"]["detail"]


@pytest.mark.parametrize(
    ("verdicts", "code"),
    [
        ([passed("a", "")], 0),
        ([passed("a", ""), failed("b", ""), not_checked("c", "")], 4),
        ([passed("a", ""), not_checked("c", "")], 5),
        ([passed("a", ""), does_not_apply("c", "")], 0),
    ],
)
def test_the_exit_code_tells_failed_from_not_checked(verdicts: list[Verdict], code: int) -> None:
    assert exit_code(verdicts) == code


def test_the_command_says_what_was_checked_and_answers_with_the_exit_code(audited: RecordedTraining) -> None:
    place = Workplace(audited.folder)
    done = place.kap("audit", "verify", audited.version, "--json")
    verdicts = json.loads(done.stdout.splitlines()[-1])["verdicts"]
    assert {verdict["outcome"] for verdict in verdicts} == {"passed", "not checked", "does not apply"}
    assert done.returncode == 5, done.stderr
    with made(byte_of(audited.files() / "summary.json", np.random.default_rng(3))):
        done = SameProcess(audited.folder).kap("audit", "verify", audited.version)
    assert done.returncode == 4, done.stderr
    assert [line.split()[:2] for line in done.stdout.splitlines() if line.startswith("FAILED")] == [
        ["FAILED", "artifacts"]
    ]
