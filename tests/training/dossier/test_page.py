"""A dossier opens offline, escapes what people wrote, and gives for each statement an artifact that it lists."""

import re
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from features.protocol.problems import InputRefusedError
from tests.training.audit.audited import RecordedTraining, import_record_of, recorded_and_promoted
from tests.training.documents.subjects import decision_with
from training.audit.audit import read_training
from training.audit.checked_record import checked_record
from training.dossier.content import Dossier
from training.dossier.import_facts import import_facts
from training.dossier.page import dossier_page, write_dossier
from training.experiment.train import Training
from training.registry.release import decision_log
from training.registry.seal import digest_of
from training.verdicts import failed, not_checked

pytestmark = pytest.mark.slow

LOADS = {"script", "link", "img", "iframe", "object", "embed", "audio", "video", "source", "base", "form"}


class DossierReader(HTMLParser):
    """The ids, links, elements and attributes of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.elements: set[str] = set()
        self.attributes: set[str] = set()
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.elements.add(tag)
        self.attributes |= given.keys()
        if given.get("id"):
            self.ids.append(str(given["id"]))
        if given.get("href"):
            self.links.append(str(given["href"]))


@pytest.fixture(scope="module")
def audited(trained: Training, simulated: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RecordedTraining]:
    with recorded_and_promoted(trained, simulated, tmp_path_factory.mktemp("dossier")) as made:
        yield made


@pytest.fixture(scope="module")
def page(audited: RecordedTraining) -> str:
    write_dossier(audited.version, audited.folder / "dossier.html")
    return (audited.folder / "dossier.html").read_text(encoding="utf-8")


def gathered(audited: RecordedTraining, scratch: Path) -> Dossier:
    stored = read_training(audited.run_id, scratch)
    chain = decision_log().read()
    verdicts = tuple(checked_record(stored, chain))
    return Dossier(audited.version, stored, None, None, chain.decisions, verdicts, "2030-01-01")


def test_nothing_is_fetched_and_nothing_runs(page: str) -> None:
    read = DossierReader(page)
    assert not read.elements & LOADS
    assert not [name for name in read.attributes if name.startswith("on") or name in ("src", "srcset", "action")]
    assert all(link.startswith("#") for link in read.links)
    assert "url(" not in page
    assert "@import" not in page


def test_every_link_leads_to_a_place_in_the_document(page: str) -> None:
    read = DossierReader(page)
    assert len(read.ids) == len(set(read.ids))
    assert {link.removeprefix("#") for link in read.links} <= set(read.ids)


def test_every_statement_is_supported_by_an_artifact_of_the_list(page: str) -> None:
    rows = re.findall(r'<tr><th scope="row">(.*?)</th><td>(.*?)</td><td>(.*?)</td></tr>', page)
    stated = [row for row in rows if row[2].startswith("<a ")]
    assert len(stated) > 25
    unproved = [row[0] for row in rows if "not recorded)" in row[2]]
    assert unproved == []


def test_the_digests_listed_are_those_of_the_files(audited: RecordedTraining, page: str) -> None:
    for name in (
        "summary.json",
        "protocol.json",
        "seal.json",
        "import.json",
        "cohort_check.json",
        "held_out_predictions.parquet",
    ):
        assert digest_of((audited.files() / name).read_bytes()) in page, name
    assert "NOT as sealed" not in page


def test_the_data_are_named_by_their_import_and_what_was_found_in_them(audited: RecordedTraining, page: str) -> None:
    data = page[page.index('id="data"') : page.index('id="flow"')]
    assert digest_of(audited.import_record) in data
    assert "digest of the import<" in data
    assert re.search(r">warnings?( 1)?</th>", data)


def test_what_the_import_read_and_changed_stands_among_the_data(audited: RecordedTraining, page: str) -> None:
    data = " ".join(page[page.index('id="data"') : page.index('id="flow"')].split())
    cohort = audited.client.get_run(audited.run_id).data.tags["cohort_digest"]
    for statement, value in (
        ("digest of the cohort as imported", f"{cohort}, that of the training"),
        ("digest of the mapping", "m" * 64),
        ("digest of &lt;visits&gt;.csv, a source", "v" * 64),
        ("digest of people.csv, a source", "p" * 64),
        ("conversions of the import", "1,234 of 2 kinds"),
        ("conversion 1", "turned dates into days in 1,200 cells of 3 columns"),
        ("conversion 2", "34 &lt;patients&gt; left out"),
    ):
        assert f'<th scope="row">{statement}</th><td>{value}</td>' in data


def test_an_import_of_another_cohort_is_said_to_be_one_and_an_unreadable_record_states_nothing() -> None:
    facts = dict(import_facts(import_record_of("0" * 64), "1" * 64))
    assert facts["digest of the cohort as imported"] == f"{'0' * 64}, NOT that of the training"
    for record in (b"", b"[]", b"\xff", b"{}", b'{"source": 1, "conversions": 2, "cohort_digest": 3}'):
        assert import_facts(record, "1" * 64) == []
    assert import_facts(b'{"conversions": []}', "") == [("conversions of the import", "none")]


def test_what_people_wrote_is_shown_as_they_wrote_it(page: str) -> None:
    assert "first &lt;model&gt;" in page
    assert "<model>" not in page


def test_a_synthetic_cohort_is_called_synthetic_in_the_first_words(page: str) -> None:
    assert page.index("Synthetic") < page.index("<nav>")


def test_a_check_that_failed_stands_on_the_first_page_and_in_the_first_section(
    audited: RecordedTraining, tmp_path: Path
) -> None:
    dossier = gathered(audited, tmp_path)
    changed = replace(dossier, verdicts=(*dossier.verdicts, failed("record", "metric auc: changed")))
    assert "these checks FAILED: record" in dossier_page(changed)
    assert "<dt>Failed checks</dt><dd><strong>record</strong>" in dossier_page(changed).partition("<nav>")[0]
    assert "Failed checks" not in dossier_page(dossier)
    assert "these checks FAILED" not in dossier_page(dossier)


def test_the_first_page_says_status_use_limits_and_what_was_not_checked(page: str) -> None:
    first = " ".join(page[page.index('class="cover"') : page.index("<nav>")].split())
    assert "Version 1 is promoted by A. Tester on 2030-01-01 for the tier clinic" in first
    assert "The probabilities must not be the reason to begin, refuse or end a treatment" in first
    assert "It is not a medical device." in first
    assert "environment (not checked)" not in first
    assert "cohort, outcomes and features, retraining and 2 more: the cohort was not given" in first
    assert re.search(r"the training began \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", first)
    assert "Every question, with 95% intervals" in first


def test_the_first_page_calls_an_override_one_and_names_the_unmet_checks(
    audited: RecordedTraining, tmp_path: Path
) -> None:
    own = decision_with(version=audited.version)
    overridden = replace(gathered(audited, tmp_path), decisions=(own,), succession=(own,))
    first = dossier_page(overridden).partition("<nav>")[0]
    assert "by an OVERRIDE of Ada on 2026-10-01" in first
    assert "sample size (2)" in first


def test_a_check_that_was_not_made_stands_on_the_first_page(audited: RecordedTraining, tmp_path: Path) -> None:
    dossier = gathered(audited, tmp_path)
    changed = replace(dossier, verdicts=(*dossier.verdicts, not_checked("served", "served elsewhere")))
    assert "served (not checked): served elsewhere" in dossier_page(changed).partition("<nav>")[0]


def test_a_status_from_changed_decisions_is_said_not_to_be_reliable(audited: RecordedTraining, tmp_path: Path) -> None:
    changed = replace(gathered(audited, tmp_path), verdicts=(failed("decisions", "decision.000001 was changed"),))
    assert "NOT RELIABLE" in dossier_page(changed).partition("<nav>")[0]


def test_groups_sites_and_net_benefit_of_every_landmark_have_tables(page: str) -> None:
    section = page[page.index('id="groups"') : page.index('id="evaluations"')]
    for landmark in ("before session 1", "before session 2", "before session 3"):
        for title in ("Groups of patients", "Sites", "Net benefit at the policy's thresholds".replace("'", "&#39;")):
            assert f"<caption>{title}: {landmark}</caption>" in section


def test_a_version_never_decided_upon_is_said_to_be_so(audited: RecordedTraining, tmp_path: Path) -> None:
    assert "it was never promoted" in dossier_page(replace(gathered(audited, tmp_path), decisions=()))


def test_the_same_dossier_gives_the_same_text(audited: RecordedTraining, tmp_path: Path) -> None:
    dossier = gathered(audited, tmp_path)
    assert dossier_page(dossier) == dossier_page(dossier)


def test_a_run_is_no_version(audited: RecordedTraining, tmp_path: Path) -> None:
    with pytest.raises(InputRefusedError):
        write_dossier(audited.run_id, tmp_path / "dossier.html")
