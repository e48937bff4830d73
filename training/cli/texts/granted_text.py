"""What a decision grants, as a table: a line per landmark and question with its tier, or the checks that it fails."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from training.registry.decisions import Decision

NARROW = 3
"""Checks that a line names; the others are counted."""


def granted_text(decision: "Decision") -> str:
    """The table of a decision; empty if it names no question."""
    from training.promotion.granting import reasons

    refused = reasons(decision)
    rows = []
    for landmark in dict.fromkeys([*(decision.granted or {}), *refused]):
        tiers, missing = (decision.granted or {}).get(landmark, {}), refused.get(landmark, {})
        names = sorted(tiers.keys() | missing.keys(), key=_order)
        rows += [(landmark, question_in_text(name), _outcome(name, tiers, missing, landmark)) for name in names]
    widths = [max((len(row[column]) for row in rows), default=0) for column in (0, 1)]
    return "\n".join(f"{row[0]:<{widths[0]}}  {row[1]:<{widths[1]}}  {row[2]}" for row in rows)


def _outcome(name: str, tiers: Mapping[str, str], missing: Mapping[str, tuple[str, ...]], landmark: str) -> str:
    checks = [check.removesuffix(f", {landmark}") for check in missing.get(name, ())]
    shown = ", ".join(checks[:NARROW]) + (f" and {len(checks) - NARROW} more" if len(checks) > NARROW else "")
    if name not in tiers:
        return f"not promoted: {shown}"
    return f"{tiers[name]} (as before; not higher: {shown})" if checks else tiers[name]


def _order(name: str) -> tuple[int, int]:
    kind, _, days = name.partition("_")
    return (["remission", "relapse", "sustained"].index(kind), int(days or 0))


def question_in_text(name: str) -> str:
    """The name of a question in words, such as "relapse by day 84"."""
    kind, _, days = name.partition("_")
    return f"{kind} {'by' if kind == 'relapse' else 'to'} day {days}" if days else kind
