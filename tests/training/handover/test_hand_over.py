"""In real stores: the copy, the version's tags and its description say what was promoted, and by which override."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import bentoml
import pytest
from click.testing import CliRunner, Result

from models.promotion import Promotion, read_promotion
from models.signature import SIGNATURE, verify_signature
from tests.models.test_signature import key_pair
from tests.training.evidences import good_evidence, with_landmarks
from tests.training.registries import Registry, held_out_of, in_use
from training.cli.decisions.history import history
from training.cli.decisions.promotion import promote, rollback
from training.evidence.document import Estimate, Evidence
from training.promotion.granting import CHAMPIONS_QUESTIONS
from training.registry.decision_log import DecisionLog
from training.registry.names import MODEL_NAME

pytestmark = pytest.mark.slow

GOOD, PART = "1", "2"
HERE, LATER = "before session 1", "before session 2"


def partly_good() -> Evidence:
    """Good evidence, but for a bad calibration of relapse at the first landmark."""
    bad = {"calibration_slope": Estimate(estimate=0.4, low=0.3, high=0.5)}
    return with_landmarks(
        good_evidence(),
        lambda landmark: (
            landmark.model_copy(
                update={
                    "questions": [
                        one.model_copy(update={"measures": one.measures | bad}) if one.head == "relapse" else one
                        for one in landmark.questions
                    ]
                }
            )
            if landmark.name == HERE
            else landmark
        ),
    )


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Registry:
    registry = Registry(tmp_path_factory.mktemp("registry"))
    registry.register(good_evidence(), held_out_of(skill=0.9))
    registry.register(partly_good(), held_out_of(skill=1.0))
    return registry


@pytest.fixture
def registry(prepared: Registry, tmp_path: Path) -> Iterator[Registry]:
    shutil.copy(prepared.folder / "mlflow.db", tmp_path / "mlflow.db")
    own = Registry(tmp_path)
    with in_use(own, tmp_path / "serving"):
        yield own


def kap(command: object, *arguments: str) -> Result:
    words = [*arguments, *(["--reason", "calibrates best"] if command is not history else [])]
    return CliRunner().invoke(command, words, catch_exceptions=False)  # type: ignore[arg-type]


def done(command: object, *arguments: str) -> str:
    found = kap(command, *arguments)
    assert found.exit_code == 0, found.output
    return found.output


def served() -> Promotion:
    """The promotion as the served copy says it, after the check of its digest."""
    model = bentoml.models.get(f"{MODEL_NAME}:latest")
    found = read_promotion(Path(model.path), model.info.metadata)
    assert found is not None
    return found


def said_of(registry: Registry, version: str) -> tuple[dict[str, str], str]:
    found = registry.client.get_model_version(MODEL_NAME, version)
    return dict(found.tags), str(found.description)


def test_a_version_is_promoted_for_what_passes_and_the_rest_is_listed_with_its_reason(registry: Registry) -> None:
    output = " ".join(done(promote, PART, "--by", "Ada").split())
    assert f"{HERE} relapse by day 84 not promoted: calibration slope" in output
    assert "questions: 11 for clinic" in output
    (decision,) = DecisionLog(registry.client, MODEL_NAME).read().decisions
    assert (decision.action, decision.tier) == ("promote", "clinic")
    assert decision.granted == {**served().granted}
    assert served().granted[HERE] == {"remission": "clinic"}
    assert set(served().granted[LATER].values()) == {"clinic"}
    assert (served().by, served().decision, served().not_met) == ("Ada", 1, ())
    assert (served().version, served().run_id) == (decision.version, decision.run_id)


def test_shadow_is_granted_where_the_clinic_is_not_and_what_was_granted_stays(registry: Registry) -> None:
    done(promote, PART)
    done(promote, PART, "--tier", "shadow")
    assert served().granted[HERE] == {
        "remission": "clinic",
        **dict.fromkeys(("relapse_84", "relapse_182", "sustained_84", "sustained_182"), "shadow"),
    }
    assert said_of(registry, PART)[0]["promoted_tier"] == "shadow"


def test_an_override_is_seen_wherever_people_look_and_goes_with_the_next_promotion(registry: Registry) -> None:
    done(promote, PART, "--override", "--by", "Grace")
    tags, description = said_of(registry, PART)
    unmet = f"calibration slope, {HERE}"
    assert (served().action, served().not_met) == ("override", (unmet,))
    assert tags["promoted_override"] == f"decision 1, not met: {unmet}"
    assert "BY AN OVERRIDE by Grace" in description
    assert unmet in description
    withdrawn = kap(promote, PART)
    assert withdrawn.exit_code == 4
    assert CHAMPIONS_QUESTIONS in withdrawn.output
    done(promote, PART, "--narrower")
    tags, description = said_of(registry, PART)
    assert "promoted_override" not in tags
    assert "OVERRIDE" not in description
    assert (served().not_met, served().granted[HERE]) == ((), {"remission": "clinic"})


def test_a_version_that_answers_less_than_the_champion_is_refused_unless_that_is_accepted(registry: Registry) -> None:
    done(promote, GOOD)
    refused = kap(promote, PART)
    assert refused.exit_code == 4
    assert f"{HERE}, relapse_84" in " ".join(refused.output.split())
    assert served().granted[HERE]["relapse_84"] == "clinic"
    done(promote, PART, "--narrower")
    assert "relapse_84" not in served().granted[HERE]


def test_a_rollback_restores_what_was_granted_and_shows_the_override_behind_it(registry: Registry) -> None:
    done(promote, PART, "--override", "--by", "Grace")
    before = served()
    done(promote, GOOD)
    assert served().not_met == ()
    done(rollback, "--by", "Ada")
    again = served()
    assert (again.action, again.by, again.granted, again.not_met) == ("rollback", "Ada", before.granted, before.not_met)
    assert "promoted_override" in said_of(registry, PART)[0]


def test_a_signed_copy_is_accepted_by_the_program_of_others_and_not_after_a_change(
    registry: Registry, tmp_path: Path
) -> None:
    key_pair(tmp_path, "lead")
    done(promote, GOOD, "--sign", str(tmp_path / "lead.key"))
    done(promote, PART, "--narrower", "--sign", str(tmp_path / "lead.key"))
    done(rollback, "--sign", str(tmp_path / "lead.key"))
    copy = Path(bentoml.models.get(f"{MODEL_NAME}:latest").path)
    assert "lead.pub" in verify_signature(copy, tmp_path / "lead.pub")
    words = ["verify", "key", str(copy), "--signature", str(copy / SIGNATURE), "--public_key"]
    command = [sys.executable, "-m", "model_signing", *words, str(tmp_path / "lead.pub")]
    assert subprocess.run(command, capture_output=True, check=False).returncode == 0
    (copy / "promotion.json").write_bytes((copy / "promotion.json").read_bytes().replace(b"calibrates", b"calibratez"))
    assert subprocess.run(command, capture_output=True, check=False).returncode != 0


@pytest.mark.parametrize("words", [("--sign", "absent.key"), ("--sign-certificate", __file__)])
def test_what_can_not_sign_is_refused_before_anything_is_decided(registry: Registry, words: tuple[str, str]) -> None:
    refused = kap(promote, GOOD, *words)
    assert refused.exit_code == 2
    assert "--sign" in refused.output
    assert DecisionLog(registry.client, MODEL_NAME).read().decisions == ()
