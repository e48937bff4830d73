"""The status of a version in one sentence: may it answer, for what, by whose decision, and with which checks unmet."""

from collections import Counter
from collections.abc import Iterator, Sequence

from training.registry.decisions import Decision
from training.registry.policy_check import PolicyCheck
from training.report.wording import in_a_sentence

EVERYTHING = "clinic"
"""The tier of a decision that names none: decisions of earlier versions promote everything for the clinic."""


def status(version: str, succession: Sequence[Decision], decisions: Sequence[Decision]) -> str:
    """The sentence about a version.

    ``decisions`` are those about it, refusals too; ``succession`` are those that made any version champion, in order.
    """
    own = [each for each in decisions if each.changes_champion]
    if not own:
        return _never(version, decisions)
    replaced = _replaced_by(own[-1], succession)
    said = f"Version {version} {_promoted(own, 'is' if replaced is None else 'was')}{_approved(own[-1])}"
    if replaced is None:
        return f"{said}; it is the champion."
    how = "rolled back" if replaced.action == "rollback" else "superseded"
    return f"{said}; it was {how} on {replaced.at[:10]}, when {replaced.by} made version {replaced.version} champion."


def promoted_for(succession: Sequence[Decision], decisions: Sequence[Decision]) -> list[str]:
    """What the last decision that promoted a version promotes: a line for each landmark; empty without such a list."""
    own = [each for each in decisions if each.changes_champion]
    if not own or own[-1].granted is None or _replaced_by(own[-1], succession) is not None:
        return []
    granted = own[-1].granted
    return [
        f"{landmark}: {', '.join(f'{asked} ({tier})' for asked, tier in sorted(asked_for.items())) or 'nothing'}"
        for landmark, asked_for in granted.items()
    ]


def unmet(checks: Sequence[PolicyCheck]) -> str:
    """The checks that were not met, by name and how often; empty if all were."""
    failed = Counter(check.name.partition(", ")[0] for check in checks if not check.passed)
    names = [f"{name} ({times})" if times > 1 else name for name, times in failed.items()]
    return (
        f"{failed.total()} of {len(checks)} checks of the policy were not met: {in_a_sentence(names)}" if names else ""
    )


def _never(version: str, decisions: Sequence[Decision]) -> str:
    if not decisions:
        return f"Version {version} was never promoted: no decision on it has been recorded."
    last = decisions[-1]
    why = unmet(last.checks) or last.reason
    asked = f"{last.by} asked for it on {last.at[:10]} and was refused"
    return f"Version {version} was never promoted: {asked}, because {why}."


def _promoted(own: Sequence[Decision], verb: str) -> str:
    """Who promoted it, for what, and how; after a rollback also how it had been promoted before."""
    last = own[-1]
    when = f"{last.by} on {last.at[:10]}"
    if last.action == "rollback":
        words = f"was made champion again by {when}, by a rollback, which applies no policy, for {_tier(last)}"
        return words + "".join(
            f"; it had been promoted by an OVERRIDE of {one.by} on {one.at[:10]}, {_although(one)}"
            for one in _overridden(own)
        )
    if last.action == "override":
        return f"{verb} promoted by an OVERRIDE of {when} for {_tier(last)}, {_although(last)}"
    return f"{verb} promoted by {when} for {_tier(last)}, {_met(last)}"


def _although(decision: Decision) -> str:
    failed = unmet(decision.checks)
    return f"although {failed}" if failed else "and no unmet check is recorded"


def _overridden(own: Sequence[Decision]) -> Iterator[Decision]:
    """The last decision on it that was no rollback, if that was an override; else none."""
    last = [each for each in own if each.action != "rollback"][-1:]
    yield from (each for each in last if each.action == "override")


def _met(decision: Decision) -> str:
    failed = unmet(decision.checks)
    if failed:
        return f"for what passed its checks; {failed}" if decision.granted is not None else f"although {failed}"
    return f"with every check met ({len(decision.checks)})" if decision.checks else "and no check is recorded"


def _tier(decision: Decision) -> str:
    """The tier, and of how many questions where not everything is promoted."""
    tier = decision.tier or EVERYTHING
    if decision.granted is None:
        return f"the tier {tier}, for every question at every landmark"
    asked = sum(len(questions) for questions in decision.granted.values())
    return f"the tier {tier}, for {asked} question{'' if asked == 1 else 's'} at {len(decision.granted)} landmarks"


def _approved(decision: Decision) -> str:
    return f", approved by {in_a_sentence(list(decision.approved_by))}" if decision.approved_by else ""


def _replaced_by(last: Decision, succession: Sequence[Decision]) -> Decision | None:
    """The decision that made the next other version champion."""
    later = (each for each in succession if each.number > last.number and each.version != last.version)
    return next(later, None)
