"""The decisions among the entries of the decision store, and those taken over from tags of MLflow's registry."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from training.decisions.entry import ChainEntry
from training.decisions.entry_check import Finding, place_of
from training.registry.decisions import Decision, read_decision

TAKEN_OVER = "taken over"
DECISION = "decision"


@dataclass(frozen=True)
class RecordedDecision:
    """A decision and the entry that holds it; ``taken_over`` if an earlier version of this package had kept it.

    One that was taken over is signed by who took it over, not by who decided.
    """

    decision: Decision
    entry: ChainEntry
    taken_over: bool


def recorded_decisions(entries: Sequence[ChainEntry]) -> tuple[tuple[RecordedDecision, ...], tuple[Finding, ...]]:
    """The decisions in entries, in order, and what can't be read as one."""
    found: list[RecordedDecision] = []
    wrong: list[Finding] = []
    for entry in entries:
        for document in _documents(entry):
            decision = read_decision(json.dumps(document))
            if decision is None or decision.as_document() != document:
                wrong.append(Finding(place_of(entry), "holds a decision that was changed or can't be read"))
            else:
                found.append(RecordedDecision(decision, entry, taken_over=entry.kind == TAKEN_OVER))
    return tuple(found), tuple(wrong)


def taken_over_document(decisions: Sequence[Decision]) -> dict[str, Any]:
    """The document of an entry that takes decisions over, after they were checked: nothing may have been found."""
    return {"decisions": [each.as_document() for each in decisions], "findings": []}


def has_decisions(entries: Sequence[ChainEntry]) -> bool:
    """Whether the store holds decisions already, so that tags of the registry count no more."""
    return any(entry.kind in (TAKEN_OVER, DECISION) for entry in entries)


def _documents(entry: ChainEntry) -> list[Any]:
    if entry.kind == DECISION:
        return [entry.content]
    kept = entry.content.get("decisions") if entry.kind == TAKEN_OVER else None
    return kept if isinstance(kept, list) else []
