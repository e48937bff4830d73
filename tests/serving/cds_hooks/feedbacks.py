"""Feedback as an EHR sends it."""

import copy
from typing import Any

from serving.cds_hooks.card import OVERRIDE_REASONS, SYSTEM

Document = dict[str, Any]
CARD = "4e0a3a1e-3283-4575-ab82-028d55fe2719"
FEEDBACK: Document = {"card": CARD, "outcome": "overridden", "outcomeTimestamp": "2026-11-20T10:05:31Z"}
REASON: Document = {"code": OVERRIDE_REASONS[0].code, "system": SYSTEM}


def accepted(card: str = CARD, **changes: Any) -> Document:
    suggestions = [{"id": "e56e1945-20b3-4393-8503-a1a20fd73152"}]
    return {
        "feedback": [FEEDBACK | {"card": card, "outcome": "accepted", "acceptedSuggestions": suggestions} | changes]
    }


def overridden(
    card: str = CARD, *, reason: Document | None = REASON, comment: str | None = "Discussed.", **changes: Any
) -> Document:
    parts = {"reason": reason, "userComment": comment}
    override = {name: value for name, value in parts.items() if value is not None}
    return {
        "feedback": [
            copy.deepcopy(FEEDBACK) | {"card": card} | ({"overrideReason": override} if override else {}) | changes
        ]
    }
