"""Decisions on the champion, chained by hashes, and the check that none was changed or lost.

`decision_log` reads and records them in the decision store; those of earlier versions of this package were kept in
parts as tags of MLflow's registry. `policy` has the requirements.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import accumulate, pairwise, takewhile
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError

from models.promotion import Tier
from training.decisions.canonical import canonical, digest_of
from training.decisions.entry_check import Finding
from training.registry.policy_check import PolicyCheck

FIRST = "0" * 64
"""The previous hash of the first decision."""
KEY = "decision."
"""The key of a decision is this and its number in six digits."""
LONGEST = 5000
"""Characters that a tag of MLflow's registry holds in every database (`registered_model_tags.value`)."""

ADDED = ("policy", "tier", "granted", "approved_by")
"""Fields that decisions of earlier versions do not have."""
_HEAD_WRONG = "its decision_head is not the hash of the decision that it should be"
_NONE_KEPT = "names a decision, and no decision is kept"
CHANGED = "was changed: its text, number and hash do not agree"
NOT_WHOLE = (
    "is missing, so that the decision is not whole. If nothing else is wrong, recording it was interrupted before it "
    "took effect: delete the tags of the registered model that begin with {key}, then decide again"
)


class Decision(BaseModel):
    """A decision on a version: who, when (UTC), why and by which checks.

    "refuse" leaves the champion as it is; the other actions make ``version`` champion. ``previous_champion`` is the
    champion before, ``previous`` the hash of the decision before. Digests are null if nothing was recorded.
    ``policy`` holds every value of the applied policy; absent after a rollback, which applies none. ``granted`` is the
    tier of every promoted question by landmark, ``tier`` the one that was asked for; without them, a decision of an
    earlier version, everything is promoted for the clinic. ``approved_by`` are those who approved the proposal.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, hide_input_in_errors=True)

    number: int
    at: Annotated[str, Field(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")]
    by: str
    action: Literal["promote", "override", "rollback", "refuse"]
    version: str
    previous_champion: str | None
    reason: str
    run_id: str
    bundle_digest: str
    evidence_digest: str | None
    seal_digest: str | None
    policy_digest: str | None
    policy: dict[str, JsonValue] | None = None
    tier: Tier | None = None
    granted: dict[str, dict[str, Tier]] | None = None
    approved_by: tuple[str, ...] | None = None
    checks: tuple[PolicyCheck, ...]
    previous: str

    @property
    def hash(self) -> str:
        """SHA-256 of everything above."""
        return digest_of(self._content())

    @property
    def key(self) -> str:
        """The key of its tag."""
        return f"{KEY}{self.number:06d}"

    @property
    def changes_champion(self) -> bool:
        """Whether it made its version champion."""
        return self.action != "refuse"

    def as_document(self) -> dict[str, Any]:
        """The decision and its hash, as plain values."""
        return self._content() | {"hash": self.hash}

    def as_text(self) -> str:
        """The stored text: the canonical JSON of the decision and its hash, in ASCII."""
        return canonical(self.as_document())

    def _content(self) -> dict[str, Any]:
        """All except the hash; older decisions lack the fields of `ADDED`, so a null one is left out."""
        content = self.model_dump(mode="json")
        return {key: value for key, value in content.items() if value is not None or key not in ADDED}

    def parts(self) -> dict[str, str]:
        """The stored text in parts of at most `LONGEST` characters: key, key.2, key.3 and so on."""
        text = self.as_text()
        pieces = [text[start : start + LONGEST] for start in range(0, len(text), LONGEST)]
        return {_part_key(self.key, number): piece for number, piece in enumerate(pieces, start=1)}


@dataclass(frozen=True)
class Head:
    """The hash of a decision on ``version``, stored apart from the chain so that a cut-off end is found.

    If ``latest``, it must be that version's last decision, else any decision on it. ``hash`` is ``None`` if it is
    missing. ``run_id`` is the run that made the version and ``store`` the id of the decision store, if the place names
    them.
    """

    place: str
    version: str
    hash: str | None
    latest: bool
    run_id: str | None = None
    store: str | None = None


def read_decisions(entries: Mapping[str, str]) -> tuple[Decision, ...]:
    """The stored texts that are decisions, by number, not verified."""
    found = (_joined(key, parts)[0] for key, parts in _grouped(entries).items())
    return tuple(decision for decision in found if decision is not None)


def verify_chain(entries: Mapping[str, str], champion: str | None, heads: Sequence[Head]) -> list[Finding]:
    """Everything that is wrong with the stored parts of decisions (key to text); empty if the chain holds.

    ``champion`` is the version that the registry calls champion. A change of any byte, a missing, moved or added
    part or decision, a cut-off end and a champion without a decision are each found.
    """
    findings: list[Finding] = []
    decisions: list[Decision] = []
    grouped = _grouped(entries)
    expected = [f"{KEY}{number:06d}" for number in range(1, len(grouped) + 1)]
    findings += [Finding(key, "is missing") for key in expected if key not in grouped]
    strays = [part for key, parts in grouped.items() if key not in expected for part in parts]
    findings += [Finding(part, "is not the number of a decision here") for part in strays]
    for key in expected:
        if key not in grouped:
            continue
        decision, wrong = _joined(key, grouped[key])
        findings += wrong
        if decision is not None and not wrong:
            decisions.append(decision)
    dates = pairwise(decisions)
    findings += [Finding(now.key, "is dated before the decision before it") for then, now in dates if now.at < then.at]
    return findings + verify_decisions(decisions, champion, heads)


def verify_decisions(decisions: Sequence[Decision], champion: str | None, heads: Sequence[Head]) -> list[Finding]:
    """What is wrong with decisions that can be read: their links, the champion, the hashes that are kept elsewhere."""
    return [*_broken_links(decisions), *_wrong_champion(decisions, champion), *_wrong_heads(decisions, heads)]


def unfinished_decision(decisions: Sequence[Decision], champion: str | None, heads: Sequence[Head]) -> Decision | None:
    """The last decision, if the chain holds except for what is written after a decision: its head and the champion.

    ``None`` if anything else is wrong, or if the head or the champion is not the one before.
    """
    if not decisions:
        return None
    last = decisions[-1]
    before = [each.hash for each in decisions[:-1] if each.version == last.version]
    finished = []
    for head in heads:
        is_last = head.latest and head.version == last.version
        if is_last and head.hash not in (last.hash, before[-1] if before else None):
            return None
        finished.append(replace(head, hash=last.hash) if is_last else head)
    if champion not in (last.previous_champion, champion_after(decisions)):
        return None
    return None if verify_decisions(decisions, champion_after(decisions), finished) else last


def champion_after(decisions: Sequence[Decision]) -> str | None:
    """The champion after the decisions; without a change, the one that the first decision names."""
    champion = decisions[0].previous_champion if decisions else None
    for decision in decisions:
        if decision.changes_champion:
            champion = decision.version
    return champion


def champion_before(decisions: Sequence[Decision]) -> str | None:
    """The champion that a rollback restores: the one before the present one; ``None`` without any.

    A champion that was rolled back leaves the succession, so that two rollbacks go back two champions.
    """
    succession = [decisions[0].previous_champion] if decisions and decisions[0].previous_champion else []
    for decision in decisions:
        if decision.action == "rollback":
            succession = succession[:-1]
        elif decision.changes_champion and succession[-1:] != [decision.version]:
            succession.append(decision.version)
    return succession[-2] if len(succession) > 1 else None


def decisions_behind(decisions: Sequence[Decision], day: date) -> list[Decision]:
    """The decisions that made the champions of a day (UTC), the one still champion at its end last.

    The first was in force when the day began, if one was; the others were taken on the day.
    """
    changes = [decision for decision in decisions if decision.changes_champion and decision.at[:10] <= day.isoformat()]
    before = [decision for decision in changes if decision.at[:10] < day.isoformat()]
    return before[-1:] + changes[len(before) :]


def _part_key(key: str, number: int) -> str:
    return key if number == 1 else f"{key}.{number}"


def _grouped(entries: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """The stored parts by the key of their decision, in order."""
    grouped: dict[str, dict[str, str]] = {}
    for part in sorted(entries):
        grouped.setdefault(part[: len(KEY) + 6], {})[part] = entries[part]
    return grouped


def _joined(key: str, parts: Mapping[str, str]) -> tuple[Decision | None, list[Finding]]:
    """The decision in the parts under a key, if they can be read, and what is wrong with them."""
    names = (_part_key(key, number) for number in range(1, len(parts) + 1))
    there = list(takewhile(parts.__contains__, names))
    found = next(filter(None, map(read_decision, accumulate(parts[name] for name in there))), None)
    if found is None and all(len(parts[name]) == LONGEST for name in there):
        return None, [Finding(_part_key(key, len(there) + 1), NOT_WHOLE.format(key=key))]
    if found is None or found.key != key:
        return found, [Finding(", ".join(parts), CHANGED)]
    wanted = found.parts()
    wrong = [Finding(name, "is no part of this decision") for name in parts if name not in wanted]
    if any(parts.get(name) != piece for name, piece in wanted.items()):
        wrong.append(Finding(", ".join(parts), CHANGED))
    return found, wrong


def read_decision(text: str) -> Decision | None:
    """The decision in a text, ``None`` if there is none; its hash is not checked here."""
    try:
        document = json.loads(text)
        del document["hash"]
        return Decision.model_validate_json(json.dumps(document))
    except (ValueError, TypeError, KeyError, RecursionError, ValidationError):
        return None


def _broken_links(decisions: Sequence[Decision]) -> Iterator[Finding]:
    previous, champion = FIRST, decisions[0].previous_champion if decisions else None
    for decision in decisions:
        if decision.previous != previous:
            yield Finding(decision.key, "does not follow from the decision before it")
        if decision.previous_champion != champion:
            yield Finding(decision.key, "names another champion than the decisions before it made")
        previous = decision.hash
        champion = decision.version if decision.changes_champion else champion


def _wrong_champion(decisions: Sequence[Decision], champion: str | None) -> Iterator[Finding]:
    decided = champion_after(decisions)
    if decided != champion:
        names = [f"version {version}" if version else "no version" for version in (champion, decided)]
        yield Finding("champion", f"the registry calls {names[0]} champion, the decisions {names[1]}")


def _wrong_heads(decisions: Sequence[Decision], heads: Sequence[Head]) -> Iterator[Finding]:
    by_version: dict[str, list[str]] = {}
    for decision in decisions:
        by_version.setdefault(decision.version, []).append(decision.hash)
    for head in heads:
        hashes: list[str | None] = [*by_version.get(head.version, [])]
        allowed = (hashes[-1:] or [None]) if head.latest else hashes
        if head.hash not in allowed:
            yield Finding(head.place, _HEAD_WRONG if decisions else _NONE_KEPT)
    runs = {head.version: head.run_id for head in heads if head.run_id}
    for decision in decisions:
        if runs.get(decision.version, decision.run_id) != decision.run_id:
            yield Finding(decision.key, f"is about another model than the registry's version {decision.version}")
    registered = {head.version for head in heads if head.latest}
    gone = {decision.version for decision in decisions if decision.changes_champion} - registered
    for version in sorted(gone, key=lambda name: (len(name), name)):
        yield Finding(f"version {version}", "was champion, and is no longer in the registry")
