"""TRIPOD+AI and PROBAST+AI: every item is shown once, and nothing is claimed that the evidence does not show."""

import pytest

from tests.training.evidence_examples import about, bare_evidence, external_evidence, training_evidence
from training.evidence.document import Evidence
from training.report.facts import ReportContent
from training.report.standards.probast import DOMAINS, assess
from training.report.standards.tripod import ITEMS, fill

EVERY_ITEM = [
    "1", "2", "3a", "3b", "3c", "4", "5a", "5b", "6a", "6b", "6c", "7", "8a", "8b", "8c", "9a", "9b", "9c",
    "10", "11", "12a", "12b", "12c", "12d", "12e", "12f", "12g",
    "13", "14", "15", "16", "17",
    "18a", "18b", "18c", "18d", "18e", "18f", "19", "20a", "20b", "20c", "21", "22",
    "23a", "23b", "24", "25", "26", "27a", "27b", "27c",
]  # fmt: skip


def statuses(evidence: Evidence) -> dict[str, str]:
    return {filled.item.number: filled.status for filled in fill(ReportContent(evidence, about()))}


def replies(evidence: Evidence) -> dict[str, str]:
    return {
        signal.number: reason.reply
        for domain in assess(ReportContent(evidence, about()))
        for signal, reason in zip(domain.domain.signals, domain.reasons, strict=True)
    }


def test_the_27_items_with_their_parts_are_declared_once_and_in_order() -> None:
    assert [item.number for item in ITEMS] == EVERY_ITEM
    assert len({number.rstrip("abcdefg") for number in EVERY_ITEM}) == 27


@pytest.mark.parametrize("evidence", [training_evidence(), external_evidence(), bare_evidence()])
def test_every_item_is_answered_or_asks_the_authors(evidence: Evidence) -> None:
    for filled in fill(ReportContent(evidence, about())):
        assert (filled.answer is None) == (filled.status == "open")
        assert bool(filled.authors) == (filled.status != "from evidence")


def test_what_only_people_know_is_left_to_them() -> None:
    found = statuses(training_evidence())
    for number in ("3a", "3c", "5b", "6c", "8b", "8c", "9c", "18a", "18b", "18d", "19", "25", "27c"):
        assert found[number] == "open"


def test_ethics_are_answered_only_where_nobody_took_part() -> None:
    assert statuses(training_evidence())["17"] == "from evidence"
    assert statuses(external_evidence())["17"] == "open"


def test_items_without_evidence_fall_to_the_authors() -> None:
    found = statuses(bare_evidence())
    assert {number: found[number] for number in ("6a", "10", "12d", "20b", "23b")} == dict.fromkeys(
        ("6a", "10", "12d", "20b", "23b"), "open"
    )


def test_a_synthetic_cohort_is_a_no_in_the_first_domain() -> None:
    first = assess(ReportContent(training_evidence(), about()))[0]
    assert first.reasons[0].reply == "no"
    assert first.judgement == "high risk of bias"


def test_probast_follows_sample_size_leakage_and_sites() -> None:
    training, external, bare = (replies(one()) for one in (training_evidence, external_evidence, bare_evidence))
    assert training["4.1"] == "no"  # the relapse heads have 700 patients, 1,100 are required
    assert (training["2.2"], training["3.2"], training["4.5"]) == ("yes", "yes", "yes")
    assert (training["4.6"], external["4.6"]) == ("yes", "probably no")  # six sites, one site
    assert (bare["2.2"], bare["4.9"], bare["4.3"]) == ("no information", "no", "probably no")


def test_a_failed_check_of_leakage_is_a_no() -> None:
    evidence = training_evidence()
    checks = [check.model_copy(update={"passed": "future" not in check.name}) for check in evidence.leakage]
    assert replies(evidence.model_copy(update={"leakage": checks}))["2.2"] == "no"


def test_low_risk_is_never_claimed_while_answers_are_outstanding() -> None:
    assert len(DOMAINS) == 4
    for domain in assess(ReportContent(external_evidence(), about())):
        outstanding = {"open", "no information"} & {reason.reply for reason in domain.reasons}
        assert not (outstanding and domain.judgement.startswith("low"))
