"""A registry of MLflow for tests: versions with a real bundle, with evidence and held-out predictions as wished."""

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import mlflow
import numpy as np
import pandas as pd
import pytest
from mlflow.tracking import MlflowClient

from features.protocol.document import Protocol
from models.bundle import Bundle, save_bundle
from tests.serving.bundles import toy_bundle
from training.audit.audit import seal_run
from training.evidence.document import Evidence
from training.registry.names import MODEL_NAME


@dataclass(frozen=True)
class Registry:
    """A store of runs and versions below a folder; every version has a bundle of its own."""

    folder: Path

    @property
    def address(self) -> str:
        return f"sqlite:///{self.folder / 'mlflow.db'}"

    @property
    def client(self) -> MlflowClient:
        return MlflowClient(tracking_uri=self.address)

    def bundle(self, number: int, cohort_digest: str) -> Bundle:
        """The bundle of a version."""
        fitted = {"number": number, "cohort_digest": cohort_digest, "settings": {"quick": False}}
        return replace(toy_bundle(), training=fitted)

    def register(
        self, evidence: Evidence | None, held_out: pd.DataFrame | None = None, cohort_digest: str = "c" * 64
    ) -> str:
        """A new version, sealed, and its number; evidence that names no model is made to be about this one."""
        client, here = self.client, self.folder / "new"
        number = len(client.search_model_versions(f"name = '{MODEL_NAME}'")) + 1
        if number == 1:
            client.create_registered_model(MODEL_NAME)
            client.create_experiment(f"{MODEL_NAME}/decisions", str(self.folder / "decisions"))
        run = client.create_run(client.create_experiment(f"experiment {number}", str(self.folder / f"runs{number}")))
        run_id, source = run.info.run_id, f"{run.info.artifact_uri}/model"
        digest = save_bundle(self.bundle(number, cohort_digest), here / f"{number}" / "bundle")
        client.log_artifacts(run_id, str(here / f"{number}" / "bundle"), "model/artifacts/bundle")
        version = client.create_model_version(MODEL_NAME, source, run_id).version
        tags = {"bundle_digest": digest, "cohort_digest": cohort_digest}
        if evidence is not None:
            document = (evidence if evidence.bundle_digest else about(evidence, digest, cohort_digest)).as_json()
            client.log_text(run_id, document, "evidence.json")
            tags["evidence_digest"] = hashlib.sha256(document.encode()).hexdigest()
        if held_out is not None:
            held_out.to_parquet(here / "held_out_predictions.parquet")
            client.log_artifact(run_id, str(here / "held_out_predictions.parquet"))
        winners = {"remission": {"winner": "logistic"}, "relapse": {"winner": "logistic"}}
        landmarks = [{"name": landmark.name} | winners for landmark in Protocol().landmarks]
        client.log_text(run_id, json.dumps({"landmarks": landmarks}), "summary.json")
        for key, value in tags.items():
            client.set_tag(run_id, key, value)
            client.set_model_version_tag(MODEL_NAME, version, key, value)
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("MLFLOW_TRACKING_URI", self.address)
            before = mlflow.get_tracking_uri()
            mlflow.set_tracking_uri(self.address)
            seal_run(run_id)
            mlflow.set_tracking_uri(before)
        return str(version)


def about(evidence: Evidence, bundle_digest: str, cohort_digest: str = "c" * 64) -> Evidence:
    """The evidence as if it were about this model and cohort."""
    cohort = evidence.cohort.model_copy(update={"digest": cohort_digest})
    return evidence.model_copy(update={"bundle_digest": bundle_digest, "cohort": cohort})


@contextmanager
def in_use(registry: Registry, serving_store: Path) -> Iterator[None]:
    """MLflow and BentoML work in these folders."""
    from bentoml._internal.configuration.containers import BentoMLContainer
    from bentoml._internal.models.model import ModelStore

    before = mlflow.get_tracking_uri()
    serving_store.mkdir()
    mlflow.set_tracking_uri(registry.address)
    BentoMLContainer.model_store.set(ModelStore(serving_store))
    try:
        yield
    finally:
        BentoMLContainer.model_store.reset()
        mlflow.set_tracking_uri(before)


def held_out_of(skill: float, patients: int = 400) -> pd.DataFrame:
    """Held-out predictions of two repeats: remission and relapse by a risk that the model knows to a degree.

    ``skill`` 1 predicts the true risk, 0 the overall rate, -1 the contrary.
    """
    rng = np.random.default_rng(5)
    names = np.array([f"p{number:07d}" for number in range(patients)])
    log_odds = rng.standard_normal(patients)
    observed = (rng.random(patients) < 1 / (1 + np.exp(-log_odds))).astype(float)
    followed = np.where(rng.random(patients) < 0.2, 60.0, 182.0)
    probability = 1 / (1 + np.exp(-skill * log_odds))
    both = [
        pd.DataFrame({"patient": names, "head": "remission", "observed": observed}),
        pd.DataFrame({"patient": names, "head": "relapse", "observed": observed, "followed_days": followed}).assign(
            ended_by=observed
        ),
    ]
    parts = [
        rows.assign(
            landmark=landmark.name,
            candidate="logistic",
            repeat=repeat,
            fold="a",
            score=log_odds,
            probability=probability,
            recalibrated=probability,
            weight=1.0,
        )
        for landmark in Protocol().landmarks
        for repeat in (0, 1)
        for rows in both
    ]
    return pd.concat(parts, ignore_index=True)
