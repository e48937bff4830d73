"""Decisions in a store of their own: what was changed, removed, put back or written anew is found and named."""

import base64
import hashlib
import json
import sqlite3
import subprocess
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import bentoml
import pytest

from tests.training.decisions.stores import (
    BAD,
    GOOD,
    GOOD_TOO,
    as_kept_before,
    broken,
    chain,
    champion,
    done,
    kap,
    own_keys,
    promoted,
    rewritten_as_tags,
    sql,
    store_of,
)
from tests.training.registries import Registry
from training.decisions.keys import key_file
from training.registry.decision_log import HEAD, STORE
from training.registry.decisions import PolicyCheck
from training.registry.names import MODEL_NAME
from training.registry.release import decision_log

pytestmark = pytest.mark.slow

FAILED = PolicyCheck(name="calibration slope", passed=False, required="0.8 to 1.25", seen="0.4")


def test_a_decision_is_an_entry_signed_by_a_person_and_openssl_accepts_the_signature(
    registry: Registry, tmp_path: Path
) -> None:
    result = promoted(GOOD, by="Ada")
    assert f"made a key for Ada: {key_file('Ada')}" in result.stderr
    assert key_file("Ada").stat().st_mode & 0o777 == 0o600
    person, entry = json.loads(done("history", "--json").stdout)["entries"]
    assert (person["kind"], entry["kind"], entry["number"]) == ("person", "decision", 2)
    (tmp_path / "entry").write_text(entry["signed"])
    (tmp_path / "signature").write_bytes(base64.b64decode(entry["signature"]))
    (tmp_path / "public.pem").write_text(json.loads(done("people", "list", "--json").stdout)["people"][0]["public_key"])
    assert hashlib.sha256((tmp_path / "entry").read_bytes()).hexdigest() == entry["hash"]
    check = ["openssl", "pkeyutl", "-verify", "-pubin", "-inkey", "public.pem", "-rawin"]
    files = ["-in", "entry", "-sigfile", "signature"]
    said = subprocess.run([*check, *files], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "Signature Verified Successfully" in said.stdout, said.stderr
    (tmp_path / "entry").write_text(entry["signed"].replace("Ada", "Eve"))
    assert subprocess.run([*check, *files], cwd=tmp_path, capture_output=True, check=False).returncode != 0
    assert registry.client.get_registered_model(MODEL_NAME).tags == {STORE: chain().store}


def test_another_text_of_the_same_signature_is_a_change(registry: Registry) -> None:
    """The last letter of Base64 has bits that decoding passes over."""
    promoted(GOOD)
    written = json.loads(done("history", "--json").stdout)["entries"][1]["signature"]
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    texts = [f"{written[:-3]}{letter}==" for letter in letters]
    (other, *_) = [text for text in texts if text != written and base64.b64decode(text) == base64.b64decode(written)]
    sql(store_of(registry), f"UPDATE decision_entries SET signature = '{other}' WHERE number = 2")
    broken(registry, "signature")


@pytest.mark.parametrize("statement", ["UPDATE {} SET {} = 'x'", "DELETE FROM {}"])
@pytest.mark.parametrize(("table", "column"), [("decision_entries", "document"), ("decision_store", "value")])
def test_the_store_refuses_changes_and_deletions(registry: Registry, statement: str, table: str, column: str) -> None:
    promoted(GOOD)
    with closing(sqlite3.connect(store_of(registry))) as connection, pytest.raises(sqlite3.IntegrityError) as refused:
        connection.execute(statement.format(table, column))
    assert "never changed or deleted" in str(refused.value)


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        (
            "UPDATE decision_entries SET document = replace(document, 'calibrates', 'Calibrates') WHERE number = 2",
            "was ch",
        ),
        ('UPDATE decision_entries SET document = replace(document, \'"by":"Ada"\', \'"by":"Eve"\')', "was changed"),
        ("UPDATE decision_entries SET at = '2026-01-01T00:00:00Z' WHERE number = 2", "was changed"),
        ("UPDATE decision_entries SET signature = 'AAAA' WHERE number = 2", "has no valid signature"),
        ("UPDATE decision_entries SET signature = 'no base64' WHERE number = 2", "has no valid signature"),
        ("UPDATE decision_entries SET key_id = 'g' || substr(key_id, 2) WHERE number = 2", "was changed"),
        ("UPDATE decision_entries SET kind = 'proposal' WHERE number = 2", "was changed"),
        ("UPDATE decision_entries SET document = 'nonsense' WHERE number = 2", "was changed"),
        ("UPDATE decision_entries SET number = 7 WHERE number = 2", "entries 2 to 6 before it: missing"),
        ("UPDATE decision_entries SET model = 'other' WHERE number = 2", "names a decision, and no decision is kept"),
        ("DELETE FROM decision_entries WHERE number = 1", "entry 1 before it: missing"),
        ("DELETE FROM decision_entries WHERE number = 2", "names a decision, and no decision is kept"),
        ("DELETE FROM decision_entries", "names a decision, and no decision is kept"),
        ("UPDATE decision_store SET value = 'another' WHERE name = 'id'", "was changed"),
    ],
)
def test_whatever_is_changed_in_the_database_is_found(registry: Registry, statement: str, said: str) -> None:
    promoted(GOOD)
    sql(store_of(registry), statement)
    broken(registry, said)


