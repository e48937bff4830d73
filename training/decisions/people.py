"""Who may sign: the people of a chain, with their public keys, as its own entries say.

Until somebody is added by name, a store is open: each name that decides first gets a key of its own, and its entry says
so. The first person who is added signs herself and closes the store: from then on only those who were added may sign.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from features.protocol.problems import InputRefusedError
from training.decisions.entry import ChainEntry
from training.decisions.keys import key_id_of

Action = Literal["added", "removed", "first use"]


@dataclass(frozen=True)
class Person:
    """A name and a public key (PEM) with its id; ``added`` is false for a key made at the first use of a name."""

    name: str
    key_id: str
    public_key: str
    added: bool


@dataclass(frozen=True)
class KnownPeople:
    """Those who may sign next, and everybody whose key was ever known."""

    present: tuple[Person, ...] = ()
    ever: tuple[Person, ...] = ()

    @property
    def closed(self) -> bool:
        """Whether only people who were added may sign."""
        return any(person.added for person in self.ever)

    def by_name(self, name: str) -> Person | None:
        """The person who may sign under a name."""
        return next((person for person in self.present if person.name == name), None)

    def by_key(self, key_id: str) -> Person | None:
        """The person who may sign with a key."""
        return next((person for person in self.present if person.key_id == key_id), None)

    def known(self, key_id: str) -> Person | None:
        """The last person of a key, who may have been removed since."""
        return next((person for person in reversed(self.ever) if person.key_id == key_id), None)

    def after(self, entry: ChainEntry) -> "KnownPeople":
        """The people after an entry; the same if it is not about a person."""
        if entry.kind != "person":
            return self
        said = entry.content
        if said.get("action") == "removed":
            left = tuple(person for person in self.present if person.name != said.get("name"))
            return KnownPeople(left, self.ever)
        added = said.get("action") == "added"
        person = Person(str(said.get("name")), str(said.get("key_id")), str(said.get("public_key")), added=added)
        # The first who is added closes the store: keys of a first use end with it.
        staying = tuple(one for one in self.present if one.added or not added)
        return KnownPeople((*staying, person), (*self.ever, person))


def people_after(entries: Iterable[ChainEntry]) -> KnownPeople:
    """The people at the end of a chain."""
    found = KnownPeople()
    for entry in entries:
        found = found.after(entry)
    return found


def person_document(name: str, key_id: str, public_key: str, action: Action) -> dict[str, Any]:
    """The document of an entry about a person."""
    return {"action": action, "name": name, "key_id": key_id, "public_key": public_key}


def may_enter(people: KnownPeople, entry: ChainEntry) -> str | None:
    """What is wrong with an entry about a person, for the people before it; ``None`` if nothing is.

    The first person who is added, and a name at its first use in an open store, sign themselves; everybody else is
    added or removed by a person who was added.
    """
    said = entry.content
    name, action = said.get("name"), said.get("action")
    if action in ("added", "first use") and not _is_of(said.get("key_id"), said.get("public_key")):
        return "names a key by an id that is not its own"
    if action == "first use":
        own = said.get("key_id") == entry.key_id and not people.closed
        taken = people.by_name(str(name)) is not None
        return None if own and not taken else "names a person who was not added, although people had been added"
    if action == "added" and not people.closed:
        return None if said.get("key_id") == entry.key_id else "adds the first person, and is not signed by that person"
    if action == "added" and (people.by_name(str(name)) or people.by_key(str(said.get("key_id")))):
        return "adds a name or a key that is there already"
    if action == "removed" and (not people.closed or people.by_name(str(name)) is None):
        return "removes a person who is not there"
    return None if action in ("added", "removed") else "is about a person, and neither adds nor removes one"


def _is_of(key_id: Any, public_key: Any) -> bool:
    try:
        return bool(key_id == key_id_of(str(public_key)))
    except InputRefusedError:
        return False


def signer_wrong(people: KnownPeople, entry: ChainEntry) -> str | None:
    """What is wrong with the signature of an entry, for the people before it; ``None`` if nothing is.

    A key signs its own entry only in an open store: later people are signed for by one who was added.
    """
    own = entry.content
    signs_itself = own.get("key_id") == entry.key_id and own.get("action") in ("added", "first use")
    if entry.kind == "person" and signs_itself and not people.closed:
        signed = entry.is_signed_by(str(own.get("public_key")))
        return None if signed else "has no valid signature"
    person = people.by_key(entry.key_id)
    if person is not None:
        return None if entry.is_signed_by(person.public_key) else "has no valid signature"
    gone = people.known(entry.key_id)
    if gone is not None:
        return f"is signed with a key of {gone.name} that was no longer valid"
    return "is signed with a key that nobody has"


def names(people: Sequence[Person]) -> str:
    """Names for a message."""
    return ", ".join(person.name for person in people) or "nobody"
