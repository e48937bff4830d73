"""A promoted copy has the figures of its evidence, and none if the evidence is not as recorded."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import bentoml
import pytest

from models.performance import PERFORMANCE, PERFORMANCE_DIGEST, MeasuredPerformance, Performance, PerformanceFigure
from tests.training.evidences import good_evidence, head_of
from tests.training.registries import Registry, about, in_use
from training.audit.performance import performance_differs
from training.config import load_policy
from training.evidence.document import Evidence
from training.promotion.promotion import Proposal, override, rollback
from training.registry.names import MODEL_NAME
from training.registry.performance import RecordedEvidence, measured, performance_of
from training.registry.seal import Record
from training.registry.stored_training import ServedCopy, StoredEvaluation, StoredTraining

BUNDLE = "b" * 64


def recorded(evidence: Evidence, run_id: str = "run1", what: str = "the run") -> RecordedEvidence:
    document = about(evidence, BUNDLE).as_json().encode()
    return RecordedEvidence(run_id, what, document, (hashlib.sha256(document).hexdigest(),))


def test_every_figure_is_that_of_the_evidence_with_its_interval() -> None:
    found = measured(BUNDLE, recorded(good_evidence()))
    assert isinstance(found, MeasuredPerformance)
    assert (found.kind, found.patients, found.sites, found.synthetic) == ("held out", 2500, 8, True)
    assert [landmark.landmark for landmark in found.landmarks] == [f"before session {number}" for number in (1, 2, 3)]
    landmark = found.landmarks[0]
    assert landmark.relapse_c_index == PerformanceFigure(0.63, 0.59, 0.67)
    question = landmark.questions[1]
    assert (question.head, question.horizon_days, question.patients, question.events) == ("relapse", 84, 600, 228)
    assert question.auc == PerformanceFigure(0.71, 0.66, 0.75)
    assert question.calibration_slope == PerformanceFigure(0.96, 0.78, 1.15)
    assert question.observed_to_expected is None


def test_what_was_measured_elsewhere_stands_beside_what_was_measured_on_patients_held_out() -> None:
    elsewhere = good_evidence().model_copy(update={"kind": "external"})
    performance = performance_of(BUNDLE, [recorded(good_evidence()), recorded(elsewhere, "run2")])
    assert [(one.kind, one.run_id) for one in performance.measured] == [("held out", "run1"), ("external", "run2")]
    assert performance.not_readable == ()


@pytest.mark.parametrize(
    ("document", "digests", "reason"),
    [
        (None, (None, None), "there is no evidence"),
        (None, ("a" * 64,), "is lost"),
        (b"{}", ("a" * 64,), "is not as it was recorded"),
        (b"{}", (hashlib.sha256(b"{}").hexdigest(), None), "is not as it was recorded"),
        (b"{}", (hashlib.sha256(b"{}").hexdigest(),), "not in a form"),
    ],
)
def test_evidence_that_can_not_be_believed_gives_no_figure_and_is_named(
    document: bytes | None, digests: tuple[str | None, ...], reason: str
) -> None:
    performance = performance_of(BUNDLE, [RecordedEvidence("run1", "the run", document, digests)])
    assert performance.measured == ()
    assert performance.not_readable[0].startswith("the run: ")
    assert reason in performance.not_readable[0]


def test_evidence_about_another_model_gives_no_figure() -> None:
    assert measured("f" * 64, recorded(good_evidence())) == "the evidence is not about this model"


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Registry]:
    made = Registry(tmp_path)
    with in_use(made, tmp_path / "serving"):
        yield made


def promoted_copy() -> tuple[Performance, Path]:
    """The performance in the newest copy, with its digest checked, and the folder."""
    from pydantic import TypeAdapter

    model = bentoml.models.get(f"{MODEL_NAME}:latest")
    document = (Path(model.path) / PERFORMANCE).read_bytes()
    assert model.info.metadata[PERFORMANCE_DIGEST] == hashlib.sha256(document).hexdigest()
    return TypeAdapter(Performance).validate_json(document), Path(model.path)


def test_a_promotion_and_a_rollback_put_the_performance_of_the_version_beside_its_bundle(registry: Registry) -> None:
    with_evidence, without = registry.register(good_evidence()), registry.register(None)
    policy = load_policy()
    override(Proposal(with_evidence, "first", policy, by="Ada"))
    first, folder = promoted_copy()
    digest = (folder / "bundle" / "bundle.sha256").read_text().strip()
    assert first.bundle_digest == digest
    assert [one.kind for one in first.measured] == ["held out"]
    override(Proposal(without, "second", policy, by="Ada"))
    second, _ = promoted_copy()
    assert second.measured == ()
    assert second.not_readable == ("the run that made this version: there is no evidence",)
    rollback("the first was better", "Ada")
    assert promoted_copy()[0] == first


def test_a_promotion_also_tells_what_was_measured_elsewhere_and_names_what_is_lost(registry: Registry) -> None:
    version = registry.register(good_evidence())
    digest = registry.client.get_model_version(MODEL_NAME, version).tags["bundle_digest"]
    elsewhere = about(good_evidence(), digest, "d" * 64).model_copy(update={"kind": "external"})
    run_id = registry.client.get_model_version(MODEL_NAME, registry.register(elsewhere)).run_id
    registry.client.set_model_version_tag(MODEL_NAME, version, f"evaluation {run_id}", "elsewhere")
    registry.client.set_model_version_tag(MODEL_NAME, version, f"evaluation {'0' * 32}", "nowhere")
    override(Proposal(version, "first", load_policy(), by="Ada"))
    performance, _ = promoted_copy()
    assert [(one.kind, one.cohort_digest) for one in performance.measured] == [
        ("held out", "c" * 64),
        ("external", "d" * 64),
    ]
    assert performance.measured[1].run_id == run_id
    assert performance.not_readable == ("the evaluation on nowhere: there is no evidence",)


def stored(folder: Path, evidence: Evidence | None, evaluations: tuple[StoredEvaluation, ...] = ()) -> StoredTraining:
    """A training of run1, whose artifacts are in ``folder``."""
    folder.mkdir()
    tags = {"bundle_digest": BUNDLE}
    if evidence is not None:
        document = recorded(evidence).document or b""
        (folder / "evidence.json").write_bytes(document)
        tags["evidence_digest"] = hashlib.sha256(document).hexdigest()
    return StoredTraining(
        run_id="run1",
        record=Record("run1", {}, {}),
        sealed=None,
        deleted=(),
        tags=tags,
        landmark_tags={},
        artifacts=folder,
        bundle=None,
        versions=(),
        evaluations=evaluations,
    )


def copy_with(performance: Performance, folder: Path) -> ServedCopy:
    folder.mkdir()
    document = performance.as_json().encode()
    (folder / PERFORMANCE).write_bytes(document)
    return ServedCopy("kap-outcomes:tag", "1", "run1", folder, hashlib.sha256(document).hexdigest())


def test_an_audit_finds_nothing_in_a_copy_that_tells_what_was_measured(tmp_path: Path) -> None:
    performance = performance_of(BUNDLE, [recorded(good_evidence())])
    assert performance_differs(copy_with(performance, tmp_path / "copy"), stored(tmp_path / "a", good_evidence())) == []


def test_an_audit_finds_nothing_in_a_copy_made_before_copies_held_performance(tmp_path: Path) -> None:
    old = ServedCopy("kap-outcomes:tag", "1", "run1", tmp_path, None)
    assert performance_differs(old, stored(tmp_path / "a", good_evidence())) == []


def flattered(evidence: Evidence) -> Evidence:
    heads = [head_of("remission"), head_of("relapse").model_copy(update={"events": 1, "measures": {}})]
    return evidence.model_copy(
        update={"landmarks": [one.model_copy(update={"heads": heads}) for one in evidence.landmarks]}
    )


@pytest.mark.parametrize("change", ["another figure", "nothing", "a run that never was", "another bundle"])
def test_an_audit_names_a_copy_with_changed_figures_and_digest(tmp_path: Path, change: str) -> None:
    true = recorded(good_evidence())
    performance = {
        "another figure": performance_of(BUNDLE, [recorded(flattered(good_evidence()))]),
        "nothing": performance_of(BUNDLE, []),
        "a run that never was": performance_of(BUNDLE, [true, recorded(good_evidence(), "run9")]),
        "another bundle": Performance("f" * 64, (), ()),
    }[change]
    (said,) = performance_differs(copy_with(performance, tmp_path / "copy"), stored(tmp_path / "a", good_evidence()))
    assert said.startswith(f"kap-outcomes:tag: {PERFORMANCE} ")


@pytest.mark.parametrize("document", [None, b"{}"])
def test_an_audit_names_a_copy_whose_file_is_lost_or_changed(tmp_path: Path, document: bytes | None) -> None:
    copy = copy_with(performance_of(BUNDLE, [recorded(good_evidence())]), tmp_path / "copy")
    path = copy.folder / PERFORMANCE
    path.unlink() if document is None else path.write_bytes(document)
    (said,) = performance_differs(copy, stored(tmp_path / "a", good_evidence()))
    assert "not as promoted" in said


def test_an_audit_compares_what_was_measured_elsewhere_too(tmp_path: Path) -> None:
    elsewhere = good_evidence().model_copy(update={"kind": "external"})
    where = stored(tmp_path / "elsewhere", elsewhere)
    evaluation = StoredEvaluation("run2", "elsewhere", named=True, stored=where)
    training = stored(tmp_path / "a", good_evidence(), (evaluation,))
    true = performance_of(BUNDLE, [recorded(good_evidence()), recorded(elsewhere, "run2")])
    assert performance_differs(copy_with(true, tmp_path / "true"), training) == []
    false = performance_of(BUNDLE, [recorded(good_evidence()), recorded(flattered(elsewhere), "run2")])
    (said,) = performance_differs(copy_with(false, tmp_path / "false"), training)
    assert "run2" in said


def test_the_document_is_the_same_for_the_same_performance_and_holds_every_field() -> None:
    performance = performance_of(BUNDLE, [recorded(good_evidence())])
    assert performance.as_json() == performance_of(BUNDLE, [recorded(good_evidence())]).as_json()
    assert json.loads(performance.as_json()) == json.loads(json.dumps(asdict(performance)))
