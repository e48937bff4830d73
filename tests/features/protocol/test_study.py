"""A protocol says what its study is about; only KAP's own protocol has KAP's words without saying so."""

import pytest

from features.protocol.document import Protocol, protocol_from_document
from features.protocol.problems import ProtocolRefusedError
from features.protocol.study import KAP_STUDY, LONGEST_TEXT, NEUTRAL_STUDY, StudyDescription
from features.protocol_reading import parse_protocol

DECLARED = 'name = "surgery"\n[study]\ntreatment = "surgery"\ncondition = "breast cancer"\n'


def test_a_protocol_without_the_table_has_the_document_it_had() -> None:
    assert "study" not in Protocol().document
    assert protocol_from_document(Protocol().document) == Protocol()


def test_what_is_declared_is_kept_and_changes_the_digest() -> None:
    protocol = parse_protocol(DECLARED)
    assert protocol.study == StudyDescription(condition="breast cancer", treatment="surgery")
    assert protocol_from_document(protocol.document) == protocol
    assert protocol.digest != parse_protocol('name = "surgery"').digest


@pytest.mark.parametrize(("name", "words"), [("kap", KAP_STUDY), ("kap-synthetic", KAP_STUDY), ("gbsg", NEUTRAL_STUDY)])
def test_only_the_protocols_of_kap_have_the_words_of_kap(name: str, words: StudyDescription) -> None:
    assert Protocol(name=name).described == words


def test_another_study_with_a_treatment_gets_a_purpose_with_it_and_no_word_of_kap() -> None:
    said = " ".join(vars(parse_protocol(DECLARED).described).values())
    assert "plans surgery about the probability" in said
    assert "ketamine" not in said


def test_a_study_of_the_name_kap_that_declares_another_treatment_is_not_kap() -> None:
    said = Protocol(study=StudyDescription(treatment="surgery")).described
    assert "ketamine" not in " ".join(vars(said).values())


@pytest.mark.parametrize(
    ("table", "line", "required"),
    [
        (
            '[study]\npurpos = "x"',
            1,
            "one of purpose, condition, treatment, population, setting (did you mean purpose?)",
        ),
        ('[study]\npurpose = " "', 1, "a text of up to 600 characters that is not blank"),
        (f'[study]\nsetting = "{"x" * (LONGEST_TEXT + 1)}"', 1, "a text of up to 600 characters that is not blank"),
        ("[study]\ncondition = 3", 1, "a text of up to 600 characters that is not blank"),
    ],
)
def test_a_wrong_key_or_text_is_refused_with_its_line(table: str, line: int, required: str) -> None:
    with pytest.raises(ProtocolRefusedError) as refused:
        parse_protocol(table)
    (problem,) = refused.value.problems
    assert (problem.row, problem.required) == (line, required)
