"""A training that is recorded, sealed and promoted in its own stores, for an audit."""

import json
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import mlflow
import pytest
from bentoml._internal.configuration.containers import BentoMLContainer
from bentoml._internal.models.model import ModelStore
from mlflow.tracking import MlflowClient

from models.bundle import load_bundle
from tests.training.evidences import good_evidence, with_landmarks
from training.arithmetic import arithmetic
from training.audit.audit import seal_run, verify
from training.audit.verification_request import VerificationRequest
from training.config import load_policy
from training.evidence.document import Evidence
from training.experiment.external import used
from training.experiment.train import Training, quietly
from training.handover.hand_over import hand_over
from training.plausibility.cohort_check import CohortCheck
from training.plausibility.findings import findings
from training.plausibility.score_table import score_table
from training.policy.evidence_policy import policy_digest
from training.registry.decision_log import DecisionLog
from training.registry.decisions import FIRST, Decision
from training.registry.names import MODEL_NAME
from training.registry.policy_check import PolicyCheck
from training.registry.release import fetch
from training.tracking.training import record
from training.verdicts import Verdict


@dataclass(frozen=True)
class RecordedTraining:
    """Where the training is recorded. Commands run in ``folder`` see the same stores."""

    folder: Path
    run_id: str
    version: str
    cohort: Path

    @property
    def client(self) -> MlflowClient:
        return MlflowClient()

    @property
    def import_record(self) -> bytes:
        """The record of the import that made the cohort, as stored."""
        return (self.files() / "import.json").read_bytes()

    @property
    def database(self) -> Path:
        return self.folder / "mlflow.db"

    def files(self, run_id: str | None = None) -> Path:
        """The folder of a run's artifacts; the training's without an id."""
        return Path(self.client.get_run(run_id or self.run_id).info.artifact_uri)

    @property
    def served(self) -> Path:
        """The bundle in the one entry of BentoML's store."""
        (found,) = (self.folder / "bentoml" / "models").glob("kap-outcomes/*/bundle")
        return found

    def verify(self, data: Path | None = None) -> dict[str, Verdict]:
        """The verdicts by check."""
        verdicts = verify(self.run_id, VerificationRequest(data), quietly)
        return {verdict.check: verdict for verdict in verdicts}

    def failed(self) -> dict[str, str]:
        """What is said of the checks that failed."""
        verdicts = self.verify().items()
        return {
            name: "; ".join(verdict.findings) or verdict.detail
            for name, verdict in verdicts
            if verdict.outcome == "failed"
        }


@contextmanager
def recorded_and_promoted(training: Training, cohort: Path, folder: Path) -> Iterator[RecordedTraining]:
    """Record, seal and promote in ``folder``; MLflow points there until the end."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)  # MLflow puts its artifacts below the current folder
        patch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{folder / 'mlflow.db'}")
        mlflow.set_tracking_uri(f"sqlite:///{folder / 'mlflow.db'}")  # an earlier test's would go before the variable
        patch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
        _serve_from(folder / "bentoml", patch)
        recorded = record(training, made_up_evidence(training), time.time(), lambda _: None, checked_cohort(training))
        audited = RecordedTraining(folder, recorded.run_id, recorded.model_version, cohort)
        if "blas" not in audited.client.get_run(recorded.run_id).data.tags:
            audited.client.set_tag(recorded.run_id, "blas", arithmetic())
            seal_run(recorded.run_id)
        _promote(audited, folder / "fetched")
        yield audited
        mlflow.set_tracking_uri(None)
        BentoMLContainer.model_store.reset()
        os.environ.pop("MLFLOW_EXPERIMENT_ID", None)  # MLflow sets it for processes that it would start


def import_record_of(cohort_digest: str) -> bytes:
    """A made-up record of an import that made the cohort with this digest."""
    record = {
        "mapping_digest": "m" * 64,
        "source": {"kind": "csv", "digests": {"<visits>.csv": "v" * 64, "people.csv": "p" * 64}},
        "cohort_digest": cohort_digest,
        "conversions": [
            {"count": 1200, "sentence": "turned dates into days in 1,200 cells of 3 columns"},
            {"count": 34, "sentence": "34 <patients> left out"},
        ],
    }
    return json.dumps(record).encode()


def checked_cohort(training: Training) -> CohortCheck:
    """What was found in the training's cohort, which was imported."""
    cohort = training.cohort
    record = import_record_of(cohort.digest)
    return CohortCheck(findings(cohort), score_table(cohort), import_record=record, agreement="as imported")


def made_up_evidence(training: Training) -> Evidence:
    """Made-up figures about the training's cohort, one question for each landmark, so that it is recorded quickly."""
    whole = good_evidence(training.cohort.protocol)
    one = with_landmarks(whole, lambda found: found.model_copy(update={"questions": found.questions[:1]}))
    return one.model_copy(update={"cohort": used(training.cohort, "cohort", synthetic=True)})


def _serve_from(home: Path, patch: pytest.MonkeyPatch) -> None:
    """BentoML's store is below the folder, here and for commands."""
    (home / "models").mkdir(parents=True)
    patch.setenv("BENTOML_HOME", str(home))
    BentoMLContainer.model_store.set(ModelStore(home / "models"))


def _promote(audited: RecordedTraining, scratch: Path) -> None:
    tags = audited.client.get_model_version(MODEL_NAME, audited.version).tags
    decision = Decision(
        number=1,
        at="2030-01-01T00:00:00Z",
        by="A. Tester",
        action="promote",
        version=audited.version,
        previous_champion=None,
        reason="first <model>",
        run_id=audited.run_id,
        bundle_digest=tags["bundle_digest"],
        evidence_digest=tags.get("evidence_digest"),
        seal_digest=tags["seal_digest"],
        policy_digest=policy_digest(load_policy()),
        policy=load_policy().as_document(),
        tier="clinic",
        granted={"before session 3": {"remission": "clinic"}},
        checks=(PolicyCheck(name="evidence", passed=True, required="evidence", seen="evidence"),),
        previous=FIRST,
    )
    log = DecisionLog(audited.client, MODEL_NAME)
    chosen = fetch(audited.version, scratch)
    hand_over(chosen, load_bundle(chosen.folder), lambda: log.append(decision), ())
    shutil.rmtree(scratch)
