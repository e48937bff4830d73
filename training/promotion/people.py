"""Adds and removes the people who decide, and records that a clock was wrong; each is a signed entry."""

import os
from dataclasses import dataclass
from pathlib import Path

from features.protocol.problems import InputRefusedError, Problem
from training.decisions.keys import PASSPHRASE, Signer, key_file, key_id_of, make_key, read_key, read_public_key
from training.decisions.people import KnownPeople, Person, people_after, person_document
from training.decisions.store import ChainWriter
from training.failures import ChainBrokenError
from training.reasons import require_reason
from training.registry.decision_log import DecisionLog


@dataclass(frozen=True)
class NewPerson:
    """A person to add: with the key in a file, which is made if it is missing, or with a public key made elsewhere.

    ``locked`` says that a new key gets the passphrase of KAP_KEY_PASSPHRASE.
    """

    name: str
    key: Path | None = None
    public: Path | None = None
    locked: bool = False


def add_person(log: DecisionLog, new: NewPerson, by: str | None, by_key: Path | None) -> Person:
    """Add a person, signed by one who is there, or by the person herself if she is the first.

    Raises ``InputRefusedError`` if the name or the key is there already or nobody who is there signs,
    ``ChainBrokenError`` if the chain is broken.
    """
    require_reason("people", "added", new.name)
    before = log.readable().people
    _require_new(before, new, by)
    signer = log.signer((by or "").strip(), by_key) if before.closed else None
    own = None if new.public is not None else _own_key(new)
    public_key = own.public_key if own is not None else read_public_key(new.public or Path())
    document = person_document(new.name, key_id_of(public_key), public_key, "added")
    with log.recording(signer or _first(own)) as (writer, _):
        people = people_after(writer.entries)
        _require_free(people, new.name, document["key_id"])
        writer.add("person", document, signer or _first(own))
    return Person(new.name, document["key_id"], public_key, added=True)


def remove_person(log: DecisionLog, name: str, by: str, key: Path | None) -> None:
    """Take the right to decide from a person; raises as `add_person` does, and if it is the last one."""
    log.readable()
    signer = log.signer(by.strip(), key)
    with log.recording(signer) as (writer, _):
        people = people_after(writer.entries)
        person = people.by_name(name)
        if person is None or not person.added:
            raise _refused("NAME", "one of the people (kap people list)", "another name")
        if sum(one.added for one in people.present) == 1:
            raise _refused("NAME", "a person who is not the last one; add another first", "the last one")
        writer.add("person", person_document(name, person.key_id, person.public_key, "removed"), signer)


def record_wrong_clock(log: DecisionLog, reason: str, by: str, key: Path | None) -> str:
    """Record that the time of the last entry is wrong, and return that time; raises as `add_person` does.

    Raises ``InputRefusedError`` also if the last entry does not lie in the future.
    """
    chain = log.settled()
    if chain.findings:
        raise ChainBrokenError(chain.findings)
    signer = log.signer(by.strip(), key)
    with log.store.writer(log.model) as writer:
        wrong = _future(writer)
        people = people_after(writer.entries)
        if people.by_key(signer.key_id) is None:
            raise _refused("--by", "a person who may decide", "another name")
        writer.add("clock", {"wrong": wrong, "reason": reason, "by": signer.name}, signer)
    return wrong


def _future(writer: ChainWriter) -> str:
    last = writer.entries[-1].at if writer.entries else ""
    if not last or writer.is_current:
        raise _refused(None, "a last entry that lies in the future", "none")
    return last


def _require_new(people: KnownPeople, new: NewPerson, by: str | None) -> None:
    _require_free(people, new.name, None)
    if people.closed and not (by or "").strip():
        raise _refused("--by", "one of the people who are there", "no name")
    if not people.closed and new.public is not None:
        raise _refused("--public", "a private key for the first person, who signs herself", "a public one")


def _require_free(people: KnownPeople, name: str, key_id: str | None) -> None:
    there = [one for one in people.present if one.added]
    if any(one.name == name for one in there):
        raise _refused("NAME", "a name that is not there yet", "one that is")
    if key_id is not None and any(one.key_id == key_id for one in there):
        raise _refused("--key", "a key that is not there yet under another name", "one that is")


def _own_key(new: NewPerson) -> Signer:
    path = new.key or key_file(new.name)
    if path.exists():
        return read_key(new.name, path)
    return make_key(new.name, path, os.environ.get(PASSPHRASE) if new.locked else None)


def _first(own: Signer | None) -> Signer:
    if own is None:
        raise _refused("--public", "a private key for the first person, who signs herself", "a public one")
    return own


def _refused(column: str | None, required: str, found: str) -> InputRefusedError:
    return InputRefusedError([Problem("people", None, column, required, found)])
