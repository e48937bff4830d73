"""The client of MLflow's registry for models of this package, which asks each question once within a command."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from typing import Any

from mlflow.tracking import MlflowClient

_Answers = dict[tuple[object, ...], Any]
_ANSWERS: ContextVar[_Answers | None] = ContextVar("answers", default=None)
"""The answers of the present command; ``None`` outside `asked_once`, where every question is asked."""


@contextmanager
def asked_once() -> Iterator[None]:
    """Keep what `RegistryClient` reads within the block, until it writes or `ask_again` is called.

    A command reads a record once, as it was when it began; behind a server every question is a request.
    """
    if _ANSWERS.get() is not None:
        yield
        return
    token = _ANSWERS.set({})
    try:
        yield
    finally:
        _ANSWERS.reset(token)


def ask_again() -> None:
    """Forget the kept answers: another process may have written meanwhile, and what it wrote matters."""
    answers = _ANSWERS.get()
    if answers is not None:
        answers.clear()


def _reading(name: str) -> Callable[..., Any]:
    """The method of MLflow's client that reads, with answers kept; errors are not kept."""

    @wraps(getattr(MlflowClient, name))
    def ask(client: "RegistryClient", *words: Any, **named: Any) -> Any:
        answers, method = _ANSWERS.get(), getattr(MlflowClient, name)
        if answers is None:
            return method(client, *words, **named)
        question = (client.tracking_uri, name, repr(words), repr(sorted(named.items())))
        if question not in answers:
            answers[question] = method(client, *words, **named)
        return answers[question]

    return ask


def _writing(name: str) -> Callable[..., Any]:
    """The method of MLflow's client that writes; afterwards every question is asked again."""

    @wraps(getattr(MlflowClient, name))
    def write(client: "RegistryClient", *words: Any, **named: Any) -> Any:
        try:
            return getattr(MlflowClient, name)(client, *words, **named)
        finally:
            ask_again()

    return write


class RegistryClient(MlflowClient):  # type: ignore[misc]  # MLflow is read without its types
    """MLflow's client, which does not ask before each call whether the name is that of a prompt.

    The registry keeps prompts beside models; to ask is a request more for every call. No name of a version, and none of
    a decision, is a prompt's: a training has registered it as a model. Within `asked_once` answers are kept.
    """

    get_run = _reading("get_run")
    search_runs = _reading("search_runs")
    get_experiment = _reading("get_experiment")
    get_experiment_by_name = _reading("get_experiment_by_name")
    search_experiments = _reading("search_experiments")
    get_logged_model = _reading("get_logged_model")
    get_registered_model = _reading("get_registered_model")
    search_registered_models = _reading("search_registered_models")
    get_model_version = _reading("get_model_version")
    get_model_version_by_alias = _reading("get_model_version_by_alias")
    get_model_version_download_uri = _reading("get_model_version_download_uri")
    search_model_versions = _reading("search_model_versions")

    set_registered_model_tag = _writing("set_registered_model_tag")
    set_registered_model_alias = _writing("set_registered_model_alias")
    update_registered_model = _writing("update_registered_model")
    set_model_version_tag = _writing("set_model_version_tag")
    delete_model_version_tag = _writing("delete_model_version_tag")
    update_model_version = _writing("update_model_version")
    set_tag = _writing("set_tag")

    def write_description_again(self, name: str, description: str) -> None:
        """Write the description that a registered model has already: whether one may; no answer changes."""
        super().update_registered_model(name, description)

    def _raise_if_prompt(self, name: str) -> None:
        """Ask nothing."""
