"""Where a training was recorded."""

from dataclasses import dataclass

from training.registry.names import MODEL_NAME


@dataclass(frozen=True)
class RecordedRun:
    """Where a training was recorded.

    ``report`` is the path or address of its report, ``link`` that of its page in MLflow, ``model`` the name of the
    registered model.
    """

    run_id: str
    model_version: str
    bundle_digest: str
    report: str = ""
    link: str = ""
    model: str = MODEL_NAME
