"""Registers a bundle as a version of the model, logged from code so that MLflow's own tools can use it."""

import contextlib
import io
from pathlib import Path

import mlflow
from mlflow.models import ModelSignature
from mlflow.tracking import MlflowClient
from mlflow.types import ColSpec, DataType, Schema

from features.catalogue import catalogue
from models.bundle import Bundle, save_bundle
from models.reference_answers import converted_scores
from training.provenance import Provenance
from training.registry.release import MODEL_NAME

PACKAGE_ROOT = Path(__file__).resolve().parents[2]
PYFUNC_NEEDS = ("numpy", "pandas", "xgboost-cpu", "mlflow")
ONNX_NEEDS = ("onnxruntime",)
"""What a bundle with a converted model needs besides."""


def register(bundle: Bundle, provenance: Provenance, scratch: Path) -> tuple[str, str]:
    """Save a bundle below ``scratch``, log it to the active run, and register it; its digest and its version."""
    digest = save_bundle(bundle, scratch / "bundle")
    cohort_digest = str(bundle.training["cohort_digest"])
    needed = PYFUNC_NEEDS + (ONNX_NEEDS if converted_scores(bundle.models) else ())
    with contextlib.redirect_stderr(io.StringIO()):  # the command reports instead of MLflow
        info = mlflow.pyfunc.log_model(
            name="model",
            python_model=str(PACKAGE_ROOT / "training" / "tracking" / "pyfunc.py"),
            artifacts={"bundle": str(scratch / "bundle")},
            code_paths=[str(PACKAGE_ROOT / "features"), str(PACKAGE_ROOT / "models")],
            pip_requirements=[f"{name}=={version}" for name, version in provenance.packages if name in needed],
            signature=_signature(bundle),
            registered_model_name=MODEL_NAME,
            metadata={"bundle_digest": digest, "cohort_digest": cohort_digest},
        )
    version = str(info.registered_model_version)
    tags = {"bundle_digest": digest, "cohort_digest": cohort_digest}
    tags["synthetic"] = str(bundle.training["synthetic"] is True).lower()
    if bundle.research_only:
        tags["research_only"] = bundle.research_only[:5000]
    for key, value in tags.items():
        MlflowClient().set_model_version_tag(MODEL_NAME, version, key, value)
    mlflow.set_tags({"bundle_digest": digest, "model_version": version})
    return digest, version


def _signature(bundle: Bundle) -> ModelSignature:
    """Numbers are floats: nullable integers would silently drop the signature (mlflow/mlflow#25593)."""
    horizons = bundle.protocol.horizons_days
    names = ["remission", *(f"{kind}_{days}" for kind in ("relapse", "sustained") for days in horizons)]
    answers = [ColSpec(DataType.double, f"{name}{end}") for end in ("", "_low", "_high") for name in names]
    verdict = ColSpec(DataType.string, "applicability", required=False)
    asked = [ColSpec(DataType.double, feature.name) for feature in catalogue(bundle.protocol)]
    return ModelSignature(Schema([ColSpec(DataType.string, "landmark"), *asked]), Schema([verdict, *answers]))
