"""Names of registered models: of a protocol, of the researcher's choice, and of a person who names only a version."""

from dataclasses import replace
from pathlib import Path

import bentoml
import pytest

from features.protocol.document import Protocol
from features.protocol.problems import InputRefusedError
from tests.training.registries import Registry
from training.registry.names import MODEL_NAME, ModelReference, model_name_of, split_reference
from training.registry.references import BUNDLE_DIGEST, AssumedModelNotice, find_reference


@pytest.mark.parametrize(
    ("protocol", "name"),
    [
        ("kap", "kap-outcomes"),
        ("kap-synthetic", "kap-outcomes"),
        ("KAP clinic", "kap-outcomes"),
        ("kapok", "kapok-outcomes"),
        ("Panic trial", "panic-trial-outcomes"),
        ("Zürich 2024/II", "zurich-2024-ii-outcomes"),
        ("pain-outcomes", "pain-outcomes"),
        ("x" * 80, "x" * 54 + "-outcomes"),
    ],
)
def test_a_protocol_has_a_model_of_its_own_that_both_stores_take(protocol: str, name: str) -> None:
    assert model_name_of(replace(Protocol(), name=protocol)) == name
    assert str(bentoml.Tag(name)) == name


def test_a_name_may_be_chosen() -> None:
    assert model_name_of(Protocol(), "panic.trial_2") == "panic.trial_2"


@pytest.mark.parametrize("given", ["", "Panic", "a/b", "a:b", "-a", "a-", "a b", "x" * 64])
def test_a_name_that_a_store_would_not_take_is_refused(given: str) -> None:
    with pytest.raises(InputRefusedError) as refused:
        model_name_of(Protocol(), given)
    assert refused.value.problems[0].column == "--model-name"


def test_a_protocol_without_a_latin_letter_needs_a_chosen_name() -> None:
    with pytest.raises(InputRefusedError) as refused:
        model_name_of(replace(Protocol(), name="痛み"))
    assert "--model-name" in refused.value.problems[0].required


@pytest.mark.parametrize(
    ("text", "name", "version"),
    [
        ("3", None, "3"),
        ("champion", None, "champion"),
        ("panic-outcomes/3", "panic-outcomes", "3"),
        ("panic-outcomes@champion", "panic-outcomes", "champion"),
        ("models:/panic-outcomes/3", "panic-outcomes", "3"),
        ("models:/panic-outcomes@champion", "panic-outcomes", "champion"),
    ],
)
def test_a_version_is_named_alone_or_with_its_model(text: str, name: str | None, version: str) -> None:
    assert split_reference(text) == (name, version)
    if name:
        assert split_reference(str(ModelReference(name, version))) == (name, version)


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    return Registry(tmp_path)


def register(registry: Registry, *names: str) -> None:
    for name in names:
        registry.client.create_registered_model(name)
        registry.client.create_model_version(name, "file:///nowhere", tags={BUNDLE_DIGEST: "0" * 64})


def test_a_bare_version_is_of_kap_outcomes_wherever_that_is_registered(registry: Registry) -> None:
    register(registry, MODEL_NAME, "panic-outcomes")
    assert find_reference(registry.client, "3") == ModelReference(MODEL_NAME, "3")
    assert find_reference(registry.client, "panic-outcomes/3") == ModelReference("panic-outcomes", "3")


def test_the_only_model_of_a_registry_is_taken_and_that_is_said(registry: Registry) -> None:
    registry.client.create_registered_model("another-tools")
    registry.client.create_registered_model("another's tool")
    registry.client.create_model_version("another-tools", "elsewhere")
    register(registry, "panic-outcomes")
    with pytest.warns(AssumedModelNotice, match="panic-outcomes, the only one"):
        assert find_reference(registry.client, "champion") == ModelReference("panic-outcomes", "champion")


def test_of_several_models_one_must_be_named(registry: Registry) -> None:
    register(registry, "panic-outcomes", "grief-outcomes")
    with pytest.raises(InputRefusedError) as refused:
        find_reference(registry.client, "3")
    assert "registered are grief-outcomes, panic-outcomes" in refused.value.problems[0].required
