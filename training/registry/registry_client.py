"""The client of MLflow's registry for models of this package."""

from mlflow.tracking import MlflowClient


class RegistryClient(MlflowClient):  # type: ignore[misc]  # MLflow is read without its types
    """MLflow's client, which does not ask before each call whether the name is that of a prompt.

    The registry keeps prompts beside models; to ask is a request more for every call. No name of a version, and none of
    a decision, is a prompt's: a training has registered it as a model.
    """

    def _raise_if_prompt(self, name: str) -> None:
        """Ask nothing."""
