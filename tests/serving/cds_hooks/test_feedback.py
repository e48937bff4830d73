"""Feedback is taken in every form of the specification and refused in every other, at the path and without a value."""

import json
from typing import Any

import pytest

from serving.cds_hooks.feedback import MOST_COMMENT, MOST_FEEDBACK, read_feedback
from serving.contract.refusal import RequestRefusedError
from tests.serving.cds_hooks.feedbacks import CARD, FEEDBACK, REASON, accepted, overridden
from tests.serving.markers import MARKER

Document = dict[str, Any]
TAKEN: dict[str, Document] = {
    "accepted": accepted(),
    "overridden without a reason": overridden(reason=None, comment=None),
    "with a reason": overridden(comment=None),
    "with words": overridden(reason=None),
    "with both": overridden(),
    "with a reason of the EHR": overridden(reason={"code": "d7ecf885"}),
    "with a reason that has a text": overridden(reason=REASON | {"display": "Already considered"}),
    "with extensions": overridden(extension={"com.example": 1}, another=2),
    "with a fraction of a second": overridden(outcomeTimestamp="1985-04-12T23:20:50.52Z"),
    "with an offset": overridden(outcomeTimestamp="2026-11-20T11:05:31+01:00"),
    "with an id in capitals": overridden(CARD.upper()),
    "for two cards": {"feedback": [*accepted()["feedback"], *overridden()["feedback"]]},
    "none": {"feedback": []},
    "as much as may be": {"feedback": [FEEDBACK] * MOST_FEEDBACK},
    "the longest comment": overridden(comment="x" * MOST_COMMENT),
}
REFUSED: dict[str, tuple[Any, str]] = {
    "no object": ([], ""),
    "no feedback": ({}, "feedback"),
    "an object": ({"feedback": {}}, "feedback"),
    "too much": ({"feedback": [FEEDBACK] * (MOST_FEEDBACK + 1)}, "feedback"),
    "a text": ({"feedback": [MARKER]}, "feedback[0]"),
    "the second of two": ({"feedback": [FEEDBACK, FEEDBACK | {"card": MARKER}]}, "feedback[1].card"),
    "no card": ({"feedback": [{k: v for k, v in FEEDBACK.items() if k != "card"}]}, "feedback[0].card"),
    "a card that is no uuid": (overridden(MARKER), "feedback[0].card"),
    "ignored": (overridden(outcome="ignored"), "feedback[0].outcome"),
    "no outcome": (overridden(outcome=None), "feedback[0].outcome"),
    "accepted without suggestions": (
        {"feedback": [FEEDBACK | {"outcome": "accepted"}]},
        "feedback[0].acceptedSuggestions",
    ),
    "accepted with no suggestion": (accepted(acceptedSuggestions=[]), "feedback[0].acceptedSuggestions"),
    "a suggestion without an id": (accepted(acceptedSuggestions=[{}]), "feedback[0].acceptedSuggestions[0].id"),
    "a reason without anything": (overridden(overrideReason={}), "feedback[0].overrideReason"),
    "a reason without a code": (
        overridden(reason={"display": MARKER}),
        "feedback[0].overrideReason.reason.code",
    ),
    "an empty comment": (overridden(reason=None, comment=""), "feedback[0].overrideReason.userComment"),
    "a comment that is too long": (
        overridden(comment="x" * (MOST_COMMENT + 1)),
        "feedback[0].overrideReason.userComment",
    ),
    "no time": (overridden(outcomeTimestamp=None), "feedback[0].outcomeTimestamp"),
    "a date": (overridden(outcomeTimestamp="2026-11-20"), "feedback[0].outcomeTimestamp"),
    "a time without a zone": (overridden(outcomeTimestamp="2026-11-20T10:05:31"), "feedback[0].outcomeTimestamp"),
    "another text as time": (overridden(outcomeTimestamp=MARKER), "feedback[0].outcomeTimestamp"),
}


@pytest.mark.parametrize("name", TAKEN)
def test_feedback_in_a_form_of_the_specification_is_taken(name: str) -> None:
    assert len(read_feedback(json.dumps(TAKEN[name]).encode()).feedback) == len(TAKEN[name]["feedback"])


@pytest.mark.parametrize("name", REFUSED)
def test_feedback_in_another_form_is_refused_at_the_path(name: str) -> None:
    document, path = REFUSED[name]
    with pytest.raises(RequestRefusedError) as refused:
        read_feedback(json.dumps(document).encode())
    assert [problem.path for problem in refused.value.problems] == [path]
    assert MARKER not in str([vars(problem) for problem in refused.value.problems])


def test_the_same_feedback_is_the_same_text_whatever_its_layout() -> None:
    one = FEEDBACK | {"extension": {"x": 1}}
    other = dict(reversed(list(FEEDBACK.items()))) | {"card": FEEDBACK["card"].upper()}
    first, second = (read_feedback(json.dumps({"feedback": [each]}).encode()).feedback[0] for each in (one, other))
    assert first.canonical() == second.canonical()
    assert first.canonical() != read_feedback(json.dumps(overridden()).encode()).feedback[0].canonical()
