"""Within a command a question is asked once, and what the command writes is seen at once."""

from pathlib import Path

import pytest
from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient

from training.stores.registry_client import RegistryClient, ask_again, asked_once

NAME = "a-model"


@pytest.fixture
def address(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'mlflow.db'}"


@pytest.fixture
def client(address: str) -> RegistryClient:
    made = RegistryClient(address, address)
    made.create_registered_model(NAME)
    return made


@pytest.fixture
def others(address: str) -> MlflowClient:
    """The client of somebody else, who writes meanwhile."""
    return MlflowClient(address, address)


def described(client: RegistryClient) -> str:
    return str(client.get_registered_model(NAME).description or "")


def test_an_answer_is_kept_until_the_command_ends(client: RegistryClient, others: MlflowClient) -> None:
    with asked_once():
        assert described(client) == ""
        others.update_registered_model(NAME, "written meanwhile")
        assert described(client) == ""
    assert described(client) == "written meanwhile"


def test_another_client_of_the_same_store_has_the_answer_too(client: RegistryClient, others: MlflowClient) -> None:
    with asked_once():
        assert described(client) == ""
        others.update_registered_model(NAME, "written meanwhile")
        assert described(RegistryClient(client.tracking_uri, client.tracking_uri)) == ""


def test_what_the_command_writes_is_seen_and_so_is_what_others_wrote(
    client: RegistryClient, others: MlflowClient
) -> None:
    with asked_once():
        described(client)
        others.update_registered_model(NAME, "written meanwhile")
        client.set_registered_model_tag(NAME, "owner", "ward 3")
        assert client.get_registered_model(NAME).tags == {"owner": "ward 3"}
        assert described(client) == "written meanwhile"


def test_where_others_matter_the_command_asks_again(client: RegistryClient, others: MlflowClient) -> None:
    with asked_once():
        described(client)
        others.update_registered_model(NAME, "written meanwhile")
        ask_again()
        assert described(client) == "written meanwhile"


def test_a_block_within_another_keeps_the_answers_of_the_outer_one(
    client: RegistryClient, others: MlflowClient
) -> None:
    with asked_once():
        described(client)
        others.update_registered_model(NAME, "written meanwhile")
        with asked_once():
            assert described(client) == ""
        assert described(client) == ""


def test_an_error_is_not_kept(client: RegistryClient, others: MlflowClient) -> None:
    with asked_once():
        with pytest.raises(MlflowException):
            client.get_registered_model("another")
        others.create_registered_model("another")
        assert client.get_registered_model("another").name == "another"


def test_outside_a_command_every_question_is_asked(client: RegistryClient, others: MlflowClient) -> None:
    assert described(client) == ""
    others.update_registered_model(NAME, "written meanwhile")
    assert described(client) == "written meanwhile"
