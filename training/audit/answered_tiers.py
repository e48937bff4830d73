"""Whether a logged answer gave what the decision in force had granted, and named the tiers that it had granted."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from models.promotion import TIERS, Granted, Tier, rests_on
from training.handover.granted import source_of
from training.registry.decisions import Decision

NOT_PROMOTED = "not_promoted"


@dataclass(frozen=True)
class LoggedTiers:
    """What an answer says of its questions: the tier of each by name, and the names of those with a number.

    ``tiers`` is ``None`` for an answer of an earlier version, which names none.
    """

    tiers: Mapping[str, str] | None
    given: tuple[str, ...]


NO_TIERS = LoggedTiers(None, ())
"""Of an answer that was erased, or that can't be read."""


def not_granted(
    answered: LoggedTiers, landmark: str | None, in_force: Sequence[Decision], earlier: Sequence[Decision]
) -> list[str]:
    """How an answer differs from what the decisions in force granted at a landmark; empty if it agrees with one.

    ``in_force`` are the decisions by which a worker may have answered, the last one last; ``earlier`` has those that a
    rollback restores. A decision of a version before 0.10 granted everything.
    """
    found: list[list[str]] = []
    for decision in in_force:
        granted = _granted(decision, earlier)
        wrong = [] if granted is None else [*_differences(answered, granted.get(landmark or "", {}))]
        found.append([f"{one} by decision {decision.number}" for one in wrong])
    return [] if not found or [] in found else found[-1]


def by_which_it_may_answer(made: Sequence[Decision], at: datetime, patience: timedelta) -> list[Decision]:
    """The last of some decisions, and those that were replaced no longer than ``patience`` before a time."""
    ends = [datetime.fromisoformat(later.at) for later in made[1:]]
    return [one for one, end in zip(made, ends, strict=False) if at - end <= patience] + list(made[-1:])


def restored_by(decision: Decision, decisions: Sequence[Decision]) -> Decision:
    """The decision that a rollback restores, among all ``decisions``; any other decision is its own."""
    return source_of(decision, [one for one in decisions if one.number < decision.number])


def _granted(decision: Decision, earlier: Sequence[Decision]) -> Granted | None:
    """What a decision granted; a rollback that names nothing granted what the decision that it restores did."""
    return decision.granted if decision.granted is not None else restored_by(decision, earlier).granted


def _differences(answered: LoggedTiers, granted: Mapping[str, Tier]) -> Iterator[str]:
    names = tuple(answered.tiers or answered.given)
    allowed = {name: _least(name, names, granted) for name in names}
    for name in answered.given:
        if allowed.get(name) != "clinic":
            yield f"{name} was given, and is {allowed.get(name, NOT_PROMOTED)}"
    for name, tier in (answered.tiers or {}).items():
        if tier != allowed[name] and name not in answered.given:
            yield f"{name} is {tier} in the answer, and {allowed[name]}"


def _least(name: str, names: Sequence[str], granted: Mapping[str, Tier]) -> str:
    """The tier of a question; that of sustained remission is at most those of remission and relapse."""
    behind = (name, *rests_on(name, names))
    return min((granted.get(one, NOT_PROMOTED) for one in behind), key=(NOT_PROMOTED, *TIERS).index)
