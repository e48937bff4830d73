"""Seals of the decisions: what was put back or written anew after one is found, and nothing else."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import bentoml
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.training.decisions.authority import Authority, authority
from tests.training.decisions.stores import BAD, GOOD, GOOD_TOO, as_kept_before, chain, done, kap, promoted, store_of
from tests.training.registries import Registry
from training.decisions.keys import Signer
from training.registry.decision_log import HEAD
from training.registry.names import MODEL_NAME

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Authority]:
    with authority(tmp_path_factory.mktemp("authorities") / "ours") as own:
        yield own


def found(since: Path, *more: str | Path, code: int = 4) -> str:
    result = kap("history", "--since", since, *more)
    assert result.exit_code == code, result.output
    return result.stderr


def test_after_a_seal_ordinary_use_raises_no_alarm(registry: Registry, tmp_path: Path) -> None:
    done("history", "--seal", tmp_path / "empty.json")
    promoted(GOOD)
    done("history", "--seal", tmp_path / "first.json")
    promoted(GOOD_TOO)
    kap("promote", BAD, "--reason", "newer", "--by", "Ada")
    done("history", "--seal", tmp_path / "second.json", "--by", "Ada")
    done("rollback", "--reason", "complaints", "--by", "Ada")
    done("people", "add", "Grace")
    registry.client.set_model_version_tag(MODEL_NAME, BAD, "note", "looked at")
    registry.client.delete_model_version(MODEL_NAME, BAD)
    every = [word for name in ("empty", "first", "second") for word in ("--since", tmp_path / f"{name}.json")]
    assert "intact" in done("history", *every).stderr
    assert kap("history", "--seal", tmp_path / "first.json").exit_code == 2


def test_a_served_copy_that_can_not_be_read_is_found_and_is_no_traceback(registry: Registry, tmp_path: Path) -> None:
    promoted(GOOD)
    done("history", "--seal", tmp_path / "seal.json")
    details = Path(bentoml.models.get(f"{MODEL_NAME}:latest").path) / "model.yaml"
    details.write_bytes(details.read_bytes().replace(b"mlflow_version", b"mlflow\xc9version"))
    assert "the service answers with no copy" in found(tmp_path / "seal.json")


def test_everything_put_back_together_is_found_by_the_seal_only(registry: Registry, tmp_path: Path) -> None:
    """Tracking store, decisions and model store are those of the day before, and agree with each other."""
    promoted(GOOD)
    places = ("mlflow.db", "decisions.db", "serving")
    (tmp_path / "before").mkdir()
    for name in places:
        copied = shutil.copytree if (registry.folder / name).is_dir() else shutil.copy
        copied(registry.folder / name, tmp_path / "before" / name)
    promoted(GOOD_TOO)
    done("history", "--seal", tmp_path / "seal.json")
    shutil.rmtree(registry.folder / "serving")
    for name in places:
        copied = shutil.copytree if (tmp_path / "before" / name).is_dir() else shutil.copy
        copied(tmp_path / "before" / name, registry.folder / name)
    done("history")
    said = found(tmp_path / "seal.json")
    assert "has 3 entries, and there are 2: an older copy was put back" in said
    assert "the service answers with" in said


def test_a_store_that_is_gone_is_found_also_by_a_seal_of_decisions_in_tags(registry: Registry, tmp_path: Path) -> None:
    promoted(GOOD)
    as_kept_before(registry)
    done("history", "--seal", tmp_path / "seal.json")
    promoted(GOOD_TOO)
    done("history", "--since", tmp_path / "seal.json")
    store_of(registry).unlink()
    assert "decision store" in found(tmp_path / "seal.json")


def test_another_pointer_and_a_version_of_another_bundle_are_found(registry: Registry, tmp_path: Path) -> None:
    promoted(GOOD)
    promoted(GOOD_TOO)
    done("history", "--seal", tmp_path / "seal.json")
    registry.client.set_model_version_tag(MODEL_NAME, BAD, "bundle_digest", "0" * 64)
    older = min(bentoml.models.list(MODEL_NAME), key=lambda model: model.creation_time)
    (Path(older.path).parent / "latest").write_text(older.tag.version or "")
    said = found(tmp_path / "seal.json")
    assert "version 3 has another bundle digest" in said
    assert f"the service answers with {older.tag}" in said


def test_a_broken_history_is_not_sealed(registry: Registry, tmp_path: Path) -> None:
    promoted(GOOD)
    registry.client.set_model_version_tag(MODEL_NAME, GOOD, HEAD, "0" * 64)
    assert kap("history", "--seal", tmp_path / "seal.json").exit_code == 4
    assert not (tmp_path / "seal.json").exists()


def test_a_seal_is_signed_by_a_person_and_a_changed_one_is_refused(registry: Registry, tmp_path: Path) -> None:
    promoted(GOOD)
    seal = tmp_path / "seal.json"
    assert kap("history", "--seal", seal, "--by", "Mallory").exit_code == 2
    done("history", "--seal", seal, "--by", "Ada")
    assert json.loads(seal.read_text())["signed_by"]["name"] == "Ada"
    done("history", "--since", seal)
    for then, now in (('"number": 2', '"number": 1'), ('"format": 1', '"format": 2'), ("{", "[")):
        (tmp_path / "changed.json").write_text(seal.read_text().replace(then, now, 1))
        assert "--since" in found(tmp_path / "changed.json", code=2)
    assert chain().findings == ()


def test_a_seal_has_a_time_stamp_that_is_checked_with_it(registry: Registry, tmp_path: Path, ours: Authority) -> None:
    promoted(GOOD)
    seal, roots = tmp_path / "seal.json", ("--timestamp-certificates", ours.root)
    assert kap("history", "--timestamp", ours.url).exit_code == 2
    done("history", "--seal", seal, "--timestamp", ours.url)
    assert "the seal was there at 20" in done("history", "--since", seal, *roots).stderr
    assert "not checked" in found(seal, code=5)
    whole = seal.read_text()
    seal.write_text(whole + " ")
    assert "time stamp seal.json.tsr: it is about another file" in found(seal, *roots)
    assert "intact" not in found(seal)
    assert registry.folder.exists()


def test_without_a_time_stamp_no_seal_is_written(registry: Registry, tmp_path: Path) -> None:
    promoted(GOOD)
    result = kap("history", "--seal", tmp_path / "seal.json", "--timestamp", "http://127.0.0.1:9/")
    assert result.exit_code == 3
    assert not (tmp_path / "seal.json").exists()
    assert registry.folder.exists()


def test_a_seal_whose_signature_was_taken_away_is_said_not_to_be_signed(registry: Registry, tmp_path: Path) -> None:
    promoted(GOOD)
    seal = tmp_path / "seal.json"
    done("history", "--seal", seal, "--by", "Ada")
    ada = tmp_path / "ada.pem"
    ada.write_text(json.loads(seal.read_text())["signed_by"]["public_key"])
    assert "seal seal.json: signed by Ada's key (" in done("history", "--since", seal, "--trusted-key", ada).stderr
    assert kap("history", "--trusted-key", ada).exit_code == 2
    other = tmp_path / "other.pem"
    other.write_text(Signer("Mallory", Ed25519PrivateKey.generate()).public_key)
    assert "signed by Ada's key" in found(seal, "--trusted-key", other)
    seal.write_text(
        json.dumps({key: value for key, value in json.loads(seal.read_text()).items() if key != "signed_by"})
    )
    assert "seal seal.json: not signed" in done("history", "--since", seal).stderr
    assert "not signed; --trusted-key is another key" in found(seal, "--trusted-key", ada)
    assert registry.folder.exists()


def test_a_time_stamp_that_is_expected_and_gone_is_found(registry: Registry, tmp_path: Path, ours: Authority) -> None:
    promoted(GOOD)
    seal, roots = tmp_path / "seal.json", ("--timestamp-certificates", ours.root)
    done("history", "--seal", seal, "--timestamp", ours.url)
    (tmp_path / "seal.json.tsr").unlink()
    assert "time stamp seal.json.tsr: it is not there" in found(seal, *roots)
    assert kap("history", *roots).exit_code == 2
    assert registry.folder.exists()
