"""What clinicians did with cards, as an EHR reports it; `serving.log.feedback` writes it to the log."""

import datetime as dt
import json
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from serving.cds_hooks.card_ids import prediction_of
from serving.cds_hooks.request import HookPart, Uuid, read_part
from serving.contract.refusal import RequestProblem

UNKNOWN_CARD = RequestProblem("", "the uuid of a card that was sent, whose patient was not erased", "another one")
"""The problem of feedback on a card that the log does not have; its path is that of the card."""
MOST_FEEDBACK = 100
MOST_COMMENT, MOST_TEXT = 10_000, 200
ShortText = Annotated[str, Field(min_length=1, max_length=MOST_TEXT)]


def _is_a_time(text: str) -> str:
    try:
        moment = dt.datetime.fromisoformat(text)
    except ValueError:
        moment = dt.datetime.min  # noqa: DTZ901 - refused below, for it has no zone
    if moment.tzinfo is None or "T" not in text.upper():
        raise PydanticCustomError("time", "another text")
    return text


class AcceptedSuggestion(HookPart):
    """A suggestion of a card that was accepted; the cards of this service have none."""

    id: ShortText


class CodedOverrideReason(HookPart):
    """Why a card was dismissed, as a code: of the reasons on the card, or the EHR's own."""

    code: ShortText
    system: ShortText | None = None
    display: ShortText | None = None

    def text(self) -> str:
        """The code after its system, as FHIR writes a token."""
        return self.code if self.system is None else f"{self.system}|{self.code}"


class OverrideReason(HookPart):
    """Why a card was dismissed, as a code or in the user's words."""

    reason: CodedOverrideReason | None = None
    user_comment: Annotated[str, Field(min_length=1, max_length=MOST_COMMENT)] | None = None

    @model_validator(mode="after")
    def _says_why(self) -> "OverrideReason":
        if self.reason is None and self.user_comment is None:
            raise PydanticCustomError("empty_reason", "neither")
        return self


class CardFeedback(HookPart):
    """What became of one card; ``card`` is its uuid, from which follows the id of its prediction."""

    card: Uuid
    outcome: Literal["accepted", "overridden"]
    accepted_suggestions: Annotated[list[AcceptedSuggestion], Field(min_length=1, max_length=MOST_FEEDBACK)] | None = (
        None
    )
    override_reason: OverrideReason | None = None
    outcome_timestamp: Annotated[str, Field(max_length=64), AfterValidator(_is_a_time)]

    @model_validator(mode="after")
    def _names_what_was_accepted(self) -> "CardFeedback":
        if self.outcome == "accepted" and self.accepted_suggestions is None:
            raise PydanticCustomError("accepted", "nothing")
        return self

    @property
    def prediction_id(self) -> str:
        """The prediction that the card is about."""
        return prediction_of(self.card)

    def canonical(self) -> str:
        """The same text for the same feedback, whatever its layout and the case of the uuid."""
        written = self.model_dump(mode="json", by_alias=True, exclude_none=True) | {"card": self.card.lower()}
        return json.dumps(written, sort_keys=True)


class FeedbackRequest(HookPart):
    """Feedback on one card or several."""

    feedback: Annotated[list[CardFeedback], Field(max_length=MOST_FEEDBACK)]


class FeedbackReceipt(HookPart):
    """How much feedback the log has now of what was sent."""

    logged: int


def read_feedback(body: bytes) -> FeedbackRequest:
    """The feedback in a JSON text; raises ``RequestRefusedError``."""
    return read_part(body, FeedbackRequest)
