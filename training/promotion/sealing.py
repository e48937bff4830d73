"""Seals the decisions on a model, and compares the present decisions with earlier seals."""

from collections.abc import Iterable

from training.decisions.entry import now
from training.decisions.seal import DecisionSeal, against_seal
from training.registry.decision_log import Chain
from training.registry.references import bundle_digests
from training.registry.served_heads import latest_copy


def present_seal(chain: Chain) -> DecisionSeal:
    """What the stores hold now."""
    last = chain.entries[-1] if chain.entries else None
    return DecisionSeal(
        model=chain.model,
        at=now(),
        store=chain.store,
        number=last.number if last else 0,
        hash=last.hash if last else "",
        decisions=len(chain.decisions),
        last_decision=chain.decisions[-1].hash if chain.decisions else None,
        champion=chain.champion,
        people={person.name: person.key_id for person in chain.people.present},
        versions=bundle_digests(chain.model),
        latest=latest_copy(chain.model),
    )


def compared(chain: Chain, present: DecisionSeal, seals: Iterable[DecisionSeal]) -> list[str]:
    """What earlier seals have that is not there now; empty if everything is there."""
    found: list[str] = []
    for seal in seals:
        found += against_seal(seal, present, chain.entries, chain.people)
        hashes = [decision.hash for decision in chain.decisions]
        if seal.last_decision and hashes[seal.decisions - 1 : seal.decisions] != [seal.last_decision]:
            found.append(f"decision {seal.decisions} is another one than in the seal of {seal.at}, or is lost")
        there = present.versions
        lost = {each.version for each in chain.decisions if each.changes_champion} & seal.versions.keys() - there.keys()
        found += [
            f"version {version} is in the seal of {seal.at}, and no longer registered" for version in sorted(lost)
        ]
    return list(dict.fromkeys(found))