def test_decisions_whose_store_is_gone_are_not_reported_as_none(registry: Registry) -> None:
    """A registry whose versions and served copies name decisions has had some."""
    promoted(GOOD)
    store_of(registry).unlink()
    broken(registry, "decision store: the registry's tag decision_store names store")
    assert not store_of(registry).exists()


def test_decisions_rewritten_as_tags_and_a_store_that_is_gone_are_found_by_the_served_copy(registry: Registry) -> None:
    """In tags nobody has signed them; the copy names the store that has them."""
    promoted(GOOD)
    rewritten_as_tags(registry)
    broken(registry, f"decision store: the copy {MODEL_NAME}:")
    assert not store_of(registry).exists()


def test_a_deleted_registry_is_not_reported_as_no_decisions(registry: Registry) -> None:
    promoted(GOOD)
    registry.client.delete_registered_model(MODEL_NAME)
    broken(registry, f"registry: the model {MODEL_NAME} is not there")
    store_of(registry).unlink()
    broken(registry, f"registry: the model {MODEL_NAME} is not there, and decisions on it are named by {MODEL_NAME}:")


def test_a_renamed_registry_is_not_reported_as_no_decisions(registry: Registry) -> None:
    promoted(GOOD)
    registry.client.rename_registered_model(MODEL_NAME, "another")
    for arguments in ([], ["--model-name", "another"], ["--model-name", MODEL_NAME]):
        result = kap("history", *arguments)
        assert result.exit_code == 4, result.output
        assert "intact" not in result.stderr


def test_a_model_that_is_unknown_is_refused(registry: Registry) -> None:
    result = kap("history", "--model-name", "no-such-model")
    assert result.exit_code == 2
    assert "--model-name" in result.stderr
    assert registry.folder.exists()


def test_without_a_decision_the_history_is_empty_and_nothing_is_made(registry: Registry) -> None:
    assert "no decisions yet" in done("history").stdout
    assert not store_of(registry).exists()


