"""Which model a worker starts with when the newest one of the store is damaged."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import bentoml
import pytest
from bentoml._internal.configuration.containers import BentoMLContainer
from bentoml._internal.models.model import ModelStore

from serving.http.body import BodyLimits
from serving.server.model_loader import ModelLoader, NoModelError
from tests.serving.server.promote_toy import promote
from tests.serving.servers import environment_in, promote_toy

LIMITS = BodyLimits(1000, 1000, 1)
LATEST = "kap-outcomes:latest"


@pytest.fixture(autouse=True)
def _own_store(tmp_path: Path) -> Iterator[None]:
    """A model store of the test's own, for this process."""
    BentoMLContainer.model_store.set(ModelStore(tmp_path))
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
