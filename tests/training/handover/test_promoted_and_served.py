"""From a promotion by the command to the answer of the real service: tiers, shadow, override, rollback, signature."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from models.bundle import Bundle
from serving.log.queries import LogEntry, find_entry
from serving.storage.log_location import open_log
from tests.serving.bundles import with_applicability
from tests.serving.logs import logged
from tests.serving.requests import Document, example
from tests.serving.servers import Server, environment_in, running
from tests.training.commands import SameProcess
from tests.training.evidences import good_evidence, with_landmarks
from tests.training.prediction_logs import again
from tests.training.registries import Registry, held_out_of
from training.evidence.document import Evidence, HeadEvidence, LandmarkEvidence, SampleSize

pytestmark = pytest.mark.slow

LANDMARK = "before session 2"
TODAY = example(as_of_day=7, sessions=example()["sessions"][:1])
QUESTIONS = ("remission", "relapse_84", "relapse_182", "sustained_84", "sustained_182")
SMALL = SampleSize(parameters=40, patients=300, events=90, criteria={}, required=900, met=False)
TOO_SMALL = f"sample size, {LANDMARK}"
SECONDS = 60


class KnownPatients(Registry):
    """Every bundle has an applicability domain."""

    def bundle(self, number: int, cohort_digest: str) -> Bundle:
        return with_applicability(super().bundle(number, cohort_digest))


def too_small_for(head: str) -> Evidence:
    """Good evidence, but for a head at one landmark whose cohort has too few patients."""

    def changed(one: HeadEvidence) -> HeadEvidence:
        return one.model_copy(update={"sample_size": SMALL}) if one.head == head else one

    def at(landmark: LandmarkEvidence) -> LandmarkEvidence:
        if landmark.name != LANDMARK:
            return landmark
        return landmark.model_copy(update={"heads": [changed(one) for one in landmark.heads]})

    return with_landmarks(good_evidence(), at)


def key_pair(folder: Path) -> Path:
    """The file of a new private key, with the public one beside it."""
    key = ec.generate_private_key(ec.SECP256R1())
    private = folder / "clinic.key"
    private.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    (folder / "clinic.pub").write_bytes(key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    return private


@dataclass(frozen=True)
class ServedPromotion:
    """What a service said while a promotion was in force; ``verdict`` is that of `kap audit verify --service`."""

    answer: Document
    model: Document
    verdict: Document

    @property
    def prediction_id(self) -> str:
        return str(self.answer["prediction_id"])


@dataclass(frozen=True)
class PromotionHistory:
    """The stores after all promotions, and what the service said after each."""

    place: SameProcess
    served: dict[str, ServedPromotion]

    @property
    def log(self) -> Path:
        return self.place.folder / "state" / "predictions.db"

    def entry(self, name: str) -> LogEntry:
        state = open_log(str(self.log))
        found = find_entry(state.engine, state.secret, self.served[name].prediction_id)
        state.engine.dispose()
        assert found is not None
        return found

    def lineage(self, prediction_id: str) -> tuple[int, dict[str, Document]]:
        """The exit code and the verdicts of `kap audit lineage`."""
        done = self.place.kap("audit", "lineage", prediction_id, "--log", self.log, "--json")
        return done.returncode, {one["check"]: one for one in json.loads(done.stdout)["verdicts"]}


def until(server: Server, met: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SECONDS
    while not met():
        assert time.monotonic() < deadline, server.written()
        time.sleep(0.1)


def said_by(server: Server, place: SameProcess) -> ServedPromotion:
    reply = server.client.post("/v1/predict", json=TODAY)
    assert reply.status_code == 200, reply.text
    address = str(server.client.base_url)
    done = place.kap("audit", "verify", "champion", "--service", address, "--json")
    (verdict,) = (one for one in json.loads(done.stdout)["verdicts"] if one["check"] == "service")
    return ServedPromotion(reply.json(), server.client.get("/v1/model").json(), verdict)


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> PromotionHistory:
    """Version 1 is promoted for a part, 2 by an override, 3 without a signature and then with one; 2 comes back."""
    place = SameProcess(tmp_path_factory.mktemp("promoted"))
    registry = KnownPatients(place.folder)
    for evidence in (too_small_for("remission"), too_small_for("relapse"), good_evidence()):
        registry.register(evidence, held_out_of(skill=0.9))
    key = key_pair(place.folder)

    def decide(*words: str, sign: bool = True) -> None:
        signing = ("--sign", str(key)) if sign else ()
        done = place.kap(*words, "--reason", "for this test", "--by", "Ada", *signing)
        assert done.returncode == 0, done.stdout + done.stderr

    decide("promote", "1")
    decide("promote", "1", "--tier", "shadow")
    trusting = environment_in(place.folder, KAP_TRUSTED_KEYS=str(place.folder / "clinic.pub"), KAP_RELOAD_SECONDS="0.5")
    served = {}
    with running(place.folder, environment=trusting) as server:

        def promoted_by() -> int:
            return int(server.client.get("/v1/model").json()["promotion"]["decision"])

        served["partly"] = said_by(server, place)
        decide("promote", "2", "--override")
        until(server, lambda: promoted_by() == 3)
        served["overridden"] = said_by(server, place)
        decide("promote", "3", sign=False)
        until(server, lambda: "kap_newest_model_refused 1.0" in server.client.get("/metrics").text)
        served["unsigned"] = said_by(server, place)
        decide("promote", "3")
        until(server, lambda: promoted_by() == 5)
        served["whole"] = said_by(server, place)
        decide("rollback")
        until(server, lambda: promoted_by() == 6)
        served["restored"] = said_by(server, place)
    return PromotionHistory(place, served)


def numbers(answer: Document) -> dict[str, float]:
    """The probabilities in an answer, by question."""
    found = {} if answer["remission"] is None else {"remission": answer["remission"]["probability"]}
    relapse = [] if answer["relapse"] is None else answer["relapse"]["at_horizons"]
    found |= {f"relapse_{one['days']}": one["probability"] for one in relapse}
    found |= {f"sustained_{one['horizon_days']}": one["probability"] for one in answer["sustained_remission"]}
    return {name: found[name] for name in found if found[name] is not None}


def test_what_passes_is_answered_and_what_was_promoted_to_shadow_is_withheld_with_a_reason(
    history: PromotionHistory,
) -> None:
    answer, model = history.served["partly"].answer, history.served["partly"].model
    clinic = {"relapse_84", "relapse_182"}
    assert answer["tiers"] == {name: "clinic" if name in clinic else "shadow" for name in QUESTIONS}
    assert set(numbers(answer)) == clinic
    assert {one["question"]: one["code"] for one in answer["withheld"]} == dict.fromkeys(
        set(QUESTIONS) - clinic, "in_shadow"
    )
    assert model["promotion"]["granted"][LANDMARK] == answer["tiers"]
    assert set(model["promotion"]["granted"]["before session 1"].values()) == {"clinic"}
    assert (model["promotion"]["decision"], model["promotion"]["overridden"]) == (2, False)


def test_the_log_has_the_answers_in_shadow_and_the_caller_has_not(history: PromotionHistory) -> None:
    answer, entry = history.served["partly"].answer, history.entry("partly")
    shadow = json.loads(entry.shadow or "")
    assert set(numbers(shadow)) == {"remission", "sustained_84", "sustained_182"}
    assert not [number for number in numbers(shadow).values() if repr(number) in json.dumps(answer)]
    assert json.loads(entry.answer or "") == answer
    assert history.entry("overridden").shadow is None


@pytest.mark.parametrize("name", ["overridden", "restored"])
def test_an_override_gives_everything_and_is_said_also_after_a_rollback_to_it(
    history: PromotionHistory, name: str
) -> None:
    answer, promotion = history.served[name].answer, history.served[name].model["promotion"]
    assert answer["model"]["version"] == "2"
    assert set(numbers(answer)) == set(QUESTIONS)
    assert promotion["overridden"]
    assert promotion["action"] == ("override" if name == "overridden" else "rollback")
    assert TOO_SMALL in promotion["not_met"]
    card = history.served["whole"].model["promotion"]
    assert (card["overridden"], card["not_met"]) == (False, [])


@pytest.mark.parametrize(("name", "number"), [("partly", 2), ("overridden", 3), ("whole", 5), ("restored", 6)])
def test_every_answer_is_traced_to_the_decision_that_granted_it(
    history: PromotionHistory, name: str, number: int
) -> None:
    code, verdicts = history.lineage(history.served[name].prediction_id)
    assert code in (0, 5), verdicts
    assert {one["outcome"] for check, one in verdicts.items() if check != "training run"} == {"passed"}
    detail, *_ = verdicts["decision"]["detail"].partition("; answered ")  # then the decision that came within a second
    assert f"decision {number}, " in detail
    assert ("an OVERRIDE by Ada" in detail and TOO_SMALL in detail) == (name in ("overridden", "restored"))


def test_a_service_that_gives_what_was_not_granted_is_found_though_it_agrees_with_itself(
    history: PromotionHistory,
) -> None:
    """The whole answer of version 1, logged as a service would that ignores what was granted."""
    partly = history.entry("partly")
    whole = json.loads(history.entry("overridden").answer or "")
    claimed = whole | {"prediction_id": "claimed", "model": json.loads(partly.answer or "")["model"]}
    state = open_log(str(history.log))
    draft = again(partly, prediction_id="claimed", answer=json.dumps(claimed), shadow=None)
    logged(state.engine, [draft], secret=state.secret)
    state.engine.dispose()
    code, verdicts = history.lineage("claimed")
    assert (code, verdicts["answer"]["outcome"], verdicts["decision"]["outcome"]) == (4, "passed", "failed")
    assert "remission was given, and is shadow by decision 2" in verdicts["decision"]["detail"]


def test_a_copy_that_no_trusted_key_signed_is_not_served_and_the_audit_says_who_answers(
    history: PromotionHistory,
) -> None:
    unsigned = history.served["unsigned"]
    assert unsigned.answer["model"]["version"] == "2"
    assert unsigned.verdict["outcome"] == "failed"
    assert "it answers with version 2" in unsigned.verdict["detail"]
    others: dict[str, Any] = {name: one.verdict["outcome"] for name, one in history.served.items() if one != unsigned}
    assert others == dict.fromkeys(("partly", "overridden", "whole", "restored"), "passed")
