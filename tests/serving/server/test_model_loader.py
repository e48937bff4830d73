"""Which model a worker starts with when the newest one of the store is damaged."""

from collections.abc import Iterator
from pathlib import Path

import bentoml
import pytest
from bentoml._internal.configuration.containers import BentoMLContainer
from bentoml._internal.models.model import ModelStore

from serving.http.body import BodyLimits
from serving.server.model_loader import ModelLoader, NoModelError
from tests.serving.server.promote_toy import promote

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
