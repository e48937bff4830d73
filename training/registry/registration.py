"""Registers a bundle as a version of the model, logged from code so that MLflow's own tools can use it."""

import contextlib
import io
import secrets
from pathlib import Path

import mlflow
import numpy as np
import pandas as pd
from mlflow.exceptions import MlflowException
from mlflow.models import ModelSignature
from mlflow.types import ColSpec, DataType, ParamSchema, ParamSpec, Schema

from features.build import build_features
from features.catalogue import catalogue
from features.records.timeline import Floats
from models.bundle import Bundle, save_bundle
from models.outcome_model import OutcomeModel
from models.reference_answers import converted_scores
from models.reference_inputs import cohort_of_reference_inputs, draw_reference_inputs
from training.provenance import Provenance
from training.registry.names import MODEL_NAME, MODEL_NAME_TAG
from training.stores.registry_client import RegistryClient
from training.stores.store_answers import asking

PACKAGE_ROOT = Path(__file__).resolve().parents[2]
PYFUNC_NEEDS = ("numba", "numpy", "pandas", "xgboost-cpu", "mlflow")
ONNX_NEEDS = ("onnxruntime",)
"""What a bundle with a converted model needs besides."""
EXAMPLES = 3
"""Rows of the input example, one per landmark if there are so many: enough to see the columns [judgement]."""


def register(bundle: Bundle, provenance: Provenance, scratch: Path, name: str = MODEL_NAME) -> tuple[str, str]:
    """Save a bundle below ``scratch``, log it to the active run, and register it; its digest and its version."""
    digest = save_bundle(bundle, scratch / "bundle")
    cohort_digest = str(bundle.training["cohort_digest"])
    tags = {"bundle_digest": digest, "cohort_digest": cohort_digest}
    tags["synthetic"] = str(bundle.training["synthetic"] is True).lower()
    if bundle.research_only:
        tags["research_only"] = bundle.research_only[:5000]
    needed = PYFUNC_NEEDS + (ONNX_NEEDS if converted_scores(bundle.models) else ())
    with contextlib.redirect_stderr(io.StringIO()):  # the command reports instead of MLflow
        info = mlflow.pyfunc.log_model(
            name="model",
            python_model=str(PACKAGE_ROOT / "training" / "tracking" / "pyfunc.py"),
            artifacts={"bundle": str(scratch / "bundle")},
            code_paths=[str(PACKAGE_ROOT / "features"), str(PACKAGE_ROOT / "models")],
            pip_requirements=[f"{name}=={version}" for name, version in provenance.packages if name in needed],
            signature=_signature(bundle),
            input_example=input_example(bundle),
            model_config={"answer": "all"},
            registered_model_name=name,
            tags=tags,  # of the model and of the version
            metadata={"bundle_digest": digest, "cohort_digest": cohort_digest},
        )
    version = str(info.registered_model_version)
    mlflow.set_tags({"bundle_digest": digest, "model_version": version, MODEL_NAME_TAG: name})
    return digest, version


def require_registering(name: str) -> None:
    """Raise ``StoreUnreachableError`` unless versions of a registered model can be made and given an alias.

    What is written is what stands there already. Where there is no such model, one of another name is made and deleted:
    under its own name somebody else may register meanwhile.
    """
    client = RegistryClient()
    with asking(f"register versions of {name}"):
        try:
            found = client.get_registered_model(name)
        except MlflowException as error:
            if error.error_code != "RESOURCE_DOES_NOT_EXIST":
                raise
            other = f"kap-rights-check-{secrets.token_hex(8)}"
            client.create_registered_model(other)
            client.delete_registered_model(other)
            return
        client.write_description_again(name, found.description or "")


def describe(name: str, version: str, descriptions: tuple[str, str]) -> None:
    """Describe the registered model, unless somebody has, and its version: Markdown, which MLflow's pages show."""
    client = RegistryClient()
    of_model, of_version = descriptions
    registered = client.get_registered_model(name)
    if not registered.description:
        client.update_registered_model(name, of_model)
    client.update_model_version(name, version, of_version)


def input_example(bundle: Bundle) -> pd.DataFrame:
    """Rows of made-up patients, the bundle's reference inputs: ``landmark``, and a float for every feature."""
    cohort = cohort_of_reference_inputs(draw_reference_inputs(bundle.protocol), bundle.protocol)
    rows = []
    for number in range(EXAMPLES):
        model = bundle.models[number % len(bundle.models)]
        features = build_features(cohort, model.landmark)
        row = features.values[_most_usual(model, features.values)].astype(np.float64)
        rows.append({"landmark": model.landmark.name, **dict(zip(features.names, row.tolist(), strict=True))})
    return pd.DataFrame(rows)


def _most_usual(model: OutcomeModel, rows: Floats) -> int:
    """The first row that the model answers without a mark, else one at the edge, else the first."""
    return 0 if model.applicability is None else int(np.argmin(model.applicability.assess(rows).verdict))


def _signature(bundle: Bundle) -> ModelSignature:
    """Numbers are floats: nullable integers would silently drop the signature (mlflow/mlflow#25593)."""
    horizons = bundle.protocol.horizons_days
    names = ["remission", *(f"{kind}_{days}" for kind in ("relapse", "sustained") for days in horizons)]
    answers = [ColSpec(DataType.double, f"{name}{end}") for end in ("", "_low", "_high") for name in names]
    verdict = ColSpec(DataType.string, "applicability", required=False)
    asked = [ColSpec(DataType.double, feature.name) for feature in catalogue(bundle.protocol)]
    return ModelSignature(
        Schema([ColSpec(DataType.string, "landmark"), *asked]),
        Schema([verdict, *answers]),
        ParamSchema([ParamSpec("answer", DataType.string, "")]),
    )
