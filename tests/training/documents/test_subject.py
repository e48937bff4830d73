"""A document is about a whole record; what nobody has declared is said to be open."""

from dataclasses import replace
from pathlib import Path

import pytest

from features.protocol.problems import InputRefusedError
from tests.training.documents.subjects import subject_in
from training.documents.subject import OPEN, subject_of
from training.failures import EvidenceFailedError
from training.report.study import StudyAnswers
from training.verdicts import failed, not_checked


def test_a_record_that_fails_a_check_has_no_documents(tmp_path: Path) -> None:
    dossier = subject_in(tmp_path, verdicts=(failed("record", "metric auc: changed"),)).dossier
    with pytest.raises(EvidenceFailedError, match="metric auc: changed"):
        subject_of(dossier)


@pytest.mark.parametrize("check", ["code", "environment", "served"])
def test_what_differs_in_this_installation_does_not_forbid_a_document(tmp_path: Path, check: str) -> None:
    verdicts = (failed(check, "differs"), not_checked("import", "lost"))
    assert subject_of(subject_in(tmp_path, verdicts=verdicts).dossier).name == "kap-outcomes version 3"


@pytest.mark.parametrize("lacking", ["bundle", "evidence"])
def test_a_version_without_bundle_or_evidence_has_no_documents(tmp_path: Path, lacking: str) -> None:
    with pytest.raises(InputRefusedError):
        subject_of(replace(subject_in(tmp_path).dossier, **{lacking: None}))  # type: ignore[arg-type]


def test_the_authors_answers_are_those_recorded_with_the_training(tmp_path: Path) -> None:
    dossier = subject_in(tmp_path).dossier
    assert subject_of(dossier).answer("funding") == OPEN
    (tmp_path / "study.toml").write_text('[study]\nfunding = "A public fund."\n', encoding="utf-8")
    assert subject_of(dossier).answer("funding") == "A public fund."
    assert subject_of(dossier).answer("registration") == OPEN


def test_several_answers_are_joined_and_an_open_one_among_them_is_left_out(tmp_path: Path) -> None:
    subject = subject_in(tmp_path, answers=StudyAnswers({"funding": "A fund.", "conflicts": "None."}))
    assert subject.answer("funding", "ethics", "conflicts") == "A fund. None."
