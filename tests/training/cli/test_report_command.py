"""`kap report` writes a version's report again from its record, with the authors' answers, as HTML and for Word."""

from pathlib import Path

import docx
import pytest

from tests.training.commands import SameProcess, refused
from tests.training.evidence_examples import external_evidence
from tests.training.registries import Registry


@pytest.fixture
def place(tmp_path: Path) -> SameProcess:
    """Where version 1 is registered."""
    Registry(tmp_path).register(external_evidence())
    return SameProcess(tmp_path)


def test_the_report_of_a_version_is_written_with_answers_that_come_later(place: SameProcess) -> None:
    assert place.kap("report", "template", "--out", "study.toml").returncode == 0
    study = place.folder / "study.toml"
    study.write_text(study.read_text().replace('funding = ""', 'funding = "The fund of the town."'))
    done = place.kap("report", "1", "--study", "study.toml")
    assert (done.returncode, done.stdout) == (0, "wrote report-1.html\n"), done.stderr
    page = (place.folder / "report-1.html").read_text()
    assert "The fund of the town." in page
    assert "given for this report and not recorded with the training" in page
    assert "no decision on this version has been made" in page


def test_for_word_it_is_a_document_that_word_processors_read(place: SameProcess) -> None:
    done = place.kap("report", "1", "--to", "docx", "--out", "paper.docx")
    assert done.returncode == 0, done.stderr
    document = docx.Document(str(place.folder / "paper.docx"))
    assert len(document.tables) > 5
    assert len(document.inline_shapes) > 3


def test_a_template_in_a_cohorts_folder_keeps_what_is_answered(place: SameProcess) -> None:
    cohort = place.folder / "cohort"
    cohort.mkdir()
    assert place.kap("report", "template", "cohort").returncode == 0
    answered = (cohort / "study.toml").read_text().replace('title = ""', 'title = "Ours"')
    (cohort / "study.toml").write_text(answered)
    assert place.kap("report", "template", "cohort").returncode == 0
    assert (cohort / "study.toml").read_text() == answered


def test_mistakes_are_sentences(place: SameProcess) -> None:
    assert "a registered version" in refused(place.kap("report", "7"), 2)
    assert "required a folder, or --out" in refused(place.kap("report", "template"), 2)
    assert "a folder only for kap report template" in refused(place.kap("report", "1", "cohort"), 2)
    (place.folder / "wrong.toml").write_text("[study]\nfundng = 'x'\n")
    said = refused(place.kap("report", "1", "--study", "wrong.toml"), 2)
    assert "study.toml, line 2, key study.fundng: required a known key (did you mean funding?)" in said


def test_evidence_that_was_changed_is_refused(place: SameProcess) -> None:
    (path,) = place.folder.glob("runs1/*/artifacts/evidence.json")
    path.write_text(path.read_text().replace('"patients": 686', '"patients": 687', 1))
    assert "the evidence is not the one that was registered" in refused(place.kap("report", "1"), 4)
