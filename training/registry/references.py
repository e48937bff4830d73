"""Which registered model a person means who gives no name: the usual one, or the only one of this registry."""

import warnings

from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient

from features.protocol.problems import InputRefusedError, Problem
from training.registry.names import MODEL_NAME, ModelReference, is_model_name, split_reference
from training.stores.registry_client import RegistryClient

BUNDLE_DIGEST = "bundle_digest"
"""Tag of every version that a training or an update registered, and of none of another tool's."""


class AssumedModelNotice(UserWarning):
    """A version was named without its model, and the only model of the registry was taken."""


def find_reference(client: MlflowClient, text: str) -> ModelReference:
    """The model and version that a text means: ``3``, ``champion``, ``NAME/3`` or ``NAME@champion``.

    Without a name it is `usual_name`. The version itself is not looked up.
    """
    name, version = split_reference(text)
    return ModelReference(name or usual_name(client), version)


def usual_name(client: MlflowClient) -> str:
    """`MODEL_NAME` if it is registered, else the only model that trainings registered, with a notice.

    Raises ``InputRefusedError`` with the list if there are several others; `MODEL_NAME` if there is none at all.
    """
    try:
        return str(client.get_registered_model(MODEL_NAME).name)
    except MlflowException as error:
        if error.error_code != "RESOURCE_DOES_NOT_EXIST":
            raise
    own = sorted(name for name in registered_names(client) if _is_own(client, name))
    if len(own) > 1:
        required = f"the model's name too, as NAME/VERSION or NAME@champion; registered are {', '.join(own)}"
        raise InputRefusedError([Problem("registry", None, None, required, "no name")])
    if not own:
        return MODEL_NAME
    warnings.warn(f"the model is {own[0]}, the only one in this registry", AssumedModelNotice, stacklevel=2)
    return own[0]


def registered_names(client: MlflowClient) -> list[str]:
    """The names of registered models that may be of this package: another tool's may be no name that it takes."""
    names: list[str] = []
    token = None
    while True:
        page = client.search_registered_models(max_results=1000, page_token=token)
        names += [str(model.name) for model in page if is_model_name(str(model.name))]
        token = page.token
        if not token:
            return names


def _is_own(client: MlflowClient, name: str) -> bool:
    """Whether the newest version of a registered model has the digest of a bundle."""
    newest = client.search_model_versions(f"name = '{name}'", max_results=1)
    return any(BUNDLE_DIGEST in version.tags for version in newest)


def bundle_digests(model: str) -> dict[str, str | None]:
    """The digest of the bundle of every registered version of a model; ``None`` for one without."""
    found = RegistryClient().search_model_versions(f"name = '{model}'")
    return {str(one.version): one.tags.get(BUNDLE_DIGEST) for one in sorted(found, key=lambda one: int(one.version))}
