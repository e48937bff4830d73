"""The ids of the two cards of a prediction: feedback on either must find it.

A prediction's id is a random UUID, of version 4. It is the id of the card with the numbers. That of the card with the
cautions is the same with version 8, which RFC 9562 leaves to applications: a hash could not be turned back.
"""

import re
from typing import Literal

_PLACE = 14
"""Where the version stands in the text of a UUID [RFC 9562, section 4]."""
_RANDOM, _OWN = "4", "8"
_URN = "urn:uuid:"
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def caution_card_of(prediction_id: str) -> str:
    """The id of the card with the cautions of a prediction.

    >>> caution_card_of("f69b5789-ae6c-4549-b0e0-fe1c22364afb")
    'f69b5789-ae6c-8549-b0e0-fe1c22364afb'
    """
    return f"{prediction_id[:_PLACE]}{_OWN}{prediction_id[_PLACE + 1 :]}"


def prediction_of(card: str) -> str:
    """The id of the prediction that a card is about; the text is a UUID.

    >>> prediction_of("F69B5789-AE6C-8549-B0E0-FE1C22364AFB")
    'f69b5789-ae6c-4549-b0e0-fe1c22364afb'
    """
    low = card.lower()
    return f"{low[:_PLACE]}{_RANDOM}{low[_PLACE + 1 :]}" if low[_PLACE] == _OWN else low


def kind_of_card(card: str) -> Literal["cautions", "numbers"]:
    """What a card shows, by its id.

    >>> kind_of_card("f69b5789-ae6c-8549-b0e0-fe1c22364afb")
    'cautions'
    """
    return "cautions" if card[_PLACE] == _OWN else "numbers"


def prediction_named(text: str) -> str:
    """The id of the prediction that a person names: by its id, the URN of FHIR, or the id of one of its cards.

    >>> prediction_named("urn:uuid:F69B5789-AE6C-8549-B0E0-FE1C22364AFB")
    'f69b5789-ae6c-4549-b0e0-fe1c22364afb'
    """
    low = text.strip().lower().removeprefix(_URN)
    return prediction_of(low) if _UUID.fullmatch(low) else text
