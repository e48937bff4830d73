"""From an answer to the cards of a service: one with the cautions, as a warning, and one with the numbers.

They are two, so that no number hides a caution. No card suggests an order.
"""

from dataclasses import dataclass
from typing import Literal

from serving.cds_hooks.card import Card, CardLink, CardSource, CardsResponse
from serving.cds_hooks.card_ids import caution_card_of
from serving.cds_hooks.card_text import CardContext, caution_detail_of, caution_summary_of, detail_of, summary_of
from serving.contract.response import NotPredictable, Prediction, PredictionResponse
from serving.contract.routes import OPENAPI

LOOK_TOGETHER = "Look at this together"
NO_CARDS = CardsResponse()


@dataclass(frozen=True)
class CardSettings:
    """What the operator decides about cards.

    ``no_answer`` says whether a card says that no prediction is possible; one with cautions is always sent.
    """

    no_answer: Literal["none", "card"]
    public_url: str | None


def read_answer(document: str) -> Prediction | NotPredictable:
    """A logged answer."""
    return PredictionResponse.model_validate_json(document).root


def prediction_cards(
    answer: Prediction | NotPredictable, context: CardContext, settings: CardSettings, launch: str | None
) -> CardsResponse:
    """The cards of an answer; ``launch`` is the path of the page on which patient and clinician look at it together."""
    if context.is_over and isinstance(answer, NotPredictable):
        return NO_CARDS  # or every look into an old record would show one
    url = settings.public_url
    cards = []
    if answer.cautions:
        caution_card = Card(
            uuid=caution_card_of(answer.prediction_id),
            summary=caution_summary_of(answer.cautions),
            detail=caution_detail_of(answer.cautions, context),
            indicator="warning",
            source=_source(answer, url),
        )
        cards.append(caution_card)
    if isinstance(answer, Prediction) or settings.no_answer == "card":
        link = None if launch is None or url is None else (CardLink(label=LOOK_TOGETHER, url=url + launch),)
        number_card = Card(
            uuid=answer.prediction_id,
            summary=summary_of(answer),
            detail=detail_of(answer, context),
            indicator="info",
            source=_source(answer, url),
            links=link,
        )
        cards.append(number_card)
    return CardsResponse(cards=tuple(cards))


def _source(answer: Prediction | NotPredictable, url: str | None) -> CardSource:
    kind = ", synthetic" if answer.model.synthetic else ""
    return CardSource(
        label=f"KAP Outcomes, model {answer.model.version}{kind}", url=None if url is None else url + OPENAPI
    )
