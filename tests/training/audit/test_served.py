"""The audit looks at the model that the service answers with, however the store came to name it."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from models.signature import SIGNATURE
from serving.server.model_loader import newest
from tests.models.test_signature import key_pair
from tests.training.audit.audited import RecordedTraining, recorded_and_promoted
from training.audit.audit import read_training
from training.audit.served import TRUSTED, served_verdict, signature_verdict
from training.experiment.train import Training
from training.handover.served_copies import SERVED, answering_copy
from training.handover.signing import CopySigner
from training.registry.names import MODEL_NAME
from training.registry.stored_training import AnsweringCopy, StoredTraining

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def audited(trained: Training, simulated: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RecordedTraining]:
    with recorded_and_promoted(trained, simulated, tmp_path_factory.mktemp("served")) as made:
        yield made


@pytest.fixture
def stored(audited: RecordedTraining, tmp_path: Path) -> StoredTraining:
    return read_training(audited.run_id, tmp_path)


@contextmanager
def restored(folder: Path, kept: Path) -> Iterator[None]:
    """Changes to a folder are undone."""
    shutil.copytree(folder, kept)
    try:
        yield
    finally:
        shutil.rmtree(folder)
        shutil.copytree(kept, folder)


def another_entry(audited: RecordedTraining, name: str, **labels: str) -> Path:
    """A second entry of the store with the same files, which says other things of itself."""
    entry = audited.served.parent
    other = shutil.copytree(entry, entry.parent / name)
    details = (other / "model.yaml").read_text().replace(entry.name, name)
    for label, value in labels.items():
        known = next(line for line in details.splitlines() if line.strip().startswith(f"{label}:"))
        details = details.replace(known, f"{known.partition(':')[0]}: '{value}'")
    (other / "model.yaml").write_text(details)
    return other


def test_the_untouched_copy_is_what_the_service_loads(audited: RecordedTraining, stored: StoredTraining) -> None:
    found = answering_copy(MODEL_NAME)
    assert found.copy is not None
    assert found.copy.tag == str(newest(f"{MODEL_NAME}:latest").tag)
    assert served_verdict(stored, audited.version).outcome == "passed"


@pytest.mark.parametrize("labels", [{}, {"run_id": "f" * 32, "mlflow_version": "8"}], ids=["own", "foreign"])
def test_another_entry_in_the_pointer_is_found_although_it_is_not_the_newest(
    audited: RecordedTraining, tmp_path: Path, labels: dict[str, str]
) -> None:
    """A foreign entry has a consistent bundle; an own one was made by no decision."""
    models = audited.served.parent.parent
    with restored(models, tmp_path / "kept"):
        other = another_entry(audited, "anotherentry", **labels)
        (models / "latest").write_text(other.name)
        if not labels:
            text = (other / "model.yaml").read_text()
            (other / "model.yaml").write_text(text.replace("decision_head: ", "decision_head: 0"))
        said = audited.failed()
    assert set(said) >= {"served"}
    assert other.name in said["served"]
    assert audited.failed() == {}


def test_a_pointer_to_nothing_and_a_damaged_entry_are_found(audited: RecordedTraining, tmp_path: Path) -> None:
    models = audited.served.parent.parent
    with restored(models, tmp_path / "kept"):
        (models / "latest").write_text("nothing")
        assert audited.failed() == {}  # BentoML then takes the newest entry, for the service too
        other = another_entry(audited, "damaged")
        (other / "model.yaml").write_text("{")
        (models / "latest").write_text("damaged")
        assert "is damaged" in audited.verify()["served"].detail
    assert audited.failed() == {}


def test_a_service_that_was_pinned_to_another_entry_here_is_found(
    audited: RecordedTraining, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    models = audited.served.parent.parent
    with restored(models, tmp_path / "kept"):
        other = another_entry(audited, "pinned", mlflow_version="8", run_id="f" * 32)
        monkeypatch.setenv(SERVED, f"{MODEL_NAME}:{other.name}")
        assert "pinned, version 8 of another registry" in audited.failed()["served"]


def test_a_tracking_store_put_back_to_an_earlier_champion_is_found(
    audited: RecordedTraining, stored: StoredTraining
) -> None:
    """The store knows version 1 as champion again; the service answers with the later one."""
    (copy,) = stored.copies
    later = replace(copy, tag="kap-outcomes:later", version="2", run_id="f" * 32)
    verdict = served_verdict(replace(stored, answering=AnsweringCopy("kap-outcomes:latest", later)), audited.version)
    assert verdict.outcome == "failed"
    assert "version 1 is champion, but the service answers with kap-outcomes:later, version 2" in verdict.detail


def test_an_audit_of_another_version_says_which_one_answers(stored: StoredTraining) -> None:
    (copy,) = stored.copies
    other = replace(stored, copies=(replace(copy, run_id="f" * 32),), run_id="e" * 32, versions=())
    answering = AnsweringCopy("kap-outcomes:latest", replace(copy, run_id="f" * 32, version="2"))
    found = served_verdict(replace(other, answering=answering, registered_runs=frozenset({"f" * 32})), "2")
    assert found.outcome == "passed"
    assert f"a service here answers with {copy.tag}, version 2" in found.detail
    same = served_verdict(replace(stored, answering=AnsweringCopy("t", copy)), "7")
    assert "which is this version, and it is not champion" in same.detail


@pytest.mark.parametrize("change", ["clinic to shadow", "lost"])
def test_a_changed_promotion_file_is_found_and_named(audited: RecordedTraining, change: str) -> None:
    path = audited.served.parent / "promotion.json"
    content = path.read_bytes()
    if change == "lost":
        path.unlink()
    else:
        path.write_bytes(content.replace(b'"clinic"', b'"shadow"', 1))
    said = audited.failed()
    path.write_bytes(content)
    assert set(said) == {"served"}
    assert "promotion.json" in said["served"]


def test_a_promotion_file_that_grants_more_than_the_decision_is_found_with_its_digest(
    audited: RecordedTraining, stored: StoredTraining, tmp_path: Path
) -> None:
    entry = audited.served.parent
    from training.promotion.promotion import history
    from training.registry.seal import digest_of

    decisions = history().decisions
    with restored(entry, tmp_path / "kept"):
        content = (entry / "promotion.json").read_bytes().replace(b"A. Tester", b"Ethics Board")
        (entry / "promotion.json").write_bytes(content)
        (copy,) = stored.copies
        forged = replace(copy, metadata=dict(copy.metadata) | {"promotion_digest": digest_of(content)})
        said = served_verdict(replace(stored, copies=(forged,)), audited.version, decisions)
    assert "promotion.json does not say what decision 1 granted" in said.detail


def test_the_audit_says_who_signed_the_copy_and_checks_it_with_trusted_keys(
    audited: RecordedTraining, stored: StoredTraining, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = audited.served.parent
    monkeypatch.delenv(TRUSTED, raising=False)
    assert signature_verdict(stored).outcome == "does not apply"
    for name in ("lead", "stranger"):
        key_pair(tmp_path, name)
    monkeypatch.setenv(TRUSTED, str(tmp_path / "lead.pub"))
    assert "not signed" in signature_verdict(stored).detail
    with restored(entry, tmp_path / "kept"):
        CopySigner(str(tmp_path / "lead.key")).prepared()(entry)
        assert (entry / SIGNATURE).is_file()
        assert "lead.pub" in signature_verdict(stored).detail
        assert signature_verdict(stored).outcome == "passed"
        monkeypatch.setenv(TRUSTED, str(tmp_path / "stranger.pub"))
        assert signature_verdict(stored).outcome == "failed"
        monkeypatch.delenv(TRUSTED)
        unchecked = signature_verdict(stored)
    assert (unchecked.outcome, TRUSTED in unchecked.detail) == ("not checked", True)
