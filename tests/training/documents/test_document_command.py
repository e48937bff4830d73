"""`kap audit document` writes every document of a registered version, and none of a record that was changed."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tests.training.audit.audited import RecordedTraining, recorded_and_promoted
from training.cli.app import main
from training.cli.audit import DOCUMENTS
from training.documents.forms import FORMS
from training.experiment.train import Training


@pytest.fixture(scope="module")
def audited(trained: Training, simulated: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RecordedTraining]:
    with recorded_and_promoted(trained, simulated, tmp_path_factory.mktemp("documents")) as made:
        yield made


def document(*arguments: str | Path) -> Result:
    words = ["audit", "document", *(str(one) for one in arguments)]
    return CliRunner().invoke(main, words, catch_exceptions=False)


def test_the_command_and_the_package_name_the_same_documents() -> None:
    assert tuple(FORMS) == DOCUMENTS
    described = document("--help").stdout.lower()
    for name, form in FORMS.items():
        assert f"  {name:<12} {form.title.lower()}\n" in described


@pytest.mark.slow
@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_document_names_the_decision_and_is_the_same_a_second_time(
    audited: RecordedTraining, name: str, tmp_path: Path
) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    assert document("champion", "--to", name, "--out", first).exit_code == 0
    assert document(audited.version, "--to", name, "--out", second).exit_code == 0
    assert first.read_bytes() == second.read_bytes()
    assert "Version 1 is promoted by A. Tester" in first.read_text(encoding="utf-8")


@pytest.mark.slow
def test_an_unknown_version_is_refused(audited: RecordedTraining, tmp_path: Path) -> None:
    assert document("77", "--to", "chai", "--out", tmp_path / "card.xml").exit_code == 2
    assert not (tmp_path / "card.xml").exists()


@pytest.mark.slow
def test_no_document_is_written_of_a_record_that_was_changed(audited: RecordedTraining, tmp_path: Path) -> None:
    before = audited.client.get_run(audited.run_id).data.tags["cohort_digest"]
    audited.client.set_tag(audited.run_id, "cohort_digest", "0" * 64)
    try:
        done = document(audited.version, "--to", "annex-iv", "--out", tmp_path / "index.html")
    finally:
        audited.client.set_tag(audited.run_id, "cohort_digest", before)
    assert done.exit_code == 4
    assert "no document of a record that fails its checks" in done.stderr
    assert not (tmp_path / "index.html").exists()
