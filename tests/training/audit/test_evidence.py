"""Evidence that is computed again must be the evidence recorded: to the byte, or elsewhere to the sixth digit."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from features.protocol.document import Protocol
from tests.training.evidences import good_evidence
from training.audit.evidence import evidence_verdict, recorded_source
from training.evidence.document import Evidence, read_evidence
from training.registry.seal import Record
from training.registry.stored_training import StoredTraining
from training.verdicts import Verdict


@pytest.fixture
def evidence() -> Evidence:
    return good_evidence(Protocol())


@pytest.fixture
def stored(tmp_path: Path, evidence: Evidence) -> StoredTraining:
    (tmp_path / "evidence.json").write_text(evidence.as_json())
    record = Record("a" * 32, {}, {})
    return StoredTraining("a" * 32, record, None, (), {}, {}, tmp_path, None, ())


def changed(evidence: Evidence, by: float) -> Evidence:
    """The evidence with the first estimate of the first question moved."""
    landmark = evidence.landmarks[0]
    question = landmark.questions[0]
    name, estimate = next((key, each) for key, each in question.measures.items() if each.estimate is not None)
    other = estimate.model_copy(update={"estimate": (estimate.estimate or 0) + by})
    questions = [question.model_copy(update={"measures": {**question.measures, name: other}}), *landmark.questions[1:]]
    first = landmark.model_copy(update={"questions": questions})
    return evidence.model_copy(update={"landmarks": [first, *evidence.landmarks[1:]]})


def outcome(stored: StoredTraining, again: Evidence, *, elsewhere: bool) -> Verdict:
    return evidence_verdict(stored, again, elsewhere)


def test_the_same_bytes_pass_and_one_last_digit_fails_by_name(stored: StoredTraining, evidence: Evidence) -> None:
    assert "byte for byte" in outcome(stored, evidence, elsewhere=False).detail
    other = outcome(stored, changed(evidence, 1e-12), elsewhere=False)
    assert other.outcome == "failed"
    assert "landmarks/0/questions/0/measures/" in other.detail


def test_on_another_processor_numbers_may_differ_in_the_seventh_digit_only(
    stored: StoredTraining, evidence: Evidence
) -> None:
    near = outcome(stored, changed(evidence, 1e-9), elsewhere=True)
    assert near.outcome == "passed"
    assert "another processor" in near.detail
    assert outcome(stored, changed(evidence, 1e-4), elsewhere=True).outcome == "failed"


def test_other_words_fail_everywhere(stored: StoredTraining, evidence: Evidence) -> None:
    other = evidence.model_copy(update={"caveats": ["nothing to worry about"]})
    assert outcome(stored, other, elsewhere=True).outcome == "failed"
    assert outcome(stored, other, elsewhere=False).outcome == "failed"


def test_without_recorded_evidence_nothing_can_be_said(stored: StoredTraining, tmp_path: Path) -> None:
    assert recorded_source(stored) is not None
    empty = replace(stored, artifacts=tmp_path / "elsewhere")
    assert recorded_source(empty) is None
    assert evidence_verdict(empty, None, elsewhere=False).outcome == "not checked"


def test_evidence_of_earlier_formats_is_read_without_its_event_free_curves(evidence: Evidence) -> None:
    """They had no descriptions of patients and models, and curves that the cumulative incidence has replaced."""
    document = json.loads(evidence.as_json())
    document["format"] = 2
    del document["baseline"]
    for landmark in document["landmarks"]:
        del landmark["incidence"]
        landmark["risk_groups"] = {"days": [7], "groups": []}
        for head in landmark["heads"]:
            del head["model"]
    read = read_evidence(json.dumps(document))
    assert read.model_copy(update={"format": evidence.format}) == evidence
