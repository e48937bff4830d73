"""Which model answers: the newest in order; what its decision grants; and signed by a trusted key, if any is named."""

import json
import logging
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import bentoml
import pytest
from bentoml._internal.configuration.containers import BentoMLContainer
from bentoml._internal.models.model import ModelStore
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from models.bundle import BundleRefusedError
from models.promotion import PROMOTION, Promotion
from models.signature import SIGNATURE
from serving.contract.description import ModelDescription
from serving.http.body import BodyLimits
from serving.prediction.predictor import PredictionReply
from serving.server.model_loader import ModelLoader, NoModelError, load_served, promoted_copy
from tests.serving.requests import EXAMPLE, read
from tests.serving.server.promote_toy import Decided, promote
from tests.serving.servers import environment_in, promote_toy

LIMITS = BodyLimits(1000, 1000, 1)
LATEST = "kap-outcomes:latest"
GRANTED: Mapping[str, Any] = {"before session 3": {"remission": "clinic", "relapse_84": "shadow"}}


@pytest.fixture(autouse=True)
def _own_store(tmp_path: Path) -> Iterator[None]:
    """A model store of the test's own, for this process."""
    (tmp_path / "store").mkdir()
    BentoMLContainer.model_store.set(ModelStore(tmp_path / "store"))
    yield
    BentoMLContainer.model_store.reset()


def damage_entry() -> None:
    """Spoil the description of the newest model."""
    stored = bentoml.models.get(LATEST)
    Path(stored.path, "model.yaml").write_text("labels: [")


def test_the_newest_model_answers_where_it_is_in_order() -> None:
    promote("3")
    promote("4")
    loader = ModelLoader(LATEST, LIMITS)
    assert (loader.served.version, loader.refused) == ("4", None)


def test_of_several_damaged_models_the_last_good_one_answers() -> None:
    promote("2")
    promote("3")
    promote("4", damaged=True)
    promote("5")
    damage_entry()
    loader = ModelLoader(LATEST, LIMITS)
    assert loader.served.version == "3"
    assert loader.refused == f"the model {LATEST} is refused: its entry is damaged (ParserError)"
    assert not loader.look()
    assert loader.served.version == "3"


def test_a_model_that_was_asked_for_by_its_tag_has_no_substitute() -> None:
    promote("3")
    promote("4", damaged=True)
    with pytest.raises(NoModelError, match="its digest is not the one"):
        ModelLoader(str(bentoml.models.get(LATEST).tag), LIMITS)


def test_without_any_good_model_the_newest_ones_fault_is_said() -> None:
    with pytest.raises(NoModelError, match="no model"):
        ModelLoader(LATEST, LIMITS)
    promote("3", damaged=True)
    with pytest.raises(NoModelError, match="its digest is not the one"):
        ModelLoader(LATEST, LIMITS)


def bentoml_command(home: Path, *words: str | Path) -> None:
    environment = os.environ | {"BENTOML_HOME": str(home), "BENTOML_DO_NOT_TRACK": "True"}
    subprocess.run([sys.executable, "-m", "bentoml", "models", *words], env=environment, check=True, timeout=120)


def test_a_model_that_was_exported_on_one_machine_answers_where_it_is_imported(tmp_path: Path) -> None:
    researcher, server, file = tmp_path / "researcher", tmp_path / "server", tmp_path / "kap-outcomes.bentomodel"
    for home, version in ((server, "4"), (researcher, "5")):
        home.mkdir()
        promote_toy(environment_in(tmp_path, BENTOML_HOME=str(home)), version)
    BentoMLContainer.model_store.set(ModelStore(server / "models"))
    loader = ModelLoader(LATEST, LIMITS)
    bentoml_command(researcher, "export", LATEST, file)
    bentoml_command(server, "import", file)
    assert loader.look()
    assert loader.served.version == ModelLoader(LATEST, LIMITS).served.version == "5"


def decision(**changes: Any) -> Decided:
    """A decision about whatever bundle it is about."""
    said: dict[str, Any] = {
        "decision": 7, "action": "promote", "by": "Ada", "at": "2026-11-30T09:00:00+00:00", "reason": "all checks met",
        "tier": "clinic", "granted": GRANTED,
    }  # fmt: skip
    return lambda digest: Promotion(bundle_digest=digest, **said | changes)


def test_a_copy_whose_labels_name_another_version_or_run_than_its_decision_is_refused() -> None:
    """The labels are in BentoML's own file, which no signature covers."""
    promote("3", decided=decision(version="3", run_id="a1b2"))
    assert ModelLoader(LATEST, LIMITS).served.version == "3"
    for named in ({"version": "4", "run_id": "a1b2"}, {"version": "3", "run_id": "c3d4"}):
        promote("3", decided=decision(**named))
        with pytest.raises(NoModelError, match="its labels name another version or run than its decision"):
            load_served(bentoml.models.get(LATEST), LIMITS)


