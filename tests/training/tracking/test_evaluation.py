"""An external evaluation is recorded with a report that shows its patients beside the training patients."""

from pathlib import Path

import pytest

from tests.serving.bundles import toy_bundle
from tests.training.evidence_examples import external_evidence
from tests.training.registries import Registry, in_use
from training.cohort.reader import read_cohort
from training.evaluation.case_mix_comparison import compare_case_mix
from training.provenance import collect_provenance
from training.registry.names import MODEL_NAME
from training.registry.release import RegisteredModel
from training.tracking.evaluation import record_evaluation


def test_the_recorded_report_shows_the_patients_side_by_side(
    tmp_path: Path, simulated: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # before the store is opened: its files are put below where it was
    registry, found = Registry(tmp_path), external_evidence()
    version = registry.register(None)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", registry.address)
    tags = registry.client.get_model_version(MODEL_NAME, version).tags
    model = RegisteredModel(version, "0" * 32, dict(tags), tmp_path), toy_bundle()
    compared = compare_case_mix(found, found)
    with in_use(registry, tmp_path / "models"):
        run_id = record_evaluation(found, model, read_cohort(simulated), compared, collect_provenance())
    report = Path(registry.client.download_artifacts(run_id, "report.html", str(tmp_path))).read_text(encoding="utf-8")
    assert "<caption>Development and validation: after surgery</caption>" in report
