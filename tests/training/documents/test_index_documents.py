"""The indexes name a place that exists for each point, say what is open, and claim no conformity."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from serving.log.erasure import KEPT_DAYS
from tests.places import ROOT
from tests.training.documents.subjects import ARTIFACTS, POLICY, decision_with, subject_in
from training.config import load_policy
from training.documents import ai_logging, annex_iv
from training.documents.ai_logging import ai_logging_table
from training.documents.annex_iv import annex_iv_index
from training.documents.change_plan import change_plan
from training.documents.index_table import IndexPoint
from training.documents.subject import DocumentSubject

WRITERS = {"annex-iv": annex_iv_index, "ai-logging": ai_logging_table, "change-plan": change_plan}
CLAIMS = re.compile(r"\b(complies|compliant|conforms|certified|approved by|is safe)\b")
LOADS = re.compile(r"<(script|link|img|iframe)\b|url\(|@import|https?://")
POINTS = [*annex_iv.POINTS, *ai_logging.ARTICLES, *ai_logging.CLAUSES, *ai_logging.TOPICS]
Writer = Callable[[DocumentSubject], bytes]
each_document = pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS)


def page_of(write: Writer, subject: DocumentSubject) -> str:
    return " ".join(write(subject).decode().split())


@each_document
def test_it_opens_offline_and_is_the_same_for_the_same_version(write: Writer, tmp_path: Path) -> None:
    first = write(subject_in(tmp_path, written_on="2030-01-01"))
    assert first == write(subject_in(tmp_path, written_on="2031-01-01"))
    assert not LOADS.search(first.decode())


@each_document
def test_it_says_that_the_cohort_is_synthetic_and_that_the_version_was_overridden(
    write: Writer, tmp_path: Path
) -> None:
    page = page_of(write, subject_in(tmp_path))
    assert "It is no evidence about real patients." in page
    assert "by an OVERRIDE of Ada on 2026-10-01" in page


@each_document
def test_it_claims_no_conformity(write: Writer, tmp_path: Path) -> None:
    page = page_of(write, subject_in(tmp_path))
    assert not CLAIMS.findall(page)
    assert re.search("no (declaration|claim) of conformity|No authority has seen or approved", page)


def test_the_index_has_every_point_of_annex_iv_in_order() -> None:
    numbers = [point.number for point in annex_iv.POINTS]
    lettered = [f"1({letter})" for letter in "abcdefgh"] + [f"2({letter})" for letter in "abcdefgh"]
    assert numbers == [*lettered, *map(str, range(3, 10))]


@pytest.mark.parametrize("point", POINTS, ids=lambda point: f"{point.number} {point.asks[:20]}")
def test_a_point_without_a_place_says_what_is_open_and_every_section_of_a_guide_exists(point: IndexPoint) -> None:
    assert point.met or point.open
    for place in point.met:
        if place.guide:
            guide = ROOT / place.guide
            assert not place.section or re.search(
                rf"^#+ {re.escape(place.section)}$", guide.read_text(encoding="utf-8"), re.MULTILINE
            ), f"{place.guide}: {place.section}"


def test_artifacts_have_the_digest_of_the_record_and_missing_ones_are_said_to_be_missing(tmp_path: Path) -> None:
    page = page_of(annex_iv_index, subject_in(tmp_path))
    assert f"evidence.json <code>{str(ARTIFACTS.index('evidence.json')) * 12}</code>" in page
    assert "held_out_predictions.parquet (not recorded)" in page


def test_the_clauses_of_the_draft_standard_are_said_not_to_be_compared_with_its_text(tmp_path: Path) -> None:
    page = page_of(ai_logging_table, subject_in(tmp_path))
    assert "they were not compared with the text of the draft" in page
    for article in ("12(1)", "19(1)", "26(6)"):
        assert f'<th scope="row">{article}</th>' in page


def test_the_table_says_that_pruning_leaves_what_the_command_leaves(tmp_path: Path) -> None:
    assert ai_logging.DAYS == KEPT_DAYS
    page = page_of(ai_logging_table, subject_in(tmp_path))
    rows = {part.partition("<")[0]: part for part in page.split('<th scope="row">')}
    for article in ("19(1)", "26(6)"):
        assert f"kap log prune leaves the logs of at least {KEPT_DAYS} days" in rows[article]
        assert "needs --override" in rows[article]


def test_the_change_plan_has_every_number_of_the_policy_in_force(tmp_path: Path) -> None:
    page = page_of(change_plan, subject_in(tmp_path))
    assert "the policy of decision 1" in page
    for name, shown in {"slope": "0.81, 1.19", "in_the_large": "0.27", "unknown_key": "3"}.items():
        assert re.search(rf'<th scope="row">{name}</th><td>[^<]+</td>\s*<td>\s*<div>{shown}\s*</div>', page), name
    assert page.count('<th scope="row">remission_thresholds</th>') == 1
    assert len(POLICY) == 4


def test_the_change_plan_says_how_a_change_takes_effect_and_which_approvals_it_needs(tmp_path: Path) -> None:
    page = " ".join(page_of(change_plan, subject_in(tmp_path, decisions=(), succession=())).split())
    assert "promotes the questions at each landmark that pass" in page
    assert "Approvals of others that the policy in force asks for: none." in page
    assert "set alias or pointer without a decision" in page
    decision = decision_with(policy={"approvals": 2})
    page = " ".join(page_of(change_plan, subject_in(tmp_path, decisions=(decision,), succession=(decision,))).split())
    assert "the policy in force asks for: 2." in page


def test_without_a_decision_the_change_plan_has_the_default_policy_and_says_so(tmp_path: Path) -> None:
    page = page_of(change_plan, subject_in(tmp_path, decisions=(), succession=()))
    assert "the default policy, because no decision on this version names one" in page
    assert all(f'<th scope="row">{name}</th>' in page for name in load_policy().as_document())


def test_what_people_wrote_is_shown_as_they_wrote_it(tmp_path: Path) -> None:
    decision = decision_with(by="<b>Ada</b>")
    page = page_of(change_plan, subject_in(tmp_path, decisions=(decision,), succession=(decision,)))
    assert "&lt;b&gt;Ada&lt;/b&gt;" in page
    assert "<b>Ada" not in page