def test_an_entry_dated_before_the_one_before_it_is_found(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    promoted(GOOD)
    monkeypatch.setattr("training.decisions.store.ChainWriter.time", lambda _self, _at: "2020-01-01T00:00:00Z")
    promoted(GOOD_TOO)
    monkeypatch.undo()
    result = kap("history")
    assert result.exit_code == 4
    assert "is dated 2020-01-01T00:00:00Z, before the entry before it" in result.stderr
    assert registry.folder.exists()


def test_stores_put_back_to_an_earlier_day_are_found(registry: Registry, tmp_path: Path) -> None:
    """Decisions and registry are those of the day before; the served copy names a decision that they do not have."""
    promoted(GOOD)
    before = store_of(registry).read_bytes()
    promoted(GOOD_TOO)
    store_of(registry).write_bytes(before)
    result = kap("history")
    assert result.exit_code == 4
    assert "version 2: its decision_head" in result.stderr
    registry.client.delete_model_version_tag(MODEL_NAME, GOOD_TOO, HEAD)
    registry.client.set_registered_model_alias(MODEL_NAME, "champion", GOOD)
    broken(registry, f"{MODEL_NAME}:")
    registry.client.delete_model_version(MODEL_NAME, GOOD_TOO)  # the version was registered after that day
    broken(registry, f"{MODEL_NAME}:")
    assert tmp_path.exists()


def test_another_run_under_the_number_of_a_champion_is_found(registry: Registry) -> None:
    promoted(GOOD)
    run = registry.client.get_model_version(MODEL_NAME, GOOD_TOO).run_id
    with closing(sqlite3.connect(registry.folder / "mlflow.db")) as connection, connection:
        connection.execute("UPDATE model_versions SET run_id = ? WHERE version = 1", (run,))
    broken(registry, "is about another model than the registry's version 1")


def test_decisions_in_tags_are_taken_over_once_by_the_next_decision_and_not_by_reading(registry: Registry) -> None:
    promoted(GOOD)
    kap("promote", BAD, "--reason", "newer", "--by", "Grace")
    earlier = as_kept_before(registry)
    assert "2 decisions" in done("history").stderr
    assert not store_of(registry).exists()
    promoted(GOOD_TOO)
    found = chain()
    assert [entry.kind for entry in found.entries] == ["person", "taken over", "decision"]
    assert found.entries[1].content == {"decisions": [each.as_document() for each in earlier], "findings": []}
    assert list(found.decisions[:2]) == earlier
    assert found.decisions[2].previous == earlier[1].hash
    table = done("history").stdout.splitlines()
    assert [line.endswith("[not signed; taken over by Ada]") for line in table[1:4]] == [True, True, False]
    registry.client.set_registered_model_tag(MODEL_NAME, "decision.000001", "a mirror, no evidence")
    promoted(GOOD)
    assert len(chain().decisions) == 4


def test_decisions_in_tags_that_were_changed_are_refused_and_not_taken_over(registry: Registry) -> None:
    promoted(GOOD)
    as_kept_before(registry)
    text = registry.client.get_registered_model(MODEL_NAME).tags["decision.000001"]
    registry.client.set_registered_model_tag(MODEL_NAME, "decision.000001", text.replace("Ada", "Eve"))
    broken(registry, "decision.000001")
    assert kap("promote", GOOD_TOO, "--reason", "newer", "--by", "Ada").exit_code == 4
    assert not store_of(registry).exists()


def test_a_promotion_in_tags_over_failed_checks_contradicts_itself(registry: Registry) -> None:
    promoted(BAD, "--override", by="Eve")
    (decision,) = as_kept_before(registry)
    forged = decision.model_copy(update={"action": "promote", "by": "Ethics Board"})
    for key, part in forged.parts().items():
        registry.client.set_registered_model_tag(MODEL_NAME, key, part)
    registry.client.set_model_version_tag(MODEL_NAME, BAD, HEAD, forged.hash)
    bentoml.models.delete(f"{MODEL_NAME}:latest")
    broken(registry, "grants what its own checks do not allow")


def test_many_who_decide_at_once_are_all_recorded_one_after_the_other(registry: Registry) -> None:
    promoted(GOOD)
    signer = own_keys("Ada")
    draft = chain().decisions[0].model_copy(update={"action": "refuse", "previous_champion": GOOD, "checks": (FAILED,)})
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: decision_log().append(draft, signer).number, range(16)))
    assert sorted(made) == list(range(2, 18))
    assert [entry.number for entry in chain().entries] == list(range(1, 19))
    assert registry.folder.exists()


def test_a_store_that_can_not_be_written_decides_nothing(registry: Registry) -> None:
    promoted(GOOD)
    with closing(sqlite3.connect(store_of(registry), isolation_level=None)) as connection:
        connection.execute("ALTER TABLE decision_entries RENAME COLUMN document TO kept")
    result = kap("promote", GOOD_TOO, "--reason", "newer", "--by", "Ada")
    assert result.exit_code == 3
    assert "the decision store" in result.stderr
    assert champion(registry) == GOOD


def test_with_a_tracking_server_the_decisions_need_an_address(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("training.registry.decision_log.location", lambda _: None)
    assert "no decisions yet" in done("history").stdout
    result = kap("promote", GOOD, "--reason", "best", "--by", "Ada")
    assert result.exit_code == 2
    assert "KAP_DECISIONS" in result.stderr
    assert champion(registry) is None
    monkeypatch.undo()


def test_an_address_of_ones_own_is_used(registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAP_DECISIONS", f"sqlite:///{tmp_path / 'elsewhere' / 'kept.db'}")
    promoted(GOOD)
    assert (tmp_path / "elsewhere" / "kept.db").exists()
    assert not store_of(registry).exists()
    monkeypatch.delenv("KAP_DECISIONS")
    broken(registry, "decision store")
    monkeypatch.setenv("KAP_DECISIONS", "mysql://root@localhost/decisions")
    result = kap("history")
    assert result.exit_code == 2
    assert "KAP_DECISIONS" in result.stderr
