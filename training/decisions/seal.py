"""A seal of the decisions, to be kept where who holds the stores can't write: what was there, and the end of the chain.

A later check with the seal finds a store that was put back to an earlier day, also if everything else was put back too.
"""

import base64
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from features.protocol.problems import InputRefusedError, Problem
from training.decisions.canonical import canonical, from_base64
from training.decisions.entry import ChainEntry
from training.decisions.keys import Signer, is_signed, key_id_of
from training.decisions.people import KnownPeople

FORMAT = 1
REQUIRED = "a seal that kap history --seal has written, unchanged"


@dataclass(frozen=True)
class DecisionSeal:
    """What the stores held at a time (UTC). ``number`` and ``hash`` are those of the last entry, 0 and "" without one.

    ``decisions`` counts the decisions and ``last_decision`` is the hash of the last one. ``people`` are the ids of the
    keys of those who may sign, by name. ``versions`` are the bundle digests of the registered versions, and ``latest``
    is the tag of the copy that the service answers with.
    """

    model: str
    at: str
    store: str | None
    number: int
    hash: str
    decisions: int
    last_decision: str | None
    champion: str | None
    people: Mapping[str, str]
    versions: Mapping[str, str | None]
    latest: str | None


def seal_text(seal: DecisionSeal, signer: Signer | None = None) -> str:
    """The seal as the text of its file; signed if there is a signer."""
    content: dict[str, Any] = {"format": FORMAT} | asdict(seal)
    if signer is not None:
        signature = base64.b64encode(signer.sign(canonical(content).encode("ascii"))).decode("ascii")
        own = {"name": signer.name, "public_key": signer.public_key, "signature": signature}
        content["signed_by"] = own
    return json.dumps(content, indent=1, sort_keys=True) + "\n"


def read_decision_seal(text: bytes) -> tuple[DecisionSeal, str | None]:
    """The seal in a file, and the id of the key that signed it, ``None`` without a signature.

    Raises ``InputRefusedError`` for another file, or a signature that is not that of the content.
    """
    try:
        content = json.loads(text)
        signed = content.pop("signed_by", None)
        key_id = None if signed is None else _signer_of(content, signed)
        own = content.pop("format") == FORMAT
        seal = DecisionSeal(**content)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        own = False
    if not own or not _is_whole(seal):
        raise InputRefusedError([Problem("--since", None, None, REQUIRED, "another file")])
    return seal, key_id


def _is_whole(seal: DecisionSeal) -> bool:
    numbers = isinstance(seal.number, int) and isinstance(seal.decisions, int) and seal.number >= 0
    return numbers and isinstance(seal.people, dict) and isinstance(seal.versions, dict)


def _signer_of(content: Mapping[str, Any], signed: Mapping[str, str]) -> str:
    signature = from_base64(signed["signature"])
    if not is_signed(signed["public_key"], signature, canonical(content).encode("ascii")):
        raise ValueError
    return key_id_of(signed["public_key"])


def against_seal(
    then: DecisionSeal, now: DecisionSeal, entries: tuple[ChainEntry, ...], people: KnownPeople
) -> Iterator[str]:
    """What was there when a seal was written and is not there now, or was put back."""
    day = f"the seal of {then.at}"
    if then.model != now.model:
        yield f"{day} is about {then.model}, not {now.model}"
        return
    yield from _entries_against(then, now, entries, day)
    for name, key_id in then.people.items():
        if people.known(key_id) is None:
            yield f"{day} knows a key of {name} ({key_id[:12]}) that nobody has"
    for version, digest in then.versions.items():
        if version in now.versions and now.versions[version] != digest:
            yield f"version {version} has another bundle digest than in {day}"
    yield from _latest_against(then, now, entries, day)


def _entries_against(then: DecisionSeal, now: DecisionSeal, entries: tuple[ChainEntry, ...], day: str) -> Iterator[str]:
    if then.store is not None and now.store != then.store:
        yield f"{day} is about another decision store ({then.store}; here {now.store or 'none'})"
        return
    sealed = next((entry for entry in entries if entry.number == then.number), None)
    if now.number < then.number:
        lost = "an older copy was put back, or the end is lost"
        yield f"{day} has {then.number} entries, and there are {now.number}: {lost}"
    elif then.number and (sealed is None or sealed.hash != then.hash):
        yield f"entry {then.number} is another one than in {day}: the decisions were written anew"
    if now.decisions < then.decisions:
        yield f"{day} has {then.decisions} decisions, and there are {now.decisions}"


def _latest_against(then: DecisionSeal, now: DecisionSeal, entries: tuple[ChainEntry, ...], day: str) -> Iterator[str]:
    """The copy that the service answers with changes only with the champion."""
    made = [each for each in entries if each.kind == "decision" and each.content.get("action") != "refuse"]
    changed = any(each.number > then.number for each in made)
    if then.latest is not None and not changed and now.latest != then.latest:
        present = now.latest or "no copy"
        yield f"the service answers with {present}, {day} names {then.latest}, and no decision lies between"
    if then.latest is not None and changed and now.latest == then.latest:
        since = "although the champion was decided anew since"
        yield f"the service still answers with {then.latest}, as in {day}, {since}"
