"""What happened since a patient's record was opened: the calls and the cards, in memory; old visits are dropped."""

from collections import OrderedDict
from dataclasses import dataclass, field, replace
from itertools import count

from training.cli.clinic_demo.cards import ReceivedCard
from training.cli.clinic_demo.service_calls import Exchange

MOST_VISITS = 100


@dataclass(frozen=True)
class ShownCard:
    """A card on the page; ``outcome`` is what the user did with it, empty so far."""

    card: ReceivedCard
    outcome: str = ""


@dataclass
class EhrVisit:
    """A patient's opened record."""

    number: int
    patient: str
    cards: list[ShownCard] = field(default_factory=list)
    exchanges: list[Exchange] = field(default_factory=list)
    fhir_answer: Exchange | None = None

    def show(self, service: str, cards: tuple[ReceivedCard, ...]) -> None:
        """New cards take the place of those that the same service gave before."""
        self.cards = [one for one in self.cards if one.card.service != service] + [ShownCard(one) for one in cards]

    def find(self, card: str) -> ReceivedCard | None:
        """The card with a uuid, if it is on the page."""
        return next((one.card for one in self.cards if one.card.uuid == card), None)

    def note(self, card: str, outcome: str) -> None:
        """Remember what the user did with a card."""
        self.cards = [replace(one, outcome=outcome) if one.card.uuid == card else one for one in self.cards]


class EhrVisits:
    """The visits by number."""

    def __init__(self) -> None:
        self._visits: OrderedDict[int, EhrVisit] = OrderedDict()
        self._numbers = count(1)

    def begin(self, patient: str) -> EhrVisit:
        """A new visit; the oldest is dropped when there are too many."""
        visit = EhrVisit(next(self._numbers), patient)
        self._visits[visit.number] = visit
        if len(self._visits) > MOST_VISITS:
            self._visits.popitem(last=False)
        return visit

    def find(self, number: int) -> EhrVisit | None:
        """The visit with a number, if it is still there."""
        return self._visits.get(number)