def key_in(folder: Path, name: str) -> Path:
    """A new key pair, NAME.key and NAME.pub; the file of the first."""
    key = ec.generate_private_key(ec.SECP256R1())
    private, public = folder / f"{name}.key", folder / f"{name}.pub"
    private.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    public.write_bytes(key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    return private


def latest_folder() -> Path:
    return Path(bentoml.models.get(LATEST).path)


def described(loader: ModelLoader) -> ModelDescription:
    return ModelDescription.model_validate_json(loader.served.pages.model, strict=True)


def test_a_copy_answers_what_its_decision_grants_and_says_which_that_is() -> None:
    promote("3", decided=decision())
    loader = ModelLoader(LATEST, LIMITS)
    (reply,) = loader.served.predictor.answer_many([read(EXAMPLE)], ["an-id"])
    assert isinstance(reply, PredictionReply)
    assert reply.answer["remission"] is not None
    assert reply.answer["tiers"] == {
        "remission": "clinic", "relapse_84": "shadow", "relapse_182": "not_promoted",
        "sustained_84": "not_promoted", "sustained_182": "not_promoted",
    }  # fmt: skip
    promotion = described(loader).promotion
    assert promotion is not None
    assert promotion.granted["before session 3"] == reply.answer["tiers"]
    assert set(promotion.granted["before session 1"].values()) == {"not_promoted"}
    assert (promotion.decision, promotion.action, promotion.by, promotion.tier) == (7, "promote", "Ada", "clinic")
    assert (promotion.overridden, promotion.not_met) == (False, [])


def test_an_override_is_in_the_description_and_in_the_line_of_the_log(caplog: pytest.LogCaptureFixture) -> None:
    not_met = ("sample size", "calibration slope")
    promote("3", decided=decision(action="override", not_met=not_met, approved_by=("Bo",)))
    loader = ModelLoader(LATEST, LIMITS)
    promotion = described(loader).promotion
    assert promotion is not None
    assert (promotion.overridden, promotion.not_met, promotion.approved_by) == (True, [*not_met], ["Bo"])
    with caplog.at_level(logging.INFO, "bentoml.kap"):
        loader.announce()
    assert "promoted by override (Ada, decision 7) although not met: sample size" in caplog.text


def test_a_copy_without_a_decision_says_that_it_is_of_an_earlier_version() -> None:
    promote("3")
    found = described(ModelLoader(LATEST, LIMITS))
    assert found.promotion is None
    assert any("promoted by an earlier version" in note and "decision" in note for note in found.notes)


@pytest.mark.parametrize("how", ["changed", "removed"])
def test_a_decision_that_was_changed_after_the_promotion_is_refused(how: str) -> None:
    promote("3", decided=decision())
    path = latest_folder() / PROMOTION
    document = json.loads(path.read_bytes())
    path.unlink()
    if how == "changed":
        document["granted"]["before session 3"]["relapse_84"] = "clinic"
        path.write_text(json.dumps(document))
    with pytest.raises(NoModelError, match=r"promotion\.json: its digest is not the one of the promotion"):
        ModelLoader(LATEST, LIMITS)
    with pytest.raises(BundleRefusedError, match=r"promotion\.json"):
        promoted_copy(bentoml.models.get(LATEST).info.metadata["bundle_digest"])


def test_with_trusted_keys_only_a_copy_that_one_of_them_signed_starts_the_service(tmp_path: Path) -> None:
    ours, other = key_in(tmp_path, "ours"), key_in(tmp_path, "other")
    trusted = ours.with_suffix(".pub")
    promote("3", decided=decision())
    with pytest.raises(NoModelError, match="this copy is not signed"):
        ModelLoader(LATEST, LIMITS, trusted)
    promote("4", decided=decision(), signed_with=other)
    with pytest.raises(NoModelError, match="none of the trusted keys"):
        ModelLoader(LATEST, LIMITS, trusted)
    promote("5", decided=decision(), signed_with=ours)
    loader = ModelLoader(LATEST, LIMITS, trusted)
    assert loader.served.version == "5"
    assert "ours.pub" in (loader.served.signed_by or "")
    assert ModelLoader(LATEST, LIMITS).served.signed_by is None


def test_a_running_service_keeps_its_model_when_the_next_one_is_signed_by_nobody_it_trusts(tmp_path: Path) -> None:
    ours, other = key_in(tmp_path, "ours"), key_in(tmp_path, "other")
    promote("3", decided=decision(), signed_with=ours)
    loader = ModelLoader(LATEST, LIMITS, ours.with_suffix(".pub"))
    promote("4", decided=decision(), signed_with=other)
    assert not loader.look()
    assert loader.served.version == "3"
    assert "none of the trusted keys" in (loader.refused or "")
    promote("5", decided=decision(), signed_with=ours)
    assert loader.look()
    assert (loader.served.version, loader.refused) == ("5", None)


def test_a_signed_copy_whose_files_were_changed_is_refused_although_every_digest_agrees(tmp_path: Path) -> None:
    """Somebody who can write to the store can put a decision of their own there, but can't sign it."""
    ours = key_in(tmp_path, "ours")
    promote("3", decided=decision(), signed_with=ours)
    signature = (latest_folder() / SIGNATURE).read_bytes()
    promote("4", decided=decision(granted={"before session 3": {"relapse_84": "clinic"}}))
    (latest_folder() / SIGNATURE).write_bytes(signature)
    with pytest.raises(NoModelError, match="files were changed, added or removed since it was signed"):
        ModelLoader(str(bentoml.models.get(LATEST).tag), LIMITS, ours.with_suffix(".pub"))
    assert ModelLoader(LATEST, LIMITS, ours.with_suffix(".pub")).served.version == "3"


def test_trusted_keys_that_can_not_be_read_are_named(tmp_path: Path) -> None:
    promote("3", decided=decision())
    with pytest.raises(NoModelError, match=r"the trusted keys .*nowhere.* can't be read"):
        ModelLoader(LATEST, LIMITS, tmp_path / "nowhere")


def test_the_copy_of_a_bundle_is_found_by_its_digest() -> None:
    assert promoted_copy("d" * 64) is None
    promote("3", decided=decision())
    promote("4", decided=decision(decision=8))
    copy = promoted_copy(bentoml.models.get(LATEST).info.metadata["bundle_digest"])
    assert copy is not None
    assert copy.promotion is not None
    assert copy.promotion.decision == 8
