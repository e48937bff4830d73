"""The authors answer drafted questions; every mistake is named with its line, and what nobody answers stays open."""

from dataclasses import replace

import pytest

from features.protocol.problems import InputRefusedError
from tests.training.evidence_examples import about, external_evidence, training_evidence
from training.cohort.reader import describe_problems
from training.report.authors.draft import draft_study
from training.report.authors.questions import ANSWERS, JUDGEMENTS
from training.report.authors.reader import LONGEST_ANSWER, parse_study
from training.report.facts import ReportContent
from training.report.page.page import render_report
from training.report.standards.probast import assess
from training.report.standards.tripod import fill

DRAFT = draft_study()
LINES = DRAFT.splitlines()


def line_of(begin: str) -> int:
    return next(number for number, line in enumerate(LINES, start=1) if line.startswith(begin))


def problems_of(text: str) -> list[str]:
    with pytest.raises(InputRefusedError) as refused:
        parse_study(text)
    return describe_problems(refused.value.problems)


def test_the_draft_asks_every_question_with_the_number_of_its_item_and_answers_none() -> None:
    for question in (*ANSWERS, *JUDGEMENTS):
        assert f"# {question.asks}" in DRAFT
    assert "# 18a: Funding. Who paid, and what part they had.\nfunding = " in DRAFT
    answers = parse_study(DRAFT)
    assert (answers.texts, answers.replies) == ({}, {})


def test_drafting_again_keeps_answers_and_comments_and_adds_what_is_lacking() -> None:
    answered = DRAFT.replace('funding = ""', 'funding = "Nobody" # asked twice').replace('conflicts = ""\n', "")
    again = draft_study(answered)
    assert 'funding = "Nobody" # asked twice' in again
    assert again.count('conflicts = ""') == 1
    assert parse_study(again).text("funding") == "Nobody"
    assert draft_study(again) == again


def test_a_misspelt_key_is_named_with_its_line_and_the_nearest_known_one() -> None:
    line = line_of("funding")
    (said,) = problems_of(DRAFT.replace("funding =", "fundng ="))
    assert said == (
        f"study.toml, line {line}, key study.fundng: required a known key (did you mean funding?); found an unknown key"
    )


def test_a_reply_that_is_none_is_refused_at_its_line_without_quoting_it() -> None:
    line = line_of("[bias.data_source]") + 2
    (said,) = problems_of(DRAFT.replace('reply = ""', 'reply = "probablyy"', 1))
    assert said.startswith(f"study.toml, line {line}, key bias.data_source.reply: required a known key")
    assert "probablyy" not in said


@pytest.mark.parametrize(
    ("change", "required"),
    [
        (('funding = ""', f'funding = "{"x" * (LONGEST_ANSWER + 1)}"'), "a text of up to 2,000 printable characters"),
        (('funding = ""', "funding = 3"), "a text in quotes"),
        (('reply = ""', 'reply = "yes"'), "a reason for the reply"),
        (('reason = ""', 'reason = "because"'), "one of yes, probably yes, probably no, no, no information"),
        (("[study]", "[study"), "a TOML document"),
    ],
)
def test_other_mistakes_are_refused(change: tuple[str, str], required: str) -> None:
    (said,) = problems_of(DRAFT.replace(*change, 1))
    assert f"required {required}; found" in said


def content_with(text: str) -> ReportContent:
    return ReportContent(external_evidence(), replace(about(), answers=parse_study(text)))


def test_an_answer_closes_its_item_and_the_others_stay_visible_as_open() -> None:
    answered = DRAFT.replace('funding = ""', 'funding = "The fund of the town."')
    found = {one.item.number: one for one in fill(content_with(answered))}
    assert (found["18a"].status, found["18a"].said) == ("by the authors", "The fund of the town.")
    assert found["18b"].status == "open"
    page = render_report(external_evidence(), content_with(answered).about, ())
    assert "The fund of the town." in page
    assert "<em>To be answered by the authors:</em> All authors&#39; interests." in page


def test_the_authors_reply_where_the_evidence_can_not_and_never_against_it() -> None:
    replied = DRAFT.replace('reply = ""\nreason = ""', 'reply = "yes"\nreason = "A register of all."', 1)
    answers = parse_study(replied)
    real = assess(ReportContent(external_evidence(), replace(about(), answers=answers)))[0].reasons[0]
    assert (real.reply, real.words) == ("yes", "By the authors: A register of all.")
    synthetic = assess(ReportContent(training_evidence(), replace(about(), answers=answers)))[0].reasons[0]
    assert synthetic.reply == "no"


def test_a_file_that_is_given_later_is_named_so_with_its_digest() -> None:
    answers = parse_study(DRAFT)
    for later, words in ((True, "given for this report"), (False, "recorded with the training")):
        facts = replace(about(), answers=replace(answers, later=later))
        page = render_report(external_evidence(), facts, ())
        assert f"digest {answers.digest}, {words}" in page
