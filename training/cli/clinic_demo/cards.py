"""The cards of a service's answer, as the EHR's page shows them; an answer that is not as specified has none."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

INDICATORS = {"info": "Information", "warning": "Warning", "critical": "Critical"}


@dataclass(frozen=True)
class ReceivedLink:
    """A link to follow; a SMART app is named only, because a mock EHR can't launch one."""

    label: str
    url: str
    is_absolute: bool


@dataclass(frozen=True)
class ReceivedSuggestion:
    """A suggestion that the user can accept."""

    label: str
    uuid: str


@dataclass(frozen=True)
class OfferedReason:
    """A reason that the service offers for not following a card."""

    system: str
    code: str
    display: str


@dataclass(frozen=True)
class ReceivedCard:
    """One card, and the service that gave it."""

    service: str
    uuid: str
    summary: str
    detail: str
    indicator: str
    source: str
    links: tuple[ReceivedLink, ...]
    suggestions: tuple[ReceivedSuggestion, ...]
    override_reasons: tuple[OfferedReason, ...]


def read_cards(service: str, answer: Any) -> tuple[ReceivedCard, ...]:
    """The cards of an answer's body."""
    found = answer.get("cards") if isinstance(answer, Mapping) else None
    return tuple(_card(service, one) for one in _mappings(found))


def _card(service: str, card: Mapping[str, Any]) -> ReceivedCard:
    source = card.get("source")
    return ReceivedCard(
        service=service,
        uuid=str(card.get("uuid", "")),
        summary=str(card.get("summary", "")),
        detail=str(card.get("detail", "")),
        indicator=str(card.get("indicator", "")),
        source=str(source.get("label", "")) if isinstance(source, Mapping) else "",
        links=tuple(_link(one) for one in _mappings(card.get("links"))),
        suggestions=tuple(
            ReceivedSuggestion(str(one.get("label", "")), str(one.get("uuid", "")))
            for one in _mappings(card.get("suggestions"))
        ),
        override_reasons=tuple(
            OfferedReason(str(one.get("system", "")), str(one.get("code", "")), str(one.get("display", "")))
            for one in _mappings(card.get("overrideReasons"))
        ),
    )


def _link(link: Mapping[str, Any]) -> ReceivedLink:
    url = str(link.get("url", ""))
    is_web = url.startswith(("http://", "https://"))
    return ReceivedLink(str(link.get("label", "")), url, link.get("type") == "absolute" and is_web)


def _mappings(found: Any) -> Sequence[Mapping[str, Any]]:
    return [one for one in found if isinstance(one, Mapping)] if isinstance(found, list) else []
