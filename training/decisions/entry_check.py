"""What is wrong with a chain of entries: a change, a loss, a move, a date that runs backwards, a signature."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from training.decisions.entry import FIRST, ChainEntry, parsed_time
from training.decisions.people import KnownPeople, may_enter, signer_wrong


@dataclass(frozen=True)
class Finding:
    """A place where the chain is broken, and what is wrong there."""

    place: str
    wrong: str

    def __str__(self) -> str:
        return f"{self.place}: {self.wrong}"


def place_of(entry: ChainEntry) -> str:
    """How a finding calls an entry."""
    return f"entry {entry.number} ({entry.kind})"


def entry_findings(entries: Sequence[ChainEntry]) -> list[Finding]:
    """Everything that is wrong with the entries of one model, in order; empty if the chain holds."""
    found: list[Finding] = []
    people, previous, expected, at = KnownPeople(), FIRST, 1, ""
    for entry in entries:
        wrongs = list(_own_wrongs(entry, people, at))
        if entry.kind == "clock" and entry.content.get("wrong") != at:
            wrongs.append("calls another time wrong than that of the entry before it")
        if entry.number != expected:
            missing = (
                f"entry {expected}" if entry.number == expected + 1 else f"entries {expected} to {entry.number - 1}"
            )
            wrongs.append(f"{missing} before it: missing")
        elif entry.previous != previous:
            wrongs.append("does not follow from the entry before it")
        found += [Finding(place_of(entry), wrong) for wrong in wrongs]
        people, previous, expected, at = people.after(entry), entry.hash, entry.number + 1, entry.at
    return found


def _own_wrongs(entry: ChainEntry, people: KnownPeople, after: str) -> Iterator[str]:
    if not entry.is_whole:
        yield "was changed: its document, its fields and its hash do not agree"
        return
    if wrong := signer_wrong(people, entry):
        yield wrong
    if entry.kind == "person" and (wrong := may_enter(people, entry)):
        yield wrong
    if parsed_time(entry.at) is None:
        yield "has no time"
    elif entry.at < after and entry.kind != "clock":
        yield f"is dated {entry.at}, before the entry before it ({after})"
