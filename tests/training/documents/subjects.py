"""A version for tests of documents: a toy model with made-up evidence, without a registry."""

from pathlib import Path
from typing import Any

from models.bundle import load_bundle, save_bundle
from tests.serving.bundles import toy_bundle
from tests.training.evidences import good_evidence
from training.documents.subject import DocumentSubject
from training.dossier.content import Dossier
from training.evidence.document import Evidence
from training.provenance import collect_provenance
from training.registry.decisions import FIRST, Decision
from training.registry.policy_check import PolicyCheck
from training.registry.seal import Record, SealedItem
from training.registry.stored_training import StoredTraining
from training.report.study import StudyAnswers

RUN = "ab" * 16
ARTIFACTS = ("evidence.json", "report.html", "protocol.json", "seal.json", "model_card.md", "reference.json")
POLICY = {"slope": [0.81, 1.19], "in_the_large": 0.27, "unknown_key": 3, "remission_thresholds": [0.2, 0.3]}


def decision_with(**changes: Any) -> Decision:
    """A promotion of version 3 by Ada, of which one check in three was met by an override."""
    checks = (
        PolicyCheck(name="leakage checks", passed=True, required="passed", seen="passed"),
        PolicyCheck(name="sample size, before session 1", passed=False, required="600", seen="500"),
        PolicyCheck(name="sample size, before session 2", passed=False, required="600", seen="500"),
    )
    given: dict[str, Any] = {
        "number": 1,
        "at": "2026-10-01T08:00:00Z",
        "by": "Ada",
        "action": "override",
        "version": "3",
        "previous_champion": None,
        "reason": "a pilot",
        "run_id": RUN,
        "bundle_digest": "b" * 64,
        "evidence_digest": "e" * 64,
        "seal_digest": "5" * 64,
        "policy_digest": "9" * 64,
        "policy": POLICY,
        "checks": checks,
        "previous": FIRST,
    }
    return Decision(**given | changes)


def subject_in(folder: Path, evidence: Evidence | None = None, **changes: Any) -> DocumentSubject:
    """The subject, whose bundle is saved in the folder; ``changes`` are fields of its dossier, or ``answers``."""
    answers = changes.pop("answers", StudyAnswers())
    if not (folder / "bundle").exists():
        save_bundle(toy_bundle(), folder / "bundle")
    bundle = load_bundle(folder / "bundle")
    tags = collect_provenance().as_tags() | changes.pop("tags", {})
    digests = {SealedItem(RUN, "artifact", name): f"{place}" * 64 for place, name in enumerate(ARTIFACTS)}
    known = tags | {"cohort_digest": "c" * 64, "evidence_digest": "e" * 64, "synthetic": "true"}
    stored = StoredTraining(
        run_id=RUN,
        record=Record(RUN, {}, digests),
        sealed=None,
        deleted=(),
        tags=known,
        landmark_tags={},
        artifacts=folder,
        bundle=folder / "bundle",
        versions=(),
    )
    found = evidence or good_evidence()
    given: dict[str, Any] = {
        "version": "3",
        "stored": stored,
        "bundle": bundle,
        "evidence": found,
        "decisions": (decision_with(),),
        "succession": (decision_with(),),
        "verdicts": (),
        "written_on": "2030-01-01",
        "trained_at": "2026-09-30T07:00:00Z",
    }
    return DocumentSubject(Dossier(**given | changes), bundle, found, answers)
