"""The parts of a CDS Hooks answer. What is absent is left out, because no part may be null or empty."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

SYSTEM = "https://kap-outcomes.example/fhir/CodeSystem/card"
"""The project's own code system: what a card is about, and why it may be dismissed."""


class CardPart(BaseModel):
    """A part of an answer."""

    model_config = ConfigDict(frozen=True, alias_generator=to_camel, populate_by_name=True)


class CardCode(CardPart):
    """A code with its text."""

    system: str = SYSTEM
    code: str
    display: str


TOPIC = CardCode(code="outcome-prediction", display="Predicted outcome of treatment")
OVERRIDE_REASONS = (
    CardCode(code="already-considered", display="Already considered"),
    CardCode(code="record-incomplete", display="The record is incomplete or out of date"),
    CardCode(code="not-relevant-now", display="Not relevant for this patient now"),
    CardCode(code="decided-on-other-grounds", display="Decided together on other grounds"),
    CardCode(code="number-not-credible", display="The number is not credible"),
    CardCode(code="not-understandable", display="The card is hard to understand"),
)
"""Why a card may be dismissed [judgement: no standard set exists, and CDS Hooks leaves it to the service]."""


class CardSource(CardPart):
    """Where the information comes from; ``url`` describes the service and its model, without a key."""

    label: str
    url: str | None = None
    topic: CardCode = TOPIC


class CardLink(CardPart):
    """A page about the card."""

    label: str
    url: str
    type: Literal["absolute"] = "absolute"


class Card(CardPart):
    """A card; feedback names its ``uuid``, from which follows its prediction (`card_ids`)."""

    uuid: str
    summary: Annotated[str, Field(min_length=1, max_length=139)]
    detail: str
    indicator: Literal["info", "warning", "critical"]
    source: CardSource
    override_reasons: tuple[CardCode, ...] = OVERRIDE_REASONS
    links: tuple[CardLink, ...] | None = None


class CardsResponse(CardPart):
    """The answer of a service: cautions, numbers, both or none."""

    cards: tuple[Card, ...] = ()

    def written(self) -> bytes:
        """The answer as JSON."""
        return self.model_dump_json(by_alias=True, exclude_none=True).encode()
