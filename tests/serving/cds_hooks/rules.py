"""The ten rules of the ballot that hold for CDS Hooks 2.0, as FHIRPath over the JSON, and those beside them."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from fhirpathpy import evaluate

Document = dict[str, Any]
RULES: tuple[tuple[str, str, str], ...] = (
    ("cds-r-1", "request", "fhirAuthorization.exists() implies fhirServer.exists()"),
    (
        "cds-resp-1",
        "card",
        "selectionBehavior = 'at-most-one' implies suggestions.where(isRecommended = true).count() <= 1",
    ),
    ("cds-resp-2", "action", "type = 'delete' implies (resourceId.exists() and resource.empty())"),
    ("cds-resp-3", "link", "type != 'smart' implies appContext.empty()"),
    ("cds-resp-4", "card", "overrideReasons.all(display.exists())"),
    ("cds-resp-5", "suggestion", "actions.all(description.exists())"),
    ("cds-resp-6", "card", "suggestions.exists() implies selectionBehavior.exists()"),
    ("cds-fb-1", "feedback", "outcome = 'accepted' or outcome = 'overridden'"),
    ("cds-fb-2", "feedback", "(outcome = 'accepted') implies acceptedSuggestions.exists()"),
    ("cds-fb-3", "override", "reason.exists() or userComment.exists()"),
)
"""The rule's id, over which part it goes, and the rule [HL7/cds-hooks at fb10ca7]."""


def broken(kind: str, part: Document) -> list[str]:
    """The rules that a part breaks."""
    return [name for name, over, rule in RULES if over == kind and evaluate(part, rule) not in ([True], [])]


def broken_in_answer(answer: Document) -> list[str]:
    """The rules that an answer of a service breaks, in any of its parts; and empty parts, which none may have."""
    assert set(answer) <= {"cards", "systemActions", "extension"}
    found = [*_empty_parts(answer, "")] if answer["cards"] else []
    for card in answer["cards"]:
        found += broken("card", card) + _beside(card)
        for link in card.get("links", []):
            found += broken("link", link)
        for suggestion in card.get("suggestions", []):
            found += broken("suggestion", suggestion)
            found += [rule for action in suggestion.get("actions", []) for rule in broken("action", action)]
    return [
        *found,
        *(["uuid is there twice"] if len({card["uuid"] for card in answer["cards"]}) < len(answer["cards"]) else []),
    ]


def broken_in_feedback(document: Document) -> list[str]:
    """The rules that feedback breaks."""
    found = []
    for one in document["feedback"]:
        found += broken("feedback", one)
        if "overrideReason" in one:
            found += broken("override", one["overrideReason"])
    return found


def _beside(card: Document) -> list[str]:
    """What the specification's tables require of a card."""
    right = {
        "summary": 0 < len(card["summary"]) < 140,
        "indicator": card["indicator"] in ("info", "warning", "critical"),
        "label": bool(card["source"]["label"]),
        "uuid": str(UUID(card["uuid"])) == card["uuid"],
        "links": all(urlsplit(link["url"]).scheme == "https" and link["label"] for link in card.get("links", [])),
        "suggestions": "suggestions" not in card,
    }
    return [name for name, holds in right.items() if not holds]


def _empty_parts(part: Any, place: str) -> Iterator[str]:
    if part in (None, "", [], {}):
        yield place
    inner = part.items() if isinstance(part, dict) else enumerate(part) if isinstance(part, list) else ()
    for name, value in inner:
        yield from _empty_parts(value, f"{place}.{name}")
