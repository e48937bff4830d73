"""From an answer to the cards of a service: one card at most, so that it is read.

Cautions stand on the same card and make it a warning. No card suggests an order.
"""

from dataclasses import dataclass
from typing import Literal

from serving.cds_hooks.card import Card, CardLink, CardSource, CardsResponse
from serving.cds_hooks.card_text import CardContext, detail_of, summary_of
from serving.contract.response import NotPredictable, Prediction, PredictionResponse
from serving.contract.routes import OPENAPI

LOOK_TOGETHER = "Look at this together"
NO_CARDS = CardsResponse()


@dataclass(frozen=True)
class CardSettings:
    """What the operator decides about cards.

    ``no_answer`` says whether there is a card where no prediction is possible; one with cautions is always sent.
    """

    no_answer: Literal["none", "card"]
    public_url: str | None


def wants_card(answer: Prediction | NotPredictable, settings: CardSettings) -> bool:
    """Whether an answer has a card."""
    return isinstance(answer, Prediction) or bool(answer.cautions) or settings.no_answer == "card"


def read_answer(document: str) -> Prediction | NotPredictable:
    """A logged answer."""
    return PredictionResponse.model_validate_json(document).root


def prediction_cards(
    answer: Prediction | NotPredictable, context: CardContext, settings: CardSettings, launch: str | None
) -> CardsResponse:
    """The card of an answer; ``launch`` is the path of the page on which patient and clinician look at it together."""
    if not wants_card(answer, settings):
        return NO_CARDS
    url = settings.public_url
    kind = ", synthetic" if answer.model.synthetic else ""
    link = None if launch is None or url is None else (CardLink(label=LOOK_TOGETHER, url=url + launch),)
    card = Card(
        uuid=answer.prediction_id,
        summary=summary_of(answer),
        detail=detail_of(answer, context),
        indicator="warning" if answer.cautions else "info",
        source=CardSource(
            label=f"KAP Outcomes, model {answer.model.version}{kind}", url=None if url is None else url + OPENAPI
        ),
        links=link,
    )
    return CardsResponse(cards=(card,))
